//! What is taken from a webhook: which payment it concerns, and a little for staff to read.

use chassis::webhooks::{Notice, WebhookError};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::config::Mode;
use super::objects::{Event, PAYMENT_ID, REFUND_ID};

/// What is kept of the object an event is about. Neither anything personal nor a secret.
const KEPT: [&str; 20] = [
    "id",
    "object",
    "status",
    "amount",
    "amount_capturable",
    "amount_captured",
    "amount_received",
    "amount_refunded",
    "currency",
    "captured",
    "disputed",
    "paid",
    "refunded",
    "payment_intent",
    "charge",
    "reason",
    "failure_code",
    "failure_reason",
    "cancellation_reason",
    "pending_reason",
];

/// What an event of Stripe's says. `mode` is that of the shop's keys.
pub(super) fn read(body: &[u8], mode: Mode) -> Result<Notice, WebhookError> {
    let rejected = |why| Err(WebhookError::Rejected(why));
    let Ok(event) = serde_json::from_slice::<Event>(body) else {
        return rejected("not an event of Stripe's");
    };
    if event.object != "event" {
        return rejected("not an event of Stripe's");
    }
    if event.livemode != (mode == Mode::Live) {
        return rejected("of the other mode, test or live");
    }
    if event.account.is_some() || event.context.is_some() {
        return rejected("of another account");
    }
    let about_payments =
        ["payment_intent.", "charge.", "refund."].iter().any(|it| event.kind.starts_with(it));
    let subject = about_payments.then(|| subject(&event.data.object)).flatten();
    let payload = payload(&event, about_payments);
    Ok(Notice { id: event.id, kind: event.kind, subject, payload })
}

/// The payment's id if the object has it, else the name of the intent.
fn subject(object: &Value) -> Option<String> {
    if let Some(id) = own_id(object, PAYMENT_ID) {
        return Some(id.to_string());
    }
    let name = if object["object"] == "payment_intent" { "id" } else { "payment_intent" };
    object[name].as_str().map(str::to_owned)
}

fn own_id(object: &Value, name: &str) -> Option<Uuid> {
    object["metadata"][name].as_str()?.parse().ok()
}

fn payload(event: &Event, about_payments: bool) -> Value {
    let mut kept = Map::new();
    if about_payments {
        let object = &event.data.object;
        // Plain values only: an object in their place could have anything in it.
        let plain = |it: &&Value| !it.is_object() && !it.is_array() && !it.is_null();
        for name in KEPT {
            if let Some(value) = object.get(name).filter(plain) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        for name in [PAYMENT_ID, REFUND_ID] {
            if let Some(id) = own_id(object, name) {
                kept.insert(name.to_owned(), json!(id));
            }
        }
        for name in ["code", "decline_code"] {
            if let Some(code) = object["last_payment_error"][name].as_str() {
                kept.insert(name.to_owned(), code.into());
            }
        }
        if let Some(due) = object["evidence_details"]["due_by"].as_i64() {
            kept.insert("due_by".to_owned(), due.into());
        }
    }
    json!({
        "id": event.id,
        "type": event.kind,
        "created": event.created,
        "livemode": event.livemode,
        "api_version": event.api_version,
        "object": kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: Uuid = Uuid::from_u128(7);

    fn event(kind: &str, object: Value) -> Value {
        json!({
            "id": "evt_1", "object": "event", "type": kind, "created": 1, "livemode": false,
            "api_version": null, "data": { "object": object, "previous_attributes": {} },
            "request": { "id": null, "idempotency_key": "hunter2" },
        })
    }

    fn noticed(event: &Value) -> Result<Notice, WebhookError> {
        read(event.to_string().as_bytes(), Mode::Test)
    }

    #[test]
    fn an_event_concerns_the_payment_it_names_or_else_its_intent() {
        let ours = json!({ PAYMENT_ID: PAYMENT });
        let payment = PAYMENT.to_string();
        for (kind, object, subject) in [
            (
                "payment_intent.succeeded",
                json!({ "object": "payment_intent", "id": "pi_1", "metadata": ours }),
                Some(payment.as_str()),
            ),
            (
                "payment_intent.succeeded",
                json!({ "object": "payment_intent", "id": "pi_1", "metadata": {} }),
                Some("pi_1"),
            ),
            (
                "refund.failed",
                json!({ "object": "refund", "id": "re_1", "payment_intent": "pi_1" }),
                Some("pi_1"),
            ),
            (
                "charge.dispute.created",
                json!({ "object": "dispute", "id": "dp_1", "payment_intent": "pi_1" }),
                Some("pi_1"),
            ),
            (
                "charge.succeeded",
                json!({ "object": "charge", "id": "ch_1", "metadata": { PAYMENT_ID: "theirs" } }),
                None,
            ),
            ("customer.created", json!({ "object": "customer", "metadata": ours }), None),
        ] {
            let notice = noticed(&event(kind, object)).expect("a notice");
            assert_eq!((notice.id.as_str(), notice.kind.as_str()), ("evt_1", kind));
            assert_eq!(notice.subject.as_deref(), subject, "{kind}");
        }
    }

    #[test]
    fn nothing_secret_or_personal_is_kept_of_an_event() {
        let notice = noticed(&event(
            "payment_intent.payment_failed",
            json!({
                "object": "payment_intent", "id": "pi_1", "amount": 1_999, "currency": "eur",
                "client_secret": "pi_1_secret_hunter2", "receipt_email": "hunter2@example.com",
                "shipping": { "name": "hunter2" }, "description": "hunter2",
                "metadata": { PAYMENT_ID: PAYMENT, "note": "hunter2" },
                "last_payment_error": {
                    "code": "card_declined", "decline_code": "insufficient_funds",
                    "message": "hunter2", "payment_method": { "billing_details": "hunter2" },
                },
                "charge": { "billing_details": "hunter2" },
                "evidence_details": { "due_by": 12, "customer_name": "hunter2" },
            }),
        ));
        let payload = notice.expect("a notice").payload;
        assert_eq!(
            payload["object"],
            json!({
                "object": "payment_intent", "id": "pi_1", "amount": 1_999, "currency": "eur",
                "payment_id": PAYMENT, "code": "card_declined", "due_by": 12,
                "decline_code": "insufficient_funds",
            })
        );
        let personal = event("customer.created", json!({ "object": "customer", "id": "hunter2" }));
        for payload in [payload, noticed(&personal).expect("a notice").payload] {
            assert!(!payload.to_string().contains("hunter2"), "{payload}");
        }
    }

    #[test]
    fn what_is_for_somebody_else_is_rejected() {
        let good = event("charge.succeeded", json!({ "object": "charge" }));
        assert!(noticed(&good).is_ok());
        let live = read(good.to_string().as_bytes(), Mode::Live);
        assert_eq!(live, Err(WebhookError::Rejected("of the other mode, test or live")));
        for (name, value) in [
            ("livemode", json!(true)),
            ("account", json!("acct_1")),
            ("context", json!("acct_1")),
            ("object", json!("v2.core.event")),
            ("data", json!({})),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert!(matches!(noticed(&bad), Err(WebhookError::Rejected(_))), "{name}");
        }
        assert!(read(b"{", Mode::Test).is_err());
    }
}
