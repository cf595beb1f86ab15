//! A payments service on its own, and how orders would talk to it.

use chassis::channel::{CallError, Channel};
use chassis::service::Service;
use chassis::testing::{Answer, Call, TestPlatform, User, call, platforms};
use contracts::payments::{Authorize, Client, Payment};
use payments::Config;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) struct Shop {
    pub(crate) service: Service,
    pub(crate) client: Client,
    pub(crate) kind: &'static str,
    _platform: TestPlatform,
}

/// One for each database at hand.
pub(crate) async fn shops() -> Vec<Shop> {
    shops_with(Config { pause_ms: 0, answer_ms: 1_500, ..Config::default() }).await
}

pub(crate) async fn shops_with(config: Config) -> Vec<Shop> {
    let mut shops = Vec::new();
    for platform in platforms(payments::MIGRATIONS).await {
        platform.db.migrate(payments::SANDBOX_MIGRATIONS).await.expect("migrations");
        let books = platform.db.clone();
        let service = payments::start(platform.platform.clone(), config.clone(), books)
            .await
            .expect("a service");
        let channel = Channel::to(payments::NAME);
        channel.bind(service.internal.clone());
        let client = Client::new(channel);
        shops.push(Shop { service, client, kind: platform.kind, _platform: platform });
    }
    shops
}

impl Shop {
    pub(crate) fn get(&self, path: &str) -> Call {
        call(&self.service.router, "GET", &format!("/api/v1{path}"))
    }

    pub(crate) fn post(&self, path: &str) -> Call {
        call(&self.service.router, "POST", &format!("/api/v1{path}"))
    }

    /// A payment of 19.99 that was captured.
    pub(crate) async fn captured(&self, buyer: &User) -> Uuid {
        let asked = authorize(buyer, "tok_visa");
        self.client.authorize(&asked).await.expect("an answer");
        self.client.capture(asked.payment_id).await.expect("an answer");
        asked.payment_id
    }

    /// Asks for a refund under this key.
    pub(crate) async fn refund(&self, payment: Uuid, key: &str, body: serde_json::Value) -> Answer {
        self.post(&format!("/payments/{payment}/refunds"))
            .user(&User::with(&["payments:refund"]))
            .header("Idempotency-Key", key)
            .json(body)
            .await
    }
}

/// An order of 19.99 by a user.
pub(crate) fn authorize(buyer: &User, token: &str) -> Authorize {
    Authorize {
        payment_id: Uuid::now_v7(),
        order_id: Uuid::now_v7(),
        order_number: "CW-100001".to_owned(),
        user_id: Some(buyer.id()),
        order_token_hash: None,
        amount: 1999,
        currency: "USD".to_owned(),
        provider: "sandbox".to_owned(),
        token: token.to_owned(),
    }
}

/// The same by a guest whose order has this token.
pub(crate) fn authorize_as_guest(order_token: &str, token: &str) -> Authorize {
    let hash = Sha256::digest(order_token);
    let hash = hash.iter().map(|it| format!("{it:02x}")).collect();
    let asked = authorize(&User::customer(), token);
    Authorize { user_id: None, order_token_hash: Some(hash), ..asked }
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn refused(answer: Result<Payment, CallError>) -> String {
    match answer {
        Err(CallError::Refused(problem)) => problem.code.into_owned(),
        other => panic!("not refused: {other:?}"),
    }
}
