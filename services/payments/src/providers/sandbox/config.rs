//! Whether the sandbox may be used.

use std::fmt;

use chassis::db::UnknownWord;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        match word {
            "auto" => Ok(SandboxMode::Auto),
            "true" => Ok(SandboxMode::On),
            "false" => Ok(SandboxMode::Off),
            _ => {
                let allowed = &["auto", "true", "false"];
                Err(E::custom(UnknownWord { word: word.to_owned(), allowed }))
            }
        }
    }
}
