//! Notifications, over HTTP, on every available database.

mod devices;
mod history;
mod preferences;
mod send;
mod suppressions;
mod templates;
mod webhooks;

use axum::Router;
use chassis::channel::Channel;
use chassis::service::{Platform, Service};
use chassis::shop::ShopProfile;
use chassis::testing::{Database, ManualClock, TestPlatform, User, databases};
use notifications::{Clients, Config, MIGRATIONS};

/// A notifications service per database.
async fn service(database: Database) -> (TestPlatform, Service) {
    let it = database.platform(MIGRATIONS).await;
    let service = start(it.platform.clone()).await;
    (it, service)
}

/// The same with a clock that can be moved on.
async fn service_at(database: Database) -> (TestPlatform, ManualClock, Service) {
    let it = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let service = start(Platform { clock: clock.clock(), ..it.platform.clone() }).await;
    (it, clock, service)
}

async fn start(platform: Platform) -> Service {
    let clients = Clients {
        identity: contracts::identity::Client::new(Channel::to("identity")),
        orders: contracts::orders::Client::new(Channel::to("orders")),
    };
    let (config, shop) = (Config::default(), ShopProfile::default());
    notifications::start(platform, config, shop, clients).await.expect("a service")
}

fn staff() -> User {
    User::with(&["notifications:read", "notifications:send"])
}

fn fields(problem: &serde_json::Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("a list of wrong fields");
    let mut fields: Vec<_> =
        errors.iter().map(|it| it["field"].as_str().expect("a field")).collect();
    fields.sort_unstable();
    fields
}

async fn send_email(router: &Router, subject: &str) -> serde_json::Value {
    let body = serde_json::json!({ "to": "ada@example.com", "subject": subject, "body": "Hi." });
    chassis::testing::call(router, "POST", "/api/v1/notifications/email")
        .user(&staff())
        .json(body)
        .await
        .expect(202)
}

#[databases]
async fn nothing_is_open_to_strangers_or_customers(database: Database) {
    let (_platform, service) = service(database).await;
    let id = "/api/v1/notifications/0190e5a0-0000-7000-8000-000000000001";
    let template = "/api/v1/notifications/templates/welcome";
    let suppression = "/api/v1/notifications/suppressions/0190e5a0-0000-7000-8000-000000000001";
    for (method, path, permission) in [
        ("POST", "/api/v1/notifications/email", "notifications:send"),
        ("POST", "/api/v1/notifications/sms", "notifications:send"),
        ("POST", "/api/v1/notifications/push", "notifications:send"),
        ("GET", "/api/v1/notifications/providers", "notifications:read"),
        ("GET", "/api/v1/notifications/suppressions", "notifications:read"),
        ("DELETE", suppression, "notifications:send"),
        ("GET", "/api/v1/notifications/history", "notifications:read"),
        ("GET", id, "notifications:read"),
        ("POST", &format!("{id}/retry"), "notifications:send"),
        ("GET", "/api/v1/notifications/templates", "notifications:read"),
        ("GET", template, "notifications:read"),
        ("PUT", template, "notifications:send"),
        ("DELETE", template, "notifications:send"),
        ("POST", &format!("{template}/preview"), "notifications:send"),
        ("POST", &format!("{template}/test"), "notifications:send"),
        ("GET", "/api/v1/notifications/stats", "notifications:read"),
    ] {
        let call = |user: Option<&User>| {
            let call = chassis::testing::call(&service.router, method, path);
            match user {
                Some(user) => call.user(user),
                None => call,
            }
        };
        assert_eq!(call(None).await.problem(401), "unauthenticated", "{method} {path}");
        for user in [User::customer(), User::with(&["catalog:write"])] {
            let problem = call(Some(&user)).await.expect(403);
            assert_eq!(problem["permission"], permission, "{method} {path}");
        }
    }
    for method in ["GET", "PUT"] {
        let path = "/api/v1/notifications/preferences";
        let answer = chassis::testing::call(&service.router, method, path).await;
        assert_eq!(answer.problem(401), "unauthenticated");
    }
}
