//! The sandbox provider: deterministic and offline, with records of its own, as a real provider
//! would have. What it does depends on the token alone.
//!
//! | token | what happens |
//! |---|---|
//! | `tok_visa` | authorised, captured |
//! | `tok_declined` | declined, `card_declined` |
//! | `tok_insufficient_funds` | declined, `insufficient_funds` |
//! | `tok_3ds` | needs the customer's confirmation; denied, it is declined with `authentication_failed` |
//! | `tok_timeout` | authorised; the capture takes place, but never answers: only a look-up tells |
//! | `tok_error` | every request to authorise it fails without effect |
//! | anything else | declined, `invalid_token` |

mod config;
mod records;
mod store;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::db::{self, Db, Migrations};
use chassis::problem::{Problem, Result};
use chassis::service::BoxError;
use chassis::telemetry::cause;
use serde::Deserialize;
use serde_json::Value;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::{Databases, Entry, Setup};
use crate::model::Kind;
use crate::provider::{
    Authorization, Charge, ChargeRecords, ChargeState, Failure, MethodKind, Outcome, PaymentMethod,
    Provider, ProviderCall, Refusal, TestOutcome, TestToken, TokenSource,
};
pub use config::SandboxMode;
use store::NewCharge;

const NAME: &str = "sandbox";

pub(super) const ENTRY: Entry = Entry { name: NAME, open, records };

static MIGRATOR: Migrator = sqlx::migrate!("src/providers/sandbox/migrations");

/// Its records, in a database of their own.
pub(super) static MIGRATIONS: Migrations = Migrations { service: NAME, migrator: &MIGRATOR };

/// What a charge's reference begins with; its id follows.
const REFERENCE: &str = "sandbox_";
/// The token whose captures never answer.
const TIMEOUT: &str = "tok_timeout";

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

fn records(databases: &Databases) -> Option<Box<dyn ChargeRecords>> {
    let records = records::SandboxRecords(databases.get(NAME)?.clone());
    Some(Box::new(records))
}

impl Provider for Sandbox {
    fn methods(&self) -> Vec<PaymentMethod> {
        let token = |(token, outcome)| TestToken { token, outcome };
        let tokens = [
            ("tok_visa", TestOutcome::Succeeds),
            ("tok_3ds", TestOutcome::RequiresAction),
            ("tok_declined", TestOutcome::CardDeclined),
            ("tok_insufficient_funds", TestOutcome::InsufficientFunds),
        ];
        vec![PaymentMethod {
            id: "sandbox_card",
            provider: NAME,
            kind: MethodKind::Card,
            title: "Test card",
            tokens: TokenSource::Test { tokens: tokens.map(token).to_vec() },
            action_minutes: self.action_minutes(),
        }]
    }

    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a> {
        Box::pin(async move {
            let (state, reason) = match request.token.as_str() {
                "tok_visa" | TIMEOUT => (ChargeState::Authorized, None),
                "tok_3ds" => (ChargeState::RequiresAction, None),
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
            if store::insert(&self.db, &charge, self.clock.now()).await? {
                return standing(key, state, reason);
            }
            let booked = self.known(key).await?;
            if booked.amount == request.amount || booked.state == ChargeState::Voided {
                standing(key, booked.state, booked.reason.as_deref())
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
            let booked = self.known(id).await?;
            standing(id, booked.state, booked.reason.as_deref())
        })
    }

    fn capture<'a>(&'a self, _: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            let token = match store::capture(&self.db, id, amount, self.clock.now()).await? {
                Some(token) => token,
                None => {
                    let booked = self.known(id).await?;
                    if booked.state != ChargeState::Captured || booked.captured != amount {
                        return Err(refused("charge_not_capturable"));
                    }
                    booked.token
                }
            };
            if token == TIMEOUT {
                Err(Failure::Unknown("no answer in time".to_owned()))
            } else {
                Ok(Outcome::Captured)
            }
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
            if store::void(&self.db, id, now).await?
                || store::insert(&self.db, &nothing, now).await?
            {
                return Ok(Outcome::Voided);
            }
            // Here it was voided before, or never held, or a request was faster just now.
            match self.known(id).await?.state {
                ChargeState::Voided | ChargeState::Declined => Ok(Outcome::Voided),
                ChargeState::Captured => Err(refused("already_captured")),
                ChargeState::Authorized | ChargeState::RequiresAction => {
                    Err(Failure::Unknown("the charge has just changed".to_owned()))
                }
            }
        })
    }

    fn refund<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            if store::refund(&self.db, key, id, amount, self.clock.now()).await? {
                Ok(Outcome::Refunded)
            } else {
                Err(refused("refund_exceeds_charge"))
            }
        })
    }

    fn lookup<'a>(
        &'a self,
        key: Uuid,
        kind: Kind,
        charge: &'a Charge,
    ) -> ProviderCall<'a, Option<Outcome>> {
        Box::pin(async move {
            if kind == Kind::Refund {
                let found = store::refunded(&self.db, key).await?;
                return Ok(found.then_some(Outcome::Refunded));
            }
            let id = named(charge)?;
            let Some(booked) = store::find(&self.db, id).await? else { return Ok(None) };
            match (kind, booked.state) {
                (Kind::Confirm, ChargeState::RequiresAction)
                | (Kind::Capture, ChargeState::Authorized | ChargeState::RequiresAction)
                | (Kind::Void, ChargeState::Authorized | ChargeState::RequiresAction) => Ok(None),
                (Kind::Capture, ChargeState::Captured) => Ok(Some(Outcome::Captured)),
                (Kind::Capture, _) => Err(refused("charge_not_capturable")),
                (Kind::Void, ChargeState::Captured) => Err(refused("already_captured")),
                (Kind::Void, _) => Ok(Some(Outcome::Voided)),
                (_, state) => standing(id, state, booked.reason.as_deref()).map(Some),
            }
        })
    }
}

impl Sandbox {
    async fn known(&self, key: Uuid) -> std::result::Result<store::Charge, Failure> {
        let booked = store::find(&self.db, key).await?;
        booked.ok_or_else(|| refused("charge_unknown"))
    }
}

/// The charge that is meant: by its reference, or by its key while there is none yet.
fn named(charge: &Charge) -> std::result::Result<Uuid, Failure> {
    let Some(reference) = &charge.reference else { return Ok(charge.key) };
    let id = reference.strip_prefix(REFERENCE).and_then(|it| it.parse().ok());
    id.ok_or_else(|| refused("charge_unknown"))
}

/// How an authorisation stands.
fn standing(
    id: Uuid,
    state: ChargeState,
    reason: Option<&str>,
) -> std::result::Result<Outcome, Failure> {
    let reference = format!("{REFERENCE}{}", id.simple());
    match state {
        ChargeState::RequiresAction => Ok(Outcome::RequiresAction { reference }),
        // A captured one has been authorised.
        ChargeState::Authorized | ChargeState::Captured => Ok(Outcome::Authorized { reference }),
        ChargeState::Declined => Err(refused(reason.unwrap_or("declined"))),
        ChargeState::Voided => Err(refused("voided")),
    }
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
