//! The built-in templates: their texts (files in `templates/`, a folder per language), what they are
//! about and what they can say.

mod samples;

use chassis::names;
use chassis::shop::ShopProfile;
use contracts::identity::Purpose;
use serde_json::{Map, Value, json};

use crate::model::{Channel, MASK, Topic};

/// The languages of the built-in texts. There is a text in the first one for everything.
pub(crate) const LANGUAGES: [&str; 2] = ["en", "de"];

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
    /// In the order of [`LANGUAGES`].
    sources: [&'static str; 2],
    sample: fn(&str) -> Value,
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

/// The subject and the body of a template. The subject is plain text, the body Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// A template's key and its texts.
macro_rules! text {
    ($key:literal) => {
        (
            $key,
            [
                include_str!(concat!("../templates/en/", $key, ".md")),
                include_str!(concat!("../templates/de/", $key, ".md")),
            ],
        )
    };
}

/// Every template, by key.
pub(crate) static ALL: [Definition; 18] = [
    notice(text!("account_closed"), "An account was deleted; the last message to it."),
    notice(
        text!("email_changed"),
        "The e-mail address of an account was changed; sent to both addresses.",
    ),
    user(
        text!("email_changed_undo"),
        "A user changed the e-mail address; goes to the old one, with a link to restore it.",
        Secret { purpose: Purpose::UndoEmailChange, page: "undo-email-change#token=" },
    ),
    Definition {
        sample: samples::sign_in,
        ..notice(text!("new_sign_in"), "A user logged in with a browser that was not seen before.")
    },
    order(text!("order_cancelled"), Topic::OrderUpdates, "An order was cancelled."),
    order(text!("order_confirmed"), Topic::OrderUpdates, "An order was paid."),
    order(text!("order_delivered"), Topic::OrderUpdates, "An order was delivered."),
    order(
        text!("order_link"),
        Topic::Transactional,
        "Somebody asked for a link to an order, by its number and e-mail address.",
    ),
    order(
        text!("order_refunded"),
        Topic::OrderUpdates,
        "An order was refunded, in full or in part.",
    ),
    order(text!("order_shipped"), Topic::OrderUpdates, "An order was shipped."),
    order(
        text!("order_tracking_updated"),
        Topic::OrderUpdates,
        "The tracking number of a shipped order was corrected, or added later.",
    ),
    notice(text!("password_changed"), "The password of an account was changed."),
    user(
        text!("password_reset"),
        "A user requested a password reset.",
        Secret { purpose: Purpose::ResetPassword, page: "reset-password?token=" },
    ),
    order(
        text!("payment_action_required"),
        Topic::Transactional,
        "The customer has to do something for the payment, or to pay again.",
    ),
    order(
        text!("payment_failed"),
        Topic::OrderUpdates,
        "An order was cancelled because it was not paid.",
    ),
    notice(
        text!("refresh_token_reused"),
        "A session was ended because its refresh token was used twice.",
    ),
    user(
        text!("verify_email"),
        "A user requested another verification e-mail, or changed the e-mail address.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email?token=" },
    ),
    user(
        text!("welcome"),
        "A user registered; asks to verify the e-mail address.",
        Secret { purpose: Purpose::VerifyEmail, page: "verify-email?token=" },
    ),
];

/// The template with this key.
pub(crate) fn find(key: &str) -> Option<&'static Definition> {
    ALL.iter().find(|it| it.key == key)
}

impl Definition {
    /// The built-in text in a language, if there is one: the file's first line is the subject.
    pub(crate) fn text(&self, language: &str) -> Option<Text> {
        let at = LANGUAGES.iter().position(|it| *it == language)?;
        Some(self.text_at(at))
    }

    /// The built-in text in a language, or in the first of [`LANGUAGES`].
    pub(crate) fn text_or_first(&self, language: &str) -> Text {
        self.text(language).unwrap_or_else(|| self.text_at(0))
    }

    fn text_at(&self, at: usize) -> Text {
        let source = self.sources[at];
        let (subject, body) = source.split_once('\n').unwrap_or((source, ""));
        let subject = subject.strip_prefix("Subject: ").unwrap_or(subject);
        Text { subject: subject.to_owned(), body: body.trim_start().to_owned() }
    }

    /// Data to check and preview with: one sample with everything, one with all that may be
    /// missing missing.
    pub(crate) fn samples(&self, language: &str) -> [Value; 2] {
        let full = (self.sample)(language);
        let sparse = samples::sparse(full.clone());
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
        ("until", Value::Null),
    ] {
        order.entry(name).or_insert(value);
    }
}

/// A number of an order as a link has it: only what needs no escaping.
fn path_segment(number: &str) -> String {
    number.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect()
}

/// A key and its texts.
type Texts = (&'static str, [&'static str; 2]);

const fn notice((key, sources): Texts, description: &'static str) -> Definition {
    let (channel, topic) = (Channel::Email, Topic::Transactional);
    Definition { key, channel, topic, description, secret: None, sources, sample: samples::user }
}

const fn order((key, sources): Texts, topic: Topic, description: &'static str) -> Definition {
    let channel = Channel::Email;
    Definition { key, channel, topic, description, secret: None, sources, sample: samples::order }
}

const fn user(texts: Texts, description: &'static str, secret: Secret) -> Definition {
    let (key, sources) = texts;
    let (channel, topic, secret) = (Channel::Email, Topic::Transactional, Some(secret));
    Definition { key, channel, topic, description, secret, sources, sample: samples::user }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{template, texts};

    fn shop() -> ShopProfile {
        ShopProfile::default()
    }

    #[test]
    fn every_built_in_text_passes_its_own_check_in_every_language() {
        for (it, language) in everything() {
            let text = it.text(language).unwrap();
            assert!(!text.subject.is_empty() && !text.body.is_empty(), "{}", it.key);
            let samples = it.samples(language);
            let samples = samples.map(|sample| it.context(&sample, &shop(), &Key::Masked));
            texts::check(&text, &samples)
                .unwrap_or_else(|wrong| panic!("{} in {language}: {wrong:?}", it.key));
        }
    }

    /// What one language says, the other ones say too.
    #[test]
    fn a_template_uses_the_same_variables_and_links_in_every_language() {
        let used = |source: &str| -> Vec<String> {
            let inside = |open: &'static str, close: &'static str| {
                source.split(open).skip(1).filter_map(move |it| it.split_once(close)).map(|it| it.0)
            };
            // Values, conditions, and what links lead to.
            let tags = inside("{{", "}}").chain(inside("{%", "%}")).chain(inside("](", ")"));
            let mut tags: Vec<_> = tags.map(|it| it.trim().to_owned()).collect();
            tags.sort();
            tags
        };
        for it in &ALL {
            let [first, others @ ..] = it.sources;
            for other in others {
                assert_eq!(used(first), used(other), "{}", it.key);
            }
            let variables = LANGUAGES.map(|language| {
                let [full, _] = it.samples(language);
                template::variables(&it.context(&full, &shop(), &Key::Masked))
            });
            assert!(variables.iter().all(|it| *it == variables[0]), "{}", it.key);
        }
    }

    fn everything() -> impl Iterator<Item = (&'static Definition, &'static str)> {
        ALL.iter().flat_map(|it| LANGUAGES.map(|language| (it, language)))
    }

    #[test]
    fn keys_are_sorted_and_unique() {
        assert!(ALL.windows(2).all(|it| it[0].key < it[1].key));
    }

    #[test]
    fn a_token_is_masked_until_there_is_one() {
        let welcome = find("welcome").unwrap();
        let masked = welcome.context(&samples::user("en"), &shop(), &Key::Masked);
        assert_eq!(masked["link"], "http://127.0.0.1:8080/verify-email?token=****");
        let key = Key::Token("s3cret".into());
        let real = welcome.context(&samples::user("en"), &shop(), &key);
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
