//! `Idempotency-Key`: the client's name for one intended effect.
//!
//! The service that owns the effect stores key and fingerprint in the transaction of the effect
//! and derives its ids from them; this module only reads the header and makes the fingerprint.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::cards;
use crate::problem::{Problem, Result, problem};

/// The header of an answer that was given before.
pub const REPLAYED: &str = "idempotent-replayed";

/// The value of the header: 1 to 255 visible ASCII characters, and no card number. Requests without
/// it get 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

/// The SHA-256 of what a request asks for, to tell a repetition from another request under the
/// same key.
pub fn fingerprint(request: &impl Serialize) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec(request).map_err(Problem::internal)?;
    Ok(Sha256::digest(&bytes).to_vec())
}

/// The `Idempotency-Key` was used with another request.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn idempotency_key_reused() -> Problem {
    idempotency_key_reused::problem(
        "this Idempotency-Key was used with another request; use a new key for a new request",
    )
}

/// The header `Idempotency-Key` is missing.
#[problem(BAD_REQUEST)]
pub(crate) fn idempotency_key_missing() -> Problem {
    idempotency_key_missing::problem(
        "send a header `Idempotency-Key` with a value of your own, for example a UUID; \
         repeat the request with the same value to be sure it happens once",
    )
}

/// The `Idempotency-Key` is not one value of 1 to 255 visible ASCII characters, or contains a card
/// number.
#[problem(BAD_REQUEST)]
pub(crate) fn idempotency_key_invalid(detail: &'static str) -> Problem {
    idempotency_key_invalid::problem(detail)
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let value = values.next().ok_or_else(idempotency_key_missing)?;
        let key = value.to_str().unwrap_or_default().trim();
        let visible =
            !key.is_empty() && key.len() <= 255 && key.bytes().all(|it| it.is_ascii_graphic());
        if !visible || values.next().is_some() {
            return Err(idempotency_key_invalid(
                "an Idempotency-Key is one value of 1 to 255 visible ASCII characters",
            ));
        }
        if cards::is_in(key) {
            return Err(idempotency_key_invalid(
                "an Idempotency-Key must not contain a card number; use, for example, a UUID",
            ));
        }
        Ok(Self(key.to_owned()))
    }
}

/// For effects a client may, but need not, make repeatable.
impl<S: Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>> {
        if parts.headers.contains_key("idempotency-key") {
            <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}
