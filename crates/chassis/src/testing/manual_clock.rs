//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::noon;
use crate::clock::Clock;

/// Whoever has a copy sees the same time. It starts at noon.
#[derive(Clone, Copy, Debug)]
pub struct ManualClock {
    /// In microseconds since 1970. Clocks are copied into everything, so it is never freed; there
    /// are a few in a test.
    time: &'static AtomicI64,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { time: Box::leak(Box::new(AtomicI64::new(noon().timestamp_micros()))) }
    }
}

impl ManualClock {
    /// It, for a service.
    pub fn clock(self) -> Clock {
        Clock::Manual(self)
    }

    /// What it shows.
    pub fn now(self) -> DateTime<Utc> {
        let time = self.time.load(Ordering::SeqCst);
        DateTime::from_timestamp_micros(time).expect("a time near noon")
    }

    /// Moves it on.
    pub fn advance(self, by: TimeDelta) {
        let by = by.num_microseconds().expect("less than centuries");
        self.time.fetch_add(by, Ordering::SeqCst);
    }
}
