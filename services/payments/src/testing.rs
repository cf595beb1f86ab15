//! A shop's payments for tests, with a provider whose line is as bad as a test wants it.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use axum::http::HeaderMap;
use chassis::channel::Channel;
use chassis::clock::Clock;
use chassis::db::{Db, Session};
use chassis::problem::Result;
use chassis::testing::{Database, TestPlatform, noon};
use chassis::webhooks::{Notice, WebhookError};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::payments::Authorize;
use parking_lot::Mutex;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Payment, Status};
use crate::provider::{
    Authorization, Charge, ChargeRefund, ChargeSnapshot, ChargeState, Failure, PaymentMethod,
    Provider, ProviderCall, ProviderHealth, Purchase,
};
use crate::providers::{Databases, Providers, Sandbox};
use crate::requests::{self, RefundRequest};
use crate::{App, Config, invariants, store, worker};

/// What happens to a request to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Fine,
    /// It never arrives.
    RequestLost,
    /// It takes effect, but its answer never arrives.
    AnswerLost,
    /// The process dies before it is sent.
    DiesBefore,
    /// The process dies before the answer is written down.
    DiesAfter,
}

/// What happens to the next requests of a provider, which are fine after those.
pub(crate) type Lines = Arc<Mutex<VecDeque<Line>>>;

/// A provider behind a bad line.
pub(crate) struct Far<P> {
    pub(crate) provider: P,
    pub(crate) line: Lines,
}

pub(crate) struct Shop {
    pub(crate) app: App,
    pub(crate) platform: TestPlatform,
    line: Lines,
}

/// One for each available database.
pub(crate) async fn shop(database: Database) -> Shop {
    let platform = database.platform(crate::MIGRATIONS).await;
    for further in &crate::DEFINITION.databases[1..] {
        platform.db.migrate(**further).await.unwrap();
    }
    let line = Lines::default();
    let app = app(&platform, &line);
    Shop { app, platform, line }
}

fn app(platform: &TestPlatform, line: &Lines) -> App {
    let config = Config { answer_ms: 10_000, try_ms: 60_000, pause_ms: 0, ..Config::default() };
    let orders = contracts::orders::Client::new(Channel::to("orders"));
    let app = App::new(platform, config, &databases(&platform.db), orders).unwrap();
    App { providers: far(platform, platform.clock, line), ..app }
}

/// The sandbox behind its line, at this time.
fn far(platform: &TestPlatform, clock: Clock, line: &Lines) -> Providers {
    let provider = Sandbox { db: platform.db.clone(), clock };
    let far: Arc<dyn Provider> = Arc::new(Far { provider, line: line.clone() });
    Providers::of([("sandbox", far)])
}

/// All of them in one.
pub(crate) fn databases(db: &Db) -> Databases {
    crate::DEFINITION.databases[1..].iter().map(|it| (it.service, db.clone())).collect()
}

impl Shop {
    /// What happens to the next requests to the provider; later ones are fine.
    pub(crate) fn line(&self, next: impl IntoIterator<Item = Line>) {
        *self.line.lock() = next.into_iter().collect();
    }

    /// The same shop with little patience: a process that dies answers nobody.
    pub(crate) fn hasty(&self) -> App {
        let config = Config { answer_ms: 200, ..(*self.app.config).clone() };
        App { config: Arc::new(config), ..self.app.clone() }
    }

    /// A new process over the same databases, a while later.
    pub(crate) async fn restart(&self) -> App {
        let app = app(&self.platform, &self.line);
        if app.db.is_sqlite() {
            store::OPERATIONS.release_all(&app.db, app.clock.now()).await.unwrap();
            app
        } else {
            // Here another process may still be alive: only time ends its leases.
            App { clock: Clock::Fixed(later(10)), ..app }
        }
    }

    pub(crate) async fn payment(&self, id: Uuid) -> Payment {
        store::find(&self.app.db, id).await.unwrap().expect("the payment")
    }

    /// The same shop at another time.
    pub(crate) fn at(&self, time: DateTime<Utc>) -> App {
        let clock = Clock::Fixed(time);
        App { clock, providers: far(&self.platform, clock, &self.line), ..self.app.clone() }
    }

    /// A payment that is held.
    pub(crate) async fn authorized(&self, token: &str) -> Uuid {
        let payment = requests::authorize(&self.app, request(token)).await.unwrap();
        assert_eq!(payment.status, Status::Authorized);
        payment.id
    }

    /// A payment that is paid.
    pub(crate) async fn captured(&self) -> Uuid {
        let id = self.authorized("tok_visa").await;
        requests::capture(&self.app, id).await.unwrap();
        id
    }

    /// Lets the worker go on, a minute at a time, until nothing is left to do.
    pub(crate) async fn finish(&self) {
        for minutes in 1..100 {
            let app = self.at(later(minutes));
            worker::turn(&app).await.unwrap();
            worker::look_at_due(&app).await.unwrap();
            let open: (i64,) = self
                .app
                .db
                .query(
                    "SELECT (SELECT count(*) FROM operations WHERE settled_at IS NULL)
                          + (SELECT count(*) FROM payments
                             WHERE look_at IS NOT NULL
                               AND status NOT IN ('requires_action', 'authorized'))",
                )
                .one()
                .await
                .unwrap();
            if open.0 == 0 {
                return;
            }
        }
        panic!("{}: operations never end", self.platform.kind);
    }

    /// The books agree with each other and with the sandbox's.
    pub(crate) async fn assert_sound(&self) {
        let faults = invariants::violations(&self.app.db, &databases(&self.app.db), later(60))
            .await
            .unwrap();
        assert!(faults.is_empty(), "{}: {faults:#?}", self.platform.kind);
    }

    /// The `payment.updated` events of a payment, oldest first.
    pub(crate) async fn published(&self, id: Uuid) -> Vec<String> {
        let told: Vec<(chassis::db::Json<serde_json::Value>,)> = self
            .app
            .db
            .query("SELECT data FROM outbox WHERE subject = $1 ORDER BY sequence")
            .bind(id.to_string())
            .all()
            .await
            .unwrap();
        told.iter().map(|(it,)| it["status"].as_str().unwrap().to_owned()).collect()
    }
}

/// A refund of this amount, or of all that is left.
pub(crate) fn refund_of(payment_id: Uuid, amount: Option<i64>) -> RefundRequest {
    RefundRequest {
        id: Uuid::now_v7(),
        payment_id,
        amount,
        lines: vec![],
        restock: false,
        reason: "returned".to_owned(),
        note: None,
        staff: None,
        fingerprint: None,
    }
}

/// An order's payment of 19.99 with this token.
pub(crate) fn request(token: &str) -> Authorize {
    Authorize {
        payment_id: Uuid::now_v7(),
        order_id: Uuid::now_v7(),
        order_number: "CW-100001".to_owned(),
        user_id: Some(Uuid::now_v7()),
        order_token_hash: None,
        amount: 1999,
        currency: "USD".to_owned(),
        provider: "sandbox".to_owned(),
        token: token.into(),
        save: false,
    }
}

pub(crate) fn later(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}

impl<P: Provider> Far<P> {
    async fn send<T>(&self, request: ProviderCall<'_, T>) -> Result<T, Failure> {
        let lost = || Err(Failure::Unknown("the line is bad".to_owned()));
        let line = self.line.lock().pop_front().unwrap_or(Line::Fine);
        match line {
            Line::Fine => request.await,
            Line::RequestLost => lost(),
            Line::AnswerLost => request.await.and_then(|_| lost()),
            Line::DiesBefore => pending().await,
            Line::DiesAfter => {
                drop(request.await);
                pending().await
            }
        }
    }
}

impl<P: Provider> Provider for Far<P> {
    fn authorize<'a>(&'a self, key: Uuid, request: &'a Authorization) -> ProviderCall<'a> {
        Box::pin(async move {
            let charge = self.send(self.provider.authorize(key, request)).await?;
            // A bank whose customers need a while.
            let waits = charge.state == ChargeState::RequiresAction;
            let hold_minutes = if waits { Some(30) } else { charge.hold_minutes };
            Ok(ChargeSnapshot { hold_minutes, ..charge })
        })
    }

    fn methods(&self, purchase: &Purchase) -> Vec<PaymentMethod> {
        self.provider.methods(purchase)
    }

    fn is_test(&self) -> bool {
        self.provider.is_test()
    }

    fn health(&self) -> Option<ProviderHealth> {
        self.provider.health()
    }

    fn webhook(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> std::result::Result<Vec<Notice>, WebhookError> {
        self.provider.webhook(headers, body)
    }

    fn method_of(&self, token: &str) -> &'static str {
        self.provider.method_of(token)
    }

    fn check_input(&self, input: &Value) -> Result<()> {
        self.provider.check_input(input)
    }

    fn resume<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        input: Option<&'a Value>,
    ) -> ProviderCall<'a> {
        Box::pin(self.send(self.provider.resume(key, charge, input)))
    }

    fn capture<'a>(&'a self, key: Uuid, charge: &'a Charge, amount: i64) -> ProviderCall<'a> {
        Box::pin(self.send(self.provider.capture(key, charge, amount)))
    }

    fn void<'a>(&'a self, key: Uuid, charge: &'a Charge) -> ProviderCall<'a> {
        Box::pin(self.send(self.provider.void(key, charge)))
    }

    fn refund<'a>(
        &'a self,
        key: Uuid,
        charge: &'a Charge,
        amount: i64,
    ) -> ProviderCall<'a, ChargeRefund> {
        Box::pin(self.send(self.provider.refund(key, charge, amount)))
    }

    fn lookup<'a>(&'a self, charge: &'a Charge) -> ProviderCall<'a, Option<ChargeSnapshot>> {
        Box::pin(self.send(self.provider.lookup(charge)))
    }
}
