//! All intents of the shop's as Stripe has them, for `cartwright check --providers`.
//!
//! They are listed once, by when they were made, and kept by their keys: Stripe can neither list
//! them in that order nor find them all by metadata.

use std::collections::HashMap;

use chassis::service::BoxError;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::client::Form;
use super::lookup::{INTENTS, SKEW};
use super::objects::{PAYMENT_ID, PaymentIntent, Refund};
use super::refunds::{REFUNDS, pass_over_release, read_refund};
use super::snapshot::{self, from_stripe};
use super::{Stripe, failed};
use crate::provider::{ChargeRecord, ChargeRecords, Failure, RecordsError};
use crate::providers::{Listed, Setup};

/// What Stripe has since a moment.
struct StripeRecords {
    stripe: Stripe,
    since: DateTime<Utc>,
    /// By their keys.
    all: OnceCell<Vec<ChargeRecord>>,
}

pub(super) fn open(setup: &Setup<'_>, since: DateTime<Utc>) -> Result<Option<Listed>, BoxError> {
    let Some(stripe) = Stripe::open(&setup.config.stripe, setup.clock)? else { return Ok(None) };
    Ok(Some(Box::new(StripeRecords { stripe, since, all: OnceCell::new() })))
}

impl ChargeRecords for StripeRecords {
    fn page(
        &self,
        after: Uuid,
        limit: i64,
    ) -> BoxFuture<'_, Result<Vec<ChargeRecord>, RecordsError>> {
        Box::pin(async move {
            let all = self.all.get_or_try_init(|| self.list()).await?;
            let from = all.partition_point(|it| it.key <= after);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            Ok(all[from..].iter().take(limit).cloned().collect())
        })
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<String>, RecordsError>> {
        Box::pin(async move {
            let all = self.all.get_or_try_init(|| self.list()).await?;
            let twice = all.windows(2).filter(|it| it[0].key == it[1].key);
            let line =
                |it: &[ChargeRecord]| format!("stripe has two intents of payment {}", it[0].key);
            Ok(twice.map(line).collect())
        })
    }
}

impl StripeRecords {
    async fn list(&self) -> Result<Vec<ChargeRecord>, Failure> {
        let since = Form::default().with("created[gte]", (self.since - SKEW).timestamp());
        let client = &self.stripe.client;
        let is_ours = |it: &PaymentIntent| it.metadata.id(PAYMENT_ID).is_some();
        let intents = since.clone().with("expand[]", "data.latest_charge");
        let intents: Vec<PaymentIntent> = client
            .list_all(INTENTS, &intents, is_ours)
            .await
            .map_err(|it| failed("a list of intents", it))?;
        let refunds: Vec<Refund> = client
            .list_all(REFUNDS, &since, |it: &Refund| it.payment_intent.is_some())
            .await
            .map_err(|it| failed("a list of refunds", it))?;
        let mut by_intent: HashMap<String, Vec<Refund>> = HashMap::new();
        for refund in refunds {
            let intent = refund.payment_intent.clone().unwrap_or_default();
            by_intent.entry(intent).or_default().push(refund);
        }
        let of = |it: &PaymentIntent| record(it, by_intent.remove(&it.id).unwrap_or_default());
        let mut all: Vec<ChargeRecord> = intents.iter().map(of).collect::<Result<_, _>>()?;
        all.sort_by_key(|it| it.key);
        Ok(all)
    }
}

fn record(intent: &PaymentIntent, mut refunds: Vec<Refund>) -> Result<ChargeRecord, Failure> {
    if let Some(charge) = intent.charge() {
        pass_over_release(&mut refunds, charge);
    }
    let mut refunded = 0;
    for refund in refunds {
        let refund = read_refund(refund)?;
        refunded += if refund.failure.is_none() { refund.amount } else { 0 };
    }
    Ok(ChargeRecord {
        key: intent.metadata.id(PAYMENT_ID).unwrap_or_default(),
        state: snapshot::state(intent)?,
        captured: from_stripe(intent.amount_received, &intent.currency)?,
        refunded,
    })
}
