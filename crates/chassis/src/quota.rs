//! Rate limits, counted for all instances of a process together.

use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// How much one may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In the long run.
    pub per_minute: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

/// Requests that are limited together, such as logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// As the routes and the settings spell it.
    pub name: &'static str,
    /// Unless the settings say otherwise.
    pub rate: Rate,
    /// Whether an account does not matter: what is guarded comes before one, or leads to another.
    pub per_address: bool,
}

impl Rate {
    /// # Panics
    ///
    /// On 0.
    pub const fn new(per_minute: u32, burst: u32) -> Self {
        let (Some(per_minute), Some(burst)) = (NonZeroU32::new(per_minute), NonZeroU32::new(burst))
        else {
            panic!("a rate of nothing")
        };
        Self { per_minute, burst }
    }
}

impl RateLimit {
    /// Counted per user, and per client address where nobody is logged in.
    pub const fn per_user(name: &'static str, rate: Rate) -> Self {
        Self { name, rate, per_address: false }
    }

    /// Counted per client address, also for users who are logged in.
    pub const fn per_address(name: &'static str, rate: Rate) -> Self {
        Self { name, rate, per_address: true }
    }
}

/// What came of taking one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// One was taken; so many more may be taken at once.
    Granted { remaining: u32 },
    /// There was none; there is one again after this time.
    Refused { wait: Duration },
}

/// A count shared by processes.
pub trait Counter: Send + Sync + 'static {
    /// Takes one of what `key` may have. None where the count cannot be reached within some
    /// milliseconds: the caller then counts alone.
    fn take<'a>(&'a self, key: &'a str, rate: Rate) -> BoxFuture<'a, Option<Taken>>;
}
