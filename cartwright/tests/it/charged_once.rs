//! Any order of what can be done to a cart and its orders, from two devices and as a guest: no unit
//! that was put into a cart is charged more than once.

use std::collections::BTreeMap;

use chassis::testing::on;
use futures::future::join;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::carts::{of_cart, sold};
use crate::client::{Http, Reply};
use crate::shop::{Live, Shape, eventually_answers};

const SKUS: [&str; 3] = ["A", "B", "C"];
/// Runs, each with a seed and a buyer of its own.
const SEEDS: u64 = 12;
/// What is done in one of them.
const STEPS: usize = 30;

/// Something that a buyer does.
#[derive(Clone, Debug)]
enum Step {
    Add {
        guest: bool,
        sku: &'static str,
        quantity: i64,
    },
    /// To one unit: as it was, or fewer.
    Lower {
        guest: bool,
        sku: &'static str,
    },
    Clear {
        guest: bool,
    },
    Merge,
    Checkout {
        guest: bool,
        token: &'static str,
        supersede: bool,
    },
    Confirm {
        order: usize,
        outcome: &'static str,
    },
    PayAgain {
        order: usize,
    },
    Cancel {
        order: usize,
    },
}

/// Whose orders these are, and what was put into carts.
struct Run {
    user: Http,
    /// The guest of the moment; after a merge the next one is another.
    guest: Option<Http>,
    nobody: Http,
    name: String,
    keys: usize,
    orders: Vec<(Http, String, Option<String>)>,
    added: BTreeMap<&'static str, i64>,
}

fn step(rng: &mut StdRng, orders: usize) -> Step {
    let sku = SKUS[rng.random_range(0..SKUS.len())];
    let guest = rng.random_ratio(1, 3);
    let order = rng.random_range(0..orders.max(1));
    match rng.random_range(0..16) {
        0..=3 => Step::Add { guest, sku, quantity: rng.random_range(1..=2) },
        4 => Step::Lower { guest, sku },
        5 => Step::Clear { guest },
        6 => Step::Merge,
        7..=11 => {
            let tokens = ["tok_visa", "tok_3ds", "tok_3ds", "tok_declined", "tok_timeout"];
            let token = tokens[rng.random_range(0..tokens.len())];
            Step::Checkout { guest, token, supersede: rng.random_ratio(1, 3) }
        }
        12 | 13 => {
            let outcome = if rng.random_ratio(3, 4) { "approve" } else { "deny" };
            Step::Confirm { order, outcome }
        }
        14 => Step::PayAgain { order },
        _ => Step::Cancel { order },
    }
}

impl Run {
    fn who(&self, guest: bool) -> Http {
        match (guest, &self.guest) {
            (false, _) => self.user.clone(),
            (true, Some(guest)) => guest.clone(),
            (true, None) => self.nobody.clone(),
        }
    }

    /// The request of a step; none where it makes no sense.
    fn call(&mut self, step: &Step) -> Option<crate::client::Call> {
        self.keys += 1;
        let key = format!("{}-{}", self.name, self.keys);
        let order = |order: &usize| self.orders.get(*order);
        Some(match step {
            Step::Add { guest, sku, quantity } => {
                let add = json!({ "sku": sku, "quantity": quantity });
                self.who(*guest).post("/cart/items", add)
            }
            Step::Lower { guest, sku } => {
                let call = self.who(*guest).call("PATCH", &format!("/cart/items/{sku}"));
                call.json(json!({ "quantity": 1 }))
            }
            Step::Clear { guest } => self.who(*guest).call("DELETE", "/cart"),
            Step::Merge => {
                let token = self.guest.as_ref()?.header("x-cart-token")?;
                self.user.call("POST", "/cart/merge").header("x-cart-token", &token)
            }
            Step::Checkout { guest, token, supersede } => {
                let mut request = of_cart(token);
                request["supersede"] = json!(supersede);
                request["email"] = json!(format!("{}@example.com", self.name));
                self.who(*guest).post("/orders/checkout", request).key(&key)
            }
            Step::Confirm { order: at, outcome } => {
                let (holder, _, payment) = order(at)?;
                let path = format!("/payments/{}/confirm", payment.as_ref()?);
                holder.post(&path, json!({ "outcome": outcome }))
            }
            Step::PayAgain { order: at } => {
                let (holder, id, _) = order(at)?;
                let payment = json!({ "payment": { "provider": "sandbox", "token": "tok_visa" } });
                holder.post(&format!("/orders/{id}/payments"), payment).key(&key)
            }
            Step::Cancel { order: at } => {
                let (holder, id, _) = order(at)?;
                holder.call("POST", &format!("/orders/{id}/cancel"))
            }
        })
    }

    /// Takes in what came of a step.
    fn heard(&mut self, step: &Step, reply: Reply) {
        assert!(reply.status.as_u16() < 500, "{step:?}: {reply:?}");
        match step {
            Step::Add { guest, sku, quantity } if reply.status == 200 => {
                *self.added.entry(*sku).or_default() += quantity;
                if let (true, Some(token)) = (*guest, reply.headers.get("x-cart-token")) {
                    let token = token.to_str().expect("a token");
                    self.guest = Some(self.nobody.with("x-cart-token", token));
                }
            }
            Step::Merge if reply.status == 200 => self.guest = None,
            Step::Checkout { guest, .. } => {
                let id = reply.body.get("id").or(reply.body.get("order_id"));
                let known = matches!(reply.status.as_u16(), 201 | 202 | 402);
                let Some(id) = id.and_then(Value::as_str).filter(|_| known) else { return };
                let holder = match (*guest, reply.body["access_token"].as_str()) {
                    (true, Some(token)) => self.nobody.with("x-order-token", token),
                    _ => self.user.clone(),
                };
                let payment = reply.body["payment"]["id"].as_str().map(str::to_owned);
                self.orders.push((holder, id.to_owned(), payment));
            }
            _ => {}
        }
    }

    async fn go(&mut self, rng: &mut StdRng) {
        let mut done = 0;
        while done < STEPS {
            let steps = [step(rng, self.orders.len()), step(rng, self.orders.len())];
            let both = rng.random_ratio(1, 3);
            let calls = steps.each_ref().map(|it| self.call(it));
            match calls {
                [Some(first), Some(second)] if both => {
                    let (first, second) = join(first.into_future(), second.into_future()).await;
                    self.heard(&steps[0], first);
                    self.heard(&steps[1], second);
                }
                [Some(first), _] => {
                    let reply = first.await;
                    self.heard(&steps[0], reply);
                }
                _ => {}
            }
            done += 1;
        }
    }

    /// Units that are in carts still.
    async fn kept(&self) -> BTreeMap<String, i64> {
        let mut kept = BTreeMap::new();
        for http in [Some(&self.user), self.guest.as_ref()].into_iter().flatten() {
            let cart = http.get("/cart").await.expect(200);
            for item in cart["items"].as_array().expect("items") {
                let sku = item["sku"].as_str().expect("a SKU").to_owned();
                *kept.entry(sku).or_default() += item["quantity"].as_i64().expect("a number");
            }
        }
        kept
    }
}

/// Every order of the run comes to rest: one that waits for its customer is cancelled.
async fn rest(run: &Run) {
    for (holder, id, _) in &run.orders {
        let path = format!("/orders/{id}");
        let look = async || {
            let shown = holder.get(&path).await.expect(200);
            let payment = shown["payment_status"].as_str().expect("a status");
            if shown["status"] == "pending" && ["requires_action", "failed"].contains(&payment) {
                holder.call("POST", &format!("{path}/cancel")).await;
            }
            shown
        };
        eventually_answers(look, |it| it["status"] != "pending").await;
    }
}

async fn once(shop: &Live, kind: &str) {
    let mut added: BTreeMap<&str, i64> = BTreeMap::new();
    let mut runs = Vec::new();
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let name = format!("{kind}-{seed}");
        let mut run = Run {
            user: shop.customer(&name).await,
            guest: None,
            nobody: shop.http.clone(),
            name,
            keys: 0,
            orders: Vec::new(),
            added: BTreeMap::new(),
        };
        let before = sold(shop).await;
        run.go(&mut rng).await;
        rest(&run).await;
        let after = sold(shop).await;
        for sku in SKUS {
            let units = |all: &BTreeMap<String, i64>| all.get(sku).copied().unwrap_or_default();
            let (bought, put) = (units(&after) - units(&before), run.added.get(sku).copied());
            let put = put.unwrap_or_default();
            assert!(bought <= put, "{kind}, seed {seed}: {bought} of {sku} bought, {put} added");
        }
        for (sku, units) in &run.added {
            *added.entry(*sku).or_default() += units;
        }
        runs.push(run);
    }
    // Once the carts have heard of everything, nothing of what was bought is in them any more.
    shop.check().await;
    let mut kept: BTreeMap<String, i64> = BTreeMap::new();
    for run in &runs {
        for (sku, units) in run.kept().await {
            *kept.entry(sku).or_default() += units;
        }
    }
    let bought = sold(shop).await;
    for (sku, put) in added {
        let units = |all: &BTreeMap<String, i64>| all.get(sku).copied().unwrap_or_default();
        let (bought, kept) = (units(&bought), units(&kept));
        assert!(bought > 0, "{kind}: no {sku} was bought at all");
        assert!(bought + kept <= put, "{kind}: {bought} of {sku} bought, {kept} kept, {put} added");
    }
}

#[on(sqlite, postgres, flavor = "multi_thread", worker_threads = 2)]
async fn whatever_two_devices_do_no_unit_is_charged_twice(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    for sku in SKUS {
        shop.product(sku, 1_000, 100_000).await;
    }
    once(&shop, place.kind).await;
    shop.stop().await;
}
