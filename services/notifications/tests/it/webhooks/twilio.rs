use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::testing::databases;
use chrono::TimeDelta;
use notifications::{ChannelConfig, Provider, TwilioConfig};
use ring::hmac;

use super::*;

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SID: &str = "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const ADA: &str = "+4915112345678";

async fn open(database: Database) -> Shop {
    let taken = json!({ "sid": SID, "num_segments": "2", "status": "queued" });
    let reply = (StatusCode::CREATED, HeaderMap::new(), taken.to_string());
    let shop = Shop::open(database, reply, |config, api_url| {
        config.sms = ChannelConfig { providers: vec![Provider::Twilio] };
        config.twilio = TwilioConfig {
            account_sid: ACCOUNT.to_owned(),
            auth_token: "hunter2".into(),
            from: "Lamps".to_owned(),
            api_url,
            ..TwilioConfig::default()
        };
    });
    shop.await
}

fn sms(topic: &str) -> Value {
    json!({ "to": ADA, "body": "Good day.", "topic": topic })
}

/// What Twilio sends, signed with a token; the fields are sorted.
async fn send(shop: &Shop, token: &str, fields: &[(&str, &str)]) -> Answer {
    let mut signed = "https://shop.test/api/v1/webhooks/twilio".to_owned();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        signed.extend([*name, *value]);
        form.append_pair(name, value);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    let kind = "application/x-www-form-urlencoded";
    let headers = [("content-type", kind), ("x-twilio-signature", &*signature)];
    shop.post("twilio", &headers, form.finish()).await
}

async fn report(shop: &Shop, status: &str, code: &str) {
    let mut fields = vec![
        ("AccountSid", ACCOUNT),
        ("ErrorCode", code),
        ("MessageSid", SID),
        ("MessageStatus", status),
        ("To", ADA),
    ];
    fields.retain(|it| !it.1.is_empty());
    send(shop, "hunter2", &fields).await.expect(200);
    shop.apply().await;
}

#[databases]
async fn a_text_message_that_was_delivered_is_delivered(database: Database) {
    let mut shop = open(database).await;
    let id = shop.send("sms", sms("transactional")).await;
    let sent = shop.message(&id).await;
    assert_eq!((&sent["provider_message_id"], &sent["segments"]), (&json!(SID), &json!(2)));
    shop.clock.advance(TimeDelta::seconds(7));
    // As they come: late, twice, and out of order.
    for (status, now) in [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("queued", "delivered"),
        ("delivered", "delivered"),
    ] {
        report(&shop, status, "").await;
        let message = shop.message(&id).await;
        assert_eq!(message["status"], now, "{status} {}", shop.platform.kind);
    }
    assert_eq!(shop.message(&id).await["delivered_at"], "2026-01-02T12:00:07Z");
    assert_eq!((shop.webhooks("done").await, shop.webhooks("ignored").await), (1, 2));
}

#[databases]
async fn a_number_that_is_gone_gets_no_more_text_messages(database: Database) {
    let mut shop = open(database).await;
    let id = shop.send("sms", sms("transactional")).await;
    report(&shop, "undelivered", "30005").await;
    let message = shop.message(&id).await;
    assert_eq!(
        (&message["status"], &message["error"]),
        (&json!("bounced"), &json!("Twilio error 30005"))
    );
    assert_eq!(shop.suppressions().await, [suppression(ADA, "bounced")]);
    assert_eq!(shop.queue("sms", sms("transactional")).await["status"], "skipped");
}

#[databases]
async fn a_phone_that_was_off_gets_the_next_text_message(database: Database) {
    let mut shop = open(database).await;
    let id = shop.send("sms", sms("transactional")).await;
    report(&shop, "undelivered", "30003").await;
    assert_eq!(shop.status(&id).await, "bounced");
    assert_eq!(shop.suppressions().await, []);
    assert_eq!(shop.queue("sms", sms("transactional")).await["status"], "queued");
}

#[databases]
async fn who_answered_stop_gets_nothing_more(database: Database) {
    let mut shop = open(database).await;
    let id = shop.send("sms", sms("transactional")).await;
    report(&shop, "failed", "21610").await;
    assert_eq!(shop.status(&id).await, "skipped");
    assert_eq!(shop.suppressions().await, [suppression(ADA, "opted_out")]);
    assert_eq!(shop.queue("sms", sms("transactional")).await["status"], "skipped");
}

/// The callback names the SID, which is not noted yet.
#[databases]
async fn a_callback_that_is_faster_than_the_sender_is_applied_later(database: Database) {
    let shop = open(database).await;
    let queued = shop.queue("sms", sms("transactional")).await;
    let id = queued["id"].as_str().unwrap();
    shop.set_state(id, "sending").await;
    report(&shop, "delivered", "").await;
    assert_eq!(shop.webhooks("pending").await, 1);
    let set = "UPDATE messages SET state = 'sent', provider = 'twilio', provider_message_id = $1";
    shop.platform.db.query(set).bind(SID).execute().await.unwrap();
    shop.clock.advance(TimeDelta::seconds(10));
    shop.apply().await;
    assert_eq!(shop.status(id).await, "delivered");
}

#[databases]
async fn what_is_not_from_the_shops_account_at_twilio_is_a_bad_request(database: Database) {
    let shop = open(database).await;
    let fields =
        |account| [("AccountSid", account), ("MessageSid", SID), ("MessageStatus", "delivered")];
    let answers = [
        send(&shop, "other", &fields(ACCOUNT)).await,
        send(&shop, "hunter2", &fields("ACother")).await,
        shop.post("twilio", &[], "MessageSid=SM1".to_owned()).await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(400), "webhook_rejected");
    }
    // Of a message that the shop does not know.
    send(&shop, "hunter2", &fields(ACCOUNT)).await.expect(200);
    shop.apply().await;
    assert_eq!((shop.webhooks("pending").await, shop.webhooks("ignored").await), (0, 1));
}
