//! How often somebody may do something, counted for all copies of a process together.

use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::BoxFuture;

/// How much one may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_minute: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
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
    /// milliseconds: whoever asks then counts alone.
    fn take<'a>(&'a self, key: &'a str, rate: Rate) -> BoxFuture<'a, Option<Taken>>;
}
