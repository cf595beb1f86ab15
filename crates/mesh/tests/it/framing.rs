//! What is made of requests whose end can be read in two ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::Request;
use axum::middleware::{Next, from_fn};
use chassis::testing::in_time;
use mesh::server::{self, Config};
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
                // So that the server reads the pieces one by one.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        let mut answers = Vec::new();
        let all = stream.read_to_end(&mut answers);
        let _ = in_time("the server closes the connection", all).await;
        String::from_utf8_lossy(&answers).into_owned()
    }
}

/// What an attacker wants a proxy and a server to read differently. Each ends with a second
/// request that must never be seen as one.
const AMBIGUOUS: [(&str, &str); 28] = [
    ("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    ("CL.CL equal", "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    ("CL.CL different", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n"),
    ("CL list", "Content-Length: 0, 0\r\n\r\n"),
    ("CL signed", "Content-Length: +0\r\n\r\n"),
    ("CL hexadecimal", "Content-Length: 0x0\r\n\r\n"),
    ("CL with a blank in it", "Content-Length: 0 0\r\n\r\n"),
    ("CL of too many digits", "Content-Length: 000000000000000000000\r\n\r\n"),
    ("CL after a bare LF", "X: y\nContent-Length: 0\r\n\r\n"),
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
    ("TE of two codings", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("NUL", "X: \0\r\n\r\n"),
    ("two hosts", "Host: other\r\n\r\n"),
    ("a host twice", "Host: shop\r\n\r\n"),
    ("the beginning of HTTP/2 in a head", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a head that ends with a bare LF", "X: y\r\n\n"),
    ("a length of a bare CR", "Content-Length: 0\r\r\n\r\n"),
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

/// What a client could once send so that nothing was looked at any more: each has a body in which
/// HTTP/2 seems to begin.
#[tokio::test]
async fn no_client_switches_the_eye_off() {
    let server = Counted::open().await;
    let preface = "PRI * HTTP/2.0\r\n\r\n";
    let zeros = "0".repeat(50);
    let chunk = format!("{}12\r\n{preface}\r\n0\r\n\r\n", "0".repeat(64));
    let mut before = 0;
    for (first, read) in [
        (format!("Content-Length: 18\r\n\r\n{preface}"), true),
        (format!("Transfer-Encoding: chunked\r\n\r\n12\r\n{preface}\r\n0\r\n\r\n"), true),
        (format!("Content-Length: {zeros}18\r\n\r\n{preface}"), false),
        (format!("Transfer-Encoding: chunked\r\n\r\n{chunk}"), false),
    ] {
        let first = format!("POST / HTTP/1.1\r\nHost: shop\r\n{first}");
        for (name, rest) in AMBIGUOUS {
            let hidden = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
            let second = format!("POST / HTTP/1.1\r\nHost: shop\r\n{rest}{hidden}");
            let request = format!("{first}{second}");
            let answers = server.send(request.as_bytes(), request.len()).await;
            let good = answers.matches("HTTP/1.1 200").count();
            assert_eq!(good, usize::from(read), "{first:?}, {name}: {answers}");
            assert!(answers.contains("HTTP/1.1 400 "), "{first:?}, {name}: {answers}");
            assert!(answers.contains("connection: close"), "{first:?}, {name}: {answers}");
            // The head of a broken body was well-formed: its handler has begun.
            let seen = server.seen.load(Ordering::SeqCst);
            let chunked = first.contains("chunked");
            assert!(seen - before <= usize::from(read || chunked), "{first:?}, {name}");
            before = seen;
        }
    }
}

#[tokio::test]
async fn a_request_that_names_no_host_or_a_malformed_one_is_told_so() {
    let server = Counted::open().await;
    for head in [
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nHost: a\"><script>",
        "GET / HTTP/1.1\r\nHost: a/b",
        "GET / HTTP/1.1\r\nHost: a@b",
        "GET / HTTP/1.1\r\nHost: a b",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: b",
        "GET http://a/ HTTP/1.1",
        "GET http://u@a/ HTTP/1.1\r\nHost: a",
    ] {
        let next = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
        let answers = server.send(format!("{head}\r\n\r\n{next}").as_bytes(), 40).await;
        assert!(answers.contains(" 400 Bad Request\r\n"), "{head:?}: {answers}");
        assert!(answers.contains("connection: close"), "{head:?}: {answers}");
        assert!(answers.contains("\"code\":\"malformed_host\""), "{head:?}: {answers}");
        assert_eq!(answers.matches("HTTP/1.").count(), 1, "{head:?}: {answers}");
    }
    assert_eq!(server.seen.load(Ordering::SeqCst), 0);
    for head in [
        "GET / HTTP/1.0",
        "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close",
        "GET http://A/ HTTP/1.1\r\nHost: b\r\nConnection: close",
    ] {
        let answer = server.send(format!("{head}\r\n\r\n").as_bytes(), 40).await;
        assert!(answer.contains(" 200 OK"), "{head:?}: {answer}");
    }
    // However long its first line is, HTTP/1.0 needs no Host.
    for length in 1..120 {
        let request = format!("GET /?{} HTTP/1.0\r\n\r\n", "x".repeat(length));
        let answer = server.send(request.as_bytes(), request.len()).await;
        assert!(answer.starts_with("HTTP/1.0 200 OK"), "{length}: {answer}");
    }
}

#[tokio::test]
async fn a_chunk_that_lies_about_its_size_ends_the_connection() {
    let server = Counted::open().await;
    let hidden = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
    for chunks in [
        "3\r\nabcd\r\n0\r\n\r\n",
        "x\r\nabc\r\n0\r\n\r\n",
        "3 \n\nabc0\r\n\r\n",
        "-1\r\n",
        "0\r\nt: u\n\r\n",
    ] {
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
