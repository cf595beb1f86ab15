//! The gateway's settings.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The public edge: who may ask how often, from where, and what is written about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests are limited at all. Turn it off for load tests only.
    pub rate_limits: bool,
    /// Sites whose pages may call this API from a browser, such as `https://shop.example.com`;
    /// `*` is any. Empty: only pages of this address itself.
    pub cors_origins: Vec<String>,
    /// Addresses or networks of proxies in front, such as `10.0.0.0/8`. Only their
    /// `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// The level at which every request is logged: `off`, `debug` or `info`.
    pub access_log: AccessLog,
    /// How long a service may take to answer, in seconds.
    pub timeout_seconds: u64,
    /// What each class of requests is allowed. A class is given to a path by `routes.toml`.
    pub quotas: Quotas,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum AccessLog {
    Off,
    Debug,
    Info,
}

impl TryFrom<String> for AccessLog {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        chassis::config::word(
            &word,
            &[("off", Self::Off), ("debug", Self::Debug), ("info", Self::Info)],
        )
    }
}

/// Quotas per logged-in user, or per client address (IPv6: per /64) where nobody is logged in.
/// The first three are always per address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Logging in. Wrong passwords are throttled by identity besides.
    pub login: Quota,
    /// Opening an account.
    pub register: Quota,
    /// Asking for and using one-time tokens: password reset, e-mail verification.
    pub reset: Quota,
    /// Checkouts and payment attempts.
    pub checkout: Quota,
    /// Writing reviews.
    pub reviews: Quota,
    /// Every other change.
    pub write: Quota,
    /// Every other request.
    pub read: Quota,
}

/// How many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// In the long run.
    pub per_minute: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl Quota {
    const fn of(per_minute: u32, burst: u32) -> Self {
        let (Some(per_minute), Some(burst)) = (NonZeroU32::new(per_minute), NonZeroU32::new(burst))
        else {
            panic!("a quota of nothing")
        };
        Self { per_minute, burst }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rate_limits: true,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            access_log: AccessLog::Debug,
            timeout_seconds: 30,
            quotas: Quotas::default(),
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            login: Quota::of(60, 60),
            register: Quota::of(30, 30),
            reset: Quota::of(20, 20),
            checkout: Quota::of(60, 30),
            reviews: Quota::of(30, 30),
            write: Quota::of(600, 200),
            read: Quota::of(12_000, 2_000),
        }
    }
}
