//! What happened in the last seconds: requests, failures and retries, and the budget that follows.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::time::Instant;

/// How many seconds count as recent.
pub(super) const SECONDS: u64 = 10;
/// Of this many requests one may be tried again: 20 %.
const REQUESTS_PER_RETRY: u64 = 5;
/// Retries allowed per second besides.
const RETRIES_PER_SECOND: u64 = 10;
/// Failures that are remembered for who looks.
const REMEMBERED: usize = 16;

/// Counts per second. Clocks and counting are behind one lock that is held for nanoseconds.
#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    slots: [Bucket; SECONDS as usize],
    failures: VecDeque<(Instant, String)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    second: u64,
    counts: Counts,
}

/// What was counted in the last ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub requests: u64,
    pub failures: u64,
    pub retries: u64,
}

/// Something that went wrong lately.
#[derive(Clone, Debug, Serialize)]
pub struct RecentFailure {
    pub seconds_ago: u64,
    /// At which copy, and what.
    pub what: String,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, kept: Mutex::default() }
    }

    pub(super) fn request(&self, now: Instant) {
        self.slot(&mut self.kept(), now).requests += 1;
    }

    /// Counts a request that failed in the end, and returns the state now.
    pub(super) fn failure(&self, now: Instant) -> Counts {
        let mut kept = self.kept();
        self.slot(&mut kept, now).failures += 1;
        self.sum(&kept, now)
    }

    /// Whether something may be tried again; if so it is counted.
    pub(super) fn retry(&self, now: Instant) -> bool {
        let mut kept = self.kept();
        let counts = self.sum(&kept, now);
        let budget = counts.requests / REQUESTS_PER_RETRY + RETRIES_PER_SECOND * SECONDS;
        let allowed = counts.retries < budget;
        if allowed {
            self.slot(&mut kept, now).retries += 1;
        }
        allowed
    }

    pub(super) fn counts(&self, now: Instant) -> Counts {
        self.sum(&self.kept(), now)
    }

    /// Forgets the failures, after which the service is judged again.
    pub(super) fn forgive(&self) {
        for slot in &mut self.kept().slots {
            slot.counts.failures = 0;
        }
    }

    pub(super) fn remember(&self, what: String, now: Instant) {
        let mut kept = self.kept();
        if kept.failures.len() == REMEMBERED {
            kept.failures.pop_front();
        }
        kept.failures.push_back((now, what));
    }

    /// What went wrong, the newest first.
    pub(super) fn failures(&self, now: Instant) -> Vec<RecentFailure> {
        let told = |(at, what): &(Instant, String)| RecentFailure {
            seconds_ago: now.saturating_duration_since(*at).as_secs(),
            what: what.clone(),
        };
        self.kept().failures.iter().rev().map(told).collect()
    }

    fn second(&self, now: Instant) -> u64 {
        // Zero is the second of a slot that was never used.
        SECONDS + now.saturating_duration_since(self.began).as_secs()
    }

    fn slot<'a>(&self, kept: &'a mut Kept, now: Instant) -> &'a mut Counts {
        let second = self.second(now);
        let slot = &mut kept.slots[(second % SECONDS) as usize];
        if slot.second != second {
            *slot = Bucket { second, counts: Counts::default() };
        }
        &mut slot.counts
    }

    fn sum(&self, kept: &Kept, now: Instant) -> Counts {
        let second = self.second(now);
        let recent = kept.slots.iter().filter(|it| it.second + SECONDS > second);
        recent.fold(Counts::default(), |sum, slot| Counts {
            requests: sum.requests + slot.counts.requests,
            failures: sum.failures + slot.counts.failures,
            retries: sum.retries + slot.counts.retries,
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }
}

/// What is left until `deadline`.
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn a_fifth_of_the_requests_and_some_may_be_tried_again() {
        let now = Instant::now();
        let recent = Window::new(now);
        for _ in 0..1000 {
            recent.request(now);
        }
        assert_eq!((0..1000).filter(|_| recent.retry(now)).count(), 300);
        let later = after(now, SECONDS);
        assert_eq!(recent.counts(later), Counts::default());
        assert_eq!((0..1000).filter(|_| recent.retry(later)).count(), 100);
    }

    #[test]
    fn only_what_is_recent_counts() {
        let now = Instant::now();
        let recent = Window::new(now);
        recent.request(now);
        let later = after(now, SECONDS - 1);
        recent.request(later);
        assert_eq!(recent.failure(later), Counts { requests: 2, failures: 1, retries: 0 });
        let later = after(now, SECONDS);
        assert_eq!(recent.counts(later), Counts { requests: 1, failures: 1, retries: 0 });
        recent.forgive();
        assert_eq!(recent.counts(later).failures, 0);
        for number in 0..20 {
            recent.remember(number.to_string(), after(now, number));
        }
        let remembered = recent.failures(after(now, 20));
        assert_eq!(remembered.len(), REMEMBERED);
        let newest = remembered.first().unwrap();
        assert_eq!((newest.what.as_str(), newest.seconds_ago), ("19", 1));
    }
}
