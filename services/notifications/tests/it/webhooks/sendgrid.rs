use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::testing::{databases, deliver, event};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::identity::PasswordResetRequested;
use notifications::{ChannelConfig, Provider, SendgridConfig};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use super::*;

const ADA: &str = "ada@example.com";
/// What the DER form of a key of P-256 begins with.
const DER: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// SendGrid, which signs its webhooks.
struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
        Self(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).expect("a key"))
    }

    fn public_key(&self) -> String {
        let der = hex::decode(DER).expect("hex");
        STANDARD.encode([&der, self.0.public_key().as_ref()].concat())
    }

    /// Sends events, signed at this time.
    async fn send(&self, shop: &Shop, at: DateTime<Utc>, events: &Value) -> Answer {
        let (body, time) = (events.to_string(), at.timestamp().to_string());
        let signature = self.0.sign(&SystemRandom::new(), format!("{time}{body}").as_bytes());
        let signature = STANDARD.encode(signature.expect("a signature"));
        let headers = [
            ("content-type", "application/json"),
            ("x-twilio-email-event-webhook-signature", &*signature),
            ("x-twilio-email-event-webhook-timestamp", &*time),
        ];
        shop.post("sendgrid", &headers, body).await
    }

    /// Sends events, which are taken and applied.
    async fn report(&self, shop: &Shop, events: &Value) {
        self.send(shop, shop.clock.now(), events).await.expect(200);
        shop.apply().await;
    }
}

async fn open(database: Database) -> (Shop, Signer) {
    let signer = Signer::new();
    let mut headers = HeaderMap::new();
    headers.insert("x-message-id", HeaderValue::from_static("sg-1"));
    let reply = (StatusCode::ACCEPTED, headers, String::new());
    let shop = Shop::open(database, reply, |config, api_url| {
        config.email = ChannelConfig { providers: vec![Provider::Sendgrid] };
        config.sendgrid = SendgridConfig {
            api_key: "SG.hunter2".into(),
            webhook_public_key: signer.public_key(),
            api_url,
            ..SendgridConfig::default()
        };
    });
    (shop.await, signer)
}

fn event_of(kind: &str, message: &str) -> Value {
    json!({
        "event": kind, "sg_event_id": format!("{kind}-{message}"), "sg_message_id": "sg-1.filter",
        "message_id": message, "email": ADA, "timestamp": 1, "type": "bounce", "status": "5.1.1",
        "reason": "550 5.1.1 ada@example.com: no such user", "ip": "192.0.2.7",
    })
}

#[databases]
async fn a_mail_that_was_delivered_is_delivered(database: Database) {
    let (mut shop, sendgrid) = open(database).await;
    let id = shop.send("email", email(ADA)).await;
    let sent = shop.message(&id).await;
    assert_eq!(
        (&sent["provider"], &sent["provider_message_id"]),
        (&json!("sendgrid"), &json!("sg-1"))
    );
    let body: Value = serde_json::from_str(&shop.taken.lock().await[0]).unwrap();
    assert_eq!(body["personalizations"][0]["custom_args"]["message_id"], json!(id));

    shop.clock.advance(TimeDelta::seconds(7));
    let events =
        json!([event_of("processed", &id), event_of("delivered", &id), event_of("open", &id)]);
    for _ in 0..2 {
        sendgrid.report(&shop, &events).await;
        let delivered = shop.message(&id).await;
        assert_eq!(delivered["status"], "delivered", "{}", shop.platform.kind);
        assert_eq!(delivered["delivered_at"], "2026-01-02T12:00:07Z");
    }
    assert_eq!((shop.webhooks("done").await, shop.webhooks("ignored").await), (1, 2));
    assert_eq!(shop.suppressions().await, []);
    let kept = "SELECT payload, subject FROM webhooks";
    let kept: Vec<(chassis::db::Json<Value>, Option<String>)> =
        shop.platform.db.query(kept).all().await.unwrap();
    assert!(!format!("{kept:?}").contains("ada"), "nothing personal: {kept:?}");
}

#[databases]
async fn a_hard_bounce_stops_all_mail_but_what_its_owner_requests(database: Database) {
    let (mut shop, sendgrid) = open(database).await;
    let id = shop.send("email", email(ADA)).await;
    // Out of order.
    sendgrid.report(&shop, &json!([event_of("bounce", &id)])).await;
    sendgrid.report(&shop, &json!([event_of("delivered", &id)])).await;
    let bounced = shop.message(&id).await;
    assert_eq!((&bounced["status"], &bounced["error"]), (&json!("bounced"), &json!("5.1.1")));
    assert_eq!(shop.suppressions().await, [suppression(ADA, "bounced")]);

    let next = shop.queue("email", email("Ada@Example.com")).await;
    assert_eq!(next["status"], "skipped");
    assert_eq!(next["error"], "earlier mail to this address came back");
    let other = shop.queue("email", email("eve@example.com")).await;
    assert_eq!(other["status"], "queued");

    let mut found = Vec::new();
    for version in 1..=5 {
        let user = uuid::Uuid::from_u128(7);
        let reset = json!({ "user_id": user, "email": ADA, "name": "Ada" });
        let reset: PasswordResetRequested = serde_json::from_value(reset).unwrap();
        if version == 5 {
            shop.clock.advance(TimeDelta::hours(25));
        }
        deliver(&shop.service, &[event("identity", user, version, &reset)]).await;
        let queued = "SELECT COUNT(*) FROM messages
                      WHERE template = 'password_reset' AND state = 'queued'";
        found.push(shop.platform.db.query(queued).one::<(i64,)>().await.unwrap().0);
    }
    assert_eq!(found, [1, 2, 3, 3, 4], "three a day");
}

#[databases]
async fn what_may_pass_stops_no_further_mail(database: Database) {
    let (mut shop, sendgrid) = open(database).await;
    let id = shop.send("email", email(ADA)).await;
    let mut blocked = event_of("bounce", &id);
    blocked["type"] = json!("blocked");
    sendgrid.report(&shop, &json!([event_of("deferred", &id), blocked])).await;
    assert_eq!(shop.status(&id).await, "bounced");
    assert_eq!(shop.suppressions().await, []);
    assert_eq!(shop.queue("email", email(ADA)).await["status"], "queued");
}

#[databases]
async fn who_unsubscribes_gets_no_more_marketing(database: Database) {
    no_more_marketing(database, "unsubscribe", "delivered", "unsubscribed").await;
}

#[databases]
async fn who_complains_gets_no_more_marketing(database: Database) {
    no_more_marketing(database, "spamreport", "complained", "complained").await;
}

async fn no_more_marketing(database: Database, kind: &str, status: &str, reason: &str) {
    let (mut shop, sendgrid) = open(database).await;
    let id = shop.send("email", email(ADA)).await;
    sendgrid.report(&shop, &json!([event_of("delivered", &id), event_of(kind, &id)])).await;
    assert_eq!(shop.status(&id).await, status);
    assert_eq!(shop.suppressions().await, [suppression(ADA, reason)]);
    assert_eq!(shop.queue("email", email(ADA)).await["status"], "queued");
    let mut marketing = email(ADA);
    marketing["topic"] = json!("marketing");
    assert_eq!(shop.queue("email", marketing).await["status"], "skipped");
}

#[databases]
async fn an_event_that_is_faster_than_the_sender_is_applied_later(database: Database) {
    let (shop, sendgrid) = open(database).await;
    let queued = shop.queue("email", email(ADA)).await;
    let id = queued["id"].as_str().unwrap();
    shop.set_state(id, "sending").await;
    sendgrid.report(&shop, &json!([event_of("delivered", id)])).await;
    assert_eq!((shop.status(id).await.as_str(), shop.webhooks("pending").await), ("sending", 1));
    shop.set_state(id, "sent").await;
    shop.clock.advance(TimeDelta::seconds(10));
    shop.apply().await;
    assert_eq!(shop.status(id).await, "delivered");
    assert_eq!(shop.webhooks("done").await, 1);
}

/// Nobody knows whether it was taken; the event says that it was.
#[databases]
async fn a_mail_that_was_taken_without_an_answer_is_not_sent_again(database: Database) {
    let (shop, sendgrid) = open(database).await;
    let queued = shop.queue("email", email(ADA)).await;
    let id = queued["id"].as_str().unwrap();
    sendgrid.report(&shop, &json!([event_of("delivered", id)])).await;
    let delivered = shop.message(id).await;
    assert_eq!(
        (&delivered["status"], &delivered["provider"]),
        (&json!("delivered"), &json!("sendgrid"))
    );
    assert_eq!(delivered["next_attempt_at"], Value::Null);
}

#[databases]
async fn what_sendgrid_has_not_signed_lately_is_a_bad_request(database: Database) {
    let (shop, sendgrid) = open(database).await;
    let (now, id) = (shop.clock.now(), uuid::Uuid::nil().to_string());
    let events = json!([event_of("delivered", &id)]);
    let answers = [
        Signer::new().send(&shop, now, &events).await,
        sendgrid.send(&shop, now - TimeDelta::hours(26), &events).await,
        sendgrid.send(&shop, now + TimeDelta::hours(1), &events).await,
        sendgrid.send(&shop, now, &json!({ "no": "list" })).await,
        shop.post("sendgrid", &[], events.to_string()).await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(400), "webhook_rejected");
    }
    assert_eq!(shop.webhooks("pending").await, 0);
    // SendGrid tries for a day.
    sendgrid.send(&shop, now - TimeDelta::hours(24), &events).await.expect(200);
    // Of a message that is not the shop's.
    shop.apply().await;
    assert_eq!(shop.webhooks("ignored").await, 1);
    assert_eq!(
        shop.post("twilio", &[], String::new()).await.problem(404),
        "webhooks_not_configured"
    );
}

#[databases]
async fn a_list_as_long_as_sendgrid_sends_is_taken(database: Database) {
    let (shop, sendgrid) = open(database).await;
    let id = uuid::Uuid::nil().to_string();
    let one = |at: usize| {
        let mut event = event_of("open", &id);
        event["sg_event_id"] = json!(format!("open-{at}"));
        event["useragent"] = json!("x".repeat(500));
        event
    };
    let events: Value = (0..900).map(one).collect();
    assert!((700_000..768 * 1024).contains(&events.to_string().len()));
    sendgrid.send(&shop, shop.clock.now(), &events).await.expect(200);
    let count = "SELECT COUNT(*) FROM webhooks WHERE status = 'ignored'";
    assert_eq!(shop.platform.db.query(count).one::<(i64,)>().await.unwrap().0, 900);
}
