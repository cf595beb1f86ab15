//! What becomes of messages after a provider has taken them, from its webhook to the next message.

mod sendgrid;
mod twilio;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chassis::bus::Bus;
use chassis::channel::Channel;
use chassis::db::Session;
use chassis::service::{Background, Service};
use chassis::shop::ShopProfile;
use chassis::testing::{
    Answer, Database, ManualClock, TestPlatform, User, apply_webhooks, call, eventually,
};
use contracts::testing::{Fake, Identity};
use futures::lock::Mutex;
use notifications::{Clients, Config, MIGRATIONS};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::staff;

/// A shop whose messages a provider takes.
struct Shop {
    platform: TestPlatform,
    service: Service,
    clock: ManualClock,
    /// The bodies that the provider was handed.
    taken: Arc<Mutex<Vec<String>>>,
}

/// What a provider's API answers to everything.
type Reply = (StatusCode, HeaderMap, String);

impl Shop {
    /// `settings` are told where the provider is.
    async fn open(
        database: Database,
        reply: Reply,
        settings: impl FnOnce(&mut Config, String),
    ) -> Self {
        let (clock, taken) = (ManualClock::default(), Arc::<Mutex<Vec<String>>>::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let bodies = taken.clone();
        let answer = post(async move |body: String| {
            bodies.lock().await.push(body);
            reply.clone()
        });
        let router = Router::new().fallback_service(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut config = Config::default();
        settings(&mut config, url);

        let mut platform = database.platform(MIGRATIONS).await;
        platform.platform.clock = clock.clock();
        let clients = Clients {
            identity: contracts::identity::Client::new(Fake::<Identity>::default().channel()),
            orders: contracts::orders::Client::new(Channel::to("orders")),
        };
        let shop = ShopProfile {
            public_url: "https://shop.test".to_owned(),
            email_from: "no-reply@shop.test".to_owned(),
            ..ShopProfile::default()
        };
        let service = notifications::start(platform.platform.clone(), config, shop, clients);
        let service = service.await.expect("a service");
        Self { platform, service, clock, taken }
    }

    /// Queues a message; returns its id.
    async fn queue(&self, channel: &str, body: Value) -> Value {
        let path = format!("/api/v1/notifications/{channel}");
        call(&self.service.router, "POST", &path).user(&staff()).json(body).await.expect(202)
    }

    /// The same, and waits until the provider has it.
    async fn send(&mut self, channel: &str, body: Value) -> String {
        let queued = self.queue(channel, body).await;
        let id = queued["id"].as_str().expect("an id").to_owned();
        let stop = CancellationToken::new();
        let services = std::slice::from_mut(&mut self.service);
        let running = Background::start(services, &Bus::memory(), &stop);
        eventually("the message is sent", async || self.message(&id).await["status"] == "sent")
            .await;
        running.stop(Duration::from_secs(5)).await;
        id
    }

    async fn message(&self, id: &str) -> Value {
        let path = format!("/api/v1/notifications/{id}");
        call(&self.service.router, "GET", &path).user(&staff()).await.expect(200)
    }

    async fn status(&self, id: &str) -> String {
        self.message(id).await["status"].as_str().expect("a status").to_owned()
    }

    async fn set_state(&self, id: &str, state: &'static str) {
        let id: uuid::Uuid = id.parse().expect("an id");
        let set = "UPDATE messages SET state = $1 WHERE id = $2";
        self.platform.db.query(set).bind(state).bind(id).execute().await.expect("set");
    }

    async fn post(&self, provider: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let path = format!("/api/v1/webhooks/{provider}");
        let mut webhook = call(&self.service.router, "POST", &path);
        for (name, value) in headers {
            webhook = webhook.header(name, value);
        }
        webhook.body(body).await
    }

    async fn apply(&self) {
        apply_webhooks(&self.service).await;
    }

    /// How many webhooks have this status.
    async fn webhooks(&self, status: &str) -> usize {
        let path = format!("/api/v1/notifications/webhooks?status={status}");
        let operator = User::with(&["system:read"]);
        let page = call(&self.service.router, "GET", &path).user(&operator).await.expect(200);
        page["items"].as_array().expect("a list").len()
    }

    /// Recipient and reason of each suppression.
    async fn suppressions(&self) -> Vec<(String, String)> {
        let find = "SELECT recipient, reason FROM suppressions ORDER BY recipient, reason";
        self.platform.db.query(find).all().await.expect("suppressions")
    }
}

fn email(to: &str) -> Value {
    json!({ "to": to, "subject": "Hello", "body": "Good day." })
}

fn suppression(recipient: &str, reason: &str) -> (String, String) {
    (recipient.to_owned(), reason.to_owned())
}
