//! How busy a copy is: requests in flight and the latency to expect.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// In this time an old latency loses about two thirds of its weight.
const DECAY: f64 = 5.0;

/// The peak-sensitive moving average of Finagle: a slow answer counts at once, and is forgotten
/// slowly.
/// <https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded>
#[derive(Debug)]
pub(super) struct Load {
    in_flight: AtomicUsize,
    began: Instant,
    /// Nanoseconds; 0 before the first answer.
    latency: AtomicU64,
    /// When it was measured, in nanoseconds since `began`.
    measured: AtomicU64,
}

impl Load {
    pub(super) fn new() -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            began: Instant::now(),
            latency: AtomicU64::new(0),
            measured: AtomicU64::new(0),
        }
    }

    pub(super) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Two at the same moment may lose one of them, which does not matter to an average.
    pub(super) fn observe(&self, latency: Duration, now: Instant) {
        let now = self.since(now);
        let new = nanos(latency).max(1);
        let old = self.latency.load(Ordering::Relaxed);
        let age = now.saturating_sub(self.measured.swap(now, Ordering::Relaxed));
        let kept = weight(age);
        let average = old as f64 * kept + new as f64 * (1.0 - kept);
        let latency = if new > old { new } else { average as u64 };
        self.latency.store(latency.max(1), Ordering::Relaxed);
    }

    /// The latency to expect now; none before the first answer.
    pub(super) fn latency(&self, now: Instant) -> Option<Duration> {
        let latency = self.latency.load(Ordering::Relaxed);
        let age = self.since(now).saturating_sub(self.measured.load(Ordering::Relaxed));
        let expected = (latency as f64 * weight(age)) as u64;
        (latency > 0).then(|| Duration::from_nanos(expected.max(1)))
    }

    /// Whether a further request is better sent here than there. One that nothing is known of is
    /// taken to be as quick as the other.
    pub(super) fn is_below(&self, other: &Self, now: Instant) -> bool {
        let (here, there) = (self.in_flight() as u128 + 1, other.in_flight() as u128 + 1);
        match (self.latency(now), other.latency(now)) {
            (Some(own), Some(others)) => here * own.as_nanos() < there * others.as_nanos(),
            _ => here < there,
        }
    }

    fn since(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.began))
    }
}

fn weight(age: u64) -> f64 {
    (-(age as f64) / (DECAY * 1e9)).exp()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);
    const SLOW: Duration = Duration::from_millis(100);

    #[test]
    fn a_slow_answer_counts_at_once_and_is_forgotten_slowly() {
        let load = Load::new();
        let now = Instant::now();
        assert_eq!(load.latency(now), None);
        load.observe(QUICK, now);
        load.observe(SLOW, now);
        assert_eq!(load.latency(now), Some(SLOW));
        load.observe(QUICK, now);
        assert!(load.latency(now).unwrap() > SLOW / 2);
        let later = now + Duration::from_secs(30);
        assert!(load.latency(later).unwrap() < QUICK);
        load.observe(QUICK, later);
        assert!(load.latency(later).unwrap() < 2 * QUICK);
    }

    #[test]
    fn who_is_slower_or_busier_is_asked_less() {
        let now = Instant::now();
        let (quick, slow, unknown) = (Load::new(), Load::new(), Load::new());
        quick.observe(QUICK, now);
        slow.observe(SLOW, now);
        assert!(quick.is_below(&slow, now) && !slow.is_below(&quick, now));
        quick.enter();
        assert!(unknown.is_below(&quick, now) && !quick.is_below(&unknown, now));
        for _ in 0..200 {
            quick.enter();
        }
        assert!(slow.is_below(&quick, now), "200 ms of waiting are more than 100");
        for _ in 0..201 {
            quick.leave();
        }
        assert_eq!(quick.in_flight(), 0);
    }
}
