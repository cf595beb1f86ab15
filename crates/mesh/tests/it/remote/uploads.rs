//! What clients do with the bodies of their requests, on the way through a process to a copy.

use std::net::SocketAddr;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http_body_util::Limited;
use mesh::server::{self, Config};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::*;

/// The most a body may have.
const LIMIT: usize = 1000;
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

/// A process that passes on what it is asked.
async fn gateway(remote: &Remote, terms: CallOptions) -> SocketAddr {
    let remote = remote.clone();
    let router = Router::new().route(
        "/",
        any(async move |request: Request<Body>| -> Response {
            let request = request.map(|it| Body::new(Limited::new(it, LIMIT)));
            let status = match remote.send(request, terms).await {
                Ok(response) => return response,
                Err(Error::Body(_)) => StatusCode::BAD_REQUEST,
                Err(Error::BodyTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
                Err(Error::ConnectionLost(_)) => StatusCode::BAD_GATEWAY,
                Err(Error::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
                Err(Error::DeadlineExceeded) => StatusCode::GATEWAY_TIMEOUT,
            };
            status.into_response()
        }),
    );
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        server::serve(listener, router, &Config::default(), CancellationToken::new()).await;
    });
    address
}

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 12];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn what_clients_do_with_their_bodies_is_not_held_against_a_copy() {
    let copy = Instance::start(Mode::Hang).await;
    let remote = remote(&[&copy]);
    let address = gateway(&remote, public()).await;
    for number in 0..20 {
        let mut malformed = connect(address, &format!("{CHUNKED}Z\r\n")).await;
        assert_eq!(answer(&mut malformed).await, "HTTP/1.1 400");
        let piece = "x".repeat(LIMIT);
        let mut large = connect(address, &format!("{CHUNKED}3e8\r\n{piece}\r\n1\r\n")).await;
        large.write_all(b"x\r\n").await.unwrap();
        assert_eq!(answer(&mut large).await, "HTTP/1.1 413");
        let connections = copy.connections();
        let cut =
            connect(address, "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{").await;
        until("the copy is asked", || copy.connections() > connections).await;
        drop(cut);
        until("it is given up", || remote.status().copies[0].in_flight == 0).await;
        let status = remote.status();
        assert_eq!((status.recent.failures, status.failures.len()), (0, 0), "{number}: {status:?}");
        assert_eq!((status.copies[0].failures_in_a_row, status.circuit), (0, Circuit::Closed));
    }
    copy.become_(Mode::Well);
    assert_eq!(ask(&remote, Method::GET, public()).await.map(|it| it.0), Ok(200));
}

#[tokio::test]
async fn the_time_a_client_takes_is_not_the_copys() {
    const DEADLINE: Duration = Duration::from_secs(1);
    let copy = Instance::start(Mode::Well).await;
    let remote = remote(&[&copy]);
    let address = gateway(&remote, CallOptions::public(DEADLINE, LONG)).await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n12";
    let mut slow = connect(address, head).await;
    until("the copy is asked", || copy.connections() == 1).await;
    // The client takes its time.
    tokio::time::sleep(2 * DEADLINE).await;
    slow.write_all(b"34").await.unwrap();
    assert_eq!(answer(&mut slow).await, "HTTP/1.1 200");
    assert_eq!(copy.probes(), 0, "nor does it wake doubts about the copy");

    // The copy's own time runs from then on.
    copy.become_(Mode::Hang);
    let mut slow = connect(address, head).await;
    slow.write_all(b"34").await.unwrap();
    assert_eq!(answer(&mut slow).await, "HTTP/1.1 504");
}
