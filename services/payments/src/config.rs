//! The settings of payments.

use std::collections::BTreeMap;
use std::time::Duration;

use chassis::config::{Environment, SettingError, Settings, at_least, in_range};
use chassis::page_sources::PageSources;
use contracts::payments::CaptureTiming;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::providers::{self, Mode};
use crate::{SandboxMode, StripeConfig};

/// Which providers there are, and how patient the shop is with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the sandbox provider may be used, which moves no real money.
    pub sandbox: SandboxMode,
    /// How long a request waits for the provider before it answers `pending`, in milliseconds.
    pub answer_ms: u64,
    /// How long one try may take, in milliseconds.
    pub try_ms: u64,
    /// How often the provider is asked before its books are looked up. 1 to 5.
    pub tries: i64,
    /// The pause after the first try, in milliseconds; it doubles with each further one.
    pub pause_ms: u64,
    /// Where a customer's browser comes back to from a page of a provider or a bank. `{order_id}`
    /// and `{payment_id}` stand for the ids.
    pub return_url: String,
    /// When authorized payments are captured.
    pub capture: CaptureTiming,
    /// The same for single payment methods, by their ids.
    pub capture_by_method: BTreeMap<String, CaptureTiming>,
    /// The account at Stripe.
    pub stripe: StripeConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sandbox: SandboxMode::Auto,
            answer_ms: 1_000,
            try_ms: 10_000,
            tries: 3,
            pause_ms: 500,
            return_url: RETURN_URL.to_owned(),
            capture: CaptureTiming::AtOnce,
            capture_by_method: BTreeMap::new(),
            stripe: StripeConfig::default(),
        }
    }
}

/// The storefront's page of an order, on this machine.
const RETURN_URL: &str = "http://127.0.0.1:8080/orders/{order_id}?payment={payment_id}";

impl Config {
    /// What the pages on which customers pay use of the providers that are on.
    pub fn page_sources(&self) -> PageSources {
        providers::page_sources(self)
    }

    /// Where a customer comes back to who pays this.
    pub(crate) fn return_url(&self, order: Uuid, payment: Uuid) -> String {
        let url = self.return_url.replace("{order_id}", &order.to_string());
        url.replace("{payment_id}", &payment.to_string())
    }

    /// When a payment with this method is captured.
    pub(crate) fn capture(&self, method: &str) -> CaptureTiming {
        self.capture_by_method.get(method).copied().unwrap_or(self.capture)
    }

    /// The settings with what `auto` means there.
    #[must_use]
    pub fn resolved(mut self, environment: Environment) -> Self {
        if self.sandbox == SandboxMode::Auto {
            let production = environment.is_production();
            self.sandbox = if production { SandboxMode::Off } else { SandboxMode::On };
        }
        self
    }

    /// What whoever runs a shop with these settings should know of its payments.
    pub fn warnings(&self, environment: Environment) -> Vec<&'static str> {
        let production = environment.is_production();
        let mode = self.stripe.mode();
        let deaf = mode.is_some() && self.stripe.webhook_secrets.is_empty();
        let warnings = [
            (
                production && self.sandbox == SandboxMode::On,
                "payments.sandbox is on: orders are paid without real money",
            ),
            (
                production && mode == Some(Mode::Test),
                "payments.stripe has test keys: orders are paid without real money",
            ),
            (
                !production && mode == Some(Mode::Live),
                "payments.stripe has live keys outside production: orders are paid with real money",
            ),
            (
                deaf,
                "payments.stripe.webhook_secrets is empty: what happens at Stripe later, such as a \
                 bank's debit, a failed refund or a dispute, is not heard of",
            ),
        ];
        warnings.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }

    pub(crate) fn answer_within(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    pub(crate) fn try_within(&self) -> Duration {
        Duration::from_millis(self.try_ms)
    }

    /// The pause after so many tries that did not tell.
    pub(crate) fn pause(&self, tries: i64) -> Duration {
        let doublings = u32::try_from(tries - 1).unwrap_or_default().min(10);
        Duration::from_millis(self.pause_ms.saturating_mul(1 << doublings))
    }

    /// How long a process may keep an operation to itself: every try, every pause, and time to
    /// write down what came of it.
    pub(crate) fn lease(&self) -> chrono::TimeDelta {
        let tries: Duration = (1..=self.tries).map(|it| self.try_within() + self.pause(it)).sum();
        let lease = tries + Duration::from_secs(5);
        chrono::TimeDelta::from_std(lease).unwrap_or(chrono::TimeDelta::minutes(1))
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        in_range("payments.tries", self.tries, 1..=5)?;
        at_least("payments.try_ms", self.try_ms, 1)?;
        if !self.return_url.starts_with("http://") && !self.return_url.starts_with("https://") {
            let allowed = "an address that begins with https://, or http:// on a test machine";
            return Err(SettingError::new("payments.return_url", &self.return_url, allowed));
        }
        let methods: Vec<_> = providers::method_ids().collect();
        if let Some(id) = self.capture_by_method.keys().find(|it| !methods.contains(&it.as_str())) {
            let allowed = format!("one of {}", methods.join(", "));
            return Err(SettingError::new("a method of payments.capture_by_method", id, allowed));
        }
        self.stripe.check()
    }

    fn check_for_production(&self) -> Result<(), SettingError> {
        let value = match self.sandbox {
            SandboxMode::On => return Ok(()),
            SandboxMode::Auto => "\"auto\"",
            SandboxMode::Off => "false",
        };
        let allowed = match self.stripe.mode() {
            Some(Mode::Live) => return Ok(()),
            Some(Mode::Test) => {
                "true in production to try out payments, since payments.stripe has test keys, which \
                 move no real money; for real customers set its live keys"
            }
            None => {
                "true in production to use the sandbox, which moves no real money, unless \
                 payments.stripe has an account's keys: nobody could pay"
            }
        };
        Err(SettingError::new("payments.sandbox", value, allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_captured_as_its_setting_says_and_must_exist() {
        let mut config = Config { capture: CaptureTiming::OnShipment, ..Config::default() };
        assert_eq!(config.capture("sandbox_card"), CaptureTiming::OnShipment);
        config.capture_by_method.insert("sandbox_card".to_owned(), CaptureTiming::AtOnce);
        assert_eq!(config.capture("sandbox_card"), CaptureTiming::AtOnce);
        assert_eq!(config.check(), Ok(()));
        config.capture_by_method.insert("sandbox_kard".to_owned(), CaptureTiming::AtOnce);
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("sandbox_kard, but must be one of sandbox_card"), "{error}");
    }

    #[test]
    fn a_production_shop_uses_the_sandbox_only_where_that_is_written() {
        let with = |sandbox| Config { sandbox, ..Config::default() };
        assert_eq!(Config::default().sandbox, SandboxMode::Auto);
        for (mode, environment, resolved) in [
            (SandboxMode::Auto, Environment::Development, SandboxMode::On),
            (SandboxMode::Auto, Environment::Production, SandboxMode::Off),
            (SandboxMode::Off, Environment::Development, SandboxMode::Off),
            (SandboxMode::On, Environment::Production, SandboxMode::On),
        ] {
            assert_eq!(with(mode).resolved(environment).sandbox, resolved);
        }
        assert_eq!(with(SandboxMode::On).check_for_production(), Ok(()));
        for mode in [SandboxMode::Auto, SandboxMode::Off] {
            let error = with(mode).check_for_production().unwrap_err().to_string();
            assert!(error.starts_with("payments.sandbox is "), "{error}");
            assert!(error.contains("must be true in production"), "{error}");
        }
    }

    #[test]
    fn a_production_shop_takes_real_money_or_says_that_it_does_not() {
        let with = |mode: &str, sandbox| {
            let stripe = StripeConfig {
                secret_key: format!("sk_{mode}_abc").into(),
                publishable_key: format!("pk_{mode}_abc"),
                webhook_secrets: vec!["whsec_abc".into()],
                ..StripeConfig::default()
            };
            Config { stripe, sandbox, ..Config::default() }
        };
        let (live, test) = (with("live", SandboxMode::Off), with("test", SandboxMode::Off));
        assert_eq!(live.check(), Ok(()));
        assert_eq!(live.check_for_production(), Ok(()));
        assert!(live.warnings(Environment::Production).is_empty());
        let error = test.check_for_production().unwrap_err().to_string();
        assert!(error.contains("payments.stripe has test keys"), "{error}");

        let tried = with("test", SandboxMode::On);
        assert_eq!(tried.check_for_production(), Ok(()));
        assert_eq!(tried.warnings(Environment::Production).len(), 2);
        assert!(test.warnings(Environment::Development).is_empty());
        let [warning] = live.warnings(Environment::Development)[..] else { panic!("one warning") };
        assert!(warning.starts_with("payments.stripe has live keys"), "{warning}");
        let mut deaf = live;
        deaf.stripe.webhook_secrets.clear();
        let [warning] = deaf.warnings(Environment::Production)[..] else { panic!("one warning") };
        assert!(warning.starts_with("payments.stripe.webhook_secrets is empty"), "{warning}");
    }
}
