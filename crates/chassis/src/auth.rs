//! Who is asking: access tokens, what they allow, and which of them no longer count.
//!
//! Identity signs tokens (EdDSA); every service verifies them itself with identity's public keys
//! and its list of revocations, both refreshed every second.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Clock;
use crate::problem::{Documented, Problem, Result, problem};

/// The `iss` and `aud` of every access token.
pub const ISSUER: &str = "cartwright";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user.
    pub sub: Uuid,
    /// The session the token was issued for.
    pub sid: Uuid,
    pub jti: Uuid,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// Rises with every change of the user's rights; older tokens no longer count.
    pub ver: i64,
    pub email: String,
    pub name: String,
    pub roles: BTreeSet<String>,
    pub permissions: BTreeSet<String>,
}

/// The user behind a request, verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal(pub Arc<Claims>);

/// Tokens that no longer count although they have not expired.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Revocations {
    /// Sessions that were ended.
    pub sessions: HashSet<Uuid>,
    /// Users whose tokens count from this `ver` on only.
    pub users: HashMap<Uuid, i64>,
}

/// Verifies access tokens. Clones share their keys.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    clock: Clock,
    keys: RwLock<Keys>,
    revocations: RwLock<Revocations>,
    /// Signatures already checked: verifying one costs more than the rest of a small request.
    checked: moka::sync::Cache<String, Arc<Claims>>,
}

struct Keys {
    by_id: HashMap<String, DecodingKey>,
    read_at: DateTime<Utc>,
}

/// After this without news of identity, which is asked every second, a key that is not known may
/// be a new one.
const STALE: TimeDelta = TimeDelta::seconds(5);

impl Principal {
    pub fn id(&self) -> Uuid {
        self.0.sub
    }

    pub fn session(&self) -> Uuid {
        self.0.sid
    }

    pub fn email(&self) -> &str {
        &self.0.email
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn may(&self, permission: &str) -> bool {
        self.0.permissions.contains(permission)
    }
}

impl Verifier {
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Inner {
            clock,
            keys: RwLock::new(Keys { by_id: HashMap::new(), read_at: clock.now() }),
            revocations: RwLock::default(),
            checked: moka::sync::Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(60))
                .build(),
        }))
    }

    /// Replaces the keys tokens may be signed with. Keys of another kind are left out.
    pub fn set_keys(&self, jwks: &JwkSet) {
        let keys: HashMap<String, DecodingKey> = jwks
            .keys
            .iter()
            .filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)))
            .collect();
        let known: HashSet<String> = keys.keys().cloned().collect();
        let mut current = self.0.keys.write();
        if current.by_id.keys().any(|kid| !known.contains(kid)) {
            self.0.checked.invalidate_all();
        }
        *current = Keys { by_id: keys, read_at: self.0.clock.now() };
    }

    /// Replaces the list of tokens that no longer count.
    pub fn set_revocations(&self, revocations: Revocations) {
        *self.0.revocations.write() = revocations;
    }

    /// The principal of a request, if it carries a token; a token that does not count is an error.
    pub fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal>> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let token = value
            .to_str()
            .ok()
            .and_then(|it| it.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| token_invalid("send the header as `Authorization: Bearer TOKEN`"))?;
        self.verify(token).map(Some)
    }

    /// Checks signature, issuer, expiry and revocations.
    pub fn verify(&self, token: &str) -> Result<Principal> {
        let claims = match self.0.checked.get(token) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.decode(token)?);
                self.0.checked.insert(token.to_owned(), claims.clone());
                claims
            }
        };
        if claims.exp <= self.0.clock.now().timestamp() {
            self.0.checked.invalidate(token);
            return Err(token_expired());
        }
        let revoked = self.0.revocations.read();
        let outdated = revoked.users.get(&claims.sub).is_some_and(|from| claims.ver < *from);
        if outdated || revoked.sessions.contains(&claims.sid) {
            return Err(token_revoked());
        }
        Ok(Principal(claims))
    }

    fn decode(&self, token: &str) -> Result<Claims> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        // Expiry is checked on every use, against the shop's clock.
        validation.validate_exp = false;
        let forged = || token_invalid("the access token is not one of this shop's");
        let kid =
            jsonwebtoken::decode_header(token).ok().and_then(|it| it.kid).ok_or_else(forged)?;
        let keys = self.0.keys.read();
        let Some(key) = keys.by_id.get(&kid) else {
            let stale = self.0.clock.now() - keys.read_at > STALE;
            return Err(if stale { unsure() } else { forged() });
        };
        let token = jsonwebtoken::decode::<Claims>(token, key, &validation);
        token.map(|it| it.claims).map_err(|_| forged())
    }
}

impl Revocations {
    /// When the list may forget an entry made at `at`: every token older than that has expired.
    pub fn forgotten(at: DateTime<Utc>, token_lifetime: chrono::TimeDelta) -> DateTime<Utc> {
        at + token_lifetime + chrono::TimeDelta::seconds(5)
    }
}

/// Not a 401: the client would throw away a token that counts.
fn unsure() -> Problem {
    Problem::unavailable(
        "keys_stale",
        "the access token may be signed with a new key, and identity cannot be asked for it",
    )
    .retry_after(1)
}

/// What a token that is sent can be refused for.
pub(crate) const OF_A_TOKEN: [Documented; 3] =
    [token_invalid::DOCUMENTED, token_expired::DOCUMENTED, token_revoked::DOCUMENTED];

/// The access token is not one of this shop's, or the header is malformed.
#[problem(UNAUTHORIZED)]
fn token_invalid(detail: &'static str) -> Problem {
    token_invalid::problem(detail)
}

/// The access token has expired. Refresh it.
#[problem(UNAUTHORIZED)]
fn token_expired() -> Problem {
    token_expired::problem("the access token has expired; refresh it")
}

/// The session or the user's access was revoked. Log in again.
#[problem(UNAUTHORIZED)]
pub fn token_revoked() -> Problem {
    token_revoked::problem("the access token was revoked; log in again")
}

/// There is no access token.
#[problem(UNAUTHORIZED)]
pub fn unauthenticated() -> Problem {
    unauthenticated::problem("log in and send `Authorization: Bearer TOKEN`")
}

/// The verified user; 401 where there is none. `policy` has put it there.
impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthenticated)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{User, noon, verifier};

    #[test]
    fn an_unknown_key_is_refused_only_by_who_has_news() {
        let verifier = verifier();
        let token = User::customer().token();
        assert!(verifier.verify(&token).is_ok());
        verifier.set_keys(&JwkSet { keys: vec![] });
        assert_eq!(verifier.verify(&token).unwrap_err().code, "token_invalid");
        let read = |before| {
            verifier.0.keys.write().read_at = noon() - before;
            verifier.verify(&token).unwrap_err().code
        };
        assert_eq!(read(STALE), "token_invalid");
        assert_eq!(read(STALE + TimeDelta::seconds(1)), "keys_stale");
        assert_eq!(verifier.verify("nonsense").unwrap_err().code, "token_invalid");
    }
}
