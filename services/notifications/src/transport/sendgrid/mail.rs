//! A message as the body of `POST /v3/mail/send`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::config::SettingError;
use chassis::shop::ShopProfile;
use contracts::email::is_email;
use serde_json::{Map, Value, json};

use crate::queue::REQUESTED;
use crate::transport::OutgoingMessage;

/// The custom argument that comes back in every event.
pub(super) const MESSAGE_ID: &str = "message_id";

/// Whom messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    /// For a message without a subject.
    shop_name: String,
}

/// An address with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mailbox {
    name: Option<String>,
    email: String,
}

impl Sender {
    /// As the settings of the shop have it.
    pub(super) fn of(shop: &ShopProfile) -> Result<Self, SettingError> {
        let mailbox = |setting: &str, text: &str| {
            let allowed = "an e-mail address such as \"Shop <no-reply@shop.example>\"";
            let wrong = || SettingError::new(setting, format!("{text:?}"), allowed);
            Mailbox::parse(text).ok_or_else(wrong)
        };
        let mut from = mailbox("shop.email_from", &shop.email_from)?;
        from.name.get_or_insert_with(|| shop.name.clone());
        let reply_to = match shop.email_reply_to.as_str() {
            "" => None,
            text => Some(mailbox("shop.email_reply_to", text)?),
        };
        Ok(Self { from, reply_to, shop_name: shop.name.clone() })
    }

    /// The domain that messages come from.
    fn domain(&self) -> &str {
        self.from.email.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl Mailbox {
    /// `ada@shop.example` or `Ada <ada@shop.example>`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, email) = match text.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
            Some((name, email)) => (name.trim().trim_matches('"').trim(), email),
            None => ("", text),
        };
        is_email(email, &()).ok()?;
        let name = (!name.is_empty()).then(|| name.to_owned());
        Some(Self { name, email: email.trim().to_owned() })
    }

    fn json(&self) -> Value {
        match &self.name {
            Some(name) => json!({ "email": self.email, "name": name }),
            None => json!({ "email": self.email }),
        }
    }
}

/// The whole request.
pub(super) fn request(message: &OutgoingMessage, sender: &Sender) -> Value {
    let subject = message.subject.as_deref().filter(|it| !it.is_empty());
    let mut mail = json!({
        "personalizations": [{
            "to": [{ "email": message.recipient }],
            "custom_args": { MESSAGE_ID: message.id.to_string() },
        }],
        "from": sender.from.json(),
        "subject": subject.unwrap_or(&sender.shop_name),
        "content": content(message),
        "headers": headers(message, sender),
        // Links would no longer lead to the shop, and opening a mail is nobody's business.
        "tracking_settings": {
            "click_tracking": { "enable": false, "enable_text": false },
            "open_tracking": { "enable": false },
            "subscription_tracking": { "enable": false },
            "ganalytics": { "enable": false },
        },
    });
    if let Some(reply_to) = &sender.reply_to {
        mail["reply_to"] = reply_to.json();
    }
    if let Some(template) = &message.template {
        mail["categories"] = json!([template]);
        if REQUESTED.contains(&template.as_str()) {
            // SendGrid has a list of bounced addresses itself. The shop decides when somebody who
            // wants to get into an account is written to all the same.
            mail["mail_settings"] = json!({ "bypass_list_management": { "enable": true } });
        }
    }
    if !message.attachments.is_empty() {
        mail["attachments"] = attachments(message);
    }
    mail
}

/// The plain text first, as SendGrid demands.
fn content(message: &OutgoingMessage) -> Value {
    let text = if message.text.is_empty() { "\n" } else { &message.text };
    let mut content = vec![json!({ "type": "text/plain", "value": text })];
    if let Some(html) = message.html.as_deref().filter(|it| !it.is_empty()) {
        content.push(json!({ "type": "text/html", "value": html }));
    }
    content.into()
}

fn headers(message: &OutgoingMessage, sender: &Sender) -> Value {
    let mut headers = Map::new();
    // The same if it is sent twice: mail programs then show it once.
    let id = format!("<{}@{}>", message.id, sender.domain());
    headers.insert("Message-ID".to_owned(), id.into());
    headers.insert("Auto-Submitted".to_owned(), "auto-generated".into());
    if let Some(url) = &message.unsubscribe {
        headers.insert("List-Unsubscribe".to_owned(), format!("<{url}>").into());
        let one_click = "List-Unsubscribe=One-Click";
        headers.insert("List-Unsubscribe-Post".to_owned(), one_click.into());
    }
    headers.into()
}

fn attachments(message: &OutgoingMessage) -> Value {
    let attachments = message.attachments.iter().map(|it| {
        json!({
            "content": STANDARD.encode(&it.content),
            "type": it.content_type,
            "filename": it.filename,
            "disposition": "attachment",
        })
    });
    attachments.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(from: &str, reply_to: &str) -> Result<Sender, SettingError> {
        let (email_from, email_reply_to) = (from.to_owned(), reply_to.to_owned());
        Sender::of(&ShopProfile { email_from, email_reply_to, ..ShopProfile::default() })
    }

    #[test]
    fn a_sender_has_a_name_or_the_shops() {
        for (text, name, email) in [
            ("no-reply@shop.example", "Cartwright", "no-reply@shop.example"),
            ("Lamps & Co <no-reply@shop.example>", "Lamps & Co", "no-reply@shop.example"),
            ("\"Lamps, Co\" <no-reply@shop.example>", "Lamps, Co", "no-reply@shop.example"),
            (" <no-reply@shop.example> ", "Cartwright", "no-reply@shop.example"),
        ] {
            let from = sender(text, "").unwrap().from.json();
            assert_eq!(from, json!({ "email": email, "name": name }), "{text}");
        }
        let sender = sender("no-reply@shop.example", "help@shop.example").unwrap();
        assert_eq!(sender.reply_to.unwrap().json(), json!({ "email": "help@shop.example" }));
    }

    #[test]
    fn a_shop_without_a_sender_is_told_which_setting_it_needs() {
        for (from, reply_to, setting) in [
            ("", "", "shop.email_from"),
            ("Shop", "", "shop.email_from"),
            ("Shop <no-reply>", "", "shop.email_from"),
            ("a@shop.example, b@shop.example", "", "shop.email_from"),
            ("a@shop.example", "nobody", "shop.email_reply_to"),
        ] {
            let error = sender(from, reply_to).unwrap_err();
            assert_eq!(error.setting, setting, "{from} {reply_to}");
        }
    }
}
