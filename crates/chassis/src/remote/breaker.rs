//! The circuit breaker of a service: where most requests fail, none is sent for a moment, and then
//! one at a time until one succeeds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::recent::Counts;

/// How long nothing is sent. Short and always the same: a probe per second is no burden.
pub(super) const OPEN: Duration = Duration::from_secs(1);
/// The fewest recent failures that open the circuit.
pub(super) const FAILURES: u64 = 10;

#[derive(Debug)]
pub(super) struct Breaker {
    /// Whether anything but `Closed`, so that the usual request takes no lock.
    tripped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    /// Nothing is sent until then.
    Open(Instant),
    /// One request is on its way and decides.
    Probing,
}

/// Whether requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Circuit {
    Closed,
    Open,
    HalfOpen,
}

/// The right to send a request. A probe that is given up (the client hung up) lets the next one try.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
    at: Instant,
}

/// What a request says about its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Well,
    Ill,
    /// Nothing, such as one that was given too little time.
    Unknown,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { tripped: AtomicBool::new(false), state: Mutex::new(State::Closed) }
    }

    /// Lets a request pass, or not.
    pub(super) fn enter(&self, now: Instant) -> Option<Pass<'_>> {
        if !self.tripped.load(Ordering::Acquire) {
            return Some(Pass { breaker: self, probe: false, at: now });
        }
        let mut state = self.state();
        match *state {
            State::Closed => Some(Pass { breaker: self, probe: false, at: now }),
            State::Open(until) if now >= until => {
                *state = State::Probing;
                Some(Pass { breaker: self, probe: true, at: now })
            }
            State::Open(_) | State::Probing => None,
        }
    }

    /// Opens where at least half of the recent requests failed, and enough of them. Tells whether
    /// this call has opened it.
    pub(super) fn judge(&self, counts: Counts, now: Instant) -> bool {
        if counts.failures < FAILURES || counts.failures * 2 < counts.requests {
            return false;
        }
        let mut state = self.state();
        let opens = matches!(*state, State::Closed);
        if opens {
            *state = State::Open(now + OPEN);
            self.tripped.store(true, Ordering::Release);
        }
        opens
    }

    pub(super) fn circuit(&self, now: Instant) -> Circuit {
        match *self.state() {
            State::Closed => Circuit::Closed,
            State::Open(until) if now >= until => Circuit::HalfOpen,
            State::Open(_) => Circuit::Open,
            State::Probing => Circuit::HalfOpen,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Says how it went. Tells whether this has closed the circuit.
    pub(super) fn end(mut self, verdict: Verdict, now: Instant) -> bool {
        if !std::mem::take(&mut self.probe) {
            return false;
        }
        let mut state = self.breaker.state();
        let closes = verdict == Verdict::Well;
        *state = match verdict {
            Verdict::Well => State::Closed,
            Verdict::Ill | Verdict::Unknown => State::Open(now + OPEN),
        };
        self.breaker.tripped.store(!closes, Ordering::Release);
        closes
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            *self.breaker.state() = State::Open(self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(failures: u64, requests: u64) -> Counts {
        Counts { requests, failures, retries: 0 }
    }

    #[test]
    fn it_opens_where_most_requests_fail_and_one_probe_closes_it() {
        let now = Instant::now();
        let breaker = Breaker::new();
        assert!(!breaker.judge(failing(9, 9), now));
        assert!(!breaker.judge(failing(10, 21), now));
        assert!(breaker.judge(failing(10, 20), now));
        assert!(!breaker.judge(failing(11, 20), now), "it is open already");
        assert!(breaker.enter(now).is_none());
        assert_eq!(breaker.circuit(now), Circuit::Open);

        let now = now + OPEN;
        assert_eq!(breaker.circuit(now), Circuit::HalfOpen);
        let probe = breaker.enter(now).unwrap();
        assert!(breaker.enter(now).is_none(), "one at a time");
        assert!(!probe.end(Verdict::Ill, now));
        assert!(breaker.enter(now).is_none());

        let now = now + OPEN;
        drop(breaker.enter(now).unwrap());
        let probe = breaker.enter(now).expect("one that was given up decides nothing");
        assert!(probe.end(Verdict::Well, now));
        assert_eq!(breaker.circuit(now), Circuit::Closed);
        assert!(!breaker.enter(now).unwrap().end(Verdict::Ill, now));
        assert_eq!(breaker.circuit(now), Circuit::Closed);
    }
}
