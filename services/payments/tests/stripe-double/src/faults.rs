//! What goes wrong on purpose: asked for by the header `Stripe-Double-Fault` of a request, or armed
//! for the next requests of a kind.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 500 before the work, kept under the idempotency key: every repetition gets it again.
    ErrorBefore,
    /// The work is done, then 500, kept under the key.
    ErrorAfter,
    /// 500 from a proxy in front of the API: nothing was done, nothing is kept.
    ErrorUnsaved,
    /// 429 with `Retry-After`, before keys are looked at.
    RateLimited,
    /// 409 `lock_timeout`: the object is in use. Nothing is kept.
    Conflict,
    /// Held before the work until [`Double::release`](crate::Double::release).
    Slow,
    /// The connection is closed when the request has arrived; nothing is done.
    CutBefore,
    /// The work is done and kept under the key; then the connection is closed.
    CutAfter,
    /// Half of the body, then the connection is closed.
    Truncated,
    /// A page of HTML with status 200 in place of the answer.
    WrongType,
}

impl Fault {
    /// Every fault, for tests that try them all.
    pub const ALL: [Self; 10] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::ErrorUnsaved,
        Self::RateLimited,
        Self::Conflict,
        Self::Slow,
        Self::CutBefore,
        Self::CutAfter,
        Self::Truncated,
        Self::WrongType,
    ];
}

/// A fault for the next requests of a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub fault: Fault,
    /// Any if none.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path, such as `/capture`; any if none.
    #[serde(default)]
    pub path: Option<String>,
    /// How many requests pass before it.
    #[serde(default)]
    pub after: u32,
    /// How many requests it hits.
    #[serde(default = "once")]
    pub count: u32,
}

const fn once() -> u32 {
    1
}

impl Arm {
    /// For the next request of this method to a path that contains this.
    pub fn next(fault: Fault, method: &str, path: &str) -> Self {
        let (method, path) = (Some(method.to_owned()), Some(path.to_owned()));
        Self { fault, method, path, after: 0, count: 1 }
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|it| it.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|it| path.contains(it))
    }
}

/// What is armed, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Armed(VecDeque<Arm>);

impl Armed {
    pub(crate) fn arm(&mut self, arm: Arm) {
        self.0.push_back(arm);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of a request.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let at = self.0.iter().position(|it| it.fits(method, path))?;
        let arm = &mut self.0[at];
        if arm.after > 0 {
            arm.after -= 1;
            return None;
        }
        let fault = arm.fault;
        arm.count = arm.count.saturating_sub(1);
        if arm.count == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}
