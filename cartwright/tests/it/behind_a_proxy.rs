//! A shop behind a proxy it trusts: every limit is one of the clients, none of the proxy.

use chassis::testing::on;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::shop::{Live, Shape};

/// The status of a failed login from a client of the proxy.
async fn guess(shop: &Live, client: &str, account: u32) -> u16 {
    let login = json!({ "email": format!("nobody-{account}@example.com"), "password": "guessed" });
    let call = shop.http.post("/auth/login", login).header("x-forwarded-for", client);
    call.attempt().await.expect("an answer").status.as_u16()
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn failed_logins_and_connections_count_for_the_client_behind_a_trusted_proxy(shape: Shape) {
    let mut place = shape.place().await;
    place.config.gateway.trusted_proxies = vec!["127.0.0.1".to_owned()];
    place.config.identity.failures_per_address = 3;
    place.config.connections.max_connections_per_address = 1;
    place.config.connections.max_connections_from_loopback = 40;
    let shop = place.start_here().await;
    for account in 0..3 {
        assert_eq!(guess(&shop, "198.51.100.1", account).await, 401, "{}", place.kind);
    }
    assert_eq!(guess(&shop, "198.51.100.1", 4).await, 429, "{}", place.kind);
    assert_eq!(guess(&shop, "198.51.100.2", 5).await, 401, "{}", place.kind);
    // What a client writes itself stands before what the proxy adds.
    assert_eq!(guess(&shop, "198.51.100.2, 198.51.100.1", 6).await, 429, "{}", place.kind);

    let mut connections = Vec::new();
    for _ in 0..50 {
        let stream = TcpStream::connect(shop.http.address()).await.expect("a connection");
        connections.push(stream);
    }
    for stream in &mut connections {
        let request = b"GET /live HTTP/1.1\r\nhost: shop\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200", "{}", place.kind);
    }
    drop(connections);
    shop.stop().await;
}
