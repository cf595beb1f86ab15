//! The built-in templates: their texts (files in `templates/`), what they are about and what
//! they can say.

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
    pub(crate) page: &'static str,
}

/// A subject and a body, as templates or filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// Every template, by key.
pub(crate) static ALL: [Definition; 9] = [
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
        "An order was refunded.",
        include_str!("../templates/order_refunded.txt"),
    ),
    order("order_shipped", "An order was shipped.", include_str!("../templates/order_shipped.txt")),
    user(
        "password_reset",
        "A user asked for a new password.",
        Secret { purpose: Purpose::ResetPassword, page: "reset-password" },
        include_str!("../templates/password_reset.txt"),
    ),
    order(
        "payment_failed",
        "An order was cancelled because it was not paid.",
        include_str!("../templates/payment_failed.txt"),
    ),
    user(
        "verify_email",
        "A user asked for another mail to verify the e-mail address, or changed it.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email" },
        include_str!("../templates/verify_email.txt"),
    ),
    user(
        "welcome",
        "A user registered; asks to verify the e-mail address.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email" },
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
            for name in ["tracking_number", "reason", "reason_text"] {
                order.insert(name.to_owned(), Value::Null);
            }
        }
        [full, sparse]
    }

    /// What a template of this kind is filled with: its data, the shop, and the one-time token
    /// or the mask that stands for it.
    pub(crate) fn context(&self, data: &Value, shop: &Shop<'_>, token: Option<&str>) -> Value {
        let mut context = data.as_object().cloned().unwrap_or_else(Map::new);
        context.insert("shop".to_owned(), json!({ "name": shop.name, "url": shop.url }));
        if let Some(secret) = &self.secret {
            let token = token.unwrap_or(MASK);
            context.insert("token".to_owned(), json!(token));
            context.insert("link".to_owned(), json!(secret.link(shop, token)));
        }
        Value::Object(context)
    }
}

impl Secret {
    pub(crate) fn link(&self, shop: &Shop<'_>, token: &str) -> String {
        format!("{}/{}?token={token}", shop.url, self.page)
    }
}

/// What messages say about the shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop<'a> {
    pub(crate) name: &'a str,
    /// Without a slash at its end.
    pub(crate) url: &'a str,
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
        "reason": "customer_request",
        "reason_text": "you asked for it",
        "tracking_number": "1Z999AA10123456784",
    } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template;

    const SHOP: Shop<'_> = Shop { name: "Cartwright", url: "http://127.0.0.1:8080" };

    #[test]
    fn every_built_in_text_passes_its_own_check() {
        for it in &ALL {
            let text = it.text();
            assert!(!text.subject.is_empty() && !text.body.is_empty(), "{}", it.key);
            let samples = it.samples().map(|sample| it.context(&sample, &SHOP, None));
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
        let masked = welcome.context(&sample_user(), &SHOP, None);
        assert_eq!(masked["link"], "http://127.0.0.1:8080/verify-email?token=****");
        let real = welcome.context(&sample_user(), &SHOP, Some("s3cret"));
        assert_eq!(real["token"], "s3cret");
    }
}
