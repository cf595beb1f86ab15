//! `docs/events.md` lists every event with its payload: no more and no less than the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chassis::outbox::EventData;
use contracts::catalog::{
    CategoryChanged, ProductCreated, ProductDeleted, ProductUpdated, ReservationExpired,
    StockChanged, StockLow,
};
use contracts::identity::{
    EmailVerificationRequested, NewDevice, PasswordResetRequested, RefreshTokenReused,
    SessionRevoked, UserClosed, UserDeleted, UserEmailChanged, UserEmailVerified,
    UserPasswordChanged, UserRegistered, UserUpdated,
};
use contracts::language::Language;
use contracts::orders::{
    CartRef, Line, Order, OrderCreated, OrderJoined, OrderLinkRequested,
    OrderPaymentActionRequired, OrderRefunded, OrderStatusUpdated, OrderTrackingUpdated, Reason,
};
use contracts::payments::{
    AuthorizationExpiring, CaptureTiming, Payment, PaymentUpdated, Refunded, RefundedLine, Status,
};
use contracts::reviews::RatingChanged;
use contracts::subscriptions::SUBSCRIPTIONS;
use serde_json::Value;
use uuid::Uuid;

/// What the document or the code says about an event.
#[derive(Debug, Default, PartialEq)]
struct Described {
    publisher: String,
    /// Path and JSON type of each field.
    fields: BTreeMap<String, String>,
}

type Events = BTreeMap<String, Described>;

#[test]
fn the_document_lists_exactly_the_events_there_are() {
    let (code, document) = (events_of_the_code(), events_of_the_document());
    let names = |events: &Events| events.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&document), names(&code));
    for (name, event) in &code {
        assert_eq!(&document[name], event, "{name}");
    }
}

#[test]
fn every_declared_event_has_a_sample_here() {
    let mut declared = BTreeSet::new();
    for (file, text) in sources(&root().join("crates/contracts/src")) {
        let service = file.file_stem().and_then(|it| it.to_str()).expect("a name").to_owned();
        for it in quoted_after(&text, "const TYPE: &'static str = \"") {
            declared.insert((it, service.clone()));
        }
    }
    let samples = events_of_the_code().into_iter().map(|(name, it)| (name, it.publisher));
    assert_eq!(samples.collect::<BTreeSet<_>>(), declared);
}

#[test]
fn the_document_names_exactly_the_consumers_there_are() {
    let mut consumers = BTreeSet::new();
    for (_, text) in sources(&root().join("services")) {
        consumers.extend(quoted_after(&text, ".consumer(\""));
    }
    let document = document();
    let named = document.split("Consumers: ").skip(1).flat_map(|paragraph| {
        let paragraph = paragraph.split("\n\n").next().unwrap_or_default();
        let code = paragraph.split('`').skip(1).step_by(2).filter(|it| it.contains('.'));
        code.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(named.collect::<BTreeSet<_>>(), consumers);
}

#[test]
fn the_document_names_what_each_consumer_wants() {
    let mut named = BTreeSet::new();
    for section in document().split("\n### ").skip(1) {
        let kind = section.lines().next().unwrap_or_default().to_owned();
        let consumers = section.split("Consumers: ").nth(1).unwrap_or_default();
        let consumers = consumers.split("\n\n").next().unwrap_or_default();
        for consumer in consumers.split('`').skip(1).step_by(2).filter(|it| it.contains('.')) {
            named.insert((consumer.to_owned(), kind.clone()));
        }
    }
    let wanted = SUBSCRIPTIONS
        .iter()
        .flat_map(|it| it.types.iter().map(|kind| (it.consumer.to_owned(), (*kind).to_owned())));
    assert_eq!(named, wanted.collect());
}

fn events_of_the_code() -> Events {
    let (id, text) = (Uuid::nil(), String::new);
    let mut events = Events::new();
    add_those_of_identity(&mut events);
    add(&mut events, "catalog", &ProductCreated { product_id: id, slug: text() });
    add(&mut events, "catalog", &ProductUpdated { product_id: id, slug: text() });
    add(&mut events, "catalog", &ProductDeleted { product_id: id, slug: text() });
    add(&mut events, "catalog", &CategoryChanged { category_id: id, slug: text(), deleted: true });
    let it = StockChanged {
        sku: text(),
        product_id: id,
        on_hand: 1,
        allocated: 1,
        reserved: 1,
        available: 1,
    };
    add(&mut events, "catalog", &it);
    add(
        &mut events,
        "catalog",
        &StockLow { sku: text(), product_id: id, available: 1, threshold: 1 },
    );
    add(&mut events, "catalog", &ReservationExpired { order_id: id });
    add(&mut events, "orders", &OrderCreated { order: order() });
    add(&mut events, "orders", &status_updated());
    let it = OrderTrackingUpdated { order: order(), tracking_number: text() };
    add(&mut events, "orders", &it);
    add(&mut events, "orders", &order_refunded());
    add(&mut events, "orders", &OrderLinkRequested { order: order() });
    let it = OrderPaymentActionRequired { order: order(), until: Some(chassis::testing::noon()) };
    add(&mut events, "orders", &it);
    let it = OrderJoined { order: order(), status: text(), payment_status: text() };
    add(&mut events, "orders", &it);
    let (refund, failed_refund) = (Some(refunded()), Some(id));
    add(&mut events, "payments", &PaymentUpdated { payment: payment(), refund, failed_refund });
    let it = AuthorizationExpiring {
        payment_id: id,
        order_id: id,
        order_number: text(),
        amount: 1,
        currency: text(),
        capture_before: chassis::testing::noon(),
    };
    add(&mut events, "payments", &it);
    add(&mut events, "reviews", &RatingChanged { product_id: id, count: 1, sum: 1 });
    events
}

fn add_those_of_identity(events: &mut Events) {
    let (user_id, email, name) = (Uuid::nil(), String::new(), String::new());
    let (language, at) = (Language::parse("de"), chassis::testing::noon());
    // Most say who the user is, and how to write to them.
    macro_rules! add_personal {
        ($($event:ident { $($field:ident: $value:expr),* })*) => {$(
            let event = $event {
                user_id,
                email: email.clone(),
                name: name.clone(),
                language: language.clone(),
                $($field: $value),*
            };
            add(events, "identity", &event);
        )*};
    }
    add_personal! {
        UserRegistered {}
        UserClosed {}
        PasswordResetRequested {}
        EmailVerificationRequested {}
        UserEmailChanged { old_email: email.clone(), can_undo: true }
        UserPasswordChanged {}
        NewDevice { session_id: user_id, user_agent: Some(name.clone()), at: at }
        RefreshTokenReused { session_id: user_id }
    }
    add(events, "identity", &UserEmailVerified { user_id, email: email.clone() });
    add(events, "identity", &UserUpdated { user_id, email, name, active: true });
    add(events, "identity", &UserDeleted { user_id });
    add(events, "identity", &SessionRevoked { user_id, session_id: user_id });
}

fn add<E: EventData>(events: &mut Events, publisher: &str, event: &E) {
    let mut described = Described { publisher: publisher.to_owned(), ..Described::default() };
    let value = serde_json::to_value(event).expect("plain data");
    E::deserialize(&value).expect("what is told can be read");
    flatten(&value, "", &mut described.fields);
    // What says who somebody is must not outlive its delivery.
    let says_who = described.fields.keys().any(|it| ["email", "name"].contains(&it.as_str()));
    assert_eq!(E::PERSONAL, says_who, "PERSONAL of {}", E::TYPE);
    assert!(events.insert(E::TYPE.to_owned(), described).is_none(), "{} twice", E::TYPE);
}

/// Every optional field is there, so that its type is known.
fn flatten(value: &Value, path: &str, fields: &mut BTreeMap<String, String>) {
    let kind = match value {
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(value, &format!("{path}{dot}{name}"), fields);
            }
            return;
        }
        Value::Array(items) => {
            let item = items.first().expect("a sample has one item of each list");
            return flatten(item, &format!("{path}[]"), fields);
        }
        Value::String(_) => "text",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => panic!("a sample has every field: {path}"),
    };
    fields.insert(path.to_owned(), kind.to_owned());
}

fn events_of_the_document() -> Events {
    let mut events = Events::new();
    let (mut publisher, mut event) = (String::new(), None::<String>);
    for line in document().lines() {
        if let Some(title) = line.strip_prefix("## ") {
            (publisher, event) = (title.to_owned(), None);
        } else if let Some(title) = line.strip_prefix("### ") {
            let described = Described { publisher: publisher.clone(), ..Described::default() };
            assert!(events.insert(title.to_owned(), described).is_none(), "{title} twice");
            event = Some(title.to_owned());
        } else if let (Some(name), Some(row)) = (&event, line.strip_prefix("| `")) {
            let (field, rest) = row.split_once("` |").expect("a row of a table");
            let kind = rest.split('|').next().unwrap_or_default().trim();
            let kind = kind.strip_suffix(" or null").unwrap_or(kind);
            // A UUID is text in JSON.
            let kind = if kind == "id" { "text" } else { kind };
            let fields = &mut events.get_mut(name).expect("the event of this table").fields;
            let twice = fields.insert(field.to_owned(), kind.to_owned());
            assert_eq!(twice, None, "{name} {field} twice");
        }
    }
    events
}

fn document() -> String {
    fs::read_to_string(root().join("docs/events.md")).expect("docs/events.md")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Rust files below a directory.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            found.push((path, text));
        }
    }
    found
}

/// What stands between `before` and the next quote, wherever it occurs.
fn quoted_after(text: &str, before: &str) -> Vec<String> {
    let mut parts = text.split(before);
    let _first = parts.next();
    let quoted = parts.filter_map(|it| it.split('"').next());
    quoted.map(str::to_owned).collect()
}

fn order() -> Order {
    let (id, text) = (Uuid::nil(), String::new);
    Order {
        order_id: id,
        number: text(),
        user_id: Some(id),
        email: text(),
        name: text(),
        cart: Some(CartRef { id, version: 1 }),
        lines: vec![Line {
            sku: text(),
            product_id: id,
            title: text(),
            quantity: 1,
            unit_price: 1,
            total: 1,
        }],
        subtotal: 1,
        shipping: 1,
        tax: 1,
        total: 1,
        currency: text(),
        shipping_method: Some(text()),
        captured: Some(1),
        language: Language::parse("de"),
    }
}

fn status_updated() -> OrderStatusUpdated {
    let text = String::new;
    OrderStatusUpdated {
        order: order(),
        from: text(),
        to: text(),
        payment_status: text(),
        fulfillment_status: text(),
        reason: Some(Reason::CustomerRequest),
        tracking_number: Some(text()),
        refund: Some(1_999),
    }
}

fn order_refunded() -> OrderRefunded {
    let text = String::new;
    OrderRefunded {
        order: order(),
        refund_id: Uuid::nil(),
        amount: 1,
        refunded: 1,
        full: true,
        reason: Some(text()),
        payment_status: text(),
        status: text(),
    }
}

fn refunded() -> Refunded {
    Refunded {
        id: Uuid::nil(),
        amount: 1,
        reason: String::new(),
        staff: Some(Uuid::nil()),
        restock: true,
        lines: vec![RefundedLine { sku: String::new(), quantity: 1, restock: true }],
    }
}

fn payment() -> Payment {
    Payment {
        id: Uuid::nil(),
        order_id: Uuid::nil(),
        status: Status::Captured,
        amount: 1,
        captured: 1,
        refunded: 1,
        currency: String::new(),
        reason: Some(String::new()),
        next_action: None,
        hold_minutes: None,
        capture: CaptureTiming::OnShipment,
        capture_before: None,
        disputed: true,
    }
}
