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
use crate::model::User;

/// How long an access token counts.
pub const ACCESS_TOKEN: TimeDelta = TimeDelta::minutes(10);
/// How long everybody must be reminded of what ended or was replaced: until no access token from
/// before can count, with some seconds for clocks that differ.
pub const REMEMBERED: TimeDelta = TimeDelta::seconds(10 * 60 + 5);

/// A token on its way in or out. It shows nothing of itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(transparent)]
#[garde(transparent)]
pub struct Secret(#[garde(length(max = 512))] String);

impl Secret {
    /// 32 random bytes in base64url.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// One that a client sent.
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
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
        self.0
    }
}

/// Signs what the user may do for the next minutes.
pub fn access_token(
    user: &User,
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
        roles: user.roles.iter().map(|it| it.name().to_owned()).collect(),
        permissions: user.may().iter().map(|it| it.name().to_owned()).collect(),
    };
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let token = jsonwebtoken::encode(&header, &claims, &key.private);
    token.map(Secret).map_err(Problem::internal)
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
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
        assert_eq!(format!("{one:?}"), "Secret(..)");
    }
}
