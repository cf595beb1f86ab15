//! Secrets handed out: access tokens, which are signed, and opaque ones, of which only a hash is
//! stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::auth::{Claims, ISSUER};
use chassis::id;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, TimeDelta, Utc};
use garde::Validate;
use jsonwebtoken::{Algorithm, Header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::keys::SigningKey;
use crate::model::{Permissions, User};

/// How long an access token counts.
pub const ACCESS_TOKEN: TimeDelta = TimeDelta::minutes(10);
/// How long everybody must be reminded of what ended or was replaced: until no access token from
/// before can count, with some seconds for clocks that differ.
pub const REMEMBERED: TimeDelta = TimeDelta::seconds(10 * 60 + 5);

/// A token on its way in or out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(transparent)]
#[garde(transparent)]
pub struct Secret(#[garde(length(max = 512))] chassis::Secret);

impl Secret {
    /// 32 random bytes in base64url.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()).into())
    }

    /// One that a client sent.
    pub fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret sealed with another one: only who has that one reads it. For secrets of 32 random
    /// bytes, and one of them per `with`, as the key is used up by it.
    pub fn sealed(&self, with: &Self) -> Vec<u8> {
        let mut bytes = URL_SAFE_NO_PAD.decode(self.text()).unwrap_or_default();
        with.mask(&mut bytes);
        bytes
    }

    /// Reads what was sealed with `with`; none where it is no secret.
    pub fn unsealed(sealed: &[u8], with: &Self) -> Option<Self> {
        let mut bytes: [u8; 32] = sealed.try_into().ok()?;
        with.mask(&mut bytes);
        Some(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// Adds 32 bytes that derive from this secret, as a one-time pad. They say nothing about its
    /// hash, nor does the hash about them.
    fn mask(&self, bytes: &mut [u8]) {
        let mut pad = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(self.0.as_bytes(), b"cartwright.sealed", 1, &mut pad);
        bytes.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    }

    /// What is stored of it. SHA-256 is enough: 32 random bytes cannot be guessed.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    /// The text itself, for who is to have it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text itself, for who is to have it.
    pub fn into_text(self) -> String {
        self.0.into()
    }
}

/// Signs what the user may do for the next minutes.
pub fn access_token(
    user: &User,
    all: &Permissions,
    session: Uuid,
    key: &SigningKey,
    now: DateTime<Utc>,
) -> Result<Secret> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: ISSUER.to_owned(),
        sub: user.id,
        sid: session,
        jti: id::new(),
        iat: now.timestamp(),
        exp: (now + ACCESS_TOKEN).timestamp(),
        ver: user.token_version,
        email: user.email.clone(),
        name: user.name.clone(),
        roles: user.roles.iter().map(ToString::to_string).collect(),
        permissions: user.may(all).iter().map(|it| it.name().to_owned()).collect(),
    };
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let token = jsonwebtoken::encode(&header, &claims, &key.private);
    token.map(|it| Secret(it.into())).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_shows_nothing() {
        let (one, other) = (Secret::random(), Secret::random());
        assert_eq!(one.0.len(), 43);
        assert_ne!(one, other);
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?}"), "Secret(***)");
    }

    #[test]
    fn a_sealed_secret_is_read_by_who_has_the_other_one() {
        let (secret, with, other) = (Secret::random(), Secret::random(), Secret::random());
        let sealed = secret.sealed(&with);
        assert_eq!(sealed.len(), 32);
        assert_eq!(Secret::unsealed(&sealed, &with), Some(secret.clone()));
        assert_ne!(Secret::unsealed(&sealed, &other), Some(secret.clone()));
        assert_ne!(secret.sealed(&other), sealed);
        assert_eq!(Secret::unsealed(&sealed[1..], &with), None);
    }
}
