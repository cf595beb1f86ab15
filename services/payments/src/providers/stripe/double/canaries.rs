//! Keys, tokens and client secrets are told to nobody but Stripe and the customer: not to the log at
//! its most talkative, not to other services, not to staff, and none is kept longer than needed.

use std::io::{self, Write};

use chassis::service::Service;
use chassis::testing::{Database, User, apply_webhooks, call};
use parking_lot::Mutex;
use stripe_double::{Arm, Fault, Mode as Deliveries};
use tracing_subscriber::util::SubscriberInitExt;

use super::books::assert_books;
use super::webhooks::{hearing, lives};
use super::*;

const KEY: &str = "sk_test_canary4of4the4key";
const WRONG_KEY: &str = "sk_test_canary4of4a4wrong4key";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_key_token_or_client_secret_is_told_to_anybody() {
    let log = Log::default();
    let writer = log.clone();
    // All of it is on this thread, the requests to Stripe too.
    let logging = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish()
        .set_default();
    let mut hearing = hearing(Database::Sqlite, |it| it.secret_key = KEY.to_owned()).await;
    let ids = misfortunes(&mut hearing.shop).await;
    hearing.shop.double.deliver().await;
    hearing.shop.double.set_mode(Deliveries { forged: true, ..Deliveries::default() });
    hearing.shop.pay("card").await;
    hearing.shop.double.deliver().await;
    apply_webhooks(&hearing.service).await;
    let shop = &hearing.shop;
    let answers = answers(shop, &hearing.service, &ids).await;
    drop(logging);
    assert_books(shop).await;

    let log = String::from_utf8_lossy(&log.0.lock()).into_owned();
    assert!(log.contains("the provider's answer is unknown"), "it has been listened to");
    let kept = kept(shop).await;
    let secrets = secrets(shop);
    assert!(secrets.len() > 30, "{secrets:?}");
    for (place, text) in [
        ("the log", &log),
        ("what other services hear, and what is kept of webhooks and operations", &kept),
        ("an answer", &answers),
        ("the settings", &format!("{:?}", shop.app.config)),
    ] {
        assert!(text.len() > 400, "{place}: {text}");
        for secret in &secrets {
            let at = text.find(secret.as_str());
            let context = at.map(|at| text[..at].chars().rev().take(300).collect::<String>());
            let context = context.map(|it| it.chars().rev().collect::<String>());
            assert_eq!(context, None, "{place} has {secret}");
        }
    }
}

/// Every life of a payment, and everything that makes the shop say something: faults, refusals and a
/// wrong key.
async fn misfortunes(shop: &mut Shop) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = lives(shop).await.into_iter().map(|it| it.0).collect();
    for fault in Fault::ALL.into_iter().filter(|it| *it != Fault::Slow) {
        for (method, path) in [("POST", ""), ("GET", "")] {
            shop.double.arm(Arm { count: 4, ..Arm::next(fault, method, path) });
        }
        ids.push(shop.pay("card").await.id);
        shop.finish().await;
        shop.double.disarm();
    }
    ids.push(shop.pay("card_declined").await.id);
    // Bad tokens, one of which Stripe refuses.
    for token in ["ctoken_canary4of4a4token", "canary4of4a4token"] {
        let order = Authorize { token: token.into(), ..shop.order("card") };
        ids.push(requests::authorize(&shop.app, order).await.expect("an answer").id);
    }
    shop.restart_with(|it| it.stripe.secret_key = WRONG_KEY.into());
    ids.push(shop.pay("card").await.id);
    shop.work().await;
    shop.restart_with(|it| it.stripe.secret_key = KEY.into());
    shop.finish().await;
    // Customers who are asked for something at this moment.
    ids.push(shop.pay("card_3ds").await.id);
    ids.push(shop.pay("ideal").await.id);
    ids
}

/// All that may not be told.
fn secrets(shop: &Shop) -> Vec<String> {
    let of = |kind, name: &'static str| {
        let all = shop.double.objects(kind).into_iter();
        all.filter_map(move |it| Some(it[name].as_str()?.to_owned()))
    };
    let given = [KEY, WRONG_KEY, WEBHOOK_SECRET, "canary4of"].map(str::to_owned);
    let intents = of(Kind::PaymentIntent, "client_secret");
    given.into_iter().chain(intents).chain(of(Kind::ConfirmationToken, "id")).collect()
}

/// What the database keeps for others, and of what was asked of Stripe.
async fn kept(shop: &Shop) -> String {
    let mut kept = String::new();
    for rows in [
        "SELECT CAST(data AS TEXT) FROM outbox",
        "SELECT CAST(payload AS TEXT) || COALESCE(error, '') || COALESCE(subject, '') FROM webhooks",
        "SELECT COALESCE(input, '') FROM operations",
    ] {
        let rows: Vec<(String,)> = shop.app.db.query(rows).all().await.expect("rows");
        assert!(!rows.is_empty());
        kept.extend(rows.into_iter().map(|it| it.0 + "\n"));
    }
    kept
}

/// What staff see of payments, refunds, webhooks and providers.
async fn answers(shop: &Shop, service: &Service, ids: &[Uuid]) -> String {
    let staff = User::with(&["payments:read", "payments:refund"]);
    let mut paths = vec!["/payments?limit=100".to_owned(), "/payments/providers".to_owned()];
    for id in ids {
        paths.push(format!("/payments/{id}"));
        paths.push(format!("/payments/{id}/refunds"));
    }
    let mut answers = String::new();
    for path in paths {
        let answer = call(&service.router, "GET", &format!("/api/v1{path}")).user(&staff).await;
        answers += &answer.expect(200).to_string();
    }
    assert!(answers.contains(&shop.intent(ids[0]).await));
    answers
}
