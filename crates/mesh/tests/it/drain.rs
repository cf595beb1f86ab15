//! A process that stops while clients ask, and another that takes its place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Version};
use axum::routing::get;
use chassis::testing::{eventually, in_time};
use futures::StreamExt;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh::server::{self, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Process {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl Process {
    async fn start(address: &str, config: Config, router: Router) -> Self {
        let listener = server::bind(address, config.reuse_port).await.unwrap().listen().unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let served =
            tokio::spawn(async move { server::serve(listener, router, &config, token).await });
        Self { address, stop, served }
    }

    async fn stop(self) {
        self.stop.cancel();
        in_time("the server ends", self.served).await.unwrap();
    }
}

/// Patient with clients that are slow to send their next request.
fn shared() -> Config {
    Config { reuse_port: true, farewell_ms: 5_000, ..Config::default() }
}

fn router() -> Router {
    Router::new().fallback(async || {
        tokio::time::sleep(Duration::from_millis(2)).await;
        "hello"
    })
}

/// Asks again and again, on connections kept and on new ones, and repeats nothing. hyper's client
/// sends a request elsewhere only where not a byte of it was written.
async fn ask_on(address: SocketAddr, keep: bool, done: &AtomicBool, answers: &AtomicUsize) {
    let client: Client<_, Empty<&[u8]>> = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(if keep { 1 } else { 0 })
        .build_http();
    while !done.load(Ordering::Relaxed) {
        let request = Request::post(format!("http://{address}/")).body(Empty::new()).unwrap();
        let answer = in_time("an answer", client.request(request)).await;
        let answer = answer.unwrap_or_else(|error| panic!("a request failed: {error:?}"));
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_under_load_lose_no_request() {
    let mut process = Process::start("127.0.0.1:0", shared(), router()).await;
    let address = process.address;
    let (done, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..24)
        .map(|number| {
            let (done, answers) = (done.clone(), answers.clone());
            tokio::spawn(async move { ask_on(address, number % 3 > 0, &done, &answers).await })
        })
        .collect();
    for _ in 0..5 {
        let before = answers.load(Ordering::Relaxed);
        let next = Process::start(&address.to_string(), shared(), router()).await;
        process.stop().await;
        process = next;
        let more = async || answers.load(Ordering::Relaxed) >= before + 100;
        eventually("a hundred more answers", more).await;
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    process.stop().await;
}

#[tokio::test]
async fn an_address_is_shared_only_by_those_who_all_say_so() {
    let alone = Process::start("127.0.0.1:0", Config::default(), router()).await;
    let address = alone.address.to_string();
    for shared in [false, true] {
        let error = server::bind(&address, shared).await.unwrap_err().to_string();
        assert!(error.contains("another program uses it"), "{error}");
    }
    alone.stop().await;
    let first = Process::start(&address, shared(), router()).await;
    assert!(server::bind(&address, false).await.is_err());
    let second = server::bind(&address, true).await.unwrap();
    // Who has not begun to serve is sent nobody.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(first.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("hello"));
    }
    drop(second);
    first.stop().await;
}

#[tokio::test]
async fn who_waits_in_the_queue_is_answered() {
    // On one thread nothing is accepted before this test waits for something.
    let process = Process::start("127.0.0.1:0", shared(), router()).await;
    let mut waiting: Vec<_> = (0..50)
        .map(|_| {
            let stream = std::net::TcpStream::connect(process.address).unwrap();
            stream.set_nonblocking(true).unwrap();
            TcpStream::from_std(stream).unwrap()
        })
        .collect();
    process.stop.cancel();
    for stream in &mut waiting {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    }
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    drop(waiting);
    process.stop().await;
}

#[tokio::test]
async fn a_request_that_is_just_being_sent_is_answered() {
    let config = Config { farewell_ms: 20_000, ..Config::default() };
    let process = Process::start("127.0.0.1:0", config, router()).await;
    let mut stream = TcpStream::connect(process.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut first = vec![0; 1024];
    let length = stream.read(&mut first).await.unwrap();
    let first = String::from_utf8_lossy(&first[..length]).into_owned();
    assert!(first.starts_with("HTTP/1.1 200") && !first.contains("connection: close"), "{first}");
    process.stop.cancel();
    for piece in request.chunks(7) {
        // Long for a server that closes what is idle, and far less than it waits.
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(piece).await.unwrap();
    }
    let mut last = String::new();
    stream.read_to_string(&mut last).await.unwrap();
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    drop(stream);
    process.stop().await;
}

#[tokio::test]
async fn an_http_2_client_is_told_to_go_and_its_requests_are_answered() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        get(move || async move {
            begun.notify_one();
            go_on.notified().await;
            "slow"
        })
    };
    let router = Router::new().route("/", slow);
    let process = Process::start("127.0.0.1:0", Config::default(), router).await;
    let io = TokioIo::new(TcpStream::connect(process.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = || Request::get("http://shop/").body(Empty::<&[u8]>::new()).unwrap();
    let answer = tokio::spawn(sender.send_request(request()));
    begun.notified().await;
    process.stop.cancel();
    // For the client to hear of it; the answer comes after that as well as before.
    tokio::time::sleep(Duration::from_millis(50)).await;
    go_on.notify_one();
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "slow");
    // The client would have stayed.
    in_time("the client is sent away", connection).await.unwrap().unwrap();
    drop(sender);
    process.stop().await;
}

#[tokio::test]
async fn a_stream_of_events_ends_well_when_the_process_stops() {
    let router = Router::new().route(
        "/",
        get(async || {
            let one = futures::stream::once(async { Ok::<_, std::io::Error>("data: 1\n\n") });
            let body = Body::from_stream(one.chain(futures::stream::pending()));
            ([("content-type", "text/event-stream; charset=utf-8")], body)
        }),
    );
    for (stop, config) in
        [(true, Config::default()), (false, Config { stream_idle_ms: 100, ..Config::default() })]
    {
        let process = Process::start("127.0.0.1:0", config, router.clone()).await;
        let mut stream = TcpStream::connect(process.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"data: 1\n\n\r\n") {
            stream.read_buf(&mut answer).await.unwrap();
        }
        if stop {
            process.stop.cancel();
        }
        in_time("the stream ends", stream.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.ends_with(b"\r\n0\r\n\r\n"), "a whole answer");
        drop(stream);
        process.stop().await;
    }
}

/// Answers an upgrade and repeats what it is told.
fn echo() -> Router {
    Router::new().route(
        "/",
        get(async |mut request: Request<Body>| {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut io = TokioIo::new(upgraded.await.unwrap());
                let mut bytes = [0; 64];
                while let Ok(length @ 1..) = io.read(&mut bytes).await {
                    io.write_all(&bytes[..length]).await.unwrap();
                }
                let _ = io.shutdown().await;
            });
            (axum::http::StatusCode::SWITCHING_PROTOCOLS, [("upgrade", "echo")])
        }),
    )
}

async fn upgrade(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

#[tokio::test]
async fn an_upgraded_connection_is_left_alone_until_the_process_stops() {
    let process = Process::start("127.0.0.1:0", Config::default(), echo()).await;
    let mut stream = upgrade(process.address).await;
    // What no head of a request may contain.
    for bytes in [&b"\n\0\r\n\r\n\n"[..], b"content-length: x\r\n"] {
        stream.write_all(bytes).await.unwrap();
        let mut back = vec![0; bytes.len()];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, bytes);
    }
    process.stop.cancel();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "the other side goes");
    drop(stream);
    process.stop().await;
}

#[tokio::test]
async fn a_silent_upgraded_connection_ends_and_keeps_its_place_until_then() {
    let config =
        Config { stream_idle_ms: 1_500, max_connections_from_loopback: 1, ..Config::default() };
    let process = Process::start("127.0.0.1:0", config, echo()).await;
    let mut stream = upgrade(process.address).await;
    let mut refused = TcpStream::connect(process.address).await.unwrap();
    let mut answer = String::new();
    refused.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let ended = in_time("the connection ends", stream.read(&mut [0; 8])).await;
    assert_eq!(ended.unwrap(), 0);
    drop(stream);
    process.stop().await;
}
