//! FCM against a double of it, and against servers that fail.

use chassis::clock::Clock;
use chassis::testing::{ManualClock, eventually, in_time, noon};
use chrono::TimeDelta;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::double::{Double, Play, service_account};
use super::*;
use crate::model::Channel;

const ID: Uuid = Uuid::from_u128(7);

fn message(device: &str) -> OutgoingMessage {
    OutgoingMessage {
        id: ID,
        channel: Channel::Push,
        template: None,
        recipient: device.to_owned(),
        subject: Some("Your order".to_owned()),
        text: "It is on its way.".to_owned(),
        html: None,
        language: None,
        order_number: Some("CW-7".to_owned()),
        link: None,
        unsubscribe: None,
        attachments: vec![],
    }
}

async fn deliver(fcm: &Fcm, device: &str) -> Result<Accepted, DeliveryError> {
    in_time("a delivery", fcm.deliver(&message(device))).await
}

fn reason(result: &Result<Accepted, DeliveryError>) -> String {
    result.as_ref().expect_err("not taken").to_string()
}

#[tokio::test]
async fn a_message_goes_to_the_device_with_a_token_for_the_assertion() {
    let double = Double::start(Clock::Fixed(noon())).await;
    let fcm = double.fcm();
    let accepted = deliver(&fcm, "device-1").await.unwrap();
    assert_eq!(accepted.provider_message_id.as_deref(), Some("projects/shop-1/messages/1"));
    let id = ID.to_string();
    assert_eq!(
        double.taken(),
        [json!({ "message": {
            "token": "device-1",
            "notification": { "title": "Your order", "body": "It is on its way." },
            "data": { "message_id": id, "order_number": "CW-7" },
            "android": { "notification": { "tag": id } },
            "apns": { "headers": { "apns-collapse-id": id } },
            "webpush": { "notification": { "tag": id } },
        }})]
    );
    let connected = in_time("a check", fcm.check()).await.unwrap();
    assert_eq!(connected, "project shop-1 as cartwright@shop-1.iam.gserviceaccount.com");
    assert_eq!((double.exchanges(), double.taken().len()), (1, 1), "a check sends nothing");
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end_and_renewed_once_when_refused() {
    let time = ManualClock::default();
    let double = Double::start(time.clock()).await;
    let fcm = double.fcm();
    deliver(&fcm, "a").await.unwrap();
    time.advance(TimeDelta::minutes(57));
    deliver(&fcm, "b").await.unwrap();
    assert_eq!(double.exchanges(), 1);
    time.advance(TimeDelta::minutes(1));
    deliver(&fcm, "c").await.unwrap();
    assert_eq!((double.exchanges(), double.attempts()), (2, 3), "before FCM refused it");

    double.revoke();
    deliver(&fcm, "d").await.unwrap();
    assert_eq!((double.exchanges(), double.attempts()), (3, 5));

    double.play("e", Play::Error(401, "UNAUTHENTICATED", None));
    let refused = deliver(&fcm, "e").await;
    assert!(matches!(refused, Err(DeliveryError::Unavailable { .. })), "{refused:?}");
    assert!(reason(&refused).contains(SERVICE_ACCOUNT), "{refused:?}");
    assert_eq!((double.exchanges(), double.attempts()), (4, 7), "renewed once");
}

#[tokio::test]
async fn many_messages_at_once_ask_for_one_token() {
    let double = Double::start(Clock::Fixed(noon())).await;
    let fcm = double.fcm();
    let devices: Vec<_> = (0..20).map(|it| format!("device-{it}")).collect();
    let all = futures::future::join_all(devices.iter().map(|it| deliver(&fcm, it))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((double.exchanges(), double.taken().len()), (1, 20));
    double.revoke();
    let all = futures::future::join_all(devices.iter().map(|it| deliver(&fcm, it))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((double.exchanges(), double.taken().len()), (2, 40));
}

/// In a word, with how long to wait.
fn word(error: &DeliveryError) -> (&'static str, Option<i64>) {
    match error {
        DeliveryError::Unavailable { retry_after, .. } => {
            ("unavailable", retry_after.map(|it| it.num_seconds()))
        }
        DeliveryError::Later { retry_after, .. } => {
            ("later", retry_after.map(|it| it.num_seconds()))
        }
        DeliveryError::Unknown(_) => ("unknown", None),
        DeliveryError::Refused(_) => ("refused", None),
        DeliveryError::NoSuchRecipient(_) => ("gone", None),
        DeliveryError::OptedOut(_) => ("opted out", None),
    }
}

#[tokio::test]
async fn an_error_says_whether_the_device_the_message_or_fcm_is_to_blame() {
    let double = Double::start(Clock::Fixed(noon())).await;
    let fcm = double.fcm();
    let date = "Fri, 02 Jan 2026 12:05:00 GMT";
    for (play, expected) in [
        (Play::Error(404, "UNREGISTERED", None), ("gone", None)),
        (Play::Error(404, "NOT_FOUND", None), ("unavailable", None)),
        (Play::Error(403, "SENDER_ID_MISMATCH", None), ("gone", None)),
        (Play::Error(403, "PERMISSION_DENIED", None), ("unavailable", None)),
        (Play::Error(401, "THIRD_PARTY_AUTH_ERROR", None), ("later", None)),
        (Play::Error(400, "INVALID_ARGUMENT", Some("message.token")), ("gone", None)),
        (Play::Error(400, "INVALID_ARGUMENT", Some("message.data")), ("refused", None)),
        (Play::Error(400, "INVALID_ARGUMENT", None), ("refused", None)),
        (Play::Error(429, "QUOTA_EXCEEDED", None), ("unavailable", Some(60))),
        (Play::RetryAfter(429, "QUOTA_EXCEEDED", "120"), ("unavailable", Some(120))),
        (Play::RetryAfter(503, "UNAVAILABLE", date), ("unavailable", Some(300))),
        (Play::Error(503, "UNAVAILABLE", None), ("unavailable", None)),
        (Play::Error(500, "INTERNAL", None), ("unavailable", None)),
        (Play::Error(504, "DEADLINE_EXCEEDED", None), ("unknown", None)),
        (Play::Error(302, "", None), ("unavailable", None)),
    ] {
        double.play("device", play);
        let error = deliver(&fcm, "device").await.unwrap_err();
        assert_eq!(word(&error), expected, "{play:?}: {error}");
        let told = error.to_string();
        assert!(told.starts_with("FCM: "), "{told}");
        if let Play::Error(403 | 404, "PERMISSION_DENIED" | "NOT_FOUND", _) = play {
            assert!(told.contains(SERVICE_ACCOUNT), "{told}");
        }
    }
    assert_eq!((double.exchanges(), double.taken().len()), (1, 0));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_reason_names_the_setting() {
    let double = Double::start(Clock::Fixed(noon())).await;
    let fcm = double.fcm();
    double.issue_none(400, "invalid_grant");
    let refused = deliver(&fcm, "device").await;
    assert_eq!(
        refused,
        Err(DeliveryError::unavailable(
            "FCM: no access token (status 400, invalid_grant); see \
             notifications.fcm.service_account"
        ))
    );
    assert!(in_time("a check", fcm.check()).await.is_err());
    double.issue_none(503, "");
    let away = deliver(&fcm, "device").await;
    assert_eq!(reason(&away), "FCM: no access token: status 503");
    assert_eq!(double.attempts(), 0);
    double.recover();
    deliver(&fcm, "device").await.unwrap();

    // Another audience than the endpoint's own.
    let account = service_account("https://elsewhere.example/token");
    let token_url = format!("{}/token", double.config().api_url);
    let config = FcmConfig { service_account: account.to_string().into(), ..double.config() };
    let config = FcmConfig { token_url, ..config };
    deliver(&Fcm::new(&config, Clock::Fixed(noon())), "device").await.unwrap();
}

#[tokio::test]
async fn nobody_knows_what_became_of_a_message_without_an_answer() {
    let double = Double::start(Clock::Fixed(noon())).await;
    let fcm = Fcm::new(&FcmConfig { timeout_ms: 400, ..double.config() }, Clock::Fixed(noon()));
    // The first token may take longer than that.
    eventually("a token", async || fcm.check().await.is_ok()).await;
    double.play("slow", Play::Hang);
    let slow = deliver(&fcm, "slow").await;
    assert_eq!(slow, Err(DeliveryError::Unknown("FCM: no answer in time".to_owned())));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cutting = tokio::spawn(async move {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"}}}}") {
                assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let config = FcmConfig { api_url: format!("http://{address}"), ..double.config() };
    let fcm = Fcm::new(&config, Clock::Fixed(noon()));
    let cut = deliver(&fcm, "device").await;
    let lost = "FCM: the connection was lost before the answer".to_owned();
    assert_eq!(cut, Err(DeliveryError::Unknown(lost)));
    let taken = deliver(&fcm, "device").await;
    assert_eq!(taken, Ok(Accepted::default()), "it said so before it was cut");
    cutting.await.unwrap();

    let nobody = deliver(&fcm, "device").await;
    let Err(DeliveryError::Unavailable { reason, .. }) = nobody else { panic!("{nobody:?}") };
    assert!(reason.starts_with("FCM: no connection"), "{reason}");
}

#[test]
fn a_wrong_setting_is_refused_without_showing_the_key() {
    let with =
        |account: String| FcmConfig { service_account: account.into(), ..FcmConfig::default() };
    let good = service_account("https://oauth2.googleapis.com/token");
    assert_eq!(with(good.to_string()).check(true), Ok(()));
    assert_eq!(FcmConfig::default().check(false), Ok(()));
    let wrong = |field: &str, value: serde_json::Value| {
        let mut account = good.clone();
        account[field] = value;
        account.to_string()
    };
    let key = good["private_key"].as_str().unwrap();
    let public = include_str!("../../../tests/data/service_account_public.pem");
    for (account, expected) in [
        (String::new(), "empty"),
        ("hunter2".to_owned(), "no JSON"),
        ("[]".to_owned(), "JSON of another kind"),
        (wrong("type", json!("authorized_user")), "JSON of another kind"),
        (wrong("client_email", json!("")), "JSON without client_email"),
        (wrong("private_key_id", json!("")), "JSON without private_key_id"),
        (wrong("project_id", json!("a/../b")), "JSON with a project_id that cannot be read"),
        (wrong("token_uri", json!("hunter2")), "JSON with a token_uri that cannot be read"),
        (wrong("private_key", json!(public)), "JSON with a private_key that cannot be read"),
        (wrong("private_key", json!(key.replace("MII", "MIX"))), "JSON with a private_key that"),
    ] {
        let error = with(account.clone()).check(true).unwrap_err().to_string();
        let begin = format!("notifications.fcm.service_account is {expected}");
        assert!(error.starts_with(&begin), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("MII"), "{error}");
        assert!(!format!("{:?}", with(account.clone())).contains("MII"));
    }
    for (config, setting) in [
        (FcmConfig { timeout_ms: 999, ..FcmConfig::default() }, "timeout_ms"),
        (FcmConfig { timeout_ms: 50_001, ..FcmConfig::default() }, "timeout_ms"),
        (FcmConfig { api_url: "fcm.googleapis.com".to_owned(), ..FcmConfig::default() }, "api_url"),
        (FcmConfig { token_url: "ftp://x".to_owned(), ..FcmConfig::default() }, "token_url"),
    ] {
        let error = config.check(false).unwrap_err().to_string();
        assert!(error.starts_with(&format!("notifications.fcm.{setting} is ")), "{error}");
    }
}

#[tokio::test]
async fn a_project_that_cannot_be_used_says_why_and_takes_nothing() {
    let config = FcmConfig { service_account: "{}".into(), ..FcmConfig::default() };
    let fcm = Fcm::new(&config, Clock::Fixed(noon()));
    let refused = deliver(&fcm, "device").await;
    assert!(reason(&refused).starts_with(SERVICE_ACCOUNT), "{refused:?}");
}
