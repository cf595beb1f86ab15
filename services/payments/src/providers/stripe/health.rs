//! How the calls of Stripe have gone lately, for staff.

use chassis::clock::Clock;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::provider::ProviderHealth;

/// Keeps the health of the calls of a process.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    clock: Clock,
    health: Mutex<ProviderHealth>,
}

impl Pulse {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, health: Mutex::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn health(&self) -> ProviderHealth {
        self.health.lock().clone()
    }

    /// Stripe has answered.
    pub(super) fn answered(&self) {
        count("answered");
        let mut health = self.health.lock();
        health.last_answer_at = Some(self.clock.now());
        let refused = std::mem::take(&mut health.keys_refused);
        drop(health);
        if refused {
            tracing::info!("Stripe takes the shop's key again");
        }
    }

    /// Nothing is known to have happened.
    pub(super) fn failed(&self, cause: &str) {
        count("failed");
        self.note(cause);
    }

    /// Stripe has refused the key. It is logged once, not with every try.
    pub(super) fn key_refused(&self, cause: &str) {
        count("key_refused");
        self.note(cause);
        let refused = std::mem::replace(&mut self.health.lock().keys_refused, true);
        if !refused {
            tracing::error!(
                cause,
                "Stripe refuses the shop's key, so nobody can pay with it; correct \
                 payments.stripe.secret_key, meanwhile payments are tried again"
            );
        }
    }

    /// Something else is wrong that staff should see.
    pub(super) fn note(&self, cause: &str) {
        let mut health = self.health.lock();
        health.last_failure_at = Some(self.clock.now());
        health.last_failure = Some(cause.to_owned());
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("payment_provider_calls_total", "provider" => "stripe", "outcome" => outcome)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_is_a_fault_until_it_is_taken_again() {
        let now = DateTime::UNIX_EPOCH;
        let pulse = Pulse::new(Clock::Fixed(now));
        assert_eq!(pulse.health(), ProviderHealth::default());
        pulse.key_refused("401");
        pulse.failed("no connection");
        let health = pulse.health();
        assert!(health.keys_refused);
        assert_eq!(health.last_failure_at, Some(now));
        assert_eq!(health.last_failure.as_deref(), Some("no connection"));
        pulse.answered();
        assert!(!pulse.health().keys_refused);
        assert_eq!(pulse.health().last_answer_at, Some(now));
    }
}
