//! SendGrid's transport before a server that takes its place.

use chassis::shop::ShopProfile;
use chassis::testing::{in_time, noon};
use serde_json::{Value, json};

use super::*;
use crate::Config;
use crate::model::Channel;
use crate::transport::testing::{
    Double, MESSAGE, Next, Seen, answer, differences, message, nowhere, published,
};

/// What is wrong with a request by SendGrid's own description.
fn check(seen: &Seen) -> Vec<String> {
    if seen.what == "GET /v3/scopes" {
        return vec![];
    }
    let Some(described) = published("sendgrid_mail_send.json") else { return vec![] };
    assert_eq!(seen.what, "POST /v3/mail/send");
    assert_eq!(seen.headers["content-type"], "application/json");
    let schema = &described["mail_send"]["post"]["requestBody"]["content"]["application/json"];
    let body: Value = serde_json::from_str(&seen.body).expect("JSON");
    differences(&described, &schema["schema"], &body)
}

fn sendgrid(api_url: &str) -> Sendgrid {
    let sendgrid = SendgridConfig {
        api_key: "SG.hunter2".into(),
        api_url: api_url.to_owned(),
        timeout_ms: 2_000,
        ..SendgridConfig::default()
    };
    let shop = ShopProfile {
        name: "Lamps".to_owned(),
        email_from: "no-reply@shop.test".to_owned(),
        email_reply_to: "help@shop.test".to_owned(),
        ..ShopProfile::default()
    };
    let config = Config { sendgrid, ..Config::default() };
    Sendgrid::open(&Setup { config: &config, shop: &shop, clock: Clock::Fixed(noon()) }).unwrap()
}

async fn sent(script: Next) -> (Result<Accepted, DeliveryError>, Vec<Seen>) {
    sent_message(script, &message(Channel::Email)).await
}

async fn sent_message(
    script: Next,
    message: &OutgoingMessage,
) -> (Result<Accepted, DeliveryError>, Vec<Seen>) {
    let double = Double::start(check, [script]).await;
    let sendgrid = sendgrid(&double.url);
    let result = in_time("an answer", sendgrid.deliver(message)).await;
    let seen = double.seen();
    assert!(!format!("{result:?}").contains("hunter2"), "{result:?}");
    (result, seen)
}

fn accepted() -> Next {
    Next::Answer(202, vec![("X-Message-Id", "abc.def-1".to_owned())], String::new())
}

fn refused(status: u16, field: &str, text: &str) -> Next {
    answer(status, json!({ "errors": [{ "message": text, "field": field, "help": null }] }))
}

#[tokio::test]
async fn a_message_is_handed_over_with_everything_it_has() {
    let (result, seen) = sent(accepted()).await;
    let id = Some("abc.def-1".to_owned());
    assert_eq!(result, Ok(Accepted { provider_message_id: id, segments: None }));
    assert_eq!(seen[0].headers["authorization"], "Bearer SG.hunter2");
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    let expected = json!({
        "personalizations": [{
            "to": [{ "email": "ada@example.com" }],
            "custom_args": { "message_id": MESSAGE },
        }],
        "from": { "email": "no-reply@shop.test", "name": "Lamps" },
        "reply_to": { "email": "help@shop.test" },
        "subject": "Grüße & mehr",
        "content": [
            { "type": "text/plain", "value": "Good day. 100 % ✓" },
            { "type": "text/html", "value": "<p>Good day.</p>" },
        ],
        "headers": {
            "Message-ID": format!("<{MESSAGE}@shop.test>"),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": "<https://shop.test/api/v1/notifications/unsubscribe/abc>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "categories": ["order_confirmed"],
        "attachments": [{
            "content": "JVBERg==", "type": "application/pdf", "filename": "invoice.pdf",
            "disposition": "attachment",
        }],
        "tracking_settings": {
            "click_tracking": { "enable": false, "enable_text": false },
            "open_tracking": { "enable": false },
            "subscription_tracking": { "enable": false },
            "ganalytics": { "enable": false },
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_message_with_nothing_but_a_text_is_one_too() {
    let bare = OutgoingMessage {
        template: None,
        subject: None,
        text: String::new(),
        html: None,
        unsubscribe: None,
        attachments: vec![],
        ..message(Channel::Email)
    };
    let (result, seen) = sent_message(accepted(), &bare).await;
    assert!(result.is_ok());
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["subject"], "Lamps");
    assert_eq!(body["content"], json!([{ "type": "text/plain", "value": "\n" }]));
    for absent in ["categories", "attachments", "mail_settings"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    assert!(body["headers"].get("List-Unsubscribe").is_none());
}

#[tokio::test]
async fn who_wants_to_get_into_an_account_is_written_to_despite_sendgrids_own_lists() {
    for (template, bypassed) in
        [("password_reset", true), ("verify_email", true), ("order_shipped", false)]
    {
        let it = OutgoingMessage { template: Some(template.to_owned()), ..message(Channel::Email) };
        let (_, seen) = sent_message(accepted(), &it).await;
        let body: Value = serde_json::from_str(&seen[0].body).unwrap();
        let bypass = &body["mail_settings"]["bypass_list_management"]["enable"];
        assert_eq!(bypass == &json!(true), bypassed, "{template}");
    }
}

#[tokio::test]
async fn what_sendgrid_will_never_take_is_refused() {
    for (status, text, reason) in [
        (400, "Does not contain a valid address.", "status 400: Does not contain a valid address."),
        (400, "ada@example.com is odd", "status 400: … is odd"),
        (413, "too large", "status 413: too large"),
    ] {
        let (result, _) = sent(refused(status, "personalizations.0.to", text)).await;
        assert_eq!(result, Err(DeliveryError::Refused(reason.to_owned())));
    }
    let (result, _) = sent(Next::Answer(400, vec![], "<html>hunter2".to_owned())).await;
    assert_eq!(result, Err(DeliveryError::Refused("status 400".to_owned())));
}

#[tokio::test]
async fn what_somebody_has_to_set_right_is_tried_again_and_names_the_setting() {
    let key = "The provided authorization grant is invalid, expired, or revoked";
    let sender = "The from address does not match a verified Sender Identity.";
    for (script, settings) in [
        (refused(401, "", key), &["notifications.sendgrid.api_key"][..]),
        (refused(403, "from", sender), &["notifications.sendgrid.api_key", "shop.email_from"]),
        (refused(400, "from.email", "odd"), &["shop.email_from"]),
        (refused(400, "reply_to", "odd"), &["shop.email_reply_to"]),
        (refused(404, "", "not found"), &["notifications.sendgrid.api_url"]),
        (
            Next::Answer(302, vec![("location", "https://other.test".to_owned())], String::new()),
            &["notifications.sendgrid.api_url"],
        ),
    ] {
        let (result, seen) = sent(script).await;
        assert_eq!(seen.len(), 1, "no redirect is followed");
        let Err(DeliveryError::Unavailable { reason, retry_after: None }) = result else {
            panic!("{result:?}")
        };
        assert!(settings.iter().all(|it| reason.contains(it)), "{reason}");
    }
}

#[tokio::test]
async fn what_sendgrid_cannot_take_now_another_provider_may() {
    let reset = (noon().timestamp() + 42).to_string();
    let busy = |header: &'static str, value: String| {
        let body = json!({ "errors": [{ "message": "too many requests" }] }).to_string();
        Next::Answer(429, vec![(header, value)], body)
    };
    for (script, seconds) in [
        (busy("X-RateLimit-Reset", reset), Some(42)),
        (busy("Retry-After", "7".to_owned()), Some(7)),
        (answer(500, json!({})), None),
        (answer(503, json!({})), None),
    ] {
        let (result, _) = sent(script).await;
        let Err(DeliveryError::Unavailable { retry_after, .. }) = result else {
            panic!("{result:?}")
        };
        assert_eq!(retry_after.map(|it| it.num_seconds()), seconds);
    }
    let nobody = sendgrid(&nowhere().await);
    let result = in_time("an answer", nobody.deliver(&message(Channel::Email))).await;
    let Err(DeliveryError::Unavailable { reason, .. }) = result else { panic!("{result:?}") };
    assert!(reason.starts_with("no connection: Connection refused"), "{reason}");
}

#[tokio::test]
async fn without_an_answer_nobody_knows_whether_it_was_taken() {
    for (script, reason) in [
        (Next::Silent, "no answer in time"),
        (Next::Cut, "the connection was lost before the answer"),
        (answer(504, json!({})), "status 504"),
    ] {
        let (result, _) = sent(script).await;
        assert_eq!(result, Err(DeliveryError::Unknown(reason.to_owned())));
    }
}

#[tokio::test]
async fn a_check_tells_whether_the_key_may_send() {
    let of = async |script: Next| {
        let double = Double::start(check, [script]).await;
        let result = in_time("an answer", sendgrid(&double.url).check()).await;
        let seen = double.seen();
        assert_eq!(seen[0].headers["authorization"], "Bearer SG.hunter2");
        result.map(|it| it.replace(&double.url, "URL"))
    };
    let good = of(answer(200, json!({ "scopes": ["alerts.read", "mail.send"] }))).await;
    assert_eq!(good.unwrap(), "URL, with a key that may send mail");
    for (script, reason) in [
        (answer(200, json!({ "scopes": ["mail.batch.create"] })), "the permission Mail Send"),
        (answer(200, json!("odd")), "cannot be read"),
        (refused(401, "", "no"), "status 401: no; check notifications.sendgrid.api_key"),
    ] {
        let error = of(script).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
