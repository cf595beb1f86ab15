//! The sandbox provider: deterministic and offline, with records of its own, as a real provider
//! would have. What it does depends on the token alone.
//!
//! | token | what happens |
//! |---|---|
//! | `tok_visa` | authorised, captured |
//! | `tok_declined` | declined, `card_declined` |
//! | `tok_insufficient_funds` | declined, `insufficient_funds` |
//! | `tok_3ds` | needs the customer's confirmation; denied, it is declined with `authentication_failed` |
//! | `tok_processing` | the bank decides: captured a minute later |
//! | `tok_timeout` | authorised; the capture takes place, but never answers: only a look-up tells |
//! | `tok_error` | every request to authorise it fails without effect |
//! | anything else | declined, `invalid_token` |
//!
//! What is authorised is held for a week.

mod config;
mod records;
mod store;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::db::{self, Db, Migrations};
use chassis::page_sources::PageSources;
use chassis::problem::{Problem, Result};
use chassis::service::BoxError;
use chassis::telemetry::cause;
use chrono::TimeDelta;
use contracts::payments::{EXPIRED, NextAction};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::{Databases, Entry, Records, Setup};
use crate::provider::{
    Authorization, Charge, ChargeRecords, ChargeRefund, ChargeSnapshot, ChargeState, Failure,
    MethodKind, PaymentMethod, Provider, ProviderCall, Purchase, Refusal, TestOutcome, TestToken,
    TokenSource,
};
use crate::setup::{Finding, SetupCheck, Verdict};
pub use config::SandboxMode;
use store::NewCharge;

const NAME: &str = "sandbox";

/// Its one payment method.
const CARD: &str = "sandbox_card";

pub(super) const ENTRY: Entry = Entry {
    name: NAME,
    methods: &[CARD],
    webhooks: false,
    page_sources: |_| PageSources::default(),
    open,
    check_setup,
    records: Records::Database(records),
};

static MIGRATOR: Migrator = sqlx::migrate!("src/providers/sandbox/migrations");

/// Its records, in a database of their own.
pub(super) static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// What a charge's reference begins with; its id follows.
const REFERENCE: &str = "sandbox_";
/// The token whose captures never answer.
const TIMEOUT: &str = "tok_timeout";
/// The token whose payments a bank decides, and how long it takes.
const PROCESSING: &str = "tok_processing";
const PROCESSING_TIME: TimeDelta = TimeDelta::minutes(1);
/// How long an order waits for that.
const PROCESSING_HOLD_MINUTES: u32 = 15;
/// How long it holds an amount, as most cards do; then it is released.
const HELD_FOR: TimeDelta = TimeDelta::days(7);

#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

/// What a client sends once its customer has decided.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    #[serde(default)]
    outcome: Choice,
}

/// What a bank's page would ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    #[default]
    Approve,
    Deny,
}

fn open(setup: &Setup<'_>) -> std::result::Result<Option<Arc<dyn Provider>>, BoxError> {
    if setup.config.sandbox == SandboxMode::Off {
        return Ok(None);
    }
    let db = setup.databases.get(NAME).ok_or("the sandbox has no database")?;
    Ok(Some(Arc::new(Sandbox { db: db.clone(), clock: setup.clock })))
}

/// There is nothing to set up.
fn check_setup<'a>(shop: &'a SetupCheck<'a>) -> BoxFuture<'a, Vec<Finding>> {
    let mut findings = Vec::new();
    if shop.config.sandbox == SandboxMode::On {
        let text =
            "it moves no real money and needs no set-up; payments.sandbox = false turns it off";
        findings.push(Finding::new(NAME, Verdict::Note, text));
    }
    Box::pin(std::future::ready(findings))
}

fn records(databases: &Databases) -> Option<Box<dyn ChargeRecords>> {
    let records = records::SandboxRecords(databases.get(NAME)?.clone());
    Some(Box::new(records))
}

impl Provider for Sandbox {
    fn methods(&self, _: &Purchase) -> Vec<PaymentMethod> {
        let token = |(token, outcome)| TestToken { token, outcome };
        let tokens = [
            ("tok_visa", TestOutcome::Succeeds),
            ("tok_3ds", TestOutcome::RequiresAction),
            (PROCESSING, TestOutcome::Processing),
            ("tok_declined", TestOutcome::CardDeclined),
            ("tok_insufficient_funds", TestOutcome::InsufficientFunds),
        ];
        vec![PaymentMethod {
            id: CARD,
            provider: NAME,
            kind: MethodKind::Card,
            title: "Test card",
            tokens: TokenSource::Test { tokens: tokens.map(token).to_vec() },
            hold_minutes: None,
        }]
    }

    fn is_test(&self) -> bool {
        true
    }

    fn method_of(&self, _: &str) -> &'static str {
        CARD
    }

    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a> {
        Box::pin(async move {
            let (state, reason) = match request.token.as_str() {
                "tok_visa" | TIMEOUT => (ChargeState::Authorized, None),
                "tok_3ds" => (ChargeState::RequiresAction, None),
                PROCESSING => (ChargeState::Processing, None),
                "tok_declined" => (ChargeState::Declined, Some("card_declined")),
                "tok_insufficient_funds" => (ChargeState::Declined, Some("insufficient_funds")),
                "tok_error" => return Err(Failure::Unknown("an error of the provider".to_owned())),
                _ => return Err(refused("invalid_token")),
            };
            let charge = NewCharge {
                id: key,
                token: &request.token,
                amount: request.amount,
                currency: request.currency.as_str(),
                state,
                reason,
            };
            let now = self.clock.now();
            if store::insert(&self.db, &charge, now).await? {
                return Ok(snapshot(&charge.booked(now), vec![]));
            }
            let booked = self.known(key).await?;
            if booked.amount == request.amount || booked.state == ChargeState::Voided {
                self.snapshot(booked).await
            } else {
                Err(refused("key_reused"))
            }
        })
    }

    fn check_input(&self, input: &Value) -> Result<()> {
        let read = Decision::deserialize(input).map(drop);
        read.map_err(|_| Problem::field("outcome", "must be approve or deny"))
    }

    fn resume<'a>(
        &'a self,
        _: Uuid,
        charge: &'a Charge,
        input: Option<&'a Value>,
    ) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            let choice = match input.map(Decision::deserialize) {
                None => Choice::Approve,
                Some(decision) => decision.map_or(Choice::Deny, |it| it.outcome),
            };
            let (state, reason) = match choice {
                Choice::Approve => (ChargeState::Authorized, None),
                Choice::Deny => (ChargeState::Declined, Some("authentication_failed")),
            };
            store::confirm(&self.db, id, state, reason, self.clock.now()).await?;
            self.snapshot(self.known(id).await?).await
        })
    }

    fn capture<'a>(&'a self, _: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            self.expire(id).await?;
            let taken = store::capture(&self.db, id, amount, self.clock.now()).await?;
            let booked = self.known(id).await?;
            let done = booked.state == ChargeState::Captured && booked.captured == amount;
            if booked.has_expired() {
                return self.snapshot(booked).await;
            }
            if !taken && !done {
                return Err(refused("charge_not_capturable"));
            }
            if booked.token == TIMEOUT {
                return Err(Failure::Unknown("no answer in time".to_owned()));
            }
            self.snapshot(booked).await
        })
    }

    fn void<'a>(&'a self, _: Uuid, charge: &'a Charge) -> ProviderCall<'a> {
        Box::pin(async move {
            let (id, now) = (named(charge)?, self.clock.now());
            let nothing = NewCharge {
                id,
                token: "",
                amount: 0,
                currency: "",
                state: ChargeState::Voided,
                reason: None,
            };
            let released = store::void(&self.db, id, now).await?
                || store::insert(&self.db, &nothing, now).await?;
            // Where it was not, it was voided before, or never held, or a request was faster.
            let booked = self.known(id).await?;
            match booked.state {
                ChargeState::Authorized | ChargeState::RequiresAction if !released => {
                    Err(Failure::Unknown("the charge has just changed".to_owned()))
                }
                ChargeState::Processing => {
                    Err(Failure::Unknown("the bank has not decided yet".to_owned()))
                }
                _ => self.snapshot(booked).await,
            }
        })
    }

    fn refund<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        amount: i64,
    ) -> ProviderCall<'a, ChargeRefund> {
        Box::pin(async move {
            let id = named(charge)?;
            if store::refund(&self.db, key, id, amount, self.clock.now()).await? {
                Ok(refund(key, amount))
            } else {
                Err(refused("refund_exceeds_charge"))
            }
        })
    }

    fn lookup<'a>(&'a self, charge: &'a Charge) -> ProviderCall<'a, Option<ChargeSnapshot>> {
        Box::pin(async move {
            let id = named(charge)?;
            self.expire(id).await?;
            let decided = self.clock.now() - PROCESSING_TIME;
            store::decide(&self.db, id, decided, self.clock.now()).await?;
            match store::find(&self.db, id).await? {
                Some(booked) => self.snapshot(booked).await.map(Some),
                None => Ok(None),
            }
        })
    }
}

impl Sandbox {
    async fn known(&self, key: Uuid) -> std::result::Result<store::Charge, Failure> {
        let booked = store::find(&self.db, key).await?;
        booked.ok_or_else(|| refused("charge_unknown"))
    }

    /// Releases what was held for too long.
    async fn expire(&self, id: Uuid) -> db::Result<()> {
        let now = self.clock.now();
        store::expire(&self.db, id, now - HELD_FOR, EXPIRED, now).await
    }

    async fn snapshot(
        &self,
        charge: store::Charge,
    ) -> std::result::Result<ChargeSnapshot, Failure> {
        let refunds = match charge.refunded {
            0 => vec![],
            _ => store::refunds(&self.db, charge.id).await?,
        };
        let refunds = refunds.into_iter().map(|(id, amount)| refund(id, amount)).collect();
        Ok(snapshot(&charge, refunds))
    }
}

/// The charge that is meant: by its reference, or by its key while there is none yet.
fn named(charge: &Charge) -> std::result::Result<Uuid, Failure> {
    let Some(reference) = &charge.reference else { return Ok(charge.key) };
    let id = reference.strip_prefix(REFERENCE).and_then(|it| it.parse().ok());
    id.ok_or_else(|| refused("charge_unknown"))
}

/// A charge as others see it.
fn snapshot(charge: &store::Charge, refunds: Vec<ChargeRefund>) -> ChargeSnapshot {
    let waits = charge.state == ChargeState::RequiresAction;
    let decides = charge.state == ChargeState::Processing;
    let holds = charge.state == ChargeState::Authorized;
    ChargeSnapshot {
        reference: format!("{REFERENCE}{}", charge.id.simple()),
        state: charge.state,
        reason: charge.reason.clone(),
        action: waits.then(NextAction::confirm),
        hold_minutes: decides.then_some(PROCESSING_HOLD_MINUTES),
        capture_before: holds.then(|| charge.created_at + HELD_FOR),
        captured: charge.captured,
        refunds,
        disputes: vec![],
    }
}

fn refund(key: Uuid, amount: i64) -> ChargeRefund {
    let reference = format!("{REFERENCE}refund_{}", key.simple());
    ChargeRefund { key: Some(key), reference, amount, failure: None }
}

fn refused(reason: &str) -> Failure {
    Refusal(reason.to_owned()).into()
}

/// The database cannot be read or written: the outcome is unknown.
impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        tracing::warn!(error = cause(&error), "the sandbox cannot use its database");
        Self::Unknown(error.to_string())
    }
}

#[cfg(test)]
mod tests;
