//! Finding the intent of a payment, and seeing to it that there will be none.

use std::collections::BTreeMap;

use chassis::id;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use uuid::Uuid;

use super::client::{ApiError, Form};
use super::objects::{ErrorBody, PAYMENT_ID, PaymentIntent, VOIDED_PAYMENT_ID};
use super::{Stripe, amounts, failed};
use crate::provider::{Charge, Failure};

pub(super) const INTENTS: &str = "/v1/payment_intents";

/// How much Stripe's clock may be behind the shop's.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(5);
/// How long after the payment its intent may have been made: mostly at once; after a day its token
/// and its key are no longer valid. The shorter is looked at first, for its list is shorter too.
const MADE_WITHIN: [TimeDelta; 2] = [TimeDelta::hours(1), TimeDelta::hours(24)];

/// How long a request can run at Stripe, with a good margin: its own clients wait for 80 seconds.
const REQUEST_ENDS_WITHIN: TimeDelta = TimeDelta::minutes(3);
/// How long it is remembered what is known of a key.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// Keys of authorisations that were used without an intent that could be found.
#[derive(Debug, Default)]
pub(super) struct UsedKeys(Mutex<BTreeMap<Uuid, Used>>);

#[derive(Clone, Copy, Debug)]
struct Used {
    since: DateTime<Utc>,
    /// Its request has ended.
    ended: bool,
}

impl UsedKeys {
    /// The request under a key has ended, without telling how.
    pub(super) fn ended(&self, key: Uuid, now: DateTime<Utc>) {
        self.note(key, now).ended = true;
    }

    /// Whether a request under a used key cannot run any more: it is known to have ended, or was
    /// seen long enough ago.
    fn is_over(&self, key: Uuid, now: DateTime<Utc>) -> bool {
        let used = *self.note(key, now);
        used.ended || now - used.since >= REQUEST_ENDS_WITHIN
    }

    fn note(&self, key: Uuid, now: DateTime<Utc>) -> parking_lot::MappedMutexGuard<'_, Used> {
        let mut keys = self.0.lock();
        keys.retain(|it, used| *it == key || now - used.since < REMEMBERED);
        parking_lot::MutexGuard::map(keys, |keys| {
            keys.entry(key).or_insert(Used { since: now, ended: false })
        })
    }
}

impl Stripe {
    /// The intent of a payment; none if Stripe has none.
    pub(super) async fn find(&self, charge: &Charge) -> Result<Option<PaymentIntent>, Failure> {
        if let Some(reference) = &charge.reference {
            return self.read(reference).await.map(Some);
        }
        // Not by search, which finds what is new only after a while.
        for made_within in MADE_WITHIN {
            let query = Form::default()
                .with("created[gte]", (charge.created_at - SKEW).timestamp())
                .with("created[lte]", (charge.created_at + made_within).timestamp());
            let is_it = |it: &PaymentIntent| it.metadata.id(PAYMENT_ID) == Some(charge.key);
            let found = self.client.list(INTENTS, &query, true, is_it).await;
            let found: Vec<PaymentIntent> = found.map_err(|it| failed("a look-up", it))?;
            if let Some(intent) = found.into_iter().next() {
                return self.read(&intent.id).await.map(Some);
            }
        }
        Ok(None)
    }

    /// An intent with its charge.
    pub(super) async fn read(&self, reference: &str) -> Result<PaymentIntent, Failure> {
        let path = intent_path(reference, "")?;
        let query = Form::default().with("expand[]", "latest_charge");
        match self.client.get(&path, &query).await {
            Err(ApiError::Refused(error)) if is_missing(&error) => Err(self.elsewhere(reference)),
            result => result.map_err(|it| failed("a look-up", it)),
        }
    }

    /// Stripe does not know an intent that was there: the keys are those of another account or
    /// mode. Nothing is decided about the payment until they are corrected.
    pub(super) fn elsewhere(&self, reference: &str) -> Failure {
        let cause = format!("Stripe has no {reference} in the account and mode of the key");
        self.pulse.note(&cause);
        tracing::error!(
            cause,
            "a payment cannot be found; correct payments.stripe.secret_key, meanwhile it is tried \
             again"
        );
        Failure::Unknown(cause)
    }

    /// Makes sure that an authorisation that is still on its way has no effect, and answers with an
    /// intent that was never confirmed, to be cancelled in its place.
    ///
    /// Stripe compares a request with the one its key was first used for, and refuses another
    /// (<https://docs.stripe.com/api/idempotent_requests>). So the key is used here, for an intent
    /// without a means of payment; one that could not be executed would not be remembered. Where
    /// the key was used already the authorisation was executed, and if it made an intent, that is
    /// found as soon as it has ended.
    pub(super) async fn claim(&self, charge: &Charge) -> Result<PaymentIntent, Failure> {
        let amount = self.amount(charge.amount, &charge.currency)?;
        match self.unconfirmed(charge.key, charge, amount).await {
            Err(ApiError::KeyUsed) => {}
            result => return result.map_err(|it| failed("a claim of a key", it)),
        }
        let is_over = self.used.is_over(charge.key, self.clock.now());
        if let Some(intent) = self.find(charge).await? {
            return Ok(intent);
        }
        if !is_over {
            return Err(Failure::Unknown("the authorisation may still run at Stripe".to_owned()));
        }
        let key = id::derive(charge.key, "given up");
        let result = self.unconfirmed(key, charge, amount).await;
        result.map_err(|it| failed("a record of a void", it))
    }

    async fn unconfirmed(
        &self,
        key: Uuid,
        charge: &Charge,
        amount: i64,
    ) -> Result<PaymentIntent, ApiError> {
        let form = Form::default()
            .with("amount", amount)
            .with("currency", amounts::code(&charge.currency))
            .with("automatic_payment_methods[enabled]", true)
            // Not the name a look-up goes by: it is not the payment's.
            .with_nested(&["metadata", VOIDED_PAYMENT_ID], charge.key);
        self.client.post(INTENTS, key, &form).await.map(|it| it.object)
    }
}

/// Whether an object that a request names is not there.
pub(super) fn is_missing(error: &ErrorBody) -> bool {
    error.code.as_deref() == Some("resource_missing")
}

/// The path of an intent, or of something to do with it. A reference is no path of its own.
pub(super) fn intent_path(reference: &str, action: &str) -> Result<String, Failure> {
    if reference.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
        return Ok(format!("{INTENTS}/{reference}{action}"));
    }
    Err(Failure::Unknown("the payment's reference is no intent of Stripe's".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_key_is_over_once_its_request_has_ended_or_must_have() {
        let (keys, now) = (UsedKeys::default(), DateTime::UNIX_EPOCH);
        let [seen, ended, other] = [1, 2, 3].map(Uuid::from_u128);
        assert!(!keys.is_over(seen, now));
        assert!(!keys.is_over(seen, now + TimeDelta::seconds(179)));
        assert!(keys.is_over(seen, now + TimeDelta::seconds(180)));
        keys.ended(ended, now);
        assert!(keys.is_over(ended, now));
        assert!(!keys.is_over(other, now + TimeDelta::hours(1)));
        assert_eq!(keys.0.lock().len(), 1, "others are forgotten after an hour");
    }

    #[test]
    fn a_reference_cannot_be_another_path() {
        assert_eq!(intent_path("pi_1", "/cancel").unwrap(), "/v1/payment_intents/pi_1/cancel");
        assert!(intent_path("pi_1/../../refunds", "").is_err());
    }
}
