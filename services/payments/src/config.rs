//! The settings of payments.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which providers there are, and how patient the shop is with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the sandbox provider may be used, which moves no real money.
    pub sandbox: SandboxMode,
    /// How long a request waits for the provider before it answers `pending`, in milliseconds.
    pub answer_ms: u64,
    /// How long one try may take, in milliseconds.
    pub try_ms: u64,
    /// How often the provider is asked before its books are looked up. 1 to 5.
    pub tries: i64,
    /// The pause after the first try, in milliseconds; it doubles with each further one.
    pub pause_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sandbox: SandboxMode::Auto,
            answer_ms: 1_000,
            try_ms: 2_500,
            tries: 3,
            pause_ms: 500,
        }
    }
}

/// Whether the sandbox provider may be used: `"auto"`, `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxMode {
    /// Outside production.
    Auto,
    On,
    Off,
}

impl Serialize for SandboxMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::On => serializer.serialize_bool(true),
            Self::Off => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for SandboxMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModeVisitor)
    }
}

struct ModeVisitor;

impl Visitor<'_> for ModeVisitor {
    type Value = SandboxMode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"auto\", true or false")
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<SandboxMode, E> {
        Ok(if on { SandboxMode::On } else { SandboxMode::Off })
    }

    // A variable is a text.
    fn visit_str<E: Error>(self, word: &str) -> Result<SandboxMode, E> {
        let words =
            [("auto", SandboxMode::Auto), ("true", SandboxMode::On), ("false", SandboxMode::Off)];
        chassis::config::word(word, &words).map_err(E::custom)
    }
}

impl Config {
    /// The settings with what `auto` means there. An error where nobody could pay in production.
    pub fn resolved(mut self, production: bool) -> Result<Self, String> {
        if self.sandbox == SandboxMode::Auto {
            self.sandbox = if production { SandboxMode::Off } else { SandboxMode::On };
        }
        match production && self.sandbox == SandboxMode::Off {
            true => Err("payments.sandbox is off and there is no other payment provider, so that \
                         nobody could pay in production: set payments.sandbox = true to run on \
                         the sandbox, which moves no real money"
                .to_owned()),
            false => Ok(self),
        }
    }

    pub(crate) fn answer_within(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    pub(crate) fn try_within(&self) -> Duration {
        Duration::from_millis(self.try_ms)
    }

    /// The pause after so many tries that did not tell.
    pub(crate) fn pause(&self, tries: i64) -> Duration {
        let doublings = u32::try_from(tries - 1).unwrap_or_default().min(10);
        Duration::from_millis(self.pause_ms.saturating_mul(1 << doublings))
    }

    /// How long a process may keep an operation to itself: every try, every pause, and time to
    /// write down what came of it.
    pub(crate) fn lease(&self) -> chrono::TimeDelta {
        let tries: Duration = (1..=self.tries).map(|it| self.try_within() + self.pause(it)).sum();
        let lease = tries + Duration::from_secs(5);
        chrono::TimeDelta::from_std(lease).unwrap_or(chrono::TimeDelta::minutes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_production_shop_uses_the_sandbox_only_where_that_is_written() {
        let sandbox = |mode, production| {
            Config { sandbox: mode, ..Config::default() }.resolved(production).map(|it| it.sandbox)
        };
        assert_eq!(Config::default().sandbox, SandboxMode::Auto);
        assert_eq!(sandbox(SandboxMode::Auto, false), Ok(SandboxMode::On));
        assert_eq!(sandbox(SandboxMode::Off, false), Ok(SandboxMode::Off));
        assert_eq!(sandbox(SandboxMode::On, true), Ok(SandboxMode::On));
        for mode in [SandboxMode::Auto, SandboxMode::Off] {
            let said = sandbox(mode, true).unwrap_err();
            assert!(said.contains("payments.sandbox = true"), "{said}");
        }
    }
}
