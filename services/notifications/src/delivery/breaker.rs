//! A circuit breaker: a provider that was unavailable several times in a row is left alone for a
//! while, then asked with one message.

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// Failures in a row after which the provider is left alone.
const FAILURES: u32 = 5;
/// For how long the first time; it doubles up to [`LONGEST`] as long as it stays unavailable.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    failures: u32,
    open_until: Option<DateTime<Utc>>,
    /// Whether a message is on its way that shows whether the provider is back.
    probing: bool,
    last: Option<LastFailure>,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastFailure {
    pub(crate) at: DateTime<Utc>,
    pub(crate) reason: String,
}

/// Whether a provider is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BreakerState {
    /// Set while it is left alone.
    pub(crate) open_until: Option<DateTime<Utc>>,
    pub(crate) last_failure: Option<LastFailure>,
}

/// A provider is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) until: DateTime<Utc>,
    pub(super) reason: String,
}

impl Breaker {
    /// Whether the provider may be asked now. Once its pause is over, one may, and all others when
    /// that one has succeeded.
    pub(super) fn permit(&self, now: DateTime<Utc>) -> Result<(), Open> {
        let mut count = self.0.lock();
        let Some(until) = count.open_until else { return Ok(()) };
        if now < until || count.probing {
            let reason = count.last.as_ref().map(|it| it.reason.clone()).unwrap_or_default();
            return Err(Open { until: until.max(now + TimeDelta::seconds(1)), reason });
        }
        count.probing = true;
        Ok(())
    }

    /// The provider was not asked after all.
    pub(super) fn release(&self) {
        self.0.lock().probing = false;
    }

    pub(super) fn succeeded(&self) {
        let mut count = self.0.lock();
        (count.failures, count.open_until, count.probing) = (0, None, false);
    }

    pub(super) fn failed(&self, now: DateTime<Utc>, reason: &str) {
        let mut count = self.0.lock();
        count.last = Some(LastFailure { at: now, reason: reason.to_owned() });
        let probed = std::mem::take(&mut count.probing);
        if count.open_until.is_some() && !probed {
            // It was on its way when the breaker opened.
            return;
        }
        count.failures = count.failures.saturating_add(1);
        if count.failures >= FAILURES {
            let doubled = PAUSE * 2_i32.pow((count.failures - FAILURES).min(8));
            count.open_until = Some(now + doubled.min(LONGEST));
        }
    }

    pub(super) fn state(&self, now: DateTime<Utc>) -> BreakerState {
        let count = self.0.lock();
        let open_until = count.open_until.filter(|it| *it > now);
        BreakerState { open_until, last_failure: count.last.clone() }
    }
}

#[cfg(test)]
mod tests {
    use chassis::testing::noon;

    use super::*;

    fn after(seconds: i64) -> DateTime<Utc> {
        noon() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_provider_is_left_alone_after_five_failures_and_then_asked_once() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            assert_eq!(breaker.permit(noon()), Ok(()));
            breaker.failed(noon(), "down");
        }
        let open = breaker.permit(after(29)).unwrap_err();
        assert_eq!((open.until, &*open.reason), (after(30), "down"));
        assert_eq!(breaker.permit(after(30)), Ok(()));
        assert!(breaker.permit(after(30)).is_err(), "one is on its way");
        breaker.failed(after(31), "down");
        assert_eq!(breaker.permit(after(90)).unwrap_err().until, after(91), "a longer pause");
        assert_eq!(breaker.permit(after(91)), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.permit(after(91)), Ok(()));
        assert_eq!(breaker.permit(after(91)), Ok(()));
        assert_eq!(breaker.state(after(91)).last_failure.unwrap().at, after(31));
    }

    #[test]
    fn failures_apart_do_not_count_together() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            for _ in 0..4 {
                breaker.failed(noon(), "down");
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.permit(noon()), Ok(()));
    }

    #[test]
    fn many_at_once_open_it_for_the_first_pause_only() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            breaker.failed(noon(), "down");
        }
        assert_eq!(breaker.state(noon()).open_until, Some(after(30)));
        assert_eq!(breaker.permit(after(30)), Ok(()));
        breaker.failed(after(30), "down");
        assert_eq!(breaker.state(after(30)).open_until, Some(after(90)));
    }

    #[test]
    fn a_probe_that_was_not_sent_makes_room_for_another() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            breaker.failed(noon(), "down");
        }
        assert_eq!(breaker.permit(after(30)), Ok(()));
        breaker.release();
        assert_eq!(breaker.permit(after(30)), Ok(()));
    }
}
