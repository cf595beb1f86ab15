//! A payments service on its own, and how orders would talk to it.

use chassis::channel::Channel;
use chassis::service::Service;
use chassis::testing::{Answer, Call, Database, TestPlatform, User, call};
use contracts::orders::LineShare;
use contracts::payments::{Authorize, Client};
use contracts::testing::{Fake, Orders};
use payments::{Config, Databases};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) struct Shop {
    pub(crate) service: Service,
    pub(crate) client: Client,
    pub(crate) kind: &'static str,
    /// Knows every order, as one that was sold with these lines.
    pub(crate) orders: Fake<Orders>,
    _platform: TestPlatform,
}

/// One for each available database.
pub(crate) async fn shop(database: Database) -> Shop {
    let config = Config { pause_ms: 0, answer_ms: 20_000, ..Config::default() };
    shop_with(database, config).await
}

pub(crate) async fn shop_with(database: Database, config: Config) -> Shop {
    let platform = database.platform(payments::MIGRATIONS).await;
    let mut databases = Databases::new();
    for further in &payments::DEFINITION.databases[1..] {
        platform.db.migrate(**further).await.expect("migrations");
        databases.insert(further.service, platform.db.clone());
    }
    let orders = Fake::<Orders>::default();
    let client = contracts::orders::Client::new(orders.channel());
    let service = payments::start(platform.platform.clone(), config, &databases, client).await;
    let service = service.expect("a service");
    let channel = Channel::to(payments::NAME);
    channel.bind(service.internal.clone());
    let client = Client::new(channel);
    Shop { service, client, kind: platform.kind, orders, _platform: platform }
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
        self.orders.lock().lines = lines.iter().map(line).collect();
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
        save: false,
    }
}

/// The same by a guest whose order has this token.
pub(crate) fn authorize_as_guest(order_token: &str, token: &str) -> Authorize {
    let hash = hex::encode(Sha256::digest(order_token));
    let asked = authorize(&User::customer(), token);
    Authorize { user_id: None, order_token_hash: Some(hash), ..asked }
}
