//! What a client with a socket can do to a listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::routing::{get, post};
use chassis::testing::{eventually, in_time};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh::server::{self, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A server on a port of its own.
struct Shop {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<()>,
    /// A request to `/slow` has come.
    begun: Arc<Notify>,
    /// Lets `/slow` answer.
    go_on: Arc<Notify>,
}

impl Shop {
    async fn open(config: Config) -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            move || async move {
                begun.notify_one();
                go_on.notified().await;
                "slow"
            }
        };
        let later = {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            move |request: Request| async move {
                begun.notify_one();
                go_on.notified().await;
                let read = request.into_body().collect().await;
                read.map(|it| it.to_bytes()).map_err(|it| it.to_string())
            }
        };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route(
                "/peer",
                get(|ConnectInfo(it): ConnectInfo<SocketAddr>| async move { it.to_string() }),
            )
            .route("/refuse", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") }))
            .route("/big", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .route("/read", post(|body: Bytes| async move { body.len().to_string() }))
            .route("/read-later", post(later));
        let listener = server::bind("127.0.0.1:0", false).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = {
            let stop = stop.clone();
            tokio::spawn(async move { server::serve(listener, router, &config, stop).await })
        };
        Self { address, stop, served, begun, go_on }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read(&mut stream).await
    }
}

/// Everything until the other side closes, in whatever way.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = in_time("the server closes the connection", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: shop\r\n\r\n")
}

/// In milliseconds, for a limit that is not to be what ends something.
const FOREVER: u64 = 600_000;

#[tokio::test]
async fn a_request_is_answered_and_told_where_it_came_from() {
    let shop = Shop::open(Config::default()).await;
    let answer = shop.send(b"GET /peer HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\n\r\n127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_cut_off() {
    let config = Config { head_timeout_ms: 100, keep_alive_ms: FOREVER, ..Config::default() };
    let shop = Shop::open(config).await;
    for head in ["", "P", "GET / HT", "GET / HTTP/1.1\r\nhost: sho", "PRI * HTTP/2.0\r\n"] {
        let began = Instant::now();
        let answer = shop.send(head.as_bytes()).await;
        assert!(began.elapsed() >= Duration::from_millis(90), "{head:?}: {:?}", began.elapsed());
        assert!(!answer.contains("200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_outlives_the_deadline_of_its_first_head() {
    let config = Config { head_timeout_ms: 50, keep_alive_ms: 300, ..Config::default() };
    let shop = Shop::open(config).await;
    // All of the head is there before the server looks, on the only thread.
    let mut stream = std::net::TcpStream::connect(shop.address).unwrap();
    std::io::Write::write_all(&mut stream, get_request("/slow").as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut stream = TcpStream::from_std(stream).unwrap();
    shop.begun.notified().await;
    // Longer than the head may take: not the head's deadline counts now, but no deadline at all.
    sleep(Duration::from_millis(150)).await;
    shop.go_on.notify_one();
    let answers = read(&mut stream).await;
    assert!(answers.starts_with("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn a_body_that_stalls_ends() {
    let config = Config { body_idle_ms: 100, body_timeout_ms: FOREVER, ..Config::default() };
    let shop = Shop::open(config).await;
    let head = "POST /read HTTP/1.1\r\nhost: shop\r\ncontent-length: 10\r\n\r\nabc";
    let answer = shop.send(head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_body_that_trickles_ends_with_its_time() {
    let shop = Shop::open(Config { body_timeout_ms: 200, ..Config::default() }).await;
    for head in ["content-length: 1000000", "transfer-encoding: chunked"] {
        let mut stream = shop.connect().await;
        let head = format!("POST /read HTTP/1.1\r\nhost: shop\r\n{head}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let trickle = tokio::spawn(async move {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            // A chunk of one byte, or a few bytes of a longer body.
            while writer.write_all(b"1\r\nx\r\n").await.is_ok() {
                pause.tick().await;
            }
        });
        let mut answer = String::new();
        let _ = reader.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        // The server closes while the client still sends.
        trickle.await.unwrap();
    }
}

#[tokio::test]
async fn a_body_has_more_time_the_more_of_it_has_come() {
    let config = Config { body_timeout_ms: 1_000, ..Config::default() };
    let shop = Shop::open(config).await;
    let length = 320 * 1024;
    let head = format!("POST /read HTTP/1.1\r\nhost: shop\r\ncontent-length: {length}\r\n\r\n");
    let mut stream = shop.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; length - 1]).await.unwrap();
    // Of ten seconds more.
    sleep(Duration::from_millis(1_500)).await;
    stream.write_all(b"x").await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_time_in_which_nobody_reads_a_body_is_not_the_clients() {
    let config = Config { body_timeout_ms: 100, body_idle_ms: 100, ..Config::default() };
    let shop = Shop::open(config).await;
    let mut stream = shop.connect().await;
    let request = b"POST /read-later HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\nbody";
    stream.write_all(request).await.unwrap();
    shop.begun.notified().await;
    sleep(Duration::from_millis(300)).await;
    shop.go_on.notify_one();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test]
async fn an_answer_nobody_takes_ends() {
    let config = Config { body_idle_ms: 100, drain_ms: FOREVER, ..Config::default() };
    let shop = Shop::open(config).await;
    let mut stream = shop.connect().await;
    stream.write_all(get_request("/big").as_bytes()).await.unwrap();
    let mut first = [0; 4];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP");
    // The server ends only when the connection has.
    shop.stop.cancel();
    in_time("the server ends", shop.served).await.unwrap();
    drop(stream);
}

#[tokio::test]
async fn the_answer_to_a_body_that_is_refused_arrives() {
    let shop = Shop::open(Config::default()).await;
    for _ in 0..20 {
        let length = 8 * 1024 * 1024;
        let mut request =
            format!("POST /refuse HTTP/1.1\r\nhost: shop\r\ncontent-length: {length}\r\n\r\n")
                .into_bytes();
        request.resize(request.len() + length, b'x');
        let answer = shop.send(&request).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer:?}");
        assert!(answer.ends_with("too large"), "{answer:?}");
        // Else a client would send its next request into a connection that ends.
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer:?}");
    }
    let mut stream = shop.connect().await;
    let request = b"POST /read HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\nbody";
    stream.write_all(request).await.unwrap();
    let last =
        b"POST /read HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx";
    stream.write_all(last).await.unwrap();
    assert_eq!(read(&mut stream).await.matches("200 OK").count(), 2);
}

#[tokio::test]
async fn a_drain_lets_a_request_finish_and_no_other_begin() {
    let shop = Shop::open(Config::default()).await;
    let mut idle = shop.connect().await;
    let mut stream = shop.connect().await;
    stream.write_all(get_request("/slow").as_bytes()).await.unwrap();
    shop.begun.notified().await;
    shop.stop.cancel();
    assert_eq!(read(&mut idle).await, "", "an idle connection is closed at once");
    assert!(!shop.served.is_finished());
    shop.go_on.notify_one();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("slow"), "{answer}");
    drop((idle, stream));
    in_time("the server ends", shop.served).await.unwrap();
    assert!(TcpStream::connect(shop.address).await.is_err());
}

#[tokio::test]
async fn a_drain_does_not_wait_forever() {
    let config = Config { drain_ms: 100, ..Config::default() };
    let shop = Shop::open(config).await;
    let mut stream = shop.connect().await;
    stream.write_all(get_request("/slow").as_bytes()).await.unwrap();
    shop.begun.notified().await;
    shop.stop.cancel();
    in_time("the server ends", shop.served).await.unwrap();
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_a_place_that_gets_free_is_given_away() {
    let config = Config { max_connections_from_loopback: 1, ..Config::default() };
    let shop = Shop::open(config).await;
    let mut first = shop.connect().await;
    first.write_all(get_request("/slow").as_bytes()).await.unwrap();
    shop.begun.notified().await;
    let mut second = shop.connect().await;
    let answer = read(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], "too_many_connections");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    drop(first);
    eventually("the place gets free", async || {
        let mut third = shop.connect().await;
        // The refusal may already have closed the connection.
        let _ = third.write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
        let answer = read(&mut third).await;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer) }
    })
    .await;
}

#[tokio::test]
async fn http_2_is_spoken_with_who_begins_with_it() {
    let shop = Shop::open(Config::default()).await;
    let io = TokioIo::new(shop.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://shop/").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
    drop(sender);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_explained() {
    let taken = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = server::bind(&address.to_string(), false).await.unwrap_err().to_string();
    assert_eq!(error, format!("cannot listen on {address}: another program uses it"));
    let error = server::bind("192.0.2.1:8080", false).await.unwrap_err().to_string();
    assert!(error.contains("this machine has no such address"), "{error}");
    for nonsense in ["", "8080", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:1"] {
        let error = server::bind(nonsense, false).await.unwrap_err().to_string();
        assert!(error.contains("write it like 127.0.0.1:8080"), "{error}");
    }
}
