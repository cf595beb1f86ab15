//! The clients of five other shops, each served on its own listener by a file of
//! `examples/routes`: what they send and what they get, in their words.

mod common;
mod r0;
mod r1;
mod r2;
mod r3;
mod r4;
mod rows;
mod shape;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::Output;

use chassis::testing::on;
use futures::FutureExt;
use gateway::Listen;
use serde_json::{Value, json};

use crate::client::{Call, Http};
use crate::shop::{ADMIN, Live, Place, Shape};

use rows::Rows;
use shape::fits;

/// The files, in the order of the systems.
const FILES: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];

/// A password every client may have.
const PASSWORD: &str = "correct horse battery";

/// A shop with a listener for each of the five kinds of clients.
struct World {
    place: Place,
    shop: Live,
    listeners: [Http; 5],
    rows: Rows,
}

/// Somebody at one of the listeners, perhaps logged in.
#[derive(Clone)]
struct Client(Http);

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_path_is_served_as_its_clients_know_it(shape: Shape) {
    let place = shape.place().await;
    let world = World::start(place).await;
    // One after the other, and all of them even where one fails.
    let failed = [
        common::walk(&world).failed().await,
        r0::walk(&world).failed().await,
        r1::walk(&world).failed().await,
        r2::walk(&world).failed().await,
        r3::walk(&world).failed().await,
        r4::walk(&world).failed().await,
    ];
    assert_eq!(failed, [false; 6], "{}", world.place.kind);
    world.rows.are_all_walked();
    world.shop.check().await;
    world.shop.stop().await;
}

impl World {
    async fn start(mut place: Place) -> Self {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/routes");
        let listen = |name: &str| Listen {
            name: name.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            routes: files.join(format!("{name}.toml")),
        };
        place.config.gateway.listeners = FILES.map(listen).to_vec();
        place.config.catalog.views_seconds = 1;
        // Answers shared by copies may tell of views and sales two minutes late.
        place.config.redis.url.clear();
        // In this process, where the ports that listeners took are known.
        let shop = place.start_here().await;
        let listeners = FILES.map(|name| Http::new(shop.further(name)));
        Self { place, shop, listeners, rows: Rows::default() }
    }

    /// Somebody at the listener of one of the five, not logged in.
    fn client(&self, listener: usize) -> Client {
        Client(self.listeners[listener].clone())
    }

    fn command(&self, args: &[&str]) -> Output {
        self.place.command(args).output().expect("the program")
    }
}

impl Client {
    /// A request to a path as it is.
    fn call(&self, method: &str, path: &str) -> Call {
        self.0.call(method, &format!("/{path}"))
    }

    fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    fn post(&self, path: &str, body: Value) -> Call {
        self.call("POST", path).json(body)
    }

    fn put(&self, path: &str, body: Value) -> Call {
        self.call("PUT", path).json(body)
    }

    fn patch(&self, path: &str, body: Value) -> Call {
        self.call("PATCH", path).json(body)
    }

    fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    fn bearer(&self, token: &Value) -> Self {
        Self(self.0.bearer(token.as_str().expect("a token")))
    }

    /// What lies there, of this form.
    #[track_caller]
    fn shows(&self, path: &str, form: &Value) -> impl Future<Output = Value> {
        let call = self.get(path);
        async move {
            let shown = call.await.expect(200);
            fits(&shown, form);
            shown
        }
    }
}

/// A part of the journey that must not keep the others from being walked.
trait Part: Future<Output = ()> + Sized {
    async fn failed(self) -> bool {
        AssertUnwindSafe(self).catch_unwind().await.is_err()
    }
}

impl<F: Future<Output = ()>> Part for F {}

/// The id of something.
#[track_caller]
fn id(it: &Value) -> &str {
    it["id"].as_str().unwrap_or_else(|| panic!("no id: {it}"))
}

/// The items of a list with this many at least.
#[track_caller]
fn items(list: &Value) -> &Vec<Value> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}"))
}

fn admin_login() -> Value {
    json!({ "email": ADMIN.0, "password": ADMIN.1 })
}
