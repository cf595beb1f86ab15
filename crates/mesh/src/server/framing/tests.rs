use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_util::sync::CancellationToken;

use super::*;

/// Whether these bytes pass, in pieces of every size.
fn passes(bytes: &str) -> bool {
    let verdicts: Vec<bool> = [1, 2, 3, 7, bytes.len()]
        .into_iter()
        .map(|size| {
            let mut framing = Framing::default();
            let mut seen = Vec::new();
            for piece in bytes.as_bytes().chunks(size) {
                let mut piece = piece.to_vec();
                framing.look(&mut piece);
                seen.extend(piece);
            }
            assert_eq!(framing.at == At::Refused, seen != bytes.as_bytes(), "{bytes:?}");
            framing.at != At::Refused
        })
        .collect();
    assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{bytes:?}: {verdicts:?}");
    verdicts[0]
}

#[test]
fn a_request_that_can_be_read_in_one_way_passes() {
    let long = "x".repeat(3 * KEPT);
    for request in [
        "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "PRICE / HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length:\t 00000000000000000003 \r\n\r\nabc",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n\
         3;x=y\r\nabc\r\nA \r\n0123456789\r\n0\r\nt: u\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 44\r\n\r\n\
         content-length: 1\r\ncontent-length: 2\r\n\r\n12345",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nhost: a\nhost: b\r\n\r\n",
        &format!("GET /?{long} HTTP/1.1\r\nhost: a\r\ncookie: {long}\r\n\r\n"),
    ] {
        assert!(passes(request), "{request:?}");
    }
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_spoiled() {
    let blanks = " ".repeat(KEPT);
    for headers in [
        "content-length: 3\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\nContent-Length: 3",
        "content-length: 3\r\ncontent-length: 3",
        "content-length: 3\r\nx: y\r\nCONTENT-LENGTH: 4",
        "content-length: +3",
        "content-length: 3, 3",
        "content-length: 0x3",
        "content-length:",
        "content-length: 3 0",
        "content-length: 000000000000000000003",
        &format!("content-length: {}3", "0".repeat(50)),
        &format!("content-length: {}3", "0".repeat(KEPT)),
        &format!("content-length:{blanks}3"),
        &format!("content-length: 3{blanks}"),
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: identity",
        &format!("transfer-encoding: chunked{blanks}, gzip"),
        "x: y\ncontent-length: 3",
        "x: y\rcontent-length: 3",
        "no header",
    ] {
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\nabc");
        assert!(!passes(&request), "{headers:?}");
        let second = format!("GET / HTTP/1.1\r\nhost: a\r\n\r\n{request}");
        assert!(!passes(&second), "{headers:?}");
    }
    assert!(!passes("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"));
}

#[test]
fn a_first_line_says_its_version_however_long_it_is() {
    for length in [0, 8, 54, 55, 60, 80, KEPT - 1, KEPT, 10 * KEPT] {
        let path = "x".repeat(length);
        let coded = |version| {
            format!("POST /{path} HTTP/{version}\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        };
        assert!(passes(&coded("1.1")), "{length}");
        assert!(!passes(&coded("1.0")), "{length}");
        assert!(!passes(&coded("2.0")), "{length}");
    }
}

#[test]
fn http_2_begins_with_the_connection_or_not_at_all() {
    let (preface, two) =
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "content-length: 1\r\ncontent-length: 2");
    let ambiguous = format!("GET / HTTP/1.1\r\nhost: a\r\n{two}\r\n\r\n");
    assert!(passes(&format!("{preface}{ambiguous}")));
    for before in [
        "\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab",
    ] {
        assert!(!passes(&format!("{before}{preface}")), "{before:?}");
        assert!(!passes(&format!("{before}{preface}{ambiguous}")), "{before:?}");
    }
    for other in ["PRI * HTTP/2.0\r\n\r\nGET", "PRI * HTTP/2.0\r\nSM", "PRI * HTTP/2.1\r\n\r\n"] {
        assert!(!passes(other), "{other:?}");
        assert!(!passes(&format!("{other}{ambiguous}")), "{other:?}");
    }
    // What is in a body is no preface.
    assert!(!passes(&format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 24\r\n\r\n{preface}{ambiguous}"
    )));
}

#[test]
fn chunks_that_are_none_are_spoiled() {
    let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let long = format!("{}3\r\n", "0".repeat(64));
    let extended = format!("3;{}\r\n", "x".repeat(KEPT));
    for chunks in [
        "x\r\n",
        "-1\r\n",
        "\r\n",
        "3\r\nabcd\r\n",
        "3\nabc\r\n",
        "3;x\ry\r\nabc\r\n",
        "fffffffffffffffff\r\n",
        "000000000000000000003\r\n",
        " 1\r\n",
        "0\r\nt: u\n\r\n",
        &long,
        &extended,
    ] {
        assert!(!passes(&format!("{head}{chunks}")), "{chunks:?}");
    }
}

/// The bodies of the requests somebody has seen to their end, and whether the next had begun.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    whole: Vec<Vec<u8>>,
    begun: usize,
}

/// What the guard believes of a stream: the requests up to where it refuses one.
fn believed(bytes: &[u8]) -> (Seen, bool) {
    let (mut framing, mut seen, mut body) = (Framing::default(), Seen::default(), Vec::new());
    for byte in bytes {
        let before = framing.at;
        framing.look(&mut [*byte]);
        let within = matches!(before, At::Body(_) | At::Chunk(_));
        if within {
            body.push(*byte);
        }
        let begins = before == At::Headers && !matches!(framing.at, At::Headers | At::Refused);
        seen.begun += usize::from(begins);
        let ends = begins || within || before == At::Trailers;
        if ends && framing.at == At::Start {
            seen.whole.push(std::mem::take(&mut body));
        }
    }
    (seen, framing.at == At::Refused)
}

/// What a service behind hyper sees of a stream that comes in pieces of a size, with the guard or
/// without.
async fn served(bytes: &[u8], size: usize, guarded: bool) -> Seen {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let seen = Arc::<Mutex<Seen>>::default();
    let service = {
        let seen = seen.clone();
        service_fn(move |request: Request<Incoming>| {
            let seen = seen.clone();
            async move {
                seen.lock().begun += 1;
                if let Ok(body) = request.into_body().collect().await {
                    seen.lock().whole.push(body.to_bytes().to_vec());
                }
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }
        })
    };
    let link = ConnectionState::new(CancellationToken::new());
    let http = hyper::server::conn::http1::Builder::new();
    let serving = async {
        // It ends with an error where it refuses something.
        let _ = if guarded {
            http.serve_connection(TokioIo::new(Framed::new(server, link)), service).await
        } else {
            http.serve_connection(TokioIo::new(server), service).await
        };
    };
    let asking = async {
        for piece in bytes.chunks(size) {
            // The server may have closed already.
            if client.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = client.shutdown().await;
        drain(client).await;
    };
    tokio::join!(serving, asking);
    let seen = seen.lock();
    seen.clone()
}

async fn drain(mut client: DuplexStream) {
    let _ = client.read_to_end(&mut Vec::new()).await;
}

/// Requests that are well-formed, and what may be done to make somebody misread one.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => Just("POST / HTTP/1.1".to_owned()),
        2 => (0_usize..700).prop_map(|it| format!("GET /{} HTTP/1.1", "x".repeat(it))),
        1 => (0_usize..700).prop_map(|it| format!("GET /{} HTTP/1.0", "x".repeat(it))),
        1 => Just("PRI * HTTP/2.0".to_owned()),
        1 => Just("GET  / HTTP/1.1".to_owned()),
        1 => Just("GET / HTTP/1.1 ".to_owned()),
    ];
    let zeros =
        prop_oneof![3 => Just(0_usize), 1 => 0_usize..30, 1 => 40_usize..70, 1 => 500_usize..600];
    let blank = prop_oneof![6 => Just(" "), 1 => Just(""), 1 => Just("\t "), 1 => Just("\x0b"), 1 => Just("\x0c")];
    let name = |name: &'static str| {
        prop_oneof![
            6 => Just(name.to_owned()),
            1 => Just(name.to_uppercase()),
            1 => Just(format!("{name} ")),
            1 => Just(format!(" {name}")),
        ]
    };
    let length = (name("content-length"), blank.clone(), zeros.clone(), 0_u32..20, "(| |, 1|x)?")
        .prop_map(|(name, blank, zeros, length, end)| {
            format!("{name}:{blank}{}{length}{end}", "0".repeat(zeros))
        });
    let coding = (name("transfer-encoding"), blank, "(|gzip, |x| {520})?", "(|, gzip| )?")
        .prop_map(|(name, blank, before, end)| format!("{name}:{blank}{before}chunked{end}"));
    let other = prop_oneof![
        4 => Just("x: y".to_owned()),
        1 => (0_usize..1200).prop_map(|it| format!("cookie: {}", "y".repeat(it))),
        1 => Just("connection: keep-alive".to_owned()),
        1 => Just("connection: close".to_owned()),
        1 => Just("x: y\rz".to_owned()),
        1 => Just("expect: 100-continue".to_owned()),
        1 => Just("upgrade: websocket".to_owned()),
    ];
    let header = prop_oneof![3 => length, 3 => coding.clone(), 2 => other];
    let end =
        || prop_oneof![30 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\r\n")];
    let size = (zeros, 0_usize..20, "(|;x=y|;x\ry| | ;z|;[x]{600})?")
        .prop_map(|(zeros, size, end)| (format!("{}{size:x}{end}", "0".repeat(zeros)), size));
    let chunk = (size, end(), end(), any::<bool>()).prop_map(|((line, size), a, b, lies)| {
        let size = size + usize::from(lies && size == 7);
        format!(
            "{line}{a}{}{b}",
            "GET / HTTP/1.1\r\n\r\nabc".chars().cycle().take(size).collect::<String>()
        )
    });
    let trailer = prop_oneof![Just(String::new()), end().prop_map(|it| format!("t: u{it}"))];
    let chunks = (proptest::collection::vec(chunk, 0..4), trailer, end())
        .prop_map(|(chunks, trailer, end)| format!("{}0\r\n{trailer}{end}", chunks.concat()));
    let plain = (0_usize..20).prop_map(|it| "0\r\n\r\nGET / HTTP/1.1\r\n\r\n"[..it].to_owned());
    // Of a shape that is right, so that the stream goes on, or of any.
    let sized = (0_usize..40, end()).prop_map(|(length, end)| {
        format!("POST / HTTP/1.1{end}content-length: {length}\r\n\r\n{}", "b".repeat(length))
    });
    let chunked = chunks
        .clone()
        .prop_map(|it| format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{it}"));
    let lines = proptest::collection::vec((header, end()), 0..4);
    let any = (first, end(), lines, end(), prop_oneof![chunks, plain]).prop_map(
        |(first, after, lines, last, body)| {
            let lines: String = lines.into_iter().map(|(line, end)| line + end).collect();
            format!("{first}{after}{lines}{last}{body}")
        },
    );
    prop_oneof![3 => sized, 3 => chunked, 4 => any].prop_map(String::into_bytes)
}

/// Several in a row, perhaps with some bytes changed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop_oneof![
        Just(&b"\r"[..]),
        Just(&b"\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b" "[..]),
        Just(&b"\0"[..]),
        Just(&b"0"[..]),
        Just(&b":"[..]),
        Just(&b""[..])
    ];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), noise), 0..3);
    let requests = proptest::collection::vec(request(), 1..5);
    (requests, prop_oneof![3 => Just(vec![]), 2 => changes]).prop_map(|(requests, changes)| {
        let mut bytes = requests.concat();
        for (at, new) in changes {
            let at = at.index(bytes.len());
            bytes.splice(at..=at, new.iter().copied());
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// hyper alone may end a connection earlier than the guard would, and never reads anything
    /// else; behind the guard, no service sees what it does not believe.
    #[test]
    fn hyper_reads_what_the_guard_lets_pass_as_the_guard_does(
        bytes in stream(),
        size in prop_oneof![Just(1_usize), 2_usize..80, Just(usize::MAX)],
    ) {
        let (believed, refused) = believed(&bytes);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (alone, guarded) = runtime.block_on(async {
            (served(&bytes, size, false).await, served(&bytes, size, true).await)
        });
        let text = String::from_utf8_lossy(&bytes);
        let common = alone.whole.len().min(believed.whole.len());
        prop_assert_eq!(&alone.whole[..common], &believed.whole[..common], "{:?}", text);
        prop_assert!(refused || alone.begun <= believed.begun, "{:?}: {:?}, {:?}", text, alone, believed);
        prop_assert!(believed.whole.starts_with(&guarded.whole), "{:?}: {:?}, {:?}", text, guarded, believed);
        prop_assert!(guarded.begun <= believed.begun, "{:?}: {:?}, {:?}", text, guarded, believed);
    }
}
