//! Calls to a service whose copies are well, slow, broken or gone.

mod copy;
mod frozen;
mod uploads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use chassis::testing::{eventually, in_time};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use mesh::discovery::Endpoint;
use mesh::remote::{BodyLimit, CallOptions, Circuit, Error, Remote, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::copy::{Instance, Mode};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

fn public() -> CallOptions {
    CallOptions::public(LONG, LONG)
}

fn call() -> CallOptions {
    CallOptions::call(LONG)
}

fn remote(copies: &[&Instance]) -> Remote {
    let endpoints: Vec<Endpoint> = copies.iter().map(|it| it.endpoint()).collect();
    Remote::new("catalog", watch::channel(endpoints.into()).1)
}

/// Where nobody listens.
async fn nowhere() -> Endpoint {
    let copy = Instance::start(Mode::Well).await;
    let endpoint = copy.endpoint();
    copy.kill().await;
    endpoint
}

fn request(method: Method) -> Request<Body> {
    let body = if method == Method::POST { Body::from("{}") } else { Body::empty() };
    Request::builder().method(method).uri("http://gateway/api/v1/products?a=b").body(body).unwrap()
}

/// The status and the body.
async fn ask(remote: &Remote, method: Method, terms: CallOptions) -> Result<(u16, String), Error> {
    let (parts, body) = remote.send(request(method), terms).await?.into_parts();
    let body = body.collect().await.map_err(|it| Error::ConnectionLost(it.to_string()))?.to_bytes();
    Ok((parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap()))
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, async || is_so()).await;
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent() {
    let copy = Instance::start(Mode::Well).await;
    let remote = remote(&[&copy]);
    let (status, head) = ask(&remote, Method::POST, call()).await.unwrap();
    assert_eq!(status, 200);
    let address = copy.address;
    assert_eq!(
        head,
        format!(
            "POST /api/v1/products?a=b HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\n\r\n"
        )
    );
    let mut named = request(Method::GET);
    named.headers_mut().insert("host", "shop.example.com".parse().unwrap());
    *named.version_mut() = axum::http::Version::HTTP_2;
    let body = remote.send(named, public()).await.unwrap().into_body();
    let head = body.collect().await.unwrap().to_bytes();
    assert!(head.ends_with(b"host: shop.example.com\r\n\r\n"), "{head:?}");
    assert_eq!(copy.connections(), 1, "a connection is used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_get_fails_when_one_of_two_copies_is_killed() {
    let (first, second) = (Instance::start(Mode::Well).await, Instance::start(Mode::Well).await);
    let remote = remote(&[&first, &second]);
    let enough = CancellationToken::new();
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let (remote, enough) = (remote.clone(), enough.clone());
        clients.spawn(async move {
            while !enough.is_cancelled() {
                let answer = ask(&remote, Method::GET, public()).await;
                assert_eq!(answer.map(|it| it.0), Ok(200), "client {client}");
            }
        });
    }
    until("some traffic", || first.requests() > 200 && second.requests() > 100).await;
    let before = second.requests();
    first.kill().await;
    until("more traffic", || second.requests() > before + 200).await;
    enough.cancel();
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let status = remote.status();
    assert_eq!(status.copies.iter().filter(|it| !it.healthy).count(), 1, "{status:?}");
    assert_eq!(status.circuit, Circuit::Closed);
    assert!(!status.failures.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_of_a_slow_copy_falls() {
    let (quick, slow) = (Instance::start(Mode::Well).await, Instance::start(Mode::Well).await);
    let remote = remote(&[&quick, &slow]);
    for _ in 0..50 {
        ask(&remote, Method::GET, public()).await.unwrap();
    }
    slow.become_(Mode::Slow(Duration::from_millis(250)));
    let before = (quick.requests(), slow.requests());
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let remote = remote.clone();
        clients.spawn(async move {
            for _ in 0..50 {
                ask(&remote, Method::GET, public()).await.unwrap();
            }
        });
    }
    clients.join_all().await;
    let (quick, slow) = (quick.requests() - before.0, slow.requests() - before.1);
    // As many without regard to how long each takes. On a busy machine the quick one takes its
    // time, too, but never a quarter of a second.
    assert!(slow * 2 < quick, "{slow} at the slow copy, {quick} at the other");
}

#[tokio::test]
async fn never_more_than_half_of_the_copies_are_left_out() {
    let mut copies = Vec::new();
    for _ in 0..4 {
        copies.push(Instance::start(Mode::Status(503)).await);
    }
    let remote = remote(&copies.iter().collect::<Vec<_>>());
    for _ in 0..100 {
        assert_eq!(ask(&remote, Method::GET, public()).await.unwrap(), (503, "no".to_owned()));
        let ejected = remote.status().copies.iter().filter(|it| !it.healthy).count();
        assert!(ejected <= 2, "{ejected}");
    }
    assert_eq!(remote.status().copies.iter().filter(|it| !it.healthy).count(), 2);
}

#[tokio::test]
async fn a_circuit_opens_and_a_sign_of_life_closes_it() {
    let copy = Instance::start(Mode::Drop).await;
    let remote = remote(&[&copy]);
    for _ in 0..10 {
        let broken = ask(&remote, Method::POST, public()).await;
        assert!(matches!(broken, Err(Error::ConnectionLost(_))), "{broken:?}");
    }
    assert_eq!(remote.status().circuit, Circuit::Open);
    for _ in 0..20 {
        assert_eq!(ask(&remote, Method::POST, public()).await, Err(Error::Unavailable));
    }
    assert_eq!((copy.requests(), copy.probes()), (10, 0), "nothing is sent");

    until("the next try", || remote.status().circuit == Circuit::HalfOpen).await;
    assert_eq!(ask(&remote, Method::POST, public()).await, Err(Error::Unavailable));
    assert_eq!((copy.requests(), copy.probes()), (10, 1), "no client's request finds that out");

    until("the next try", || remote.status().circuit == Circuit::HalfOpen).await;
    copy.become_(Mode::Slow(SHORT));
    let first = tokio::spawn({
        let remote = remote.clone();
        async move { ask(&remote, Method::POST, public()).await }
    });
    until("the probe", || copy.probes() == 2).await;
    assert_eq!(ask(&remote, Method::POST, public()).await, Err(Error::Unavailable));
    assert_eq!((copy.requests(), copy.probes()), (10, 2), "one at a time");
    assert_eq!(first.await.unwrap().map(|it| it.0), Ok(200));
    assert_eq!(remote.status().circuit, Circuit::Closed);
    copy.become_(Mode::Well);
    assert_eq!(ask(&remote, Method::POST, public()).await.map(|it| it.0), Ok(200));
}

#[tokio::test]
async fn retries_have_a_budget_when_all_fails() {
    let copies =
        [Instance::start(Mode::Status(503)).await, Instance::start(Mode::Status(503)).await];
    let remote = remote(&[&copies[0], &copies[1]]);
    let asked = 1500;
    for _ in 0..asked {
        assert_eq!(ask(&remote, Method::GET, public()).await.map(|it| it.0), Ok(503));
    }
    let retries = copies.iter().map(Instance::requests).sum::<usize>() - asked;
    // 20 % and 10 per second of the last ten, also where the run itself took longer.
    assert!(retries > 100, "{retries}");
    assert!(retries <= asked / 5 + 200, "{retries}");
}

#[tokio::test]
async fn what_was_sent_and_may_have_happened_is_not_sent_again() {
    let copies = [Instance::start(Mode::Well).await, Instance::start(Mode::Well).await];
    let remote = remote(&[&copies[0], &copies[1]]);
    let sum = || copies.iter().map(Instance::requests).sum::<usize>();
    for fresh in [false, true] {
        copies.iter().for_each(|it| it.become_(Mode::Well));
        if !fresh {
            for _ in 0..10 {
                ask(&remote, Method::POST, public()).await.unwrap();
            }
        }
        copies.iter().for_each(|it| it.become_(Mode::Drop));
        let before = sum();
        let broken = ask(&remote, Method::POST, public()).await;
        assert!(matches!(broken, Err(Error::ConnectionLost(_))), "{broken:?}");
        assert_eq!(sum(), before + 1);
    }
    copies.iter().for_each(|it| it.become_(Mode::Status(503)));
    let before = sum();
    assert_eq!(ask(&remote, Method::POST, public()).await.map(|it| it.0), Ok(503));
    assert_eq!(ask(&remote, Method::GET, call()).await.map(|it| it.0), Ok(503));
    assert_eq!(sum(), before + 2, "who calls owns the retry");
}

#[tokio::test]
async fn what_was_never_sent_goes_to_another_copy() {
    let copy = Instance::start(Mode::Well).await;
    let endpoints = [nowhere().await, copy.endpoint()];
    for _ in 0..10 {
        let remote = Remote::new("catalog", watch::channel(Arc::from(endpoints.clone())).1);
        for _ in 0..5 {
            assert_eq!(ask(&remote, Method::POST, call()).await.map(|it| it.0), Ok(200));
        }
    }
    assert_eq!(copy.requests(), 50);
    let remote = Remote::new("catalog", watch::channel(Arc::from([nowhere().await])).1);
    assert_eq!(ask(&remote, Method::POST, call()).await, Err(Error::Unavailable));
    let remote = Remote::new("catalog", watch::channel(Arc::from([])).1);
    for _ in 0..30 {
        assert_eq!(ask(&remote, Method::GET, call()).await, Err(Error::Unavailable));
    }
    assert_eq!(remote.status().circuit, Circuit::Closed, "nobody there is nobody's failure");
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_not_a_failed_request() {
    let copy = Instance::start(Mode::AnswerAndClose).await;
    let remote = remote(&[&copy]);
    for method in [Method::GET, Method::POST] {
        for _ in 0..50 {
            let answer = ask(&remote, method.clone(), call()).await;
            assert_eq!(answer.map(|it| it.0), Ok(200), "{method}");
            copy.closed.notified().await;
        }
    }
    assert_eq!(copy.requests(), 100);
    assert_eq!(remote.status().recent.failures, 0);
}

#[tokio::test]
async fn a_get_lost_with_its_connection_is_asked_again_on_a_new_one() {
    let copy = Instance::start(Mode::Well).await;
    let remote = remote(&[&copy]);
    ask(&remote, Method::GET, call()).await.unwrap();
    copy.become_(Mode::DropOnce);
    assert_eq!(ask(&remote, Method::GET, call()).await.map(|it| it.0), Ok(200));
    assert_eq!(copy.requests(), 3);
    assert_eq!(copy.connections(), 2);
}

#[tokio::test]
async fn a_deadline_is_kept_before_the_head() {
    let copy = Instance::start(Mode::Hang).await;
    let remote = remote(&[&copy]);
    for terms in [CallOptions::call(SHORT), CallOptions::public(SHORT, LONG)] {
        let began = Instant::now();
        let late = in_time("the deadline", ask(&remote, Method::GET, terms)).await;
        assert_eq!(late, Err(Error::DeadlineExceeded));
        assert!(began.elapsed() >= SHORT);
    }
    until("both are read", || copy.requests() == 2).await;
    assert_eq!(
        ask(&remote, Method::GET, CallOptions::call(Duration::ZERO)).await,
        Err(Error::DeadlineExceeded)
    );
    assert_eq!(copy.requests(), 2, "not asked again, and without time nothing is sent");
    assert_eq!(remote.status().copies[0].in_flight, 0);
}

#[tokio::test]
async fn a_deadline_is_kept_in_the_middle_of_a_body() {
    let copy = Instance::start(Mode::HalfBody).await;
    let remote = remote(&[&copy]);
    for (terms, reason) in [
        (CallOptions::call(SHORT), "the deadline passed in the middle of an answer"),
        (CallOptions::public(LONG, SHORT), "an answer stalled"),
    ] {
        // On a busy machine even the head may be late.
        let head = async || remote.send(request(Method::GET), terms).await;
        let response = eventually("a head in time", head).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(remote.status().copies[0].in_flight, 1);
        let body = in_time("the end", response.into_body().collect()).await;
        assert_eq!(body.unwrap_err().to_string(), reason);
        let copy = &remote.status().copies[0];
        assert_eq!((copy.in_flight, copy.idle_connections), (0, 0));
    }
    // One that nobody reads holds nothing once it is dropped.
    let response = remote.send(request(Method::GET), CallOptions::call(LONG)).await.unwrap();
    assert_eq!(remote.status().copies[0].in_flight, 1);
    drop(response);
    assert_eq!(remote.status().copies[0].in_flight, 0);
}

#[tokio::test]
async fn a_body_may_be_longer_than_the_deadline_where_that_is_wanted() {
    let copy = Instance::start(Mode::Stream(30)).await;
    let remote = remote(&[&copy]);
    // Enough for the head, and less than the body takes.
    let deadline = 4 * SHORT;
    let terms = CallOptions { deadline, retry: Retry::Safe, body: BodyLimit::Idle(LONG) };
    for _ in 0..2 {
        let (status, body) = ask(&remote, Method::GET, terms).await.unwrap();
        assert_eq!((status, body), (200, "piece".repeat(30)));
    }
    assert_eq!(copy.connections(), 1);
    eventually("it is cut off where that is not wanted", async || {
        let cut = ask(&remote, Method::GET, CallOptions::call(deadline)).await;
        if let Err(Error::ConnectionLost(_)) = cut { Ok(()) } else { Err(format!("{cut:?}")) }
    })
    .await;
}

#[tokio::test]
async fn an_upgraded_connection_is_handed_on() {
    let copy = Instance::start(Mode::Echo).await;
    let remote = remote(&[&copy]);
    let mut asked = request(Method::GET);
    asked.headers_mut().insert("connection", "upgrade".parse().unwrap());
    asked.headers_mut().insert("upgrade", "echo".parse().unwrap());
    let response = remote.send(asked, CallOptions::public(4 * SHORT, SHORT)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["upgrade"], "echo");
    let upgraded = hyper::upgrade::on(response).await.unwrap();
    let mut stream = TokioIo::new(upgraded);
    // No deadline of the request is one of the connection.
    tokio::time::sleep(5 * SHORT).await;
    stream.write_all(b"hello").await.unwrap();
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hello");
    assert_eq!(remote.status().copies[0].in_flight, 0);
}

#[tokio::test]
async fn a_changed_list_of_copies_is_followed() {
    let (first, second) = (Instance::start(Mode::Well).await, Instance::start(Mode::Well).await);
    let (list, endpoints) = watch::channel(Arc::from([first.endpoint()]));
    let remote = Remote::new("catalog", endpoints);
    ask(&remote, Method::GET, public()).await.unwrap();
    assert_eq!((first.requests(), second.requests()), (1, 0));
    list.send(Arc::from([second.endpoint()])).unwrap();
    let address = second.address.to_string();
    until("the new list", || remote.status().copies[0].address == address).await;
    ask(&remote, Method::GET, public()).await.unwrap();
    assert_eq!((first.requests(), second.requests()), (1, 1));
    list.send(Arc::from([])).unwrap();
    until("the empty list", || remote.status().copies.is_empty()).await;
    assert_eq!(ask(&remote, Method::GET, public()).await, Err(Error::Unavailable));
    let look: serde_json::Value = serde_json::to_value(remote.status()).unwrap();
    assert_eq!(look["circuit"], "closed");
}

#[tokio::test]
async fn idle_connections_that_were_closed_are_let_go() {
    let copy = Instance::start(Mode::Well).await;
    let remote = remote(&[&copy]);
    ask(&remote, Method::GET, public()).await.unwrap();
    assert_eq!(remote.status().copies[0].idle_connections, 1);
    copy.kill().await;
    until("letting go", || remote.status().copies[0].idle_connections == 0).await;
}
