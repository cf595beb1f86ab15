//! Bodies that clients break off or get wrong, at every service: nobody else notices. And a service
//! that is stopped, which nobody waits for.

use std::net::SocketAddr;
use std::time::Duration;

use cartwright::registry::NAMES;
use chassis::testing::on;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::Http;
use crate::load::{Load, buying, reading};
use crate::shop::{Live, Shape, eventually_answers};

/// How often in a second, for each service, as many bodies are broken as makes a hundred of each
/// kind.
const TICKS: usize = 10;
const EACH: usize = 10;
/// More than a gateway waits for before it passes a body on.
const LARGE: usize = 70_000;

/// Where a service takes a body, and where it can be read from meanwhile.
struct Door {
    service: &'static str,
    write: (&'static str, String),
    read: String,
    user: Http,
}

async fn doors(shop: &Live) -> Vec<Door> {
    let product = shop.product("LAMP-1", 1_999, 1_000_000).await;
    let product = product["id"].as_str().expect("an id").to_owned();
    let (admin, ada) = (shop.admin().await, shop.customer("ada").await);
    let door = |service, write: (&'static str, &str), read: &str, user: &Http| {
        let write = (write.0, format!("/api/v1{}", write.1));
        Door { service, write, read: read.to_owned(), user: user.clone() }
    };
    let reviews = format!("/products/{product}/reviews");
    vec![
        door("identity", ("POST", "/auth/login"), "/users/me", &ada),
        door("catalog", ("POST", "/products"), "/products", &admin),
        door("cart", ("POST", "/cart/items"), "/cart", &ada),
        door("orders", ("POST", "/orders/quote"), "/orders", &ada),
        door("payments", ("POST", "/payments/1/refunds"), "/payments", &admin),
        door("reviews", ("POST", "/reviews"), &reviews, &ada),
        door(
            "notifications",
            ("PUT", "/notifications/preferences"),
            "/notifications/preferences",
            &ada,
        ),
    ]
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_cut_off_or_malformed_are_nobody_elses_problem(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let doors = doors(&shop).await;
    for name in NAMES {
        assert!(doors.iter().any(|it| it.service == name), "{name} is left out");
    }
    let said: Vec<usize> = shop.programs().iter().map(|it| it.said().len()).collect();
    let buyers = Load::start(1, buying(&shop.http));
    let readers: Vec<Load> =
        doors.iter().map(|it| Load::start(1, reading(&it.user, &it.read))).collect();
    for door in &doors {
        let mut broken = JoinSet::new();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / TICKS as u32);
        for _ in 0..TICKS {
            ticks.tick().await;
            for n in 0..EACH {
                let address = shop.http.address();
                let large = if n % 2 == 0 { String::new() } else { chunk(LARGE) };
                let malformed = door.chunked(&format!("{large}Z\r\n"));
                broken.spawn(async move { Some(send(address, &malformed).await) });
                let half = match n % 2 {
                    0 => door.sized(100, "{"),
                    _ => door.sized(2 * LARGE, &"x".repeat(LARGE)),
                };
                broken.spawn(async move {
                    cut(address, &half).await;
                    None
                });
            }
            door.user.get(&door.read).await.expect(200);
        }
        for answer in broken.join_all().await.into_iter().flatten() {
            let service = door.service;
            assert!(answer.starts_with("HTTP/1.1 4"), "{}: {service}: {answer}", place.kind);
        }
    }
    let bought = buyers.stop().await;
    assert!(bought > 0, "{}: nobody has bought", place.kind);
    for readers in readers {
        readers.stop().await;
    }
    // No circuit has opened, at the gateway or between services.
    for (program, before) in shop.programs().iter().zip(said) {
        let said = program.said().split_off(before);
        for complaint in
            ["most requests to the service fail", "an instance fails", "did not answer"]
        {
            assert!(!said.contains(complaint), "{said}");
        }
    }
    shop.check().await;
    shop.stop().await;
}

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_stopped_hangs_nobody_and_is_back_at_once(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let product = shop.product("LAMP-1", 1_999, 5).await;
    let path = format!("/products/{}/reviews", product["id"].as_str().expect("an id"));
    shop.http.get(&path).await.expect(200);
    let reviews = place.ports.as_ref().expect("ports")["reviews"];
    let stopped = shop.programs().iter().find(|it| it.address() == reviews).expect("reviews");
    stopped.signal("STOP");
    // Those at once are given up together, and then nobody is sent there any more.
    let asked = (0..12).map(|_| async { shop.http.get(&path).await });
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.problem(504), "gateway_timeout");
    }
    assert_eq!(shop.http.get(&path).await.problem(503), "service_unavailable");
    shop.http.get("/products").await.expect(200);
    stopped.signal("CONT");
    eventually_answers(
        || async { shop.http.get(&path).await.status.as_u16().into() },
        |status| *status == 200,
    )
    .await;
    shop.stop().await;
}

impl Door {
    fn head(&self, header: &str) -> String {
        let (method, path) = &self.write;
        let token = self.user.header("authorization").expect("a token");
        format!(
            "{method} {path} HTTP/1.1\r\nhost: shop\r\nauthorization: {token}\r\n\
             content-type: application/json\r\nidempotency-key: broken\r\n{header}\r\n\r\n"
        )
    }

    fn chunked(&self, body: &str) -> String {
        format!("{}{body}", self.head("transfer-encoding: chunked"))
    }

    fn sized(&self, length: usize, body: &str) -> String {
        format!("{}{body}", self.head(&format!("content-length: {length}")))
    }
}

fn chunk(length: usize) -> String {
    format!("{length:x}\r\n{}\r\n", "x".repeat(length))
}

/// Sends this and reads until the shop closes the connection.
async fn send(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may be refused before all of it is there.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends this and hangs up.
async fn cut(address: SocketAddr, text: &str) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let _ = stream.write_all(text.as_bytes()).await;
}
