//! Whether a broker can be used: one line in the log when it goes away and one when it is back,
//! and a gauge.

use std::fmt::Display;

use parking_lot::Mutex;

/// The state of one engine, as this process sees it.
#[derive(Debug)]
pub(crate) struct Health {
    engine: &'static str,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Unknown,
    There,
    Away,
}

impl Health {
    pub fn of(engine: &'static str) -> Self {
        Self { engine, state: Mutex::new(State::Unknown) }
    }

    /// It can be used.
    pub fn there(&self) {
        let engine = self.engine;
        match self.turn(State::There) {
            Some(State::Away) => {
                tracing::info!(engine, "the bus is connected again; sending queued events")
            }
            Some(_) => tracing::info!(engine, "the bus is connected"),
            None => {}
        }
    }

    /// It cannot be used.
    pub fn away(&self, reason: &dyn Display) {
        let engine = self.engine;
        match self.turn(State::Away) {
            Some(_) => {
                tracing::warn!(engine, %reason, "the bus is unavailable; events wait in the outboxes")
            }
            None => tracing::debug!(engine, %reason, "the bus is still unavailable"),
        }
    }

    /// The state before, if it was another one.
    fn turn(&self, to: State) -> Option<State> {
        let there = if to == State::There { 1.0 } else { 0.0 };
        metrics::gauge!("bus_connected", "engine" => self.engine).set(there);
        let mut state = self.state.lock();
        let before = std::mem::replace(&mut *state, to);
        (before != to).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_told() {
        let health = Health::of("test");
        assert_eq!(health.turn(State::Away), Some(State::Unknown));
        assert_eq!(health.turn(State::Away), None);
        assert_eq!(health.turn(State::There), Some(State::Away));
        assert_eq!(health.turn(State::There), None);
        assert_eq!(health.turn(State::Away), Some(State::There));
    }
}
