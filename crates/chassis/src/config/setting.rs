//! What is right in the settings, and how it is said what is not.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::db::Word;

/// A setting that cannot be as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{setting} is {value}, but must be {allowed}")]
pub struct SettingError {
    /// With its section: `orders.tax_basis_points`.
    pub setting: String,
    pub value: String,
    /// What it may be instead, after "must be".
    pub allowed: String,
}

impl SettingError {
    pub fn new(
        setting: impl Into<String>,
        value: impl Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), value: value.to_string(), allowed: allowed.into() }
    }
}

/// A section of the settings, which says itself what is wrong with it.
pub trait Settings {
    /// Refuses what cannot be anywhere. Run whenever settings are read.
    fn check(&self) -> Result<(), SettingError>;

    /// Refuses what is not allowed in production. Run where the section is used.
    fn check_for_production(&self) -> Result<(), SettingError> {
        Ok(())
    }
}

/// Refuses a number out of its range, both ends included.
pub fn in_range<N: PartialOrd + Display>(
    setting: &str,
    value: N,
    allowed: RangeInclusive<N>,
) -> Result<(), SettingError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (from, to) = allowed.into_inner();
    Err(SettingError::new(setting, value, format!("{from} to {to}")))
}

/// Refuses a number that is too small.
pub fn at_least<N: PartialOrd + Display>(
    setting: &str,
    value: N,
    least: N,
) -> Result<(), SettingError> {
    if value >= least {
        return Ok(());
    }
    Err(SettingError::new(setting, value, format!("{least} or more")))
}

/// Where a shop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Environment {
    Development,
    Production,
}

impl Environment {
    pub fn is_production(self) -> bool {
        self == Self::Production
    }
}
