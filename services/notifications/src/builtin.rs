//! The built-in templates: their texts (files in `templates/`), what they are about and what
//! they can say.

use chassis::names;
use chassis::shop::ShopProfile;
use contracts::identity::Purpose;
use serde_json::{Map, Value, json};

use crate::model::{Channel, MASK, Topic};

/// The only language there is for now.
pub(crate) const LOCALE: &str = "en";

/// A kind of message the shop sends by itself.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) key: &'static str,
    pub(crate) channel: Channel,
    pub(crate) topic: Topic,
    /// When it is sent, for people.
    pub(crate) description: &'static str,
    /// Set where the message carries a one-time token, which is fetched when it is sent.
    pub(crate) secret: Option<Secret>,
    source: &'static str,
    sample: fn() -> Value,
}

/// A one-time token and the page its link leads to.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) purpose: Purpose,
    /// With what stands before the token.
    pub(crate) page: &'static str,
}

/// What a message has in place of its link's secret: a one-time token, or the key of a guest's
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// As it is kept.
    Masked,
    /// There is none: the link leads to the page without it.
    None,
    /// As it goes out. Never stored.
    Token(chassis::Secret),
}

/// A subject and a body, as templates or filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// Every template, by key.
pub(crate) static ALL: [Definition; 14] = [
    notice(
        "email_changed",
        "The e-mail address of an account was changed; sent to both addresses.",
        include_str!("../templates/email_changed.txt"),
    ),
    user(
        "email_changed_undo",
        "A user changed the e-mail address; goes to the old one, with a link to restore it.",
        Secret { purpose: Purpose::UndoEmailChange, page: "undo-email-change#token=" },
        include_str!("../templates/email_changed_undo.txt"),
    ),
    order(
        "order_cancelled",
        "An order was cancelled.",
        include_str!("../templates/order_cancelled.txt"),
    ),
    order(
        "order_confirmed",
        "An order was paid.",
        include_str!("../templates/order_confirmed.txt"),
    ),
    order(
        "order_delivered",
        "An order was delivered.",
        include_str!("../templates/order_delivered.txt"),
    ),
    order(
        "order_refunded",
        "An order was refunded, in full or in part.",
        include_str!("../templates/order_refunded.txt"),
    ),
    order("order_shipped", "An order was shipped.", include_str!("../templates/order_shipped.txt")),
    order(
        "order_tracking_updated",
        "The tracking number of a shipped order was corrected, or added later.",
        include_str!("../templates/order_tracking_updated.txt"),
    ),
    notice(
        "password_changed",
        "The password of an account was changed.",
        include_str!("../templates/password_changed.txt"),
    ),
    user(
        "password_reset",
        "A user requested a password reset.",
        Secret { purpose: Purpose::ResetPassword, page: "reset-password?token=" },
        include_str!("../templates/password_reset.txt"),
    ),
    order(
        "payment_failed",
        "An order was cancelled because it was not paid.",
        include_str!("../templates/payment_failed.txt"),
    ),
    notice(
        "refresh_token_reused",
        "A session was ended because its refresh token was used twice.",
        include_str!("../templates/refresh_token_reused.txt"),
    ),
    user(
        "verify_email",
        "A user requested another verification e-mail, or changed the e-mail address.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email?token=" },
        include_str!("../templates/verify_email.txt"),
    ),
    user(
        "welcome",
        "A user registered; asks to verify the e-mail address.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email?token=" },
        include_str!("../templates/welcome.txt"),
    ),
];

/// The template with this key.
pub(crate) fn find(key: &str) -> Option<&'static Definition> {
    ALL.iter().find(|it| it.key == key)
}

impl Definition {
    /// The built-in text: the file's first line is the subject.
    pub(crate) fn text(&self) -> Text {
        let (subject, body) = self.source.split_once('\n').unwrap_or((self.source, ""));
        let subject = subject.strip_prefix("Subject: ").unwrap_or(subject);
        Text { subject: subject.to_owned(), body: body.trim_start().to_owned() }
    }

    /// Data to check and preview with: one sample with everything, one with all that may be
    /// missing missing.
    pub(crate) fn samples(&self) -> [Value; 2] {
        let full = (self.sample)();
        let mut sparse = full.clone();
        if let Some(order) = sparse.get_mut("order").and_then(Value::as_object_mut) {
            for name in ["tracking_number", "reason", "reason_text", "refund", "refunded"] {
                order.insert(name.to_owned(), Value::Null);
            }
        }
        [full, sparse]
    }

    /// What a template of this kind is filled with: its data, the shop, and the link with its
    /// secret or what stands for it. Names are said only where they are such.
    pub(crate) fn context(&self, data: &Value, shop: &ShopProfile, key: &Key) -> Value {
        let mut context = data.as_object().cloned().unwrap_or_else(Map::new);
        for whose in ["order", "user"] {
            let Some(about) = context.get_mut(whose).and_then(Value::as_object_mut) else {
                continue;
            };
            if let Some(name) = about.get_mut("name") {
                *name = json!(name.as_str().and_then(names::in_mail).unwrap_or_default());
            }
            if whose == "order" {
                complete(about);
            }
        }
        context.insert("shop".to_owned(), json!({ "name": shop.name, "url": shop.public_url }));
        if self.secret.is_some() {
            context.insert("token".to_owned(), json!(key.text().unwrap_or_default()));
        }
        let link = self.link(data, shop, key).unwrap_or_else(|| shop.public_url.clone());
        context.insert("link".to_owned(), json!(link));
        Value::Object(context)
    }

    /// The page a message leads to; none where it leads to no particular one.
    pub(crate) fn link(&self, data: &Value, shop: &ShopProfile, key: &Key) -> Option<String> {
        if let Some(secret) = &self.secret {
            let token = key.text().unwrap_or_default();
            return Some(format!("{}/{}{token}", shop.public_url, secret.page));
        }
        let number = data.pointer("/order/number")?.as_str()?;
        let page = format!("{}/orders/{}", shop.public_url, path_segment(number));
        match key.text().filter(|_| self.is_for_guest(data)) {
            // Browsers send a fragment to no server.
            Some(key) => Some(format!("{page}#key={key}")),
            None => Some(page),
        }
    }

    /// Whether its link needs a key, because the buyer has no account.
    pub(crate) fn is_for_guest(&self, data: &Value) -> bool {
        data.pointer("/order/guest").and_then(Value::as_bool).unwrap_or(false)
    }
}

impl Key {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Masked => Some(MASK),
            Self::None => None,
            Self::Token(token) => Some(token),
        }
    }
}

/// What data of an order that staff write themselves may leave out.
fn complete(order: &mut Map<String, Value>) {
    const CHARGED: [&str; 3] = ["paid", "partially_refunded", "refunded"];
    let paid = order.get("payment_status").and_then(Value::as_str);
    let charged = paid.is_some_and(|it| CHARGED.contains(&it));
    let total = order.get("total").cloned().unwrap_or_default();
    for (name, value) in [
        ("guest", json!(false)),
        ("free", json!(false)),
        ("charged", json!(charged)),
        ("paid", total),
        ("reason_text", Value::Null),
        ("refund", Value::Null),
        ("refunded", Value::Null),
    ] {
        order.entry(name).or_insert(value);
    }
}

/// A number of an order as a link has it: only what needs no escaping.
fn path_segment(number: &str) -> String {
    number.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect()
}

const fn notice(key: &'static str, description: &'static str, source: &'static str) -> Definition {
    let (channel, topic) = (Channel::Email, Topic::Transactional);
    Definition { key, channel, topic, description, secret: None, source, sample: sample_user }
}

const fn order(key: &'static str, description: &'static str, source: &'static str) -> Definition {
    let (channel, topic) = (Channel::Email, Topic::OrderUpdates);
    Definition { key, channel, topic, description, secret: None, source, sample: sample_order }
}

const fn user(
    key: &'static str,
    description: &'static str,
    secret: Secret,
    source: &'static str,
) -> Definition {
    let (channel, topic) = (Channel::Email, Topic::Transactional);
    Definition {
        key,
        channel,
        topic,
        description,
        secret: Some(secret),
        source,
        sample: sample_user,
    }
}

fn sample_user() -> Value {
    json!({ "user": { "name": "Ada Example", "email": "ada@example.com" } })
}

fn sample_order() -> Value {
    json!({ "order": {
        "id": "0190e5a0-0000-7000-8000-000000000001",
        "number": "CW-100001",
        "name": "Ada Example",
        "email": "ada@example.com",
        "status": "confirmed",
        "payment_status": "paid",
        "lines": [
            { "sku": "LAMP-1", "title": "Desk lamp", "quantity": 2,
              "unit_price": "19.99 USD", "total": "39.98 USD" },
            { "sku": "BULB-1", "title": "Light bulb", "quantity": 1,
              "unit_price": "4.50 USD", "total": "4.50 USD" },
        ],
        "subtotal": "44.48 USD",
        "shipping": "5.00 USD",
        "tax": "0.00 USD",
        "total": "49.48 USD",
        // What was paid of it, or is to be.
        "paid": "49.48 USD",
        "reason": "customer_request",
        "reason_text": "you requested it",
        "tracking_number": "1Z999AA10123456784",
        // What goes back with this news, and all that was given back so far.
        "refund": "5.00 USD",
        "refunded": "5.00 USD",
        // Whether money was taken for it; whether it costs nothing; whether a guest has ordered.
        "charged": true,
        "free": false,
        "guest": false,
    } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template;

    fn shop() -> ShopProfile {
        ShopProfile::default()
    }

    #[test]
    fn every_built_in_text_passes_its_own_check() {
        for it in &ALL {
            let text = it.text();
            assert!(!text.subject.is_empty() && !text.body.is_empty(), "{}", it.key);
            let samples = it.samples().map(|sample| it.context(&sample, &shop(), &Key::Masked));
            for source in [&text.subject, &text.body] {
                template::check(source, &samples)
                    .unwrap_or_else(|wrong| panic!("{}: {wrong}", it.key));
            }
        }
    }

    #[test]
    fn keys_are_sorted_and_unique() {
        assert!(ALL.windows(2).all(|it| it[0].key < it[1].key));
    }

    #[test]
    fn a_token_is_masked_until_there_is_one() {
        let welcome = find("welcome").unwrap();
        let masked = welcome.context(&sample_user(), &shop(), &Key::Masked);
        assert_eq!(masked["link"], "http://127.0.0.1:8080/verify-email?token=****");
        let key = Key::Token("s3cret".into());
        let real = welcome.context(&sample_user(), &shop(), &key);
        assert_eq!(real["token"], "s3cret");
        assert!(!format!("{key:?}").contains("s3cret"));
    }

    #[test]
    fn a_guests_link_has_the_key_of_the_order_where_no_server_sees_it() {
        let shipped = find("order_shipped").unwrap();
        let link = |guest: bool, key: Key| {
            let data = json!({ "order": { "number": "CW-1", "guest": guest } });
            shipped.link(&data, &shop(), &key).unwrap()
        };
        let page = "http://127.0.0.1:8080/orders/CW-1";
        assert_eq!(link(false, Key::Masked), page);
        assert_eq!(link(true, Key::Masked), format!("{page}#key=****"));
        assert_eq!(link(true, Key::None), page);
        assert_eq!(link(true, Key::Token("k3y".into())), format!("{page}#key=k3y"));
    }

    #[test]
    fn a_name_that_is_none_is_not_said() {
        let welcome = find("welcome").unwrap();
        for (name, said) in [("Ada", "Ada"), ("go to www.evil.example", ""), ("a\nb", "")] {
            let data = json!({ "user": { "name": name } });
            assert_eq!(welcome.context(&data, &shop(), &Key::Masked)["user"]["name"], said);
        }
    }
}
