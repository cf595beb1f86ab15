//! Twilio's transport before a server that takes its place.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::shop::ShopProfile;
use chassis::testing::{in_time, noon};
use serde_json::json;

use super::*;
use crate::Config;
use crate::model::Channel;
use crate::transport::testing::{
    Double, Next, Seen, answer, differences, message, nowhere, published,
};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SERVICE: &str = "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SID: &str = "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MESSAGES: &str = "/2010-04-01/Accounts/{AccountSid}/Messages.json";

fn form(seen: &Seen) -> BTreeMap<String, String> {
    form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect()
}

/// What is wrong with a request by Twilio's own description.
fn check(seen: &Seen) -> Vec<String> {
    if seen.what.starts_with("GET ") {
        return vec![];
    }
    let Some(described) = published("twilio_messages_v2010.json") else { return vec![] };
    let operation = &described["paths"][MESSAGES]["post"];
    assert_eq!(seen.what, format!("POST {}", MESSAGES.replace("{AccountSid}", ACCOUNT)));
    let kind = seen.headers["content-type"].as_str();
    let schema = &operation["requestBody"]["content"][kind]["schema"];
    let account = differences(&described, &operation["parameters"][0]["schema"], &json!(ACCOUNT));
    let mut wrong = differences(&described, schema, &json!(form(seen)));
    wrong.extend(account);
    wrong
}

fn config(api_url: &str) -> TwilioConfig {
    TwilioConfig {
        account_sid: ACCOUNT.to_owned(),
        auth_token: "hunter2".into(),
        from: "+15005550006".to_owned(),
        api_url: api_url.to_owned(),
        timeout_ms: 2_000,
        ..TwilioConfig::default()
    }
}

fn twilio(twilio: TwilioConfig, public_url: &str) -> Twilio {
    let shop = ShopProfile { public_url: public_url.to_owned(), ..ShopProfile::default() };
    let config = Config { twilio, ..Config::default() };
    Twilio::open(&Setup { config: &config, shop: &shop, clock: Clock::Fixed(noon()) }).unwrap()
}

async fn sent(script: Next) -> (Result<Accepted, DeliveryError>, Vec<Seen>) {
    sent_with(script, |_| {}, "https://shop.test").await
}

async fn sent_with(
    script: Next,
    settings: impl FnOnce(&mut TwilioConfig),
    public_url: &str,
) -> (Result<Accepted, DeliveryError>, Vec<Seen>) {
    let double = Double::start(check, [script]).await;
    let mut config = config(&double.url);
    settings(&mut config);
    let twilio = twilio(config, public_url);
    let result = in_time("an answer", twilio.deliver(&message(Channel::Sms))).await;
    let seen = double.seen();
    assert!(!format!("{result:?}").contains("hunter2"), "{result:?}");
    (result, seen)
}

/// The answer to a message that Twilio takes, with the members of its description.
fn taken(segments: &str) -> Next {
    let sid =
        json!({ "sid": SID, "num_segments": segments, "status": "queued", "error_code": null });
    answer(201, sid)
}

fn refused(status: u16, code: i64, text: &str) -> Next {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    answer(status, json!({ "code": code, "message": text, "more_info": more, "status": status }))
}

#[tokio::test]
async fn a_text_message_is_handed_over_with_where_to_report_to() {
    let (result, seen) = sent(taken("2")).await;
    let id = Some(SID.to_owned());
    assert_eq!(result, Ok(Accepted { provider_message_id: id, segments: Some(2) }));
    let credentials = STANDARD.encode(format!("{ACCOUNT}:hunter2"));
    assert_eq!(seen[0].headers["authorization"], format!("Basic {credentials}"));
    let expected = [
        ("To", "+4915112345678"),
        ("From", "+15005550006"),
        ("Body", "Good day. 100 % ✓"),
        ("StatusCallback", "https://shop.test/api/v1/webhooks/twilio"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(&seen[0]), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_messaging_service_chooses_the_number_and_counts_later() {
    let service = |it: &mut TwilioConfig| {
        it.from.clear();
        SERVICE.clone_into(&mut it.messaging_service_sid);
    };
    let (result, seen) = sent_with(taken("0"), service, "https://shop.test").await;
    assert_eq!(result.unwrap().segments, None);
    let form = form(&seen[0]);
    assert_eq!(form["MessagingServiceSid"], SERVICE);
    assert!(!form.contains_key("From"));
}

#[tokio::test]
async fn a_shop_that_twilio_cannot_reach_asks_for_no_reports() {
    let (result, seen) = sent_with(taken("1"), |_| {}, "http://127.0.0.1:8080").await;
    assert!(result.is_ok());
    assert!(!form(&seen[0]).contains_key("StatusCallback"));
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_if_the_answer_is_odd() {
    for body in ["", "{", "{\"sid\":null}", "7"] {
        let (result, _) = sent(Next::Answer(201, vec![], body.to_owned())).await;
        assert_eq!(result, Ok(Accepted::default()), "{body}");
    }
}

#[tokio::test]
async fn an_error_code_says_what_becomes_of_the_message() {
    let no_such = |it: &str| DeliveryError::NoSuchRecipient(it.to_owned());
    for (status, code, text, expected) in [
        (
            400,
            21211,
            "The 'To' number +4915112345678 is not a valid phone number.",
            no_such("Twilio error 21211: The 'To' number … is not a valid phone number."),
        ),
        (400, 21614, "not a mobile number", no_such("Twilio error 21614: not a mobile number")),
        (
            400,
            21610,
            "Attempt to send to unsubscribed recipient",
            DeliveryError::OptedOut(
                "Twilio error 21610: Attempt to send to unsubscribed recipient".to_owned(),
            ),
        ),
        (
            400,
            21617,
            "The concatenated message body exceeds the 1600 character limit.",
            DeliveryError::Refused(
                "Twilio error 21617: The concatenated message body exceeds the 1600 character limit."
                    .to_owned(),
            ),
        ),
        (
            400,
            21408,
            "Permission to send an SMS has not been enabled for the region",
            DeliveryError::Refused(
                "Twilio error 21408: Permission to send an SMS has not been enabled for the region"
                    .to_owned(),
            ),
        ),
        (400, 30003, "off", DeliveryError::later("Twilio error 30003: off")),
    ] {
        let (result, _) = sent(refused(status, code, text)).await;
        assert_eq!(result, Err(expected), "{code}");
    }
}

#[tokio::test]
async fn what_somebody_has_to_set_right_is_tried_again_and_names_the_setting() {
    for (script, setting) in [
        (refused(401, 20003, "Authenticate"), "notifications.twilio.account_sid and auth_token"),
        (answer(403, json!({})), "notifications.twilio.account_sid and auth_token"),
        (refused(404, 20404, "not found"), "notifications.twilio.account_sid and api_url"),
        (refused(400, 21659, "not a Twilio number"), "notifications.twilio.from"),
        (refused(400, 21703, "no numbers"), "messaging_service_sid"),
    ] {
        let (result, _) = sent(script).await;
        let Err(DeliveryError::Unavailable { reason, .. }) = result else { panic!("{result:?}") };
        assert!(reason.contains(setting), "{reason}");
    }
}

#[tokio::test]
async fn what_twilio_cannot_take_now_another_provider_may() {
    let busy = json!({ "code": 20429, "message": "Too Many Requests", "status": 429 }).to_string();
    for (script, seconds) in [
        (Next::Answer(429, vec![("Retry-After", "9".to_owned())], busy), Some(9)),
        (refused(400, 21611, "queue is full"), None),
        (refused(500, 20500, "Internal Server Error"), None),
        (answer(503, json!({})), None),
    ] {
        let (result, _) = sent(script).await;
        let Err(DeliveryError::Unavailable { retry_after, .. }) = result else {
            panic!("{result:?}")
        };
        assert_eq!(retry_after.map(|it| it.num_seconds()), seconds);
    }
    let nobody = twilio(config(&nowhere().await), "https://shop.test");
    let result = in_time("an answer", nobody.deliver(&message(Channel::Sms))).await;
    assert!(matches!(result, Err(DeliveryError::Unavailable { .. })), "{result:?}");
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
async fn what_is_no_phone_number_is_not_even_sent() {
    let double = Double::start(check, []).await;
    let twilio = twilio(config(&double.url), "https://shop.test");
    let odd = OutgoingMessage { recipient: "0151 12345678".to_owned(), ..message(Channel::Sms) };
    let result = in_time("an answer", twilio.deliver(&odd)).await;
    assert!(matches!(result, Err(DeliveryError::Refused(_))), "{result:?}");
    assert!(double.seen().is_empty());
}

#[tokio::test]
async fn a_check_tells_whether_the_account_may_send() {
    let of = async |script: Next| {
        let double = Double::start(check, [script]).await;
        let twilio = twilio(config(&double.url), "https://shop.test");
        let result = in_time("an answer", twilio.check()).await;
        assert_eq!(double.seen()[0].what, format!("GET /2010-04-01/Accounts/{ACCOUNT}.json"));
        result.map(|it| it.replace(&double.url, "URL"))
    };
    let account = |status: &str| answer(200, json!({ "status": status, "type": "Full" }));
    assert_eq!(of(account("active")).await.unwrap(), "URL, with an active account (full)");
    for (script, reason) in [
        (account("suspended"), "notifications.twilio.account_sid is suspended"),
        (answer(200, json!([])), "cannot be read"),
        (refused(401, 20003, "Authenticate"), "Twilio error 20003: Authenticate; check"),
    ] {
        let error = of(script).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_callback_is_verified_by_the_shops_own_address() {
    let body = format!("AccountSid={ACCOUNT}&MessageSid={SID}&MessageStatus=delivered");
    let signed = format!(
        "https://shop.test/api/v1/webhooks/twilioAccountSid{ACCOUNT}MessageSid{SID}MessageStatusdelivered"
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"hunter2");
    let signature = STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()));
    let headers: HeaderMap =
        [("x-twilio-signature".parse().unwrap(), signature.parse().unwrap())].into_iter().collect();
    let config = config("https://api.twilio.com");
    let ours = twilio(config.clone(), "https://shop.test");
    let notices = ours.webhook(&headers, body.as_bytes()).unwrap();
    assert_eq!(notices[0].subject.as_deref(), Some(SID));
    let rejected = |why| Err(WebhookError::Rejected(why));
    let other = twilio(config, "https://other.test");
    assert_eq!(other.webhook(&headers, body.as_bytes()), rejected("the signature is wrong"));
    let unsigned = ours.webhook(&HeaderMap::new(), body.as_bytes());
    assert_eq!(unsigned, rejected("there is no signature"));
}
