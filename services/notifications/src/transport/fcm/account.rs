//! A Google service account, and the assertions by which it asks for access tokens.
//! <https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests>

use chassis::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

/// What access tokens are asked for.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long an assertion is valid: the longest Google allows.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// A service account with its key.
pub(super) struct ServiceAccount {
    pub(super) project_id: String,
    pub(super) client_email: String,
    pub(super) token_url: String,
    key_id: String,
    key: EncodingKey,
}

/// What is wrong with the key of a service account, without what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AccountError {
    #[error("no JSON")]
    NotJson,
    #[error("JSON of another kind: its `type` is not \"service_account\"")]
    OtherKind,
    #[error("JSON without {0}")]
    Missing(&'static str),
    #[error("JSON with a {0} that cannot be read")]
    Unreadable(&'static str),
}

/// As Google's console makes it.
#[derive(Deserialize)]
#[serde(default)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: String,
    private_key: Secret,
    client_email: String,
    token_uri: String,
}

impl Default for KeyFile {
    fn default() -> Self {
        Self {
            kind: String::new(),
            project_id: String::new(),
            private_key_id: String::new(),
            private_key: Secret::default(),
            client_email: String::new(),
            token_uri: TOKEN_URL.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl ServiceAccount {
    /// Reads the JSON key of a service account and tries it.
    pub(super) fn parse(json: &str) -> Result<Self, AccountError> {
        let file: KeyFile = serde_json::from_str(json).map_err(|_| AccountError::NotJson)?;
        if file.kind != "service_account" {
            return Err(AccountError::OtherKind);
        }
        for (name, value) in [
            ("project_id", &file.project_id),
            ("private_key_id", &file.private_key_id),
            ("private_key", &*file.private_key),
            ("client_email", &file.client_email),
        ] {
            if value.is_empty() {
                return Err(AccountError::Missing(name));
            }
        }
        let is_id = |it: u8| it.is_ascii_alphanumeric() || b"-_.:".contains(&it);
        if !file.project_id.bytes().all(is_id) {
            return Err(AccountError::Unreadable("project_id"));
        }
        if reqwest::Url::parse(&file.token_uri).is_err() {
            return Err(AccountError::Unreadable("token_uri"));
        }
        let unreadable = AccountError::Unreadable("private_key");
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes()).map_err(|_| unreadable)?;
        let account = Self {
            project_id: file.project_id,
            client_email: file.client_email,
            token_url: file.token_uri,
            key_id: file.private_key_id,
            key,
        };
        // A key is only read when it is used.
        account.assertion(TOKEN_URL, DateTime::UNIX_EPOCH).map_err(|_| unreadable)?;
        Ok(account)
    }

    /// What is exchanged for an access token at `token_url`.
    pub(super) fn assertion(
        &self,
        token_url: &str,
        now: DateTime<Utc>,
    ) -> Result<Secret, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        let claims = Claims {
            iss: &self.client_email,
            scope: SCOPE,
            aud: token_url,
            iat: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
        };
        jsonwebtoken::encode(&header, &claims, &self.key).map(Secret::from)
    }
}
