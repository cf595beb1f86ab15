//! Stripe: cards, wallets and banks, by payment intents that are confirmed on the server
//! (<https://docs.stripe.com/payments/finalize-payments-on-the-server>).
//!
//! Every request that changes something has the operation's id as its `Idempotency-Key`, and every
//! intent and refund our ids as metadata. So what became of a request is known by asking again
//! within a day, and by looking it up after that.

mod amounts;
mod client;
mod config;
mod customers;
mod declines;
mod events;
mod health;
mod intents;
mod lookup;
mod objects;
mod records;
mod refunds;
mod setup;
mod signature;
mod snapshot;

use std::sync::Arc;

use axum::http::HeaderMap;
use chassis::clock::Clock;
use chassis::money::Currency;
use chassis::problem::{Problem, Result};
use chassis::service::BoxError;
use chassis::webhooks::{Notice, WebhookError};
use serde_json::Value;
use uuid::Uuid;

use super::{Entry, Records, Setup};
use crate::provider::{
    Authorization, Charge, ChargeRefund, ChargeSnapshot, Customers, Failure, MethodKind,
    PaymentMethod, Provider, ProviderCall, ProviderHealth, Purchase, Refusal, StripeElements,
    TokenSource,
};
use client::{ApiError, Client};
pub(crate) use config::Mode;
pub use config::StripeConfig;
use declines::reason;
use health::Pulse;
use lookup::UsedKeys;
use objects::{ErrorBody, PaymentIntent};
use refunds::SpareKeys;

const NAME: &str = "stripe";

pub(super) const ENTRY: Entry = Entry {
    name: NAME,
    methods: &[NAME],
    webhooks: true,
    page_sources: |config| config.stripe.page_sources(),
    open,
    check_setup: setup::check,
    records: Records::Remote(records::open),
};

/// An account at Stripe.
pub(crate) struct Stripe {
    client: Client,
    config: StripeConfig,
    mode: Mode,
    clock: Clock,
    pulse: Arc<Pulse>,
    used: UsedKeys,
    spares: SpareKeys,
}

fn open(setup: &Setup<'_>) -> std::result::Result<Option<Arc<dyn Provider>>, BoxError> {
    let Some(stripe) = Stripe::open(&setup.config.stripe, setup.clock)? else { return Ok(None) };
    Ok(Some(Arc::new(stripe)))
}

impl Stripe {
    /// None where it is off.
    pub(crate) fn open(
        config: &StripeConfig,
        clock: Clock,
    ) -> std::result::Result<Option<Self>, BoxError> {
        let Some(mode) = config.mode() else { return Ok(None) };
        let pulse = Arc::new(Pulse::new(clock));
        Ok(Some(Self {
            client: Client::new(config, Arc::clone(&pulse))?,
            config: config.clone(),
            mode,
            clock,
            pulse,
            used: UsedKeys::default(),
            spares: SpareKeys::default(),
        }))
    }

    fn snapshot(&self, intent: &PaymentIntent) -> std::result::Result<ChargeSnapshot, Failure> {
        snapshot::of(intent, &self.config.publishable_key, self.clock.now())
    }

    /// An amount in Stripe's minor units.
    fn amount(&self, amount: i64, currency: &Currency) -> std::result::Result<i64, Failure> {
        amounts::to_stripe(amount, currency).map_err(|error| {
            tracing::warn!(amount, ?currency, %error, "a payment is refused");
            refused(match error {
                amounts::AmountError::Currency => reason::CURRENCY_NOT_SUPPORTED,
                amounts::AmountError::Amount => reason::AMOUNT_NOT_SUPPORTED,
            })
        })
    }

    /// What the Payment Element is made with; none if the purchase cannot be paid with Stripe.
    fn elements(&self, purchase: &Purchase) -> Option<StripeElements> {
        if !self.config.is_offered_in(purchase.country.as_deref()) {
            return None;
        }
        let currency = &purchase.currency;
        let total = purchase.total.filter(|it| *it > 0);
        let amount = amounts::to_stripe(total.unwrap_or_default(), currency).ok()?;
        Some(StripeElements {
            publishable_key: self.config.publishable_key.clone(),
            script: self.config.script_url.clone(),
            amount: total.map(|_| amount),
            currency: amounts::code(currency),
            capture_method: intents::CAPTURE_METHOD,
            manual_capture: intents::MANUAL_CAPTURE.map(str::to_owned).to_vec(),
        })
    }

    async fn look_up(
        &self,
        charge: &Charge,
    ) -> std::result::Result<Option<ChargeSnapshot>, Failure> {
        let Some(intent) = self.find(charge).await? else { return Ok(None) };
        let mut snapshot = self.snapshot(&intent)?;
        if snapshot.captured > 0 {
            let (refunds, disputes) =
                futures::try_join!(self.refunds(&intent), self.disputes(&intent.id))?;
            (snapshot.refunds, snapshot.disputes) = (refunds, disputes);
        }
        Ok(Some(snapshot))
    }
}

impl Provider for Stripe {
    fn methods(&self, purchase: &Purchase) -> Vec<PaymentMethod> {
        let method = |elements| PaymentMethod {
            id: NAME,
            provider: NAME,
            kind: MethodKind::Form,
            title: "Card or other payment method",
            tokens: TokenSource::Stripe(elements),
            hold_minutes: None,
        };
        self.elements(purchase).map(method).into_iter().collect()
    }

    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a> {
        Box::pin(self.authorize(key, request))
    }

    /// Nothing is read of it: Stripe.js has told Stripe.
    fn check_input(&self, input: &Value) -> Result<()> {
        if input.is_object() {
            return Ok(());
        }
        Err(Problem::field("input", "must be an object"))
    }

    fn resume<'a>(&'a self, _: Uuid, charge: &'a Charge, _: Option<&'a Value>) -> ProviderCall<'a> {
        Box::pin(self.resume(charge))
    }

    fn capture<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(self.capture(key, charge, amount))
    }

    fn void<'a>(&'a self, key: Uuid, charge: &'a Charge) -> ProviderCall<'a> {
        Box::pin(self.void(key, charge))
    }

    fn refund<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        amount: i64,
    ) -> ProviderCall<'a, ChargeRefund> {
        Box::pin(self.refund(key, charge, amount))
    }

    fn lookup<'a>(&'a self, charge: &'a Charge) -> ProviderCall<'a, Option<ChargeSnapshot>> {
        Box::pin(self.look_up(charge))
    }

    fn webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> std::result::Result<Vec<Notice>, WebhookError> {
        let secrets = &self.config.webhook_secrets;
        if secrets.is_empty() {
            return Err(WebhookError::NotConfigured);
        }
        let header = headers.get(signature::HEADER).and_then(|it| it.to_str().ok());
        let header = header.ok_or(WebhookError::Rejected("there is no signature"))?;
        signature::verify(header, body, secrets, self.clock.now())
            .map_err(WebhookError::Rejected)?;
        Ok(vec![events::read(body, self.mode)?])
    }

    /// Its form has several; they are one for the shop.
    fn method_of(&self, _: &str) -> &'static str {
        NAME
    }

    fn customers(&self) -> Option<&dyn Customers> {
        Some(self)
    }

    fn is_test(&self) -> bool {
        self.mode == Mode::Test
    }

    fn health(&self) -> Option<ProviderHealth> {
        Some(self.pulse.health())
    }
}

/// Whether it looks like an id of Stripe's of this kind. Nothing else is sent in the place of one.
fn is_id(text: &str, kind: &str) -> bool {
    let name = text.strip_prefix(kind).unwrap_or_default();
    !name.is_empty()
        && name.len() < 255
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn refused(reason: &str) -> Failure {
    Refusal(reason.to_owned()).into()
}

/// A request Stripe has refused. One for a reason the shop does not know is a mistake of the shop's
/// or of its settings.
fn refused_for(what: &str, error: &ErrorBody, reason: &'static str) -> Failure {
    let error = error.describe();
    if reason == reason::PROVIDER_ERROR {
        tracing::error!(what, error, "Stripe refuses a request; it counts as failed");
    } else {
        tracing::info!(what, error, "Stripe refuses a request; it counts as failed");
    }
    refused(reason)
}

/// A request of which nothing is known, or one that is refused in a way nobody expects there.
fn failed(what: &str, error: ApiError) -> Failure {
    match error {
        ApiError::Declined(error) => refused(declines::decline(&error)),
        ApiError::Refused(error) => refused_for(what, &error, declines::refusal(&error)),
        ApiError::KeyUsed | ApiError::KeyRefused { .. } | ApiError::Unknown { .. } => {
            Failure::Unknown(error.to_string())
        }
    }
}

#[cfg(test)]
mod double;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
