//! `kill -9` of the real program in the middle of many checkouts, over and over.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::json;

use crate::client::Http;
use crate::shop::{ADMIN, Place, checkout, postgres, sqlite};

const KILLS: usize = 5;
const CHECKOUTS: usize = 500;
const CLIENTS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_order_is_lost_on_sqlite() {
    survive(&sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_order_is_lost_on_postgresql() {
    if let Some(place) = postgres().await {
        survive(&place).await;
    }
}

/// What clients were told: the order of each key that got a 201.
type Acknowledged = Arc<Mutex<HashMap<String, String>>>;

async fn survive(place: &Place) {
    let address = free_address();
    let mut shop = Program::start(place, address);
    let http = Http::new(address);
    shop.ready(&http).await;
    stock_up(&http).await;
    let acknowledged = Acknowledged::default();
    for round in 0..KILLS {
        let before = acknowledged.lock().expect("no panic under the lock").len();
        let clients = tokio::spawn(buy(http.clone(), acknowledged.clone(), round));
        // In the middle: when a fifth of them has been told that they bought.
        let share = before + CHECKOUTS / 5 * (round + 1) / KILLS + 10;
        while acknowledged.lock().expect("no panic under the lock").len() < share
            && !clients.is_finished()
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(!clients.is_finished(), "the kill came too late to show anything");
        shop.kill();
        clients.abort();
        let _ = clients.await;
        shop = Program::start(place, address);
        shop.ready(&http).await;
    }
    let decided = Instant::now();
    let admin = login(&http).await;
    loop {
        let pending = admin.get("/orders?all=true&status=pending&count=true").await.expect(200);
        if pending["total"] == 0 {
            break;
        }
        assert!(decided.elapsed() < Duration::from_secs(60), "undecided: {pending:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let told = acknowledged.lock().expect("no panic under the lock").clone();
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
    shop.kill();
}

/// Many clients, each a checkout after the other, until all are done or the shop is gone.
async fn buy(http: Http, acknowledged: Acknowledged, round: usize) {
    futures::stream::iter(0..CHECKOUTS)
        .for_each_concurrent(CLIENTS, |number| {
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
                    acknowledged.lock().expect("no panic under the lock").insert(key, id);
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

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// The program, running. Killed when dropped.
pub struct Program(Child);

impl Program {
    pub fn start(place: &Place, address: SocketAddr) -> Self {
        let address = address.to_string();
        let mut command = place.command(&["serve", "--listen", &address]);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program"))
    }

    pub async fn ready(&mut self, http: &Http) {
        for _ in 0..600 {
            if let Ok(reply) = http.get("//ready").attempt().await
                && reply.status == 200
            {
                return;
            }
            if let Some(status) = self.0.try_wait().expect("a status") {
                panic!("the program ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the program does not become ready");
    }

    pub fn kill(&mut self) {
        self.0.kill().expect("kill -9");
        self.0.wait().expect("the end");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    /// The real program with the settings of this place.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartwright"));
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin");
        let directory = self.config.server.data_dir.display().to_string();
        command
            .env("CARTWRIGHT__SERVER__DATA_DIR", directory)
            .env("CARTWRIGHT__DATABASE__URL", &self.config.database.url)
            .env("CARTWRIGHT__DATABASE__CONNECTIONS", self.config.database.connections.to_string())
            .env("CARTWRIGHT__SHOP__DEMO", self.config.shop.demo.to_string())
            .env("CARTWRIGHT__ADMIN__EMAIL", &self.config.admin.email)
            .env("CARTWRIGHT__ADMIN__PASSWORD", &self.config.admin.password)
            .env("CARTWRIGHT__GATEWAY__RATE_LIMITS", self.config.gateway.rate_limits.to_string());
        command
    }
}
