//! The gateway's settings.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use chassis::db::Word;
use serde::{Deserialize, Serialize};

use crate::tls::TlsConfig;

/// The public edge: who may ask how often, from where, and what is written about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether requests are limited at all. Turn it off for load tests only.
    pub rate_limits: bool,
    /// Names the shop answers to, such as `shop.example.com` or `*.example.com`. Empty: any, which
    /// is refused in production.
    pub hosts: Vec<String>,
    /// Sites whose pages may call this API from a browser, such as `https://shop.example.com`;
    /// `*` is any, which is refused in production. Empty: only pages of this address itself.
    pub cors_origins: Vec<String>,
    /// Addresses or networks of proxies in front, such as `10.0.0.0/8`. Only their
    /// `X-Forwarded-For`, `-Proto` and `-Host` are believed; limits count the clients behind them.
    pub trusted_proxies: Vec<String>,
    /// The level at which every request is logged: `off`, `debug` or `info`.
    pub access_log: AccessLog,
    /// Seconds a service may take until it begins to answer. The time in which the request's body
    /// is waited for is not counted.
    pub timeout_seconds: u64,
    /// The same for requests that only read: GET, HEAD and OPTIONS.
    pub read_timeout_seconds: u64,
    /// A routes file in place of the built-in routes; empty for those. Changes are noticed.
    pub routes: PathBuf,
    /// Further listeners with routes of their own.
    pub listeners: Vec<Listen>,
    /// Where `/metrics` and the whole of `/health` are, without a password. Empty or `off`: nowhere.
    pub metrics_listen: String,
    /// Where the page for whoever runs the shop is, such as `127.0.0.1:8090`. Empty: nowhere.
    pub admin_listen: String,
    /// Whether that may be an address that other machines can reach. The page has no password.
    pub admin_anywhere: bool,
    pub tls: TlsConfig,
    /// What each class of requests is allowed. A class is given to a path by `routes.toml`.
    pub quotas: Quotas,
}

/// Where the metrics are unless told otherwise. A port that is taken matters only elsewhere.
pub const METRICS_LISTEN: &str = "127.0.0.1:9464";

/// A listener with routes of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// What it is called in the log and on the admin page.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Its routes file. It fully decides what is answered there.
    pub routes: PathBuf,
}

impl Listen {
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { name, listen, .. } = self;
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
            return Err(format!(
                "gateway.listeners: the name {name:?} is not of letters and digits"
            ));
        }
        match listen.parse::<SocketAddr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(format!(
                "gateway.listeners: {name}: listen is {listen:?}, but must be an address and a \
                 port such as 127.0.0.1:8081"
            )),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum AccessLog {
    Off,
    Debug,
    Info,
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
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            access_log: AccessLog::Debug,
            timeout_seconds: 30,
            read_timeout_seconds: 5,
            routes: PathBuf::new(),
            listeners: Vec::new(),
            metrics_listen: METRICS_LISTEN.to_owned(),
            admin_listen: String::new(),
            admin_anywhere: false,
            tls: TlsConfig::default(),
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
