//! Orders between stand-ins of cart, catalog and payments whose answers a test can choose.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chassis::bus::Bus;
use chassis::channel::Channel;
use chassis::clock::Clock;
use chassis::db::Session;
use chassis::problem::Problem;
use chassis::service::{Background, Service};
use chassis::testing::{Answer, Call, Database, TestPlatform, User, call, eventually, noon};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::AwaitAction;
use contracts::payments::{
    Authorize, Payment, PaymentRef, PaymentUpdated, Refund, Refunded, Status,
};
use contracts::{cart, catalog};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What the stand-ins know and what they were asked.
#[derive(Default)]
pub struct Others {
    pub stock: HashMap<String, i64>,
    /// What everything costs. What is free is not shipped either.
    pub price: i64,
    pub held: HashMap<Uuid, Vec<catalog::StockLine>>,
    pub committed: HashMap<Uuid, Vec<catalog::StockLine>>,
    /// Parcels that left.
    pub shipped: Vec<catalog::Ship>,
    /// Until when a hold is kept for a customer who has to do something.
    pub awaiting: HashMap<Uuid, DateTime<Utc>>,
    /// Whether there are too many such holds.
    pub crowded: bool,
    /// What the provider asks for, for a customer who has to do something.
    pub action_minutes: Option<u32>,
    pub carts: HashMap<String, cart::Cart>,
    pub payments: HashMap<Uuid, Payment>,
    /// Refunds and cancels whose goods are back.
    pub restocked: HashSet<Uuid>,
    /// Why the provider gives no money back.
    pub refund_refused: bool,
    /// Paths that answer 503 this many more times.
    pub failing: HashMap<&'static str, u32>,
    pub asked: Vec<String>,
}

pub type Shared = Arc<Mutex<Others>>;

/// The service under test; its workers run only where a test starts them.
pub struct World {
    pub platform: TestPlatform,
    pub others: Shared,
    pub service: Service,
}

/// A world where it is always noon.
pub async fn world(database: Database) -> World {
    world_at(database, Clock::Fixed(noon())).await
}

/// A world where time goes by: for work that is tried again later.
pub async fn living_world(database: Database) -> World {
    world_at(database, Clock::System).await
}

async fn world_at(database: Database, clock: Clock) -> World {
    let mut platform = database.platform(orders::MIGRATIONS).await;
    platform.platform.clock = clock;
    let stock = HashMap::from([("LAMP-1".to_owned(), 5)]);
    let others = Arc::new(Mutex::new(Others { stock, price: 1_999, ..Others::default() }));
    let service = start(&platform, &others).await;
    World { platform, others, service }
}

/// The service over the same database: as after a restart.
pub async fn start(platform: &TestPlatform, others: &Shared) -> Service {
    start_with(platform, others, orders::Config::default()).await
}

/// The same with other settings.
pub async fn start_with(
    platform: &TestPlatform,
    others: &Shared,
    config: orders::Config,
) -> Service {
    let config = orders::Config { inline_ms: 4_000, ..config };
    let channel = |name| {
        let channel = Channel::to(name);
        channel.bind(router(others));
        channel
    };
    let clients = orders::Clients {
        cart: cart::Client::new(channel("cart")),
        catalog: catalog::Client::new(channel("catalog")),
        payments: contracts::payments::Client::new(channel("payments")),
    };
    orders::start(platform.platform.clone(), config, clients).await.expect("a service")
}

impl Others {
    /// Ends a hold; it can be had again.
    pub fn let_go(&mut self, order: Uuid) {
        for line in self.held.remove(&order).unwrap_or_default() {
            *self.stock.get_mut(&line.sku).expect("it is there") += line.quantity;
        }
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

    pub fn stock(&self) -> i64 {
        self.others.lock().expect("no panic under the lock").stock["LAMP-1"]
    }

    pub fn fail(&self, path: &'static str, times: u32) {
        self.others.lock().expect("no panic under the lock").failing.insert(path, times);
    }

    /// Staff gives money of the only payment back, and orders hears of it.
    pub async fn refund(&self, refund: &Refunded) {
        let event = self.refund_unheard(refund);
        self.hear(&[event]).await;
    }

    /// Staff gives money of the only payment back; the event is on its way.
    pub fn refund_unheard(&self, refund: &Refunded) -> PaymentUpdated {
        let mut all = self.others.lock().expect("no panic under the lock");
        let payment = all.payments.values_mut().next().expect("a payment");
        payment.refunded += refund.amount;
        payment.status = match payment.refunded == payment.captured {
            true => Status::Refunded,
            false => Status::PartiallyRefunded,
        };
        PaymentUpdated { payment: payment.clone(), refund: Some(refund.clone()) }
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
            let mut all = self.others.lock().expect("no panic under the lock");
            let payment = all.payments.values_mut().next().expect("a payment");
            change(payment);
            payment.clone()
        };
        let event = PaymentUpdated { payment: payment.clone(), refund: None };
        let event = chassis::testing::event("payments", payment.id, version, &event);
        chassis::testing::deliver(&self.service, &[event]).await;
    }

    pub fn asked(&self, path: &str) -> usize {
        self.others
            .lock()
            .expect("no panic under the lock")
            .asked
            .iter()
            .filter(|it| *it == path)
            .count()
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
        let there = async || there(&others.lock().expect("no panic under the lock")).then_some(());
        work_until(&mut self.service, there).await;
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

fn router(others: &Shared) -> Router {
    Router::new()
        .route("/internal/carts/show", post(show_cart))
        .route("/internal/carts/remove-purchased", post(remove_purchased))
        .route("/internal/quote", post(quote))
        .route("/internal/reservations/reserve", post(reserve))
        .route("/internal/reservations/await_action", post(await_action))
        .route("/internal/reservations/end", post(end_hold))
        .route("/internal/reservations/commit", post(commit))
        .route("/internal/reservations/release", post(release))
        .route("/internal/reservations/restock", post(restock))
        .route("/internal/reservations/ship", post(ship))
        .route("/internal/payments/providers", post(providers))
        .route("/internal/payments/authorize", post(authorize))
        .route("/internal/payments/show", post(show_payment))
        .route("/internal/payments/capture", post(capture))
        .route("/internal/payments/void", post(void))
        .route("/internal/payments/refund", post(refund))
        .with_state(others.clone())
}

/// Notes the call; an error if this path is to fail.
fn ask(others: &mut Others, path: &'static str) -> Result<(), Response> {
    others.asked.push(path.to_owned());
    match others.failing.get_mut(path) {
        Some(times) if *times > 0 => {
            *times -= 1;
            Err(Problem::unavailable("unavailable", "not now").into_response())
        }
        _ => Ok(()),
    }
}

type Answered = Result<axum::Json<Value>, Response>;

fn ok(value: impl serde::Serialize) -> Answered {
    Ok(axum::Json(serde_json::to_value(value).expect("it is there")))
}

async fn show_cart(State(all): State<Shared>, body: axum::Json<cart::Show>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "cart")?;
    let key = match &body.owner {
        cart::Owner::User(id) => id.to_string(),
        cart::Owner::Guest(token) => token.clone(),
    };
    ok(all.carts.get(&key))
}

/// As the cart does, though it never hears of an event.
async fn remove_purchased(State(all): State<Shared>, body: axum::Json<cart::Purchase>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "remove_purchased")?;
    let holds = |it: &&mut cart::Cart| it.id == body.cart_id || it.merged.contains(&body.cart_id);
    if let Some(cart) = all.carts.values_mut().find(holds)
        && !cart.purchases.contains(&body.order_id)
    {
        cart.purchases.push(body.order_id);
        cart.version += 1;
        for line in &mut cart.lines {
            let bought = body.lines.iter().find(|it| it.sku == line.sku);
            line.quantity -= bought.map_or(0, |it| it.quantity);
        }
        cart.lines.retain(|it| it.quantity > 0);
    }
    ok(())
}

async fn quote(State(all): State<Shared>, body: axum::Json<catalog::QuoteRequest>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "quote")?;
    let answers = body.0.wanted.into_iter().map(|it| match it.sku.as_deref() {
        Some(sku @ "LAMP-1") => catalog::Quoted::Offer(catalog::Offer {
            sku: sku.to_owned(),
            product_id: Uuid::nil(),
            variant_id: Some(Uuid::from_u128(1)),
            slug: "lamp".to_owned(),
            title: "Lamp".to_owned(),
            variant_title: None,
            image: None,
            unit_price: all.price,
            available: Some(all.stock[sku]),
            requires_shipping: all.price > 0,
            taxable: true,
        }),
        Some(_) => catalog::Quoted::Unknown,
        None => catalog::Quoted::Ambiguous(vec!["LAMP-1".to_owned(), "LAMP-2".to_owned()]),
    });
    ok(catalog::Quote { answers: answers.collect() })
}

async fn reserve(State(all): State<Shared>, body: axum::Json<catalog::Reserve>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "reserve")?;
    if !all.held.contains_key(&body.order_id) && !all.committed.contains_key(&body.order_id) {
        let short = body.lines.iter().find(|it| all.stock[&it.sku] < it.quantity);
        if let Some(short) = short {
            let skus = json!([{ "sku": short.sku, "requested": short.quantity,
                                "available": all.stock[&short.sku] }]);
            let problem = Problem::conflict("out_of_stock", "not enough").with("skus", skus);
            return Err(problem.into_response());
        }
        for line in &body.lines {
            *all.stock.get_mut(&line.sku).expect("it is there") -= line.quantity;
        }
        all.held.insert(body.order_id, body.lines.clone());
    }
    // In time at noon, and where time goes by.
    let expires_at = noon().max(Clock::System.now()) + TimeDelta::minutes(15);
    ok(catalog::Reservation { expires_at })
}

async fn await_action(State(all): State<Shared>, body: axum::Json<AwaitAction>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "await_action")?;
    if all.crowded {
        all.let_go(body.order_id);
    }
    all.awaiting.insert(body.order_id, body.until);
    ok(catalog::Awaiting { held: all.held.contains_key(&body.order_id) })
}

async fn end_hold(State(all): State<Shared>, body: axum::Json<catalog::OrderRef>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "end_hold")?;
    all.let_go(body.order_id);
    ok(())
}

async fn commit(State(all): State<Shared>, body: axum::Json<catalog::OrderRef>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "commit")?;
    if let Some(lines) = all.held.remove(&body.order_id) {
        all.committed.insert(body.order_id, lines);
    }
    match all.committed.contains_key(&body.order_id) {
        true => ok(()),
        false => Err(Problem::conflict("reservation_gone", "gone").into_response()),
    }
}

async fn release(State(all): State<Shared>, body: axum::Json<catalog::Reserve>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "release")?;
    all.let_go(body.order_id);
    ok(())
}

async fn ship(State(all): State<Shared>, body: axum::Json<catalog::Ship>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "ship")?;
    if !all.shipped.contains(&body.0) {
        all.shipped.push(body.0);
    }
    ok(())
}

/// As the catalog does: once per id, and never more than is out.
async fn restock(State(all): State<Shared>, body: axum::Json<catalog::Restock>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "restock")?;
    if !all.restocked.insert(body.id) {
        return ok(());
    }
    all.let_go(body.order_id);
    let mut out = all.committed.remove(&body.order_id).unwrap_or_default();
    let wanted = body.lines.clone().unwrap_or_else(|| out.clone());
    for line in wanted {
        let Some(left) = out.iter_mut().find(|it| it.sku == line.sku) else { continue };
        let back = line.quantity.min(left.quantity);
        left.quantity -= back;
        *all.stock.get_mut(&line.sku).expect("it is there") += back;
    }
    out.retain(|it| it.quantity > 0);
    if !out.is_empty() {
        all.committed.insert(body.order_id, out);
    }
    ok(())
}

async fn providers(State(all): State<Shared>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "providers")?;
    ok(["sandbox"])
}

async fn authorize(State(all): State<Shared>, body: axum::Json<Authorize>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "authorize")?;
    let (status, reason) = match body.token.as_str() {
        "tok_declined" => (Status::Declined, Some("card_declined".to_owned())),
        "tok_3ds" => (Status::RequiresAction, None),
        "tok_pending" => (Status::Pending, None),
        "tok_refused" => return Err(Problem::invalid("provider_unknown", "who?").into_response()),
        _ => (Status::Authorized, None),
    };
    let payment = Payment {
        id: body.payment_id,
        order_id: body.order_id,
        status,
        amount: body.amount,
        captured: 0,
        refunded: 0,
        currency: body.currency.clone(),
        reason,
        action_minutes: all.action_minutes,
    };
    ok(all.payments.entry(body.payment_id).or_insert(payment))
}

async fn show_payment(State(all): State<Shared>, body: axum::Json<PaymentRef>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "show")?;
    ok(all.payments.get(&body.payment_id))
}

async fn capture(State(all): State<Shared>, body: axum::Json<PaymentRef>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "capture")?;
    let payment = all.payments.get_mut(&body.payment_id).expect("it is there");
    if payment.status == Status::Authorized {
        payment.status = Status::Captured;
        payment.captured = payment.amount;
    }
    ok(payment)
}

async fn void(State(all): State<Shared>, body: axum::Json<PaymentRef>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "void")?;
    let payment = all.payments.get_mut(&body.payment_id).expect("it is there");
    if !matches!(payment.status, Status::Captured | Status::Declined) {
        payment.status = Status::Voided;
    }
    ok(payment)
}

async fn refund(State(all): State<Shared>, body: axum::Json<Refund>) -> Answered {
    let mut all = all.lock().expect("no panic under the lock");
    ask(&mut all, "refund")?;
    let refused = all.refund_refused;
    let payment = all.payments.get_mut(&body.payment_id).expect("it is there");
    let left = payment.captured - payment.refunded;
    // Where nothing is left, the payment is answered as it is.
    if left == 0 {
        return ok(PaymentUpdated { payment: payment.clone(), refund: None });
    }
    if refused {
        return Err(Problem::conflict("refund_failed", "no").into_response());
    }
    payment.status = Status::Refunded;
    payment.refunded = payment.captured;
    let refund = Refunded {
        id: body.refund_id,
        amount: left,
        reason: body.reason.clone(),
        staff: None,
        restock: false,
        lines: vec![],
    };
    ok(PaymentUpdated { payment: payment.clone(), refund: Some(refund) })
}
