//! What is made of requests whose end can be read in two ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::Request;
use axum::middleware::{Next, from_fn};
use chassis::server::{self, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A server that counts what its service sees.
struct Counted {
    address: std::net::SocketAddr,
    seen: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl Counted {
    async fn open() -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = seen.clone();
        let count = move |request: Request<axum::body::Body>, next: Next| {
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        };
        let router = Router::new()
            .fallback(async |body: Result<Bytes, _>| match body {
                Ok(body) => Ok(body.len().to_string()),
                Err(error) => Err(error),
            })
            .layer(from_fn(count));
        let listener = server::bind("127.0.0.1:0", false).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        tokio::spawn(
            async move { server::serve(listener, router, &Config::default(), stop).await },
        );
        Self { address, seen, _stop: guard }
    }

    /// All that is answered to these bytes, sent in pieces of a size.
    async fn send(&self, bytes: &[u8], size: usize) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        for piece in bytes.chunks(size) {
            // The server may have closed already.
            let _ = stream.write_all(piece).await;
            if size < bytes.len() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        let mut answers = Vec::new();
        let all = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answers));
        let _ = all.await.expect("the server closes the connection");
        String::from_utf8_lossy(&answers).into_owned()
    }
}

/// What an attacker wants a proxy and a server to read differently. Each ends with a second
/// request that must never be seen as one.
const AMBIGUOUS: [(&str, &str); 20] = [
    ("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    ("CL.CL equal", "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    ("CL.CL different", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n"),
    ("CL list", "Content-Length: 0, 0\r\n\r\n"),
    ("CL signed", "Content-Length: +0\r\n\r\n"),
    ("CL hexadecimal", "Content-Length: 0x0\r\n\r\n"),
    ("CL of nothing", "Content-Length: \r\n\r\n"),
    ("CL with a space before its colon", "Content-Length : 0\r\n\r\n"),
    ("TE twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE hidden", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("TE list", "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
    ("TE with a vertical tab", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("TE with a space before its colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("TE folded", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ("TE after a bare CR", "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE not last", "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("NUL", "X: \0\r\n\r\n"),
    ("two hosts", "Host: other\r\n\r\n"),
    ("a line that is no header", "GET /admin HTTP/1.1\r\n\r\n"),
];

#[tokio::test]
async fn a_request_that_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_seen() {
    let server = Counted::open().await;
    for (name, rest) in AMBIGUOUS {
        let hidden = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
        let request = format!("POST / HTTP/1.1\r\nHost: shop\r\n{rest}{hidden}{hidden}");
        for size in [request.len(), 40, 1] {
            let answers = server.send(request.as_bytes(), size).await;
            assert!(answers.starts_with("HTTP/1.1 400 "), "{name} by {size}: {answers}");
            assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{name} by {size}: {answers}");
            assert!(answers.contains("connection: close"), "{name} by {size}: {answers}");
            assert_eq!(server.seen.load(Ordering::SeqCst), 0, "{name} by {size}");
        }
    }
}

#[tokio::test]
async fn a_chunk_that_lies_about_its_size_ends_the_connection() {
    let server = Counted::open().await;
    let hidden = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
    for chunks in
        ["3\r\nabcd\r\n0\r\n\r\n", "x\r\nabc\r\n0\r\n\r\n", "3 \n\nabc0\r\n\r\n", "-1\r\n"]
    {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{hidden}"
        );
        for size in [request.len(), 1] {
            let before = server.seen.load(Ordering::SeqCst);
            let answers = server.send(request.as_bytes(), size).await;
            assert!(!answers.contains(" 200 "), "{chunks:?}: {answers}");
            assert!(server.seen.load(Ordering::SeqCst) <= before + 1, "{chunks:?}");
        }
    }
}

#[tokio::test]
async fn what_is_malformed_or_too_large_gets_its_status() {
    let server = Counted::open().await;
    let long = "x".repeat(70_000);
    for (status, request) in [
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "nonsense\r\n\r\n".to_owned()),
        (400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        (400, "G\u{e4}T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\nx: {long}\r\n\r\n")),
        (431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(200))),
    ] {
        let answer = server.send(request.as_bytes(), request.len()).await;
        let shown: String = request.chars().take(60).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {answer}");
    }
    assert_eq!(server.seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn requests_one_after_the_other_are_all_seen() {
    let server = Counted::open().await;
    let requests = "\r\nPOST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc\
        POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;x=\"y\"\r\nabcde\r\n00\r\nTrailer: z\r\n\r\n\
        GET / HTTP/1.1\r\nHost: shop\r\n\r\n\
        POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: 2\r\n\r\n\r\n";
    for size in [requests.len(), 40, 3, 1] {
        let answers = server.send(requests.as_bytes(), size).await;
        let bodies: Vec<&str> =
            answers.split("\r\n\r\n").skip(1).map(|it| &it[..it.len().min(1)]).collect();
        assert_eq!(bodies, ["3", "5", "0", "2"], "by {size}: {answers}");
    }
}
