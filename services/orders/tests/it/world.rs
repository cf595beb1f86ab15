//! Orders between fakes of cart, catalog and payments whose answers a test can choose.

use std::time::Duration;

use chassis::bus::Bus;
use chassis::clock::Clock;
use chassis::db::{Json, Session};
use chassis::service::{Background, Service};
use chassis::testing::{Answer, Call, Database, TestPlatform, User, call, eventually, noon};
use chrono::{DateTime, Utc};
use contracts::catalog::Offer;
use contracts::payments::{Payment, PaymentUpdated, Refunded};
use contracts::testing::{Calls, Carts, Catalog, Fake, Payments, offer};
use contracts::{cart, catalog, payments};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The services that orders asks.
#[derive(Clone)]
pub struct Others {
    pub calls: Calls,
    pub cart: Fake<Carts>,
    pub catalog: Fake<Catalog>,
    pub payments: Fake<Payments>,
}

/// An order of a guest.
pub struct Guest {
    pub id: String,
    pub token: String,
    /// What the checkout answered.
    pub body: Value,
}

pub const LAMP: &str = "LAMP-1";
/// Comes in two variants.
pub const SHIRT: Uuid = Uuid::from_u128(3);

/// The service under test; its workers run only where a test starts them.
pub struct World {
    pub platform: TestPlatform,
    pub others: Others,
    pub service: Service,
}

/// A world where it is always noon.
pub async fn world(database: Database) -> World {
    world_at(database, Clock::Fixed(noon())).await
}

/// A world where time passes: for work that is tried again later.
pub async fn living_world(database: Database) -> World {
    world_at(database, Clock::System).await
}

async fn world_at(database: Database, clock: Clock) -> World {
    let mut platform = database.platform(orders::MIGRATIONS).await;
    platform.platform.clock = clock;
    let others = Others::new();
    let service = start(&platform, &others).await;
    World { platform, others, service }
}

/// The service over the same database: as after a restart.
pub async fn start(platform: &TestPlatform, others: &Others) -> Service {
    start_with(platform, others, orders::Config::default()).await
}

/// The same with other settings.
pub async fn start_with(
    platform: &TestPlatform,
    others: &Others,
    config: orders::Config,
) -> Service {
    let config = orders::Config { inline_ms: 4_000, ..config };
    let clients = orders::Clients {
        cart: cart::Client::new(others.cart.channel()),
        catalog: catalog::Client::new(others.catalog.channel()),
        payments: payments::Client::new(others.payments.channel()),
    };
    orders::start(platform.platform.clone(), config, clients).await.expect("a service")
}

impl Others {
    /// A catalog with five lamps, and shirts.
    fn new() -> Self {
        let calls = Calls::default();
        let others = Self {
            cart: Fake::noted_in(&calls),
            catalog: Fake::noted_in(&calls),
            payments: Fake::noted_in(&calls),
            calls,
        };
        let lamp = Offer { title: "Lamp".to_owned(), ..offer(LAMP, 1_999, 5) };
        let shirt = |sku| Offer { product_id: SHIRT, ..offer(sku, 900, 9) };
        let offers = [lamp, shirt("SHIRT-S"), shirt("SHIRT-M")];
        others.catalog.lock().offers.extend(offers);
        others
    }
}

impl World {
    pub fn call(&self, method: &str, path: &str) -> Call {
        call(&self.service.router, method, &format!("/api/v1{path}"))
    }

    pub async fn buy(&self, user: &User, key: &str, token: &str) -> Answer {
        self.call("POST", "/orders/checkout")
            .user(user)
            .header("idempotency-key", key)
            .json(checkout(token))
            .await
    }

    /// The same by a guest with this address.
    pub async fn buy_as_guest(&self, email: &str, key: &str, token: &str) -> Guest {
        let mut body = checkout(token);
        body["email"] = json!(email);
        body["items"][0]["quantity"] = json!(1);
        let call = self.call("POST", "/orders/checkout").header("idempotency-key", key);
        let body = call.json(body).await.body;
        let id = body["order_id"].as_str().or(body["id"].as_str());
        let token = body["access_token"].as_str().expect("a token").to_owned();
        Guest { id: id.expect("an order").to_owned(), token, body }
    }

    /// How others ask this service.
    pub fn client(&self) -> contracts::orders::Client {
        let channel = chassis::channel::Channel::to("orders");
        channel.bind(self.service.internal.clone());
        contracts::orders::Client::new(channel)
    }

    /// What was published of this type and is not sent yet, oldest first: version and payload.
    pub async fn published(&self, kind: &str) -> Vec<(i64, Value)> {
        let rows: Vec<(i64, Json<Value>)> = self
            .platform
            .db
            .query("SELECT version, data FROM outbox WHERE type = $1 ORDER BY sequence")
            .bind(kind.to_owned())
            .all()
            .await
            .expect("rows");
        rows.into_iter().map(|(version, data)| (version, data.0)).collect()
    }

    /// The service at another time.
    pub async fn at(&mut self, now: DateTime<Utc>) {
        self.platform.platform.clock = Clock::Fixed(now);
        self.restart().await;
    }

    /// The service over the same database; its workers, which run once, can be run again.
    pub async fn restart(&mut self) {
        self.service = start(&self.platform, &self.others).await;
    }

    /// Lamps that can be had.
    pub fn stock(&self) -> i64 {
        self.others.catalog.lock().offer(LAMP).available.expect("it is counted")
    }

    pub fn set_stock(&self, lamps: i64) {
        self.others.catalog.lock().offer(LAMP).available = Some(lamps);
    }

    /// What a lamp costs from now on. What is free is not shipped either.
    pub fn set_price(&self, price: i64) {
        let mut catalog = self.others.catalog.lock();
        let lamp = catalog.offer(LAMP);
        (lamp.unit_price, lamp.requires_shipping) = (price, price > 0);
    }

    /// The route answers 503 this many more times.
    pub fn fail(&self, route: impl Into<&'static str>, times: u32) {
        self.others.calls.fail(route, times);
    }

    /// Staff gives money of the only payment back, and orders hears of it.
    pub async fn refund(&self, refund: &Refunded) {
        let event = self.refund_unheard(refund);
        self.hear(&[event]).await;
    }

    /// Staff gives money of the only payment back; the event is on its way.
    pub fn refund_unheard(&self, refund: &Refunded) -> PaymentUpdated {
        let mut all = self.others.payments.lock();
        let payment = all.payments.values_mut().next().expect("a payment");
        payment.give_back(refund.amount);
        PaymentUpdated {
            payment: payment.clone(),
            refund: Some(refund.clone()),
            failed_refund: None,
        }
    }

    /// Orders hears of these, each once.
    pub async fn hear(&self, events: &[PaymentUpdated]) {
        for event in events {
            let version = 10 + event.payment.refunded;
            let event = chassis::testing::event("payments", event.payment.id, version, event);
            chassis::testing::deliver(&self.service, &[event]).await;
        }
    }

    /// The only payment there is changes as `change` says, and orders hears of it.
    pub async fn payment(&self, version: i64, change: impl FnOnce(&mut Payment)) {
        let payment = {
            let mut all = self.others.payments.lock();
            let payment = all.payments.values_mut().next().expect("a payment");
            change(payment);
            payment.clone()
        };
        let event = PaymentUpdated { payment: payment.clone(), refund: None, failed_refund: None };
        let event = chassis::testing::event("payments", payment.id, version, &event);
        chassis::testing::deliver(&self.service, &[event]).await;
    }

    /// How often the route was asked.
    pub fn asked(&self, route: impl Into<&'static str>) -> usize {
        self.others.calls.asked(route)
    }

    /// Runs the workers until the order is decided, then stops them.
    pub async fn settle(&mut self, user: &User, order: &str) -> Value {
        self.settle_when(user, order, |status| status != "pending").await
    }

    /// Runs the workers until the order has this status, then stops them.
    pub async fn settle_at(&mut self, user: &User, order: &str, status: &str) -> Value {
        self.settle_when(user, order, |it| it == status).await
    }

    /// The same for a guest's order.
    pub async fn settle_guest(&mut self, token: &str, order: &str, status: &str) -> Value {
        let path = format!("/orders/{order}");
        let router = self.service.router.clone();
        let ask = || {
            call(&router, "GET", &format!("/api/v1{path}")).header("x-order-token", token).send()
        };
        self.run_until(ask, |it| it == status).await
    }

    /// Runs the workers until `there` says so of the order's status, then stops them.
    pub async fn settle_when(
        &mut self,
        user: &User,
        order: &str,
        there: impl Fn(&str) -> bool,
    ) -> Value {
        let path = format!("/orders/{order}");
        let router = self.service.router.clone();
        let ask = || call(&router, "GET", &format!("/api/v1{path}")).user(user).send();
        self.run_until(ask, there).await
    }

    /// Runs the workers until no order is stored, then stops them.
    pub async fn settle_to_nothing(&mut self) {
        let db = self.platform.db.clone();
        let count = async || {
            let left = db.query("SELECT count(*) FROM orders");
            left.one::<(i64,)>().await.expect("a count").0
        };
        work_until(&mut self.service, async || (count().await == 0).then_some(())).await;
    }

    /// Runs the workers until the others know what `there` says, then stops them.
    pub async fn until(&mut self, there: impl Fn(&Others) -> bool) {
        let others = self.others.clone();
        let there = async || there(&others).then_some(());
        work_until(&mut self.service, there).await;
    }

    /// Runs the workers until `look` finds something, then stops them.
    pub async fn work_until<T>(&mut self, look: impl AsyncFn() -> Option<T>) -> T {
        work_until(&mut self.service, look).await
    }

    async fn run_until<F: Future<Output = Answer>>(
        &mut self,
        ask: impl Fn() -> F,
        there: impl Fn(&str) -> bool,
    ) -> Value {
        let settled = async || {
            let shown = ask().await.expect(200);
            there(shown["status"].as_str().expect("it is there")).then_some(shown)
        };
        work_until(&mut self.service, settled).await
    }
}

/// Runs the workers of a service until `look` finds something, then stops them.
async fn work_until<T>(service: &mut Service, look: impl AsyncFn() -> Option<T>) -> T {
    let stop = CancellationToken::new();
    let background = Background::start(std::slice::from_mut(service), &Bus::memory(), &stop);
    let found = eventually("what the workers are to bring about", async || look().await).await;
    background.stop(Duration::from_secs(5)).await;
    found
}

pub fn checkout(token: &str) -> Value {
    json!({
        "items": [{ "sku": "LAMP-1", "quantity": 2 }],
        "shipping_address": {
            "name": "Ada Lovelace", "line1": "12 Analytical Row", "city": "London",
            "postal_code": "W1A 1AA", "country": "GB",
        },
        "payment": { "provider": "sandbox", "token": token },
    })
}
