//! `kill -9` of the real program in the middle of many checkouts, over and over.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chassis::testing::{eventually, on};
use futures::StreamExt;
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::json;

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, Place, Shape, checkout};

const KILLS: usize = 5;
const CLIENTS: usize = 16;

#[on(sqlite, postgres, flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_order_is_lost_when_the_shop_dies(shape: Shape) {
    survive(&shape.place().await, &["gateway"]).await;
}

/// One process after the other, while the rest of the shop goes on.
#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_order_is_lost_when_a_process_dies(shape: Shape) {
    let victims = ["orders", "payments", "catalog", "cart", "gateway"];
    survive(&shape.place().await, &victims).await;
}

/// What clients were told: the order of each key that got a 201.
type Acknowledged = Arc<Mutex<HashMap<String, String>>>;

/// Kills a process amid checkouts, and starts it again; `victims` are the roles of the
/// processes whose turn it is; the gateway's is the whole shop where that is one process.
async fn survive(place: &Place, victims: &[&'static str]) {
    let ports =
        place.ports.clone().unwrap_or_else(|| BTreeMap::from([("gateway", free_address())]));
    let start = async |role: &str| {
        let roles = if place.ports.is_some() { &[role][..] } else { &[] };
        let mut program = Program::start(place, roles, ports[role]);
        program.ready().await;
        program
    };
    let all = ports.keys().map(async |role| (*role, start(role).await));
    let mut shop: BTreeMap<&str, Program> = join_all(all).await.into_iter().collect();
    let http = Http::new(ports["gateway"]);
    stock_up(&http).await;
    let acknowledged = Acknowledged::default();
    for round in 0..KILLS {
        let before = acknowledged.lock().len();
        let clients = tokio::spawn(buy(http.clone(), acknowledged.clone(), round));
        // In the middle: when many have been told that they bought, more in each round.
        let enough = before + 20 * (round + 1) + 10;
        eventually("many buy", async || acknowledged.lock().len() >= enough).await;
        let victim = victims[round % victims.len()];
        shop.remove(victim).expect("it runs").kill();
        clients.abort();
        let _ = clients.await;
        shop.insert(victim, start(victim).await);
    }
    let admin = login(&http).await;
    eventually("every order is decided", async || {
        let pending = admin.get("/orders?all=true&status=pending&count=true").await.expect(200);
        pending["total"] == 0
    })
    .await;
    let told = acknowledged.lock().clone();
    for (key, id) in &told {
        let order = admin.get(&format!("/orders/{id}")).await.expect(200);
        assert_eq!(
            (&order["status"], &order["payment_status"]),
            (&json!("confirmed"), &json!("paid")),
            "{key}"
        );
    }
    assert!(told.len() > KILLS * 10);
    let check = place.command(&["check"]).output().expect("a check");
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{said}\n{}", String::from_utf8_lossy(&check.stderr));
    for (_, mut program) in shop {
        program.kill();
    }
}

/// Many clients, each a checkout after the other, without end.
async fn buy(http: Http, acknowledged: Acknowledged, round: usize) {
    futures::stream::iter(0..)
        .for_each_concurrent(CLIENTS, |number: usize| {
            let (http, acknowledged) = (http.clone(), acknowledged.clone());
            async move {
                let key = format!("{round}-{number}");
                let mut request = checkout("LAMP-1", "tok_visa");
                request["email"] = json!(format!("{key}@example.com"));
                let reply = http.post("/orders", request).key(&key).attempt().await;
                if let Ok(reply) = reply
                    && reply.status == 201
                {
                    let id = reply.body["id"].as_str().expect("an id").to_owned();
                    acknowledged.lock().insert(key, id);
                }
            }
        })
        .await;
}

async fn stock_up(http: &Http) {
    let admin = login(http).await;
    let product = json!({ "title": "Lamp", "status": "active",
        "variants": [{ "sku": "LAMP-1", "price": { "amount": 1_999, "currency": "USD" } }] });
    admin.post("/products", product).await.expect(201);
    let stock = json!({ "on_hand": 1_000_000 });
    admin.call("PUT", "/inventory/LAMP-1").json(stock).await.expect(200);
}

async fn login(http: &Http) -> Http {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    let answer = http.post("/auth/login", login).await.expect(200);
    http.bearer(answer["access_token"].as_str().expect("a token"))
}
