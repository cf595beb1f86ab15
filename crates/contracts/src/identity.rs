//! Identity: keys and revocations for everybody who verifies tokens, one-time tokens for mails,
//! and what it tells about users. Events carry no secrets.

use std::time::Duration;

use chassis::Secret;
use chassis::auth::{Revocations, Verifier};
use chassis::channel::{CallError, Channel};
use chassis::outbox::EventData;
use chassis::route::Route;
use chassis::service_tokens::Callers;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::language::Language;

/// How often every process asks for keys and revocations. Twice this is how long a logged-out
/// token may still be taken.
pub const REFRESH: Duration = Duration::from_secs(1);

/// What verifying tokens needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trust {
    /// A JWK set (RFC 7517) with public keys only.
    pub jwks: Value,
    pub revocations: Revocations,
}

/// What a one-time token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    VerifyEmail,
    ResetPassword,
    /// Puts back the address that was changed; goes to that address.
    UndoEmailChange,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueToken {
    pub user_id: Uuid,
    pub purpose: Purpose,
    /// The address it is about to be sent to. Refused with `user_not_found` where the user has
    /// another one by now, so that no token reaches an old address; for `undo_email_change` where
    /// it is not one that the user can still go back to.
    #[serde(default)]
    pub email: Option<String>,
}

/// A secret for the user's eyes only. Not logged, not stored, not in events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OneTimeToken {
    pub token: Secret,
}

/// Who sends one-time tokens to those they are for. Anyone who has one can take over an account, so
/// a process that does not say what it is gets none: the mail is tried again until it is upgraded.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub const TRUST: Route<(), Trust> = Route::get("/internal/trust");
pub const ONE_TIME_TOKENS: Route<IssueToken, OneTimeToken> =
    Route::post("/internal/one-time-tokens").only(SENDERS);

/// Asks identity.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    pub async fn trust(&self) -> Result<Trust, CallError> {
        self.0.call(TRUST, &()).await
    }

    /// A fresh one-time token; earlier ones for the same purpose no longer count. Refused with
    /// `user_not_found` where the user is gone.
    pub async fn one_time_token(&self, request: &IssueToken) -> Result<OneTimeToken, CallError> {
        self.0.call(ONE_TIME_TOKENS, request).await
    }

    /// Brings keys and revocations into the verifier once.
    pub async fn refresh(&self, verifier: &Verifier) -> Result<(), CallError> {
        let trust = self.trust().await?;
        verifier.set_revocations(trust.revocations);
        let jwks = serde_json::from_value(trust.jwks);
        verifier.set_keys(&jwks.map_err(|it| self.0.malformed(TRUST, format!("its keys: {it}")))?);
        Ok(())
    }

    /// Keeps the verifier fresh until cancelled. While identity is away the last known state
    /// counts.
    pub async fn keep_fresh(self, verifier: Verifier, stop: CancellationToken) {
        loop {
            if let Err(error) = self.refresh(&verifier).await {
                tracing::warn!(%error, "cannot refresh signing keys and revocations");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRegistered {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    /// What mails to the user are written in; none for the shop's language.
    #[serde(default)]
    pub language: Option<Language>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserUpdated {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    pub active: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserDeleted {
    pub user_id: Uuid,
}

/// The account was deleted. Published with [`UserDeleted`], for the last mail to who had it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserClosed {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
}

/// The user asked for a new password. The token is fetched when the mail is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
}

/// The user wants to verify an address, another time or a new one. The token is fetched when the
/// mail is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmailVerificationRequested {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
}

/// The user has proven to read the mails of their address: for the first time since the account has
/// it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserEmailVerified {
    pub user_id: Uuid,
    pub email: String,
}

/// The e-mail address of an account is another one. Where it is proven already, because it was put
/// back, [`UserEmailVerified`] is published with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserEmailChanged {
    pub user_id: Uuid,
    pub email: String,
    pub old_email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
    /// Whether who reads the e-mails of the old address can undo it. The token is fetched when the
    /// mail is sent.
    pub can_undo: bool,
}

/// The account has another password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserPasswordChanged {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
}

/// The user has logged in with a browser that is not known, and has used others before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewDevice {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
    pub session_id: Uuid,
    /// What it says it is, such as `Firefox on Linux`: names the shop knows, never the client's
    /// own words.
    pub user_agent: Option<String>,
    pub at: DateTime<Utc>,
}

/// A refresh token was used a second time, so it was copied; its session has been ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshTokenReused {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub language: Option<Language>,
    pub session_id: Uuid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRevoked {
    pub user_id: Uuid,
    pub session_id: Uuid,
}

impl EventData for UserRegistered {
    const TYPE: &'static str = "user.registered";
    const PERSONAL: bool = true;
}

impl EventData for UserUpdated {
    const TYPE: &'static str = "user.updated";
    const PERSONAL: bool = true;
}

impl EventData for UserDeleted {
    const TYPE: &'static str = "user.deleted";
}

impl EventData for UserClosed {
    const TYPE: &'static str = "user.closed";
    const PERSONAL: bool = true;
}

impl EventData for PasswordResetRequested {
    const TYPE: &'static str = "user.password_reset_requested";
    const PERSONAL: bool = true;
}

impl EventData for EmailVerificationRequested {
    const TYPE: &'static str = "user.email_verification_requested";
    const PERSONAL: bool = true;
}

impl EventData for UserEmailVerified {
    const TYPE: &'static str = "user.email_verified";
    const PERSONAL: bool = true;
}

impl EventData for UserEmailChanged {
    const TYPE: &'static str = "user.email_changed";
    const PERSONAL: bool = true;
}

impl EventData for UserPasswordChanged {
    const TYPE: &'static str = "user.password_changed";
    const PERSONAL: bool = true;
}

impl EventData for NewDevice {
    const TYPE: &'static str = "session.new_device";
    const PERSONAL: bool = true;
}

impl EventData for RefreshTokenReused {
    const TYPE: &'static str = "session.refresh_token_reused";
    const PERSONAL: bool = true;
}

impl EventData for SessionRevoked {
    const TYPE: &'static str = "session.revoked";
}
