//! How the processes of a shop know each other: short-lived service tokens, signed with a secret
//! that all of them share.
//!
//! Who has one may call internal routes of the service it names, and is believed about the
//! client's address. It says nothing about users: their own tokens travel on and are verified by
//! every service.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::problem::{Problem, Result};

/// Carries a service token.
pub const TOKEN: HeaderName = HeaderName::from_static("x-service-token");
/// The client's address, believed only beside a service token.
pub const CLIENT: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The fewest bytes a secret may have.
pub const MIN_SECRET: usize = 32;
/// Seconds a token counts.
const LIFETIME: i64 = 60;
/// How long one is used before the next is made.
const USED_FOR: Duration = Duration::from_secs(20);

/// Signs and verifies service tokens. Clones share them.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

struct Inner {
    clock: Clock,
    signing: EncodingKey,
    /// The secret that signs, and while it is changed another one.
    verifying: Vec<DecodingKey>,
    made: Mutex<HashMap<&'static str, (Instant, HeaderValue)>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The service it is for.
    aud: String,
    exp: i64,
}

impl Peers {
    pub fn new(secret: &str, clock: Clock) -> Self {
        Self::accepting(secret, "", clock)
    }

    /// Signs with `secret` and accepts what is signed with `previous` as well, unless it is empty.
    pub fn accepting(secret: &str, previous: &str, clock: Clock) -> Self {
        let accepted = [secret, previous].into_iter().filter(|it| !it.is_empty());
        Self(Arc::new(Inner {
            clock,
            signing: EncodingKey::from_secret(secret.as_bytes()),
            verifying: accepted.map(|it| DecodingKey::from_secret(it.as_bytes())).collect(),
            made: Mutex::default(),
        }))
    }

    /// Adds a token for this service.
    pub fn sign(&self, service: &'static str, headers: &mut HeaderMap) {
        let mut made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, token)) = made.get(service)
            && at.elapsed() < USED_FOR
        {
            headers.insert(TOKEN, token.clone());
            return;
        }
        let exp = self.0.clock.now().timestamp() + LIFETIME;
        let claims = Claims { aud: service.to_owned(), exp };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.signing);
        let token = token.ok().and_then(|it| HeaderValue::try_from(it).ok());
        if let Some(mut token) = token {
            token.set_sensitive(true);
            made.insert(service, (Instant::now(), token.clone()));
            headers.insert(TOKEN, token);
        }
    }

    /// Whether a request comes from another process of this shop: carries a token for `service`.
    pub fn verify(&self, service: &str, headers: &HeaderMap) -> Result<()> {
        let missing = || Problem::unauthenticated("service_token_missing", "for services only");
        let token = headers.get(TOKEN).and_then(|it| it.to_str().ok()).ok_or_else(missing)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[service]);
        validation.validate_exp = false;
        let detail = "the service token does not count here";
        let invalid = || Problem::unauthenticated("service_token_invalid", detail);
        let decode = |key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok();
        let claims = self.0.verifying.iter().find_map(decode).ok_or_else(invalid)?.claims;
        if claims.exp <= self.0.clock.now().timestamp() { Err(invalid()) } else { Ok(()) }
    }
}

/// The client's address as another process of this shop tells it.
pub fn client(headers: &HeaderMap) -> Option<SocketAddr> {
    let address: IpAddr = headers.get(CLIENT)?.to_str().ok()?.parse().ok()?;
    Some(SocketAddr::new(address, 0))
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;

    fn at(seconds: i64) -> Clock {
        let noon: DateTime<Utc> = "2026-01-02T12:00:00Z".parse().unwrap();
        Clock::Fixed(noon + TimeDelta::seconds(seconds))
    }

    #[test]
    fn a_token_counts_for_its_service_and_for_a_minute() {
        let secret = "a secret of at least 32 bytes, really";
        let mut headers = HeaderMap::new();
        Peers::new(secret, at(0)).sign("orders", &mut headers);
        let code = |service, secret, now| {
            let verified = Peers::new(secret, now).verify(service, &headers);
            verified.err().map(|it| it.code)
        };
        assert_eq!(code("orders", secret, at(59)), None);
        assert_eq!(code("orders", secret, at(60)).as_deref(), Some("service_token_invalid"));
        assert_eq!(code("catalog", secret, at(0)).as_deref(), Some("service_token_invalid"));
        let other = "another secret of at least 32 bytes";
        assert_eq!(code("orders", other, at(0)).as_deref(), Some("service_token_invalid"));
        let missing = Peers::new(secret, at(0)).verify("orders", &HeaderMap::new()).unwrap_err();
        assert_eq!(missing.code, "service_token_missing");
    }

    #[test]
    fn while_the_secret_is_changed_both_count_and_the_new_one_signs() {
        let (old, new) =
            ("the old secret of at least 32 bytes", "the new secret of at least 32 bytes");
        let signed = |peers: Peers| {
            let mut headers = HeaderMap::new();
            peers.sign("orders", &mut headers);
            headers
        };
        let (by_old, by_new) = (signed(Peers::new(old, at(0))), signed(Peers::new(new, at(0))));
        let changing = || Peers::accepting(new, old, at(0));
        assert_eq!(signed(changing()), by_new);
        let counts = |peers: Peers, headers| peers.verify("orders", headers).is_ok();
        assert!(counts(changing(), &by_old) && counts(changing(), &by_new));
        assert!(counts(Peers::accepting(old, new, at(0)), &by_new));
        assert!(!counts(Peers::new(new, at(0)), &by_old));
        assert!(!counts(Peers::new("", at(0)), &signed(Peers::new("", at(0)))));
    }
}
