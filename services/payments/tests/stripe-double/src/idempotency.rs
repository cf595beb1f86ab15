//! Idempotency keys ("Idempotent requests" in Stripe's API reference): the first answer is kept for
//! 24 hours and replayed, a 500 included; another request under the same key is refused, and so is
//! one while the first still runs.

use std::collections::HashMap;

use crate::error::{Answer, ApiError};
use crate::reply::Reply;

/// How long a key is known, in seconds of the double's clock.
const KEPT: i64 = 24 * 60 * 60;

#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    fingerprint: String,
    since: i64,
    /// None while the request runs.
    reply: Option<Reply>,
}

impl Keys {
    /// The answer to replay; none if the request is the first under this key, which then runs.
    ///
    /// # Errors
    ///
    /// The key was used for something else, is in use, or is no key.
    pub(crate) fn begin(
        &mut self,
        key: &str,
        fingerprint: &str,
        now: i64,
    ) -> Answer<Option<Reply>> {
        self.0.retain(|_, it| it.reply.is_none() || now < it.since + KEPT);
        if key.is_empty() || key.len() > 255 {
            let message = "Idempotency keys have 1 to 255 characters";
            return Err(ApiError::new(400, "idempotency_error", message));
        }
        let Some(kept) = self.0.get(key) else {
            let fingerprint = fingerprint.to_owned();
            self.0.insert(key.to_owned(), Kept { fingerprint, since: now, reply: None });
            return Ok(None);
        };
        if kept.fingerprint != fingerprint {
            let message = format!(
                "Keys for idempotent requests can only be used with the same endpoint and \
                 parameters they were first used with. Try another key than '{key}'."
            );
            return Err(ApiError::new(400, "idempotency_error", message));
        }
        let in_use = || {
            let message = format!("Another request with the key '{key}' is in progress.");
            ApiError::new(409, "idempotency_error", message).code("idempotency_key_in_use")
        };
        kept.reply.clone().map(|it| Some(it.replayed())).ok_or_else(in_use)
    }

    pub(crate) fn finish(&mut self, key: &str, reply: &Reply) {
        if let Some(kept) = self.0.get_mut(key) {
            kept.reply = Some(reply.clone());
        }
    }
}
