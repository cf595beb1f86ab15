//! What is taken from a webhook of SendGrid: a list of events.
//! <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>

use chassis::webhooks::{Notice, WebhookError};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::mail::MESSAGE_ID;
use crate::reports::Report;

/// The longest id of an event is 100 characters.
const MAX_ID: usize = 100;
const MAX_KIND: usize = 40;

/// SendGrid's classes of bounces, of which it may invent more.
const CLASSES: [&str; 7] = [
    "Invalid Address",
    "Technical",
    "Content",
    "Reputation",
    "Frequency/Volume",
    "Mailbox Unavailable",
    "Unclassified",
];
const INVALID_ADDRESS: &str = "Invalid Address";

/// Statuses of RFC 3463 about an address that are about the sender's.
const OF_THE_SENDER: [&str; 2] = ["5.1.7", "5.1.8"];

/// The notices in a verified body.
pub(super) fn read(body: &[u8]) -> Result<Vec<Notice>, WebhookError> {
    let events: Vec<Value> = serde_json::from_slice(body)
        .map_err(|_| WebhookError::Rejected("not a list of events of SendGrid's"))?;
    Ok(events.iter().map(notice).collect())
}

fn notice(event: &Value) -> Notice {
    let kind: String = text(event, "event").chars().take(MAX_KIND).collect();
    let id = match text(event, "sg_event_id") {
        id if (1..=MAX_ID).contains(&id.len()) => id.to_owned(),
        // Some old kinds of events have none: the same event is the same text.
        _ => format!("sha256:{}", hex::encode(digest(&SHA256, event.to_string().as_bytes()))),
    };
    let message: Option<Uuid> = text(event, MESSAGE_ID).parse().ok();
    match (message, report(event)) {
        (Some(message), Some(report)) => report.notice(id, kind, Some(message.to_string())),
        // Of no interest, or of something else that sends by this account.
        _ => Notice { id, kind, subject: None, payload: json!({}) },
    }
}

/// What an event says of a message, if that matters to the shop.
fn report(event: &Value) -> Option<Report> {
    match text(event, "event") {
        "delivered" => Some(Report::Delivered),
        "bounce" => Some(bounce(event)),
        "dropped" => Some(dropped(text(event, "reason"))),
        "spamreport" => Some(Report::Complained),
        "unsubscribe" | "group_unsubscribe" => Some(Report::Unsubscribed),
        _ => None,
    }
}

/// The receiving server refused the message; a `blocked` one for reasons that may pass.
fn bounce(event: &Value) -> Report {
    let (status, class) = (text(event, "status"), text(event, "bounce_classification"));
    let about_recipient = status.starts_with("5.1.") && !OF_THE_SENDER.contains(&status);
    let gone = text(event, "type") != "blocked" && (about_recipient || class == INVALID_ADDRESS);
    let mut detail = if is_status(status) { status.to_owned() } else { String::new() };
    if CLASSES.contains(&class) {
        let separator = if detail.is_empty() { "" } else { ", " };
        detail = format!("{detail}{separator}{}", class.to_lowercase());
    }
    if detail.is_empty() {
        text(event, "type").clone_into(&mut detail);
    }
    Report::Bounced { gone, detail: known(&detail) }
}

/// A type that is none of SendGrid's could say anything.
fn known(detail: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || ". ,/".contains(it);
    let is_plain = !detail.is_empty() && detail.len() <= 40 && detail.chars().all(plain);
    if is_plain { detail.to_owned() } else { "bounced".to_owned() }
}

/// A status of RFC 3463, such as `5.1.1`.
fn is_status(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let number =
        |it: &&str| (1..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(number)
}

/// SendGrid has not sent it at all.
fn dropped(reason: &str) -> Report {
    let failed = |detail: &str| Report::Failed { detail: detail.to_owned() };
    match reason {
        "Bounced Address" => {
            Report::Bounced { gone: true, detail: "earlier mail bounced".to_owned() }
        }
        "Invalid" => Report::Bounced { gone: true, detail: "invalid address".to_owned() },
        "Unsubscribed Address" => failed("SendGrid: the recipient has unsubscribed"),
        "Spam Reporting Address" => failed("SendGrid: the recipient reported earlier mail as spam"),
        "Spam Content" => failed("SendGrid: the content looks like spam"),
        "Recipient List over Package Quota" => failed("SendGrid: the account's quota is used up"),
        _ => failed("SendGrid dropped it"),
    }
}

fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "0190e5a0-0000-7000-8000-000000000001";

    fn one(event: Value) -> Notice {
        let mut event = event;
        event["sg_event_id"] = json!("ZGVsaXZlcmVk");
        event["email"] = json!("hunter2@example.com");
        let mut notices = read(json!([event]).to_string().as_bytes()).unwrap();
        assert_eq!(notices.len(), 1);
        notices.remove(0)
    }

    fn reported(mut event: Value) -> Option<Report> {
        event["message_id"] = json!(MESSAGE);
        let notice = one(event);
        assert!(!notice.payload.to_string().contains("hunter2"), "{}", notice.payload);
        let subject = notice.subject?;
        assert_eq!(subject, MESSAGE);
        Some(serde_json::from_value(notice.payload).unwrap())
    }

    fn bounced(gone: bool, detail: &str) -> Option<Report> {
        Some(Report::Bounced { gone, detail: detail.to_owned() })
    }

    #[test]
    fn every_kind_of_event_has_a_meaning_or_none() {
        for (kind, report) in [
            ("delivered", Some(Report::Delivered)),
            ("spamreport", Some(Report::Complained)),
            ("unsubscribe", Some(Report::Unsubscribed)),
            ("group_unsubscribe", Some(Report::Unsubscribed)),
            ("group_resubscribe", None),
            ("processed", None),
            ("deferred", None),
            ("open", None),
            ("click", None),
            ("account_status_change", None),
            ("", None),
        ] {
            assert_eq!(reported(json!({ "event": kind })), report, "{kind}");
        }
    }

    #[test]
    fn a_bounce_ends_mail_to_an_address_only_if_it_is_gone() {
        for (kind, status, class, expected) in [
            ("bounce", "5.1.1", "Invalid Address", bounced(true, "5.1.1, invalid address")),
            ("bounce", "5.1.10", "", bounced(true, "5.1.10")),
            ("bounce", "5.5.0", "Invalid Address", bounced(true, "5.5.0, invalid address")),
            ("bounce", "5.1.8", "Reputation", bounced(false, "5.1.8, reputation")),
            (
                "bounce",
                "5.2.2",
                "Mailbox Unavailable",
                bounced(false, "5.2.2, mailbox unavailable"),
            ),
            ("bounce", "", "Frequency/Volume", bounced(false, "frequency/volume")),
            ("blocked", "5.1.1", "Invalid Address", bounced(false, "5.1.1, invalid address")),
            ("blocked", "", "", bounced(false, "blocked")),
            ("bounce", "hunter2", "hunter2", bounced(false, "bounce")),
            ("hunter2@example.com", "", "", bounced(false, "bounced")),
        ] {
            let reason = "550 5.1.1 hunter2@example.com: no such user";
            let event = json!({ "event": "bounce", "type": kind, "status": status,
                                "bounce_classification": class, "reason": reason });
            assert_eq!(reported(event), expected, "{kind} {status} {class}");
        }
    }

    #[test]
    fn what_sendgrid_dropped_says_why() {
        let dropped = |reason: &str| reported(json!({ "event": "dropped", "reason": reason }));
        assert_eq!(dropped("Bounced Address"), bounced(true, "earlier mail bounced"));
        assert_eq!(dropped("Invalid"), bounced(true, "invalid address"));
        for (reason, detail) in [
            ("Unsubscribed Address", "SendGrid: the recipient has unsubscribed"),
            ("hunter2@example.com is odd", "SendGrid dropped it"),
        ] {
            assert_eq!(dropped(reason), Some(Report::Failed { detail: detail.to_owned() }));
        }
    }

    #[test]
    fn what_is_not_of_the_shops_messages_is_kept_and_passed_over() {
        for foreign in
            [json!({ "event": "bounce" }), json!({ "event": "bounce", "message_id": "7" })]
        {
            let notice = one(foreign);
            assert_eq!((notice.subject, notice.payload), (None, json!({})));
            assert_eq!((notice.id.as_str(), notice.kind.as_str()), ("ZGVsaXZlcmVk", "bounce"));
        }
    }

    #[test]
    fn one_odd_event_takes_no_other_with_it() {
        let events = json!([
            7, { "event": "delivered", "message_id": MESSAGE }, { "event": 7, "sg_event_id": 7 },
            { "event": "x".repeat(500), "sg_event_id": "y".repeat(500) },
        ]);
        let notices = read(events.to_string().as_bytes()).unwrap();
        let ids: std::collections::BTreeSet<_> = notices.iter().map(|it| it.id.clone()).collect();
        assert_eq!((notices.len(), ids.len()), (4, 4), "each has an id of its own");
        assert!(ids.iter().all(|it| it.len() == 71), "{ids:?}");
        assert_eq!(notices[1].subject.as_deref(), Some(MESSAGE));
        assert_eq!(notices, read(events.to_string().as_bytes()).unwrap(), "the same again");
        for odd in ["", "{}", "[", "7"] {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
        assert_eq!(read(b"[]"), Ok(vec![]));
    }
}
