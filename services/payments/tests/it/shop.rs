//! A payments service on its own, and how orders would talk to it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::post;
use chassis::channel::{CallError, Channel};
use chassis::problem::Problem;
use chassis::service::Service;
use chassis::testing::{Answer, Call, Database, TestPlatform, User, call};
use contracts::orders::LineShare;
use contracts::payments::{Authorize, Client};
use payments::Config;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) struct Shop {
    pub(crate) service: Service,
    pub(crate) client: Client,
    pub(crate) kind: &'static str,
    /// What the lines of every order were sold for; none where orders is away.
    pub(crate) shares: Arc<Mutex<Option<Vec<LineShare>>>>,
    _platform: TestPlatform,
}

/// One for each database at hand.
pub(crate) async fn shop(database: Database) -> Shop {
    let config = Config { pause_ms: 0, answer_ms: 20_000, ..Config::default() };
    shop_with(database, config).await
}

pub(crate) async fn shop_with(database: Database, config: Config) -> Shop {
    let platform = database.platform(payments::MIGRATIONS).await;
    platform.db.migrate(payments::SANDBOX_MIGRATIONS).await.expect("migrations");
    let books = platform.db.clone();
    let shares = Arc::default();
    let orders = orders(&shares);
    let service =
        payments::start(platform.platform.clone(), config, books, orders).await.expect("a service");
    let channel = Channel::to(payments::NAME);
    channel.bind(service.internal.clone());
    let client = Client::new(channel);
    Shop { service, client, kind: platform.kind, shares, _platform: platform }
}

/// A stand-in of orders that knows what lines were sold for.
fn orders(shares: &Arc<Mutex<Option<Vec<LineShare>>>>) -> contracts::orders::Client {
    let shares = shares.clone();
    let answer = async move || {
        let shares = shares.lock().expect("no panic under the lock").clone();
        match shares {
            Some(shares) => axum::Json(Some(shares)).into_response(),
            None => Problem::unavailable("unavailable", "not now").into_response(),
        }
    };
    let channel = Channel::to("orders");
    channel.bind(Router::new().route("/internal/orders/shares", post(answer)));
    contracts::orders::Client::new(channel)
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

    /// From now on orders knows these lines: SKU, units and what they were sold for.
    pub(crate) fn sold(&self, lines: &[(&str, i64, i64)]) {
        let line = |&(sku, quantity, amount): &(&str, i64, i64)| LineShare {
            sku: sku.to_owned(),
            quantity,
            amount,
        };
        let lines = lines.iter().map(line).collect();
        *self.shares.lock().expect("no panic under the lock") = Some(lines);
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
        token: token.into(),
    }
}

/// The same by a guest whose order has this token.
pub(crate) fn authorize_as_guest(order_token: &str, token: &str) -> Authorize {
    let hash = hex::encode(Sha256::digest(order_token));
    let asked = authorize(&User::customer(), token);
    Authorize { user_id: None, order_token_hash: Some(hash), ..asked }
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Refused(problem)) => problem.code.into_owned(),
        other => panic!("not refused: {other:?}"),
    }
}
