//! Identity, as far as mails need it.

use chassis::problem::{Problem, Result};
use uuid::Uuid;

use super::{FakeRoutes, FakeState, refusal};
use crate::identity::{self, Client, IssueToken, OneTimeToken, Purpose};

/// Everybody but the nil user is known, all with one address.
#[derive(Debug)]
pub struct Identity {
    pub email: String,
}

impl Identity {
    /// What every token begins with.
    pub const TOKEN: &'static str = "s3cret-0ne-time";
}

impl Default for Identity {
    fn default() -> Self {
        Self { email: "ada@example.com".to_owned() }
    }
}

impl FakeState for Identity {
    const NAME: &'static str = "identity";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(identity::ONE_TIME_TOKENS, Self::issue)
    }
}

impl Identity {
    fn issue(&mut self, request: IssueToken) -> Result<OneTimeToken> {
        let other = request.email.is_some_and(|it| it != self.email);
        if request.user_id.is_nil() || other {
            return Err(Problem::not_found("user_not_found", "there is no such user"));
        }
        let purpose = match request.purpose {
            Purpose::VerifyEmail => "verify",
            Purpose::ResetPassword => "reset",
            Purpose::UndoEmailChange => "undo",
        };
        Ok(OneTimeToken { token: format!("{}-{purpose}", Self::TOKEN).into() })
    }
}

/// What e-mails rely on in an identity that knows this user by this address.
pub async fn identity_suite(client: &Client, user_id: Uuid, email: &str) {
    let ask = async |user_id, purpose, email: Option<&str>| {
        let email = email.map(str::to_owned);
        client.one_time_token(&IssueToken { user_id, purpose, email }).await
    };
    for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword] {
        for email in [None, Some(email)] {
            assert!(!ask(user_id, purpose, email).await.expect("a token").token.is_empty());
        }
        for (user_id, email) in [(user_id, "eve@example.com"), (Uuid::nil(), email)] {
            assert_eq!(refusal(ask(user_id, purpose, Some(email)).await), "user_not_found");
        }
    }
}
