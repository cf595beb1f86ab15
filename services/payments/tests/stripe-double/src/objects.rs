//! The objects of an account, in the order in which they were created.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// What kinds of objects there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    PaymentIntent,
    Charge,
    Refund,
    Dispute,
    ConfirmationToken,
    Customer,
    PaymentMethod,
    WebhookEndpoint,
    PaymentMethodDomain,
    BalanceTransaction,
    Event,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::PaymentIntent,
        Self::Charge,
        Self::Refund,
        Self::Dispute,
        Self::ConfirmationToken,
        Self::Customer,
        Self::PaymentMethod,
        Self::WebhookEndpoint,
        Self::PaymentMethodDomain,
        Self::BalanceTransaction,
        Self::Event,
    ];

    /// As in an object's `object`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentIntent => "payment_intent",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
            Self::ConfirmationToken => "confirmation_token",
            Self::Customer => "customer",
            Self::PaymentMethod => "payment_method",
            Self::WebhookEndpoint => "webhook_endpoint",
            Self::PaymentMethodDomain => "payment_method_domain",
            Self::BalanceTransaction => "balance_transaction",
            Self::Event => "event",
        }
    }

    /// What ids begin with.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::PaymentIntent => "pi",
            Self::Charge => "ch",
            Self::Refund => "re",
            Self::Dispute => "dp",
            Self::ConfirmationToken => "ctoken",
            Self::Customer => "cus",
            Self::PaymentMethod => "pm",
            Self::WebhookEndpoint => "we",
            Self::PaymentMethodDomain => "pmd",
            Self::BalanceTransaction => "txn",
            Self::Event => "evt",
        }
    }

    /// The kind of object that has this id, by its prefix.
    pub(crate) fn of(id: &str) -> Option<Self> {
        let (prefix, _) = id.split_once('_')?;
        Self::ALL.into_iter().find(|it| it.prefix() == prefix)
    }
}

static TEMPLATES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("templates.json")).expect("the templates are JSON")
});

/// An object of this name with every field it has.
///
/// # Panics
///
/// If there is none, which is a fault of the double.
pub fn template(name: &str) -> Value {
    TEMPLATES.get(name).unwrap_or_else(|| panic!("no template of a {name}")).clone()
}

/// All objects of one mode. Fields whose names begin with an underscore are the double's own and are
/// not shown to anybody.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    rows: HashMap<Kind, Vec<Value>>,
    places: HashMap<String, usize>,
}

impl Objects {
    pub(crate) fn insert(&mut self, kind: Kind, object: Value) {
        let rows = self.rows.entry(kind).or_default();
        self.places.insert(text(&object, "id").to_owned(), rows.len());
        rows.push(object);
    }

    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<&Value> {
        let rows = self.rows.get(&kind)?;
        rows.get(*self.places.get(id)?).filter(|it| it["id"] == id)
    }

    pub(crate) fn get_mut(&mut self, kind: Kind, id: &str) -> Option<&mut Value> {
        let rows = self.rows.get_mut(&kind)?;
        rows.get_mut(*self.places.get(id)?).filter(|it| it["id"] == id)
    }

    /// Oldest first.
    pub(crate) fn all(&self, kind: Kind) -> &[Value] {
        self.rows.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }
}

/// A field that is a text; empty where it is null.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// A field that is a number; nought where it is null.
pub(crate) fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or_default()
}

/// Sets several fields of an object.
pub(crate) fn set(object: &mut Value, fields: Value) {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
}

/// An object as it is shown: without the double's own fields, and without what is only there if a
/// client expands it.
pub(crate) fn shown(object: &Value) -> Value {
    let Some(map) = object.as_object() else { return object.clone() };
    let charge = map.get("object") == Some(&json!("charge"));
    let is_hidden = |name: &str| name.starts_with('_') || (charge && name == "refunds");
    let visible = map.iter().filter(|(name, _)| !is_hidden(name));
    visible.map(|(name, value)| (name.clone(), value.clone())).collect()
}
