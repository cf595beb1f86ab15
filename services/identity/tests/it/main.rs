//! Identity, over HTTP, on both databases.

#![expect(clippy::unwrap_used, reason = "what a test is given must be there")]

mod addresses;
mod browser;
mod command_line;
mod cookies;
mod devices;
mod emails;
mod languages;
mod login;
mod me;
mod recovery;
mod refresh;
mod requests;
mod sessions;
mod takeovers;
mod trust;
mod users;
mod verified;

use std::collections::BTreeSet;

use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::db::Json;
use chassis::db::Session;
use chassis::definition::Permission;
use chassis::service::{Platform, Service};
use chassis::testing::{Answer, Call, Database, TestPlatform, call};
use chrono::TimeDelta;
use contracts::identity::{ONE_TIME_TOKENS, TRUST};
use identity::Config;
use serde_json::{Value, json};
use uuid::Uuid;

const PASSWORD: &str = "violet-harbour-7";

/// A running identity service.
struct Shop {
    service: Service,
    platform: TestPlatform,
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
struct Person {
    id: Uuid,
    access: String,
    refresh: String,
}

/// An event as it waits in the outbox.
#[derive(Debug, chassis::db::Record)]
struct Published {
    #[record(rename = "type")]
    kind: String,
    subject: String,
    data: Json<Value>,
}

/// One shop per available database.
async fn shop(database: Database) -> Shop {
    shop_with(database, Config::default()).await
}

/// What the services of these tests' shop declare.
const PERMISSIONS: [Permission; 13] = [
    Permission::staff("catalog:write"),
    Permission::staff("orders:write"),
    Permission::staff("orders:read"),
    Permission::staff("payments:refund"),
    Permission::staff("payments:read"),
    Permission::staff("users:read"),
    Permission::admin("users:write"),
    Permission::staff("reviews:moderate"),
    Permission::staff("notifications:send"),
    Permission::staff("notifications:read"),
    Permission::staff("reports:read"),
    Permission::staff("system:read"),
    Permission::admin("system:write"),
];

async fn shop_with(database: Database, config: Config) -> Shop {
    Shop::start(database.platform(identity::MIGRATIONS).await, config).await
}

impl Shop {
    async fn start(platform: TestPlatform, config: Config) -> Self {
        let service =
            identity::start(platform.platform.clone(), config, PERMISSIONS.into()).await.unwrap();
        Self { service, platform }
    }

    /// Another process of the same shop, whose clock is ahead.
    async fn later(&self, by: TimeDelta) -> Self {
        let clock = Clock::Fixed(self.platform.clock.now() + by);
        let verifier = Verifier::new(clock);
        let mut platform = self.platform.clone();
        platform.platform = Platform { clock, verifier, ..platform.platform };
        Self::start(platform, Config::default()).await
    }

    fn kind(&self) -> &'static str {
        self.platform.kind
    }

    fn call(&self, method: &str, path: &str) -> Call {
        call(&self.service.router, method, &format!("/api/v1{path}"))
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(body).await
    }

    /// A call as somebody, without a body where `body` is null.
    async fn by(&self, person: &Person, method: &str, path: &str, body: Value) -> Answer {
        let call = self.call(method, path).header("authorization", &person.bearer());
        if body.is_null() { call.await } else { call.json(body).await }
    }

    async fn register(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "name": name, "username": name });
        Person::of(&self.post("/auth/register", body).await.expect(201))
    }

    async fn log_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "email": format!("{name}@example.com"), "password": password });
        self.post("/auth/login", body).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh", json!({ "refresh_token": token })).await
    }

    /// Somebody with a role, made by the command line and logged in.
    async fn with_role(&self, name: &str, role: &str) -> Person {
        let account = identity::admin::NewAccount {
            email: format!("{name}@example.com"),
            password: PASSWORD.into(),
            name: name.to_owned(),
            username: None,
            roles: vec![role.to_owned()],
        };
        let (db, clock) = (&self.platform.db, self.platform.clock);
        identity::admin::create_user(db, clock, account).await.unwrap();
        Person::of(&self.log_in(name, PASSWORD).await.expect(200))
    }

    /// Staff with these permissions only.
    async fn clerk(&self, admin: &Person, name: &str, permissions: &[&str]) -> Person {
        let body = json!({
            "email": format!("{name}@example.com"), "password": PASSWORD, "name": name,
            "roles": ["staff"], "permissions": permissions,
        });
        self.by(admin, "POST", "/users", body).await.expect(201);
        Person::of(&self.log_in(name, PASSWORD).await.expect(200))
    }

    /// The types of the events told so far about a subject.
    async fn published(&self, subject: Uuid) -> Vec<String> {
        let told = self.events().await.into_iter().filter(|it| it.subject == subject.to_string());
        told.map(|it| it.kind).collect()
    }

    /// Every event told so far.
    async fn events(&self) -> Vec<Published> {
        let all = "SELECT type, subject, data FROM outbox ORDER BY sequence";
        self.platform.db.query(all).all().await.unwrap()
    }

    /// What the events of a type say, in their order.
    async fn of_kind(&self, kind: &str) -> Vec<Value> {
        let all = self.events().await.into_iter().filter(|it| it.kind == kind);
        all.map(|it| it.data.0).collect()
    }

    /// Lets no second event of a type be written: whoever publishes it fails there.
    async fn break_at(&self, kind: &str) {
        let index = format!("CREATE UNIQUE INDEX broken ON outbox (type) WHERE type = '{kind}'");
        let index: &'static str = index.leak();
        self.platform.db.query(index).execute().await.unwrap();
    }

    async fn mend(&self) {
        self.platform.db.query("DROP INDEX broken").execute().await.unwrap();
    }

    async fn trust(&self) -> Value {
        call(&self.service.internal, "GET", TRUST.path()).await.expect(200)
    }

    /// What a mail to the user would carry.
    async fn one_time_token(&self, user: Uuid, purpose: &str) -> Answer {
        let body = json!({ "user_id": user, "purpose": purpose });
        call(&self.service.internal, "POST", ONE_TIME_TOKENS.path()).json(body).await
    }
}

impl Person {
    fn of(tokens: &Value) -> Self {
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        Self {
            id: tokens["user"]["id"].as_str().unwrap().parse().unwrap(),
            access: text(&tokens["access_token"]),
            refresh: text(&tokens["refresh_token"]),
        }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.access)
    }
}

/// The names of the wrong fields of a 422, sorted.
#[track_caller]
fn wrong_fields(answer: Answer) -> Vec<String> {
    let body = answer.expect(422);
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let fields = errors.iter().map(|it| it["field"].as_str().unwrap().to_owned());
    fields.collect::<BTreeSet<_>>().into_iter().collect()
}
