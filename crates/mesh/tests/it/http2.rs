//! What a client of HTTP/2 can do to a listener.

use axum::Router;
use chassis::testing::in_time;
use mesh::server::{self, Config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

async fn open(config: Config) -> (TcpStream, DropGuard) {
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let router = Router::new().fallback(async || "hello");
    tokio::spawn(async move { server::serve(listener, router, &config, stop).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    hello.extend(frame(SETTINGS, 0, 0, &[]));
    stream.write_all(&hello).await.unwrap();
    (stream, guard)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET http://shop/`, in HPACK.
const GET: [u8; 9] = [0x82, 0x86, 0x84, 0x41, 4, b's', b'h', b'o', b'p'];

/// The frames that come until the connection ends: kind and payload.
async fn frames(stream: &mut TcpStream) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut bytes = Vec::new();
    let all = async {
        while stream.read_buf(&mut bytes).await.is_ok_and(|it| it > 0) {
            while let Some((kind, flags, payload)) = first(&mut bytes) {
                // Who answers is idle, but not gone.
                if (kind, flags) == (PING, 0) {
                    let _ = stream.write_all(&frame(PING, 1, 0, &payload)).await;
                }
                frames.push((kind, payload));
            }
        }
    };
    in_time("the server closes the connection", all).await;
    frames
}

/// Takes the first frame out, once it is whole: kind, flags and payload.
fn first(bytes: &mut Vec<u8>) -> Option<(u8, u8, Vec<u8>)> {
    let (head, rest) = bytes.split_at_checked(9)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let frame = (head[3], head[4], rest.get(..length)?.to_vec());
    bytes.drain(..9 + length);
    Some(frame)
}

/// The error code of the last GOAWAY.
fn goodbye(frames: &[(u8, Vec<u8>)]) -> Option<u32> {
    let (_, payload) = frames.iter().rfind(|(kind, _)| *kind == GOAWAY)?;
    Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()))
}

#[tokio::test]
async fn a_client_that_takes_back_what_it_asks_is_sent_away() {
    const ENHANCE_YOUR_CALM: u32 = 11;
    let (mut stream, _guard) = open(Config::default()).await;
    let mut attack = Vec::new();
    for number in 0..20_000_u32 {
        let id = number * 2 + 1;
        attack.extend(frame(HEADERS, 0x5, id, &GET));
        attack.extend(frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()));
    }
    let (mut reading, mut writing) = stream.split();
    let _ = tokio::join!(
        async {
            // Fails once the server has had enough.
            let _ = writing.write_all(&attack).await;
        },
        async {
            let mut bytes = Vec::new();
            let all = reading.read_to_end(&mut bytes);
            let _ = in_time("the server closes the connection", all).await;
            let code = ENHANCE_YOUR_CALM.to_be_bytes();
            let told = bytes.windows(9 + 8).any(|it| it[3] == GOAWAY && it[13..17] == code);
            assert!(told, "{} bytes", bytes.len());
        }
    );
}

/// A literal header that is not remembered, in HPACK: short, in plain letters.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut header = vec![0, name.len() as u8];
    header.extend(name.bytes());
    header.push(value.len() as u8);
    header.extend(value.bytes());
    header
}

#[tokio::test]
async fn a_request_names_its_host_and_its_length_in_one_way() {
    let no_authority = &GET[..3];
    let authority =
        |name: &str| [no_authority, &[0x41, name.len() as u8], name.as_bytes()].concat();
    let with = |headers: &[(&str, &str)]| {
        let headers = headers.iter().flat_map(|(name, value)| literal(name, value));
        GET.iter().copied().chain(headers).collect::<Vec<u8>>()
    };
    // What is asked, and the status; none where it is no request at all.
    let cases = [
        (GET.to_vec(), Some(200)),
        (with(&[("host", "shop")]), Some(200)),
        (with(&[("host", "shop:80"), ("content-length", "0")]), Some(200)),
        (no_authority.to_vec(), Some(400)),
        ([no_authority, &literal("host", "shop")].concat(), Some(400)),
        (authority("a@shop"), Some(400)),
        (authority("a\"><b>"), None),
        (with(&[("host", "other")]), Some(400)),
        (with(&[("host", "shop"), ("host", "shop")]), Some(400)),
        (with(&[("content-length", "0"), ("content-length", "0")]), Some(400)),
        (with(&[("transfer-encoding", "chunked")]), None),
    ];
    // At once, since each lasts until the client is sent away.
    let asked = cases.map(async |(head, status)| {
        let config = Config { head_timeout_ms: 2_000, keep_alive_ms: 200, ..Config::default() };
        let (mut stream, _guard) = open(config).await;
        stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
        stream.write_all(&frame(HEADERS, 0x5, 1, &head)).await.unwrap();
        let frames = frames(&mut stream).await;
        let answer = frames.iter().find(|(kind, _)| *kind == HEADERS).map(|(_, head)| head[0]);
        // `:status` of the static table.
        let expected = status.map(|it| if it == 200 { 0x88 } else { 0x8c });
        assert_eq!(answer, expected, "{:?}", String::from_utf8_lossy(&head));
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn headers_without_an_end_are_cut_off() {
    let (mut stream, _guard) = open(Config::default()).await;
    let mut attack = frame(HEADERS, 0x1, 1, &GET);
    // A literal header that is not remembered: x = 100 times y.
    let mut header = vec![0, 1, b'x', 100];
    header.extend([b'y'; 100]);
    for _ in 0..4000 {
        attack.extend(frame(CONTINUATION, 0, 1, &header.repeat(10)));
    }
    let _ = stream.write_all(&attack).await;
    let frames = frames(&mut stream).await;
    assert!(frames.iter().all(|(kind, _)| *kind != HEADERS), "it was never a request");
}

#[tokio::test]
async fn what_a_client_may_have_open_is_limited() {
    let (mut stream, _guard) = open(Config::default()).await;
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], SETTINGS);
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut settings = vec![0; length];
    stream.read_exact(&mut settings).await.unwrap();
    let settings: Vec<(u16, u32)> = settings
        .chunks(6)
        .map(|it| {
            let value = u32::from_be_bytes(it[2..].try_into().unwrap());
            (u16::from_be_bytes([it[0], it[1]]), value)
        })
        .collect();
    // MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE.
    for limit in [(3, 100), (4, 128 * 1024), (6, 64 * 1024)] {
        assert!(settings.contains(&limit), "{settings:?}");
    }
}

#[tokio::test]
async fn an_idle_client_is_told_to_go() {
    let config = Config { head_timeout_ms: 1_000, keep_alive_ms: 200, ..Config::default() };
    let (mut stream, _guard) = open(config).await;
    stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
    stream.write_all(&frame(HEADERS, 0x5, 1, &GET)).await.unwrap();
    let frames = frames(&mut stream).await;
    assert!(frames.iter().any(|(kind, _)| *kind == HEADERS), "it was answered");
    assert!(goodbye(&frames).is_some(), "{frames:?}");
}
