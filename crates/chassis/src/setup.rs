//! What a command that checks a set-up has found, such as `cartwright payments check`.

use std::fmt;

use crate::Secret;

/// One thing that was looked at. Shown as a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The provider, or the part of the shop that concerns them all.
    pub about: &'static str,
    pub verdict: Verdict,
    /// What was found and, where it is not as it should be, what to do. In English.
    pub text: String,
    /// A secret the provider has just made and does not show again.
    pub secret: Option<NewSecret>,
}

/// What something that was looked at means for the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// Worth knowing.
    Note,
    /// It works, but something the shop should have is not there.
    Missing,
    /// It does not work.
    Wrong,
}

/// A secret that belongs into the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// What it may be called as a file.
    pub name: String,
    /// The setting it belongs into, which has a `_file` form.
    pub setting: &'static str,
    pub secret: Secret,
}

impl Finding {
    pub fn new(about: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { about, verdict, text: text.into(), secret: None }
    }
}

impl Verdict {
    /// The word a finding begins with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {}: {}", self.verdict.as_str(), self.about, self.text)
    }
}
