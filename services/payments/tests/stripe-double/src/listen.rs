//! Connections: taken and closed at once while the double is down, cut where a fault says so, and
//! the webhooks that go out.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tower::ServiceExt;

use crate::core::Shared;
use crate::deliveries::{Delivered, Message};
use crate::server::Cut;

/// How long a receiver of a webhook may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between looks for webhooks whose time has come.
const LOOK: Duration = Duration::from_millis(100);

/// Serves connections until it is aborted. `can_fail` if the double may be down here.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    router: Router,
    can_fail: bool,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (shared, router) = (Arc::clone(&shared), router.clone());
        tokio::spawn(async move {
            if !can_fail {
                return drop(connection(stream, router).await);
            }
            let mut down = shared.down.subscribe();
            if *down.borrow() {
                return;
            }
            tokio::select! {
                _ = connection(stream, router) => {}
                // Connections that are open end with the double, too.
                _ = down.wait_for(|it| *it) => {}
            }
        });
    }
}

async fn connection(stream: TcpStream, router: Router) -> Result<(), hyper::Error> {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move { respond(router, request).await }
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
}

/// An error closes the connection.
async fn respond(router: Router, request: Request<Incoming>) -> io::Result<Response> {
    let answered: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
    let Ok(response) = answered;
    if response.extensions().get::<Cut>().is_some() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(response)
}

/// Sends webhooks when they are due, until it is aborted.
pub(crate) async fn deliver_when_due(shared: Arc<Shared>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.due.notified() => {}
            _ = looks.tick() => {}
        }
        deliver(&shared, false).await;
    }
}

/// Sends the webhooks that are due, or all that there are, one after the other.
pub(crate) async fn deliver(shared: &Shared, all: bool) -> Vec<Delivered> {
    let _one_at_a_time = shared.sending.lock().await;
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let batch = take(shared, all);
    let mut sent = Vec::new();
    for message in batch {
        let status = send(&client, &message).await;
        let delivered = Delivered { event: message.event(), kind: message.kind.clone(), status };
        shared.with_quietly(|core| {
            core.delivered.push(delivered.clone());
            if !status.is_some_and(|it| (200..300).contains(&it)) {
                let mut worlds = core.worlds.iter_mut();
                let world = worlds.find(|it| it.live == message.delivery.live);
                world.into_iter().for_each(|it| it.put_back(message.delivery.clone()));
            }
        });
        sent.push(delivered);
    }
    sent
}

fn take(shared: &Shared, all: bool) -> Vec<Message> {
    shared.with_quietly(|core| {
        let [main, other] = &mut core.worlds;
        let mut batch = main.take_deliveries(all);
        batch.extend(other.take_deliveries(all));
        batch
    })
}

type Sender = Client<HttpConnector, Full<Bytes>>;

/// The status of the answer, if there is one.
async fn send(client: &Sender, message: &Message) -> Option<u16> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(&message.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (double)")
        .header("stripe-signature", &message.signature)
        .body(Full::new(Bytes::from(message.body.clone())))
        .ok()?;
    let answered = async {
        let response = client.request(request).await.ok()?;
        let status = response.status().as_u16();
        // All of it, so that the connection can be used again.
        let _ = response.into_body().collect().await;
        Some(status)
    };
    timeout_at(Instant::now() + PATIENCE, answered).await.ok().flatten()
}
