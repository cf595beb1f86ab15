//! The sandbox provider: deterministic and offline, with books of its own, as a real provider
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

mod books;

use chassis::clock::Clock;
use chassis::db::{self, Db};
use chassis::telemetry::cause;
use uuid::Uuid;

use crate::model::{Choice, Kind};
use crate::provider::{Authorization, Charge, Failure, Outcome, Provider, ProviderCall, Refusal};
pub(crate) use books::{Booked, page, refunds_that_disagree};
use books::{BookedState, NewCharge};

pub(crate) const NAME: &str = "sandbox";

/// What a charge's reference begins with; its id follows.
const REFERENCE: &str = "sandbox_";
/// The token whose captures never answer.
const TIMEOUT: &str = "tok_timeout";

#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

impl Provider for Sandbox {
    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a> {
        Box::pin(async move {
            let (state, reason) = match request.token.as_str() {
                "tok_visa" | TIMEOUT => (BookedState::Authorized, None),
                "tok_3ds" => (BookedState::RequiresAction, None),
                "tok_declined" => (BookedState::Declined, Some("card_declined")),
                "tok_insufficient_funds" => (BookedState::Declined, Some("insufficient_funds")),
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
            if books::insert(&self.db, &charge, self.clock.now()).await? {
                return standing(key, state, reason);
            }
            let booked = self.known(key).await?;
            if booked.amount == request.amount || booked.state == BookedState::Voided {
                standing(key, booked.state, booked.reason.as_deref())
            } else {
                Err(refused("key_reused"))
            }
        })
    }

    fn confirm<'a>(&'a self, _: Uuid, charge: &'a Charge, choice: Choice) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            let (state, reason) = match choice {
                Choice::Approve => (BookedState::Authorized, None),
                Choice::Deny => (BookedState::Declined, Some("authentication_failed")),
            };
            books::confirm(&self.db, id, state, reason, self.clock.now()).await?;
            let booked = self.known(id).await?;
            standing(id, booked.state, booked.reason.as_deref())
        })
    }

    fn capture<'a>(&'a self, _: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            let token = match books::capture(&self.db, id, amount, self.clock.now()).await? {
                Some(token) => token,
                None => {
                    let booked = self.known(id).await?;
                    if booked.state != BookedState::Captured || booked.captured != amount {
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
                state: BookedState::Voided,
                reason: None,
            };
            if books::void(&self.db, id, now).await?
                || books::insert(&self.db, &nothing, now).await?
            {
                return Ok(Outcome::Voided);
            }
            // Here it was voided before, or never held, or a request was faster just now.
            match self.known(id).await?.state {
                BookedState::Voided | BookedState::Declined => Ok(Outcome::Voided),
                BookedState::Captured => Err(refused("already_captured")),
                BookedState::Authorized | BookedState::RequiresAction => {
                    Err(Failure::Unknown("the charge has just changed".to_owned()))
                }
            }
        })
    }

    fn refund<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(async move {
            let id = named(charge)?;
            if books::refund(&self.db, key, id, amount, self.clock.now()).await? {
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
                let found = books::refunded(&self.db, key).await?;
                return Ok(found.then_some(Outcome::Refunded));
            }
            let id = named(charge)?;
            let Some(booked) = books::find(&self.db, id).await? else { return Ok(None) };
            match (kind, booked.state) {
                (Kind::Confirm, BookedState::RequiresAction)
                | (Kind::Capture, BookedState::Authorized | BookedState::RequiresAction)
                | (Kind::Void, BookedState::Authorized | BookedState::RequiresAction) => Ok(None),
                (Kind::Capture, BookedState::Captured) => Ok(Some(Outcome::Captured)),
                (Kind::Capture, _) => Err(refused("charge_not_capturable")),
                (Kind::Void, BookedState::Captured) => Err(refused("already_captured")),
                (Kind::Void, _) => Ok(Some(Outcome::Voided)),
                (_, state) => standing(id, state, booked.reason.as_deref()).map(Some),
            }
        })
    }
}

impl Sandbox {
    async fn known(&self, key: Uuid) -> Result<Booked, Failure> {
        let booked = books::find(&self.db, key).await?;
        booked.ok_or_else(|| refused("charge_unknown"))
    }
}

/// The charge that is meant: by its reference, or by its key while there is none yet.
fn named(charge: &Charge) -> Result<Uuid, Failure> {
    let Some(reference) = &charge.reference else { return Ok(charge.key) };
    let id = reference.strip_prefix(REFERENCE).and_then(|it| it.parse().ok());
    id.ok_or_else(|| refused("charge_unknown"))
}

/// How an authorisation stands.
fn standing(id: Uuid, state: BookedState, reason: Option<&str>) -> Result<Outcome, Failure> {
    let reference = format!("{REFERENCE}{}", id.simple());
    match state {
        BookedState::RequiresAction => Ok(Outcome::RequiresAction { reference }),
        // A captured one has been authorised.
        BookedState::Authorized | BookedState::Captured => Ok(Outcome::Authorized { reference }),
        BookedState::Declined => Err(refused(reason.unwrap_or("declined"))),
        BookedState::Voided => Err(refused("voided")),
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
