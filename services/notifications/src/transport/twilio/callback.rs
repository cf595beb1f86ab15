//! What is taken from Twilio's requests to the shop: that a message arrived or not.
//! <https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::Secret;
use chassis::webhooks::{Notice, WebhookError};
use ring::hmac;
use serde_json::json;

use super::codes::{Meaning, meaning};
use crate::reports::Report;

pub(super) const SIGNATURE: &str = "x-twilio-signature";

/// The statuses of a message, of which Twilio may invent more.
const STATUSES: [&str; 12] = [
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "canceled",
    "read",
    "receiving",
    "received",
];

/// The fields of a form, each once.
type Fields = BTreeSet<(String, String)>;

/// Verifies a request to `url` and reads what it says. `account` is the shop's.
///
/// There is no time in it: one that somebody sends again is known by its message and status.
pub(super) fn read(
    url: &str,
    token: &Secret,
    account: &str,
    signature: &str,
    body: &[u8],
) -> Result<Vec<Notice>, WebhookError> {
    let rejected = |why| Err(WebhookError::Rejected(why));
    let fields: Fields = form_urlencoded::parse(body).into_owned().collect();
    let Ok(signature) = STANDARD.decode(signature.trim()) else {
        return rejected("the signature cannot be read");
    };
    if !forms_of(url).iter().any(|it| is_signed(it, token, &fields, &signature)) {
        return rejected("the signature is wrong");
    }
    let field = |name: &str| {
        let found = fields.iter().find(|it| it.0 == name);
        found.map(|it| it.1.as_str()).unwrap_or_default()
    };
    if field("AccountSid") != account {
        return rejected("of another account");
    }
    let message = field("MessageSid");
    if message.is_empty() {
        return rejected("not about a message");
    }
    // An incoming message has no status of its own; the shop reads none.
    let status = STATUSES.into_iter().find(|it| *it == field("MessageStatus"));
    let (id, kind) = match status {
        Some(status) => (format!("{message}:{status}"), format!("message.{status}")),
        None => (format!("{message}:other"), "message.other".to_owned()),
    };
    let notice = match status.and_then(|it| report(it, field("ErrorCode"))) {
        Some(report) => report.notice(id, kind, Some(message.to_owned())),
        None => Notice { id, kind, subject: None, payload: json!({}) },
    };
    Ok(vec![notice])
}

/// Compares in constant time.
fn is_signed(url: &str, token: &Secret, fields: &Fields, signature: &[u8]) -> bool {
    let signed = signed(url, fields);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    hmac::verify(&key, signed.as_bytes(), signature).is_ok()
}

/// The URL, and the names and values of the fields, sorted.
fn signed(url: &str, fields: &Fields) -> String {
    let fields = fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    std::iter::once(url).chain(fields).collect()
}

/// The URL as the shop gave it, and with the usual port of its scheme, which Twilio sometimes adds.
fn forms_of(url: &str) -> Vec<String> {
    let mut forms = vec![url.to_owned()];
    if let Ok(parsed) = reqwest::Url::parse(url)
        && let (Some(host), None, Some(port)) =
            (parsed.host_str(), parsed.port(), parsed.port_or_known_default())
    {
        forms.push(format!("{}://{host}:{port}{}", parsed.scheme(), parsed.path()));
    }
    forms
}

/// What a status says of the message, if that matters to the shop.
fn report(status: &str, code: &str) -> Option<Report> {
    let code: Option<i64> = code.parse().ok();
    let detail = match code {
        Some(code) => format!("Twilio error {code}"),
        None => format!("Twilio: {status}"),
    };
    match (status, meaning(code.unwrap_or_default())) {
        ("delivered" | "read", _) => Some(Report::Delivered),
        ("undelivered" | "failed", Meaning::OptedOut) => Some(Report::OptedOut),
        ("undelivered" | "failed", Meaning::NoSuchNumber) => {
            Some(Report::Bounced { gone: true, detail })
        }
        ("undelivered", _) | ("failed", Meaning::Unreachable) => {
            Some(Report::Bounced { gone: false, detail })
        }
        ("failed" | "canceled", _) => Some(Report::Failed { detail }),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const URL: &str = "https://shop.test/api/v1/webhooks/twilio";
    const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const TOKEN: &str = "hunter2";

    /// Signs as Twilio does.
    fn sign(url: &str, token: &str, body: &str) -> String {
        let fields = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
        STANDARD.encode(hmac::sign(&key, signed(url, &fields).as_bytes()))
    }

    fn callback(status: &str, code: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("MessageSid", "SM1").append_pair("MessageStatus", status);
        form.append_pair("AccountSid", ACCOUNT).append_pair("To", "+4915112345678");
        if !code.is_empty() {
            form.append_pair("ErrorCode", code);
        }
        form.finish()
    }

    fn taken(signature: &str, body: &str) -> Result<Vec<Notice>, WebhookError> {
        read(URL, &TOKEN.into(), ACCOUNT, signature, body.as_bytes())
    }

    fn one(body: &str) -> Notice {
        let mut notices = taken(&sign(URL, TOKEN, body), body).unwrap();
        assert_eq!(notices.len(), 1);
        let notice = notices.remove(0);
        assert!(!format!("{notice:?}").contains("4915112345678"), "{notice:?}");
        notice
    }

    /// The example of Twilio's own libraries.
    #[test]
    fn the_signature_is_the_one_that_is_documented() {
        let body = "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&From=%2B14158675309&\
                    Caller=%2B14158675309";
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign(url, "12345", body), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn a_status_is_a_report_of_the_message_that_twilio_names() {
        let bounced = |gone, code: &str| {
            Some(Report::Bounced { gone, detail: format!("Twilio error {code}") })
        };
        let failed = |detail: &str| Some(Report::Failed { detail: detail.to_owned() });
        for (status, code, expected) in [
            ("accepted", "", None),
            ("queued", "", None),
            ("sending", "", None),
            ("sent", "", None),
            ("delivered", "", Some(Report::Delivered)),
            ("read", "", Some(Report::Delivered)),
            ("undelivered", "30003", bounced(false, "30003")),
            ("undelivered", "30005", bounced(true, "30005")),
            ("undelivered", "30006", bounced(true, "30006")),
            ("undelivered", "30007", bounced(false, "30007")),
            ("failed", "21610", Some(Report::OptedOut)),
            ("failed", "30003", bounced(false, "30003")),
            ("failed", "30005", bounced(true, "30005")),
            ("failed", "30001", failed("Twilio error 30001")),
            ("failed", "hunter2", failed("Twilio: failed")),
            ("canceled", "", failed("Twilio: canceled")),
        ] {
            let notice = one(&callback(status, code));
            assert_eq!(notice.id, format!("SM1:{status}"));
            let found = notice.subject.map(|subject| {
                assert_eq!(subject, "SM1");
                serde_json::from_value::<Report>(notice.payload).unwrap()
            });
            assert_eq!(found, expected, "{status} {code}");
        }
    }

    #[test]
    fn what_is_no_status_of_a_message_is_kept_and_passed_over() {
        let incoming = format!(
            "MessageSid=SM2&SmsStatus=received&AccountSid={ACCOUNT}&From=%2B4915112345678&Body=STOP&\
             OptOutType=STOP"
        );
        for body in [incoming, callback("hunter2", "")] {
            let notice = one(&body);
            assert_eq!((notice.subject, notice.payload), (None, json!({})), "{body}");
            assert_eq!(notice.kind, "message.other");
        }
    }

    #[test]
    fn what_twilio_has_not_signed_is_refused() {
        let body = callback("delivered", "");
        let good = sign(URL, TOKEN, &body);
        assert!(taken(&good, &body).is_ok());
        let rejected = |why| Err(WebhookError::Rejected(why));
        let wrong = rejected("the signature is wrong");
        assert_eq!(taken(&good, &callback("failed", "30005")), wrong);
        assert_eq!(taken(&good, &format!("{body}&x=y")), wrong);
        assert_eq!(taken(&sign(URL, "other", &body), &body), wrong);
        assert_eq!(taken(&sign("https://other.test/", TOKEN, &body), &body), wrong);
        assert_eq!(taken("", &body), wrong);
        assert_eq!(taken("hunter2!", &body), rejected("the signature cannot be read"));
    }

    #[test]
    fn what_is_for_another_account_is_refused() {
        let other = callback("delivered", "").replace(ACCOUNT, "ACother");
        let rejected = |why| Err(WebhookError::Rejected(why));
        assert_eq!(taken(&sign(URL, TOKEN, &other), &other), rejected("of another account"));
        let empty = format!("AccountSid={ACCOUNT}");
        assert_eq!(taken(&sign(URL, TOKEN, &empty), &empty), rejected("not about a message"));
    }

    #[test]
    fn a_url_with_the_usual_port_is_the_same() {
        let body = callback("delivered", "");
        let url = "https://shop.test:443/api/v1/webhooks/twilio";
        assert!(taken(&sign(url, TOKEN, &body), &body).is_ok());
        assert!(taken(&sign(&url.replace("443", "444"), TOKEN, &body), &body).is_err());
    }
}
