//! No text of somebody who buys reaches a mail, unless it is a name by the rule for names.

use std::sync::Arc;

use chassis::outbox::EventData;
use chassis::testing::Database;
use contracts::orders::{OrderRefunded, OrderStatusUpdated, OrderTrackingUpdated};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::builtin;

/// What a buyer may have written: names, links, hidden characters, templates, anything.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("http://evil.example/login".to_owned()),
        Just("www.evil.example".to_owned()),
        Just("WwW.evil.example".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{2067}".to_owned()),
        Just("\n\nVerify your card".to_owned()),
        Just("{{ shop.url }}".to_owned()),
        Just("{% if 1 %}".to_owned()),
        Just("Ada".to_owned()),
        Just("علی\u{200c}رضا".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ];
    // A mark, so that the text is recognised in a mail, and is not part of one by chance.
    proptest::collection::vec(pieces, 1..4).prop_map(|it| format!("Zx{}xZ", it.concat()))
}

/// Every kind of event about an order that makes a mail, with this text wherever a buyer can put
/// one, also as events had them before there were rules.
fn events(text: &str) -> Vec<(&'static str, Value)> {
    let mut order = order();
    order.name = text.to_owned();
    let status = |to: &str, payment_status: &str| {
        let mut it = json!(update(&order, "pending", to));
        it["reason"] = json!(text);
        it["payment_status"] = json!(payment_status);
        (OrderStatusUpdated::TYPE, it)
    };
    let mut all: Vec<_> = ["confirmed", "shipped", "delivered", "refunded"]
        .into_iter()
        .map(|to| status(to, "paid"))
        .collect();
    all.extend(["voided", "refunded", "failed"].into_iter().map(|it| status("cancelled", it)));
    let tracking = OrderTrackingUpdated { order: order.clone(), tracking_number: "1Z".to_owned() };
    all.push((OrderTrackingUpdated::TYPE, json!(tracking)));
    let refund = json!({ "refund_id": chassis::id::new(), "amount": 1, "refunded": 1, "full": false,
                         "reason": text, "payment_status": "paid", "status": "shipped" });
    let mut refunded = json!(order);
    refunded.as_object_mut().unwrap().extend(refund.as_object().unwrap().clone());
    all.push((OrderRefunded::TYPE, refunded));
    all
}

#[test]
fn no_text_of_a_buyer_is_in_a_mail_unless_it_is_a_name() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let platform = runtime.block_on(Database::Sqlite.platform(MIGRATIONS));
    let app = Arc::new(app(&platform));
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() };
    proptest!(config, |(text in texts())| {
        let mut mails = Vec::new();
        for (at, (kind, data)) in events(&text).into_iter().enumerate() {
            let order = chassis::id::new();
            let mut envelope = event(order, 2, &UserDeleted { user_id: order });
            (envelope.kind, envelope.data) = (kind.to_owned(), data);
            envelope.data["order_id"] = json!(order);
            envelope.id = chassis::id::derive(order, at.to_string());
            runtime.block_on(deliver_to_orders(&app, &[envelope]));
            let filter = store::Filter { order_id: Some(order), ..store::Filter::default() };
            let told = runtime.block_on(store::list(&app.db, &filter, (None, 0), 10)).unwrap();
            prop_assert_eq!(told.len(), 1, "{}", kind);
            mails.extend(told);
        }
        let name = chassis::names::in_mail(&text);
        for mail in mails {
            // A name is said once, in the greeting, and changes nothing else.
            let subject = mail.subject.clone().unwrap_or_default();
            prop_assert!(!subject.contains("Zx"), "{subject}");
            let said = mail.body.matches("Zx").count();
            prop_assert_eq!(said > 0, name.is_some(), "{:?} in {}", text, mail.body);
            if let Some(name) = name {
                let greeting = format!("Hello {name},\n");
                prop_assert!(mail.body.starts_with(&greeting), "{}", mail.body);
            } else {
                prop_assert!(mail.body.starts_with("Hello,\n"), "{}", mail.body);
                prop_assert!(!mail.body.contains("evil"), "{}", mail.body);
            }
        }
    });
    drop(platform);
}

#[test]
fn no_template_greets_by_a_name_that_is_none() {
    let shop = chassis::shop::ShopProfile {
        name: "Shop".to_owned(),
        public_url: "http://shop".to_owned(),
        ..Default::default()
    };
    let greetings = [("en", "Hello"), ("de", "Guten Tag")];
    for (template, (language, greeting)) in
        builtin::ALL.iter().flat_map(|it| greetings.map(|greeting| (it, greeting)))
    {
        for (name, begins) in
            [("Ada", format!("{greeting} Ada,")), ("see www.evil.example", format!("{greeting},"))]
        {
            let [mut data, _] = template.samples(language);
            for whose in ["order", "user"] {
                if let Some(about) = data.get_mut(whose) {
                    about["name"] = json!(name);
                }
            }
            let context = template.context(&data, &shop, &Key::Masked);
            let text = template.text(language).unwrap();
            let text = texts::fill(&text, &context).unwrap().text;
            assert!(text.starts_with(&begins), "{}: {text}", template.key);
        }
    }
}
