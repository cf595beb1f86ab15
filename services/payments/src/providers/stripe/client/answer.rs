//! What an answer of Stripe's means for what was asked:
//! <https://docs.stripe.com/error-low-level>.

use chrono::TimeDelta;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;

use super::{ApiError, ApiResult, Done, unknown};
use crate::providers::stripe::objects::{ErrorAnswer, ErrorBody};

/// An answer, completely received.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The object that was asked for, or why there is none. `what` was asked.
    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> ApiResult<Done<T>> {
        let replayed = self.flag("idempotent-replayed") == Some(true);
        if self.status.is_success() {
            // It was done; only what came of it cannot be read.
            return serde_json::from_slice(&self.body)
                .map(|object| Done { object, replayed })
                .map_err(|error| unknown(self.cause(what, &format!("cannot be read: {error}"))));
        }
        let body = serde_json::from_slice(&self.body).map(|it: ErrorAnswer| Box::new(it.error));
        let body: Option<Box<ErrorBody>> = body.ok();
        let said = body.as_ref().map(|it| it.describe()).unwrap_or_default();
        let cause = self.cause(what, &said);
        let (status, asks_again) = (self.status.as_u16(), self.flag("stripe-should-retry"));
        Err(match (status, body) {
            (401 | 403, _) => ApiError::KeyRefused { cause, forbidden: status == 403 },
            (_, Some(body)) if body.kind == "idempotency_error" && status == 400 => {
                ApiError::KeyUsed
            }
            (402, Some(body)) => ApiError::Declined(body),
            // A conflict is mostly with a request under the same key, which still runs.
            (409, Some(body)) if asks_again == Some(false) => ApiError::Refused(body),
            (400 | 404, Some(body)) if asks_again != Some(true) => ApiError::Refused(body),
            _ => {
                let ended = status >= 500 && (replayed || asks_again == Some(false));
                ApiError::Unknown { cause, ended }
            }
        })
    }

    /// For how long Stripe wants no further requests.
    pub(super) fn pause(&self) -> Option<TimeDelta> {
        if self.status != StatusCode::TOO_MANY_REQUESTS {
            return None;
        }
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        TimeDelta::try_seconds(seconds).filter(|it| *it > TimeDelta::zero())
    }

    /// What happened, with what Stripe's support asks for.
    fn cause(&self, what: &str, said: &str) -> String {
        let mut cause = format!("{what}: status {}", self.status.as_u16());
        if !said.is_empty() {
            cause.push_str(", ");
            cause.push_str(said);
        }
        if let Some(id) = self.headers.get("request-id").and_then(|it| it.to_str().ok()) {
            cause.push_str(", request ");
            cause.push_str(id);
        }
        cause
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.headers.get(name)?.to_str().ok()?.parse().ok()
    }
}
