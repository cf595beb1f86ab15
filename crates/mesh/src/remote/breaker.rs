//! The circuit breaker of a service: where most requests fail, none is sent for a moment, and then
//! not before one that asks whether it is alive has been answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
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
    /// The service is being asked whether it is alive, which decides.
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

/// What is to become of a request.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// It is sent.
    Closed,
    /// It is not sent.
    Open,
    /// It is sent if the service turns out to be alive.
    Probe(Probe<'a>),
}

/// The duty to find out whether the service is alive. One that is given up (the client hung up)
/// lets the next request try.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    breaker: &'a Breaker,
    /// What becomes of the circuit.
    then: State,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { tripped: AtomicBool::new(false), state: Mutex::new(State::Closed) }
    }

    /// Whether a request is sent.
    pub(super) fn enter(&self, now: Instant) -> Entry<'_> {
        if !self.tripped.load(Ordering::Acquire) {
            return Entry::Closed;
        }
        let mut state = self.state();
        match *state {
            State::Closed => Entry::Closed,
            State::Open(until) if now >= until => {
                *state = State::Probing;
                Entry::Probe(Probe { breaker: self, then: State::Open(now) })
            }
            State::Open(_) | State::Probing => Entry::Open,
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
        self.state.lock()
    }
}

impl Probe<'_> {
    /// Closes the circuit, or keeps it open for another moment.
    pub(super) fn end(mut self, live: bool, now: Instant) {
        self.then = if live { State::Closed } else { State::Open(now + OPEN) };
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        *state = self.then;
        self.breaker.tripped.store(!matches!(self.then, State::Closed), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(failures: u64, requests: u64) -> Counts {
        Counts { requests, failures, retries: 0 }
    }

    #[test]
    fn it_opens_where_most_requests_fail_and_one_sign_of_life_closes_it() {
        let now = Instant::now();
        let breaker = Breaker::new();
        assert!(!breaker.judge(failing(9, 9), now));
        assert!(!breaker.judge(failing(10, 21), now));
        assert!(breaker.judge(failing(10, 20), now));
        assert!(!breaker.judge(failing(11, 20), now), "it is open already");
        assert!(matches!(breaker.enter(now), Entry::Open));
        assert_eq!(breaker.circuit(now), Circuit::Open);

        let now = now + OPEN;
        assert_eq!(breaker.circuit(now), Circuit::HalfOpen);
        let probe = probe(&breaker, now);
        assert!(matches!(breaker.enter(now), Entry::Open), "one at a time");
        probe.end(false, now);
        assert!(matches!(breaker.enter(now), Entry::Open));

        let now = now + OPEN;
        drop(self::probe(&breaker, now));
        // One that was given up decides nothing.
        self::probe(&breaker, now).end(true, now);
        assert_eq!(breaker.circuit(now), Circuit::Closed);
        assert!(matches!(breaker.enter(now), Entry::Closed));
    }

    fn probe(breaker: &Breaker, now: Instant) -> Probe<'_> {
        match breaker.enter(now) {
            Entry::Probe(probe) => probe,
            other => panic!("{other:?}"),
        }
    }
}
