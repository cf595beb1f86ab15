//! A clock that runs by itself and is corrected without jumping, where possible.

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::RwLock;

/// While it is corrected it runs faster or slower by one part in so many.
const SLEW: i32 = 10;

/// A clock. Every `up` is how long the machine has been up, by a clock that nobody sets.
#[derive(Debug)]
pub(super) struct Steady(RwLock<Line>);

/// Where a clock stands: what it showed at a moment, and how much it had to be corrected then.
#[derive(Clone, Copy, Debug)]
struct Line {
    up: TimeDelta,
    time: DateTime<Utc>,
    /// Made up for little by little, so that the clock never goes backwards.
    behind: TimeDelta,
}

impl Steady {
    pub(super) fn new(up: TimeDelta, time: DateTime<Utc>) -> Self {
        Self(RwLock::new(Line { up, time, behind: TimeDelta::zero() }))
    }

    pub(super) fn now(&self, up: TimeDelta) -> DateTime<Utc> {
        self.0.read().at(up)
    }

    /// Puts the clock right little by little: a second takes ten.
    pub(super) fn slew(&self, up: TimeDelta, behind: TimeDelta) {
        self.set(up, |time| Line { up, time, behind });
    }

    /// Puts the clock right at once.
    pub(super) fn step(&self, up: TimeDelta, behind: TimeDelta) {
        self.set(up, |time| Line { up, time: time + behind, behind: TimeDelta::zero() });
    }

    fn set(&self, up: TimeDelta, to: impl FnOnce(DateTime<Utc>) -> Line) {
        let mut line = self.0.write();
        *line = to(line.at(up));
    }
}

impl Line {
    fn at(&self, up: TimeDelta) -> DateTime<Utc> {
        // Another thread may have looked a moment before the line was drawn.
        let since = (up - self.up).max(TimeDelta::zero());
        let most = since / SLEW;
        self.time + since + self.behind.clamp(-most, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    fn seconds(seconds: i64) -> TimeDelta {
        TimeDelta::seconds(seconds)
    }

    #[test]
    fn it_goes_on_by_itself() {
        let clock = Steady::new(seconds(100), noon());
        assert_eq!(clock.now(seconds(100)), noon());
        assert_eq!(clock.now(seconds(130)), noon() + seconds(30));
    }

    #[test]
    fn put_right_little_by_little_it_never_goes_backwards() {
        for behind in [seconds(2), seconds(-2)] {
            let clock = Steady::new(seconds(0), noon());
            clock.slew(seconds(0), behind);
            let shown: Vec<_> = (0..400).map(|it| clock.now(seconds(it) / 10)).collect();
            assert!(shown.is_sorted_by(|a, b| a < b), "{behind}");
            assert_eq!(clock.now(seconds(10)), noon() + seconds(10) + behind / 2);
            assert_eq!(clock.now(seconds(20)), noon() + seconds(20) + behind);
            assert_eq!(clock.now(seconds(60)), noon() + seconds(60) + behind);
        }
    }

    #[test]
    fn what_is_found_on_the_way_takes_the_place_of_what_was_to_be_put_right() {
        let clock = Steady::new(seconds(0), noon());
        clock.slew(seconds(0), seconds(10));
        assert_eq!(clock.now(seconds(10)), noon() + seconds(11));
        clock.slew(seconds(10), seconds(-1));
        assert_eq!(clock.now(seconds(20)), noon() + seconds(20));
    }

    #[test]
    fn a_step_counts_at_once() {
        let clock = Steady::new(seconds(0), noon());
        clock.step(seconds(5), seconds(-3600));
        assert_eq!(clock.now(seconds(6)), noon() + seconds(6 - 3600));
    }
}
