//! How long to wait before another try.

use std::time::Duration;

use chrono::TimeDelta;

/// The pauses between the tries of a queue.
#[derive(Clone, Copy, Debug)]
pub enum Backoff {
    /// These, one after the other; then there is no other try.
    Steps(&'static [TimeDelta]),
    /// The first one, doubled with each try up to the longest, times a random number from
    /// `1 - spread` to 1, so that what failed together does not come back together. For ever.
    Doubling { first: Duration, longest: Duration, spread: f64 },
}

/// No random pause is shorter.
const SHORTEST: Duration = Duration::from_millis(50);

impl Backoff {
    /// The pause after so many tries, from 1 on; none where it is given up.
    pub fn after(&self, tries: i64) -> Option<TimeDelta> {
        match *self {
            Self::Steps(steps) => {
                usize::try_from(tries - 1).ok().and_then(|it| steps.get(it).copied())
            }
            Self::Doubling { .. } => TimeDelta::from_std(self.pause(tries)).ok(),
        }
    }

    /// The same for who waits it out: the last step where it would be given up.
    pub fn pause(&self, tries: i64) -> Duration {
        match *self {
            Self::Steps(steps) => {
                let step = self.after(tries).or(steps.last().copied()).unwrap_or_default();
                step.to_std().unwrap_or_default()
            }
            Self::Doubling { first, longest, spread } => {
                let doublings = (tries - 1).clamp(0, 16) as u32;
                let most = first.saturating_mul(1 << doublings).min(longest);
                most.mul_f64(1.0 - spread * rand::random::<f64>()).max(SHORTEST)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_to_an_end() {
        const STEPS: [TimeDelta; 2] = [TimeDelta::seconds(1), TimeDelta::seconds(5)];
        let steps = Backoff::Steps(&STEPS);
        let after: Vec<_> = (1..=3).map(|it| steps.after(it)).collect();
        assert_eq!(after, [Some(TimeDelta::seconds(1)), Some(TimeDelta::seconds(5)), None]);
        assert_eq!(steps.pause(9), Duration::from_secs(5));
    }

    #[test]
    fn doubled_pauses_grow_to_the_longest_and_differ() {
        let (first, longest) = (Duration::from_millis(400), Duration::from_secs(30));
        let backoff = Backoff::Doubling { first, longest, spread: 0.5 };
        for (tries, most) in [(1, 400), (2, 800), (7, 25_600), (8, 30_000), (i64::MAX, 30_000)] {
            let pauses: Vec<_> = (0..100).map(|_| backoff.pause(tries).as_millis()).collect();
            assert!(pauses.iter().all(|it| (most / 2..=most).contains(it)), "{tries} {pauses:?}");
            assert!(pauses.iter().any(|it| *it != pauses[0]));
        }
        let full = Backoff::Doubling { first, longest, spread: 1.0 };
        assert!((0..1_000).all(|_| full.pause(1) >= SHORTEST));
    }
}
