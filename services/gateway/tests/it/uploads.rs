//! What clients do with the bodies of their requests, and services that do not answer: on the way
//! to a service in this process and to one in another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::any;
use gateway::Config;
use http::{HeaderMap, header};
use mesh::server;
use mesh::target::ServiceTarget;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::edge::{Served, ask, body, gateway, raw, serve, serve_as, there};

const CHUNKED: &str =
    "POST /api/products HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

/// A service that tells how long a body was, and counts how often it was asked.
struct Service {
    asked: Arc<AtomicUsize>,
    router: Router,
}

impl Service {
    fn new() -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let count = asked.clone();
        let answer = async move |headers: HeaderMap, request: Request| {
            count.fetch_add(1, Ordering::SeqCst);
            let read = axum::body::to_bytes(request.into_body(), usize::MAX).await;
            let Ok(bytes) = read else { return http::StatusCode::BAD_REQUEST.into_response() };
            let whole = headers.contains_key(header::CONTENT_LENGTH);
            Bytes::from(format!("{} {whole}", bytes.len())).into_response()
        };
        Self { asked, router: Router::new().route("/api/v1/products", any(answer)) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// In this process, and in another one.
    async fn ways(&self) -> ([ServiceTarget; 2], Served) {
        let other = serve(self.router.clone()).await;
        ([self.router.clone().into(), there(other.address)], other)
    }
}

/// A chunk of this many bytes.
fn chunk(length: usize) -> String {
    format!("{length:x}\r\n{}\r\n", "x".repeat(length))
}

#[tokio::test]
async fn no_service_is_asked_before_a_small_body_is_whole() {
    let service = Service::new();
    let (ways, _other) = service.ways().await;
    for reach in ways {
        let elsewhere = matches!(reach, ServiceTarget::Remote(..));
        let shop = serve(gateway(Config::default(), reach)).await;
        for wrong in ["Z\r\n", "5\r\nabc", "2\r\nabcd\r\n0\r\n\r\n"] {
            let mut stream = TcpStream::connect(shop.address).await.unwrap();
            stream.write_all(format!("{CHUNKED}{wrong}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let answer = raw(&mut stream, "").await;
            let refused = answer.starts_with("HTTP/1.1 400 ") && answer.contains("body_unreadable");
            // Who has hung up may get no answer.
            assert!(refused || answer.is_empty(), "{wrong:?}: {answer}");
            assert_eq!(service.asked(), 0, "{wrong:?}");
        }
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let answer = raw(&mut stream, &format!("{CHUNKED}{}Z\r\n", chunk(9))).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert_eq!(body(&answer)["code"], "body_unreadable");
        assert_eq!(service.asked(), 0);

        let whole = format!("{}{}0\r\n\r\n", chunk(9), chunk(60_000));
        let request = CHUNKED.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n") + &whole;
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let answer = raw(&mut stream, &request).await;
        let told = format!("60009 {elsewhere}");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&told), "{answer}");
        assert_eq!(service.asked.swap(0, Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_larger_body_streams_and_what_is_wrong_with_it_is_the_clients() {
    let service = Service::new();
    let (ways, _other) = service.ways().await;
    for reach in ways {
        let shop = serve(gateway(Config::default(), reach)).await;
        // More than enough to open a circuit.
        for _ in 0..15 {
            let mut stream = TcpStream::connect(shop.address).await.unwrap();
            let request = format!("{CHUNKED}{}Z\r\n", chunk(70_000));
            let answer = raw(&mut stream, &request).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            let mut cut = TcpStream::connect(shop.address).await.unwrap();
            cut.write_all(format!("{CHUNKED}{}", chunk(70_000)).as_bytes()).await.unwrap();
        }
        let whole = format!("{}{}0\r\n\r\n", chunk(70_000), chunk(70_000));
        let request = CHUNKED.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n") + &whole;
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let answer = raw(&mut stream, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("140000 "), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_trickles_ends_with_its_time_and_no_service_hears_of_it() {
    let service = Service::new();
    let (ways, _other) = service.ways().await;
    for reach in ways {
        let config = server::Config { body_timeout_ms: 200, ..server::Config::default() };
        let shop = serve_as(gateway(Config::default(), reach), config).await;
        let stream = TcpStream::connect(shop.address).await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        let trickle = tokio::spawn(async move {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            writer.write_all(CHUNKED.as_bytes()).await.unwrap();
            while writer.write_all(chunk(1).as_bytes()).await.is_ok() {
                pause.tick().await;
            }
        });
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        // The connection ends while the client still sends.
        trickle.await.unwrap();
        assert_eq!(service.asked(), 0);
    }
}

#[tokio::test]
async fn a_service_that_is_frozen_hangs_nobody() {
    // Connections are made, and nothing is ever read.
    let frozen = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config { timeout_seconds: 600, read_timeout_seconds: 600, ..Config::default() };
    let shop = serve(gateway(config, there(frozen.local_addr().unwrap()))).await;
    let get = "GET /api/products HTTP/1.1\r\nhost: a";
    let post = "POST /api/products HTTP/1.1\r\nhost: a\r\ncontent-length: 0";
    let asked = (0..12).map(|it| ask(shop.address, if it % 2 == 0 { get } else { post }));
    for answer in futures::future::join_all(asked).await {
        assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
        assert_eq!(body(&answer)["code"], "gateway_timeout");
    }
    for head in [get, post] {
        let answer = ask(shop.address, head).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}
