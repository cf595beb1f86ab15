//! Data to check and preview templates with.

use serde_json::{Value, json};

/// Takes away all that may be missing.
pub(super) fn sparse(mut data: Value) -> Value {
    const ORDER: [&str; 6] =
        ["tracking_number", "reason", "reason_text", "refund", "refunded", "until"];
    for (about, names) in [("order", &ORDER[..]), ("sign_in", &["device"])] {
        let Some(about) = data.get_mut(about).and_then(Value::as_object_mut) else { continue };
        for name in names {
            about.insert((*name).to_owned(), Value::Null);
        }
    }
    data
}

pub(super) fn user(_: &str) -> Value {
    json!({ "user": { "name": "Ada Example", "email": "ada@example.com" } })
}

pub(super) fn sign_in(language: &str) -> Value {
    let mut data = user(language);
    let (device, time) = match language {
        "de" => ("Firefox unter Linux", "2. Januar 2026, 12:00 Uhr (UTC)"),
        _ => ("Firefox on Linux", "2 January 2026, 12:00 UTC"),
    };
    data["sign_in"] = json!({ "device": device, "time": time });
    data
}

pub(super) fn order(language: &str) -> Value {
    let words = match language {
        "de" => [
            "Schreibtischlampe",
            "Glühbirne",
            "auf Ihren Wunsch",
            "2. Januar 2026, 13:00 Uhr (UTC)",
        ],
        _ => ["Desk lamp", "Light bulb", "you requested it", "2 January 2026, 13:00 UTC"],
    };
    let [lamp, bulb, reason, until] = words;
    let money = |amount: &str| match language {
        "de" => format!("{} EUR", amount.replace('.', ",")),
        _ => format!("{amount} USD"),
    };
    json!({ "order": {
        "id": "0190e5a0-0000-7000-8000-000000000001",
        "number": "CW-100001",
        "name": "Ada Example",
        "email": "ada@example.com",
        "status": "confirmed",
        "payment_status": "paid",
        "lines": [
            { "sku": "LAMP-1", "title": lamp, "quantity": 2,
              "unit_price": money("19.99"), "total": money("39.98") },
            { "sku": "BULB-1", "title": bulb, "quantity": 1,
              "unit_price": money("4.50"), "total": money("4.50") },
        ],
        "subtotal": money("44.48"),
        "shipping": money("5.00"),
        "tax": money("0.00"),
        "total": money("49.48"),
        // What was paid of it, or is to be.
        "paid": money("49.48"),
        "reason": "customer_request",
        "reason_text": reason,
        "tracking_number": "1Z999AA10123456784",
        // What goes back with this news, and all that was given back so far.
        "refund": money("5.00"),
        "refunded": money("5.00"),
        // When it is cancelled if it is not paid.
        "until": until,
        // Whether money was taken for it; whether it costs nothing; whether a guest has ordered.
        "charged": true,
        "free": false,
        "guest": false,
    } })
}
