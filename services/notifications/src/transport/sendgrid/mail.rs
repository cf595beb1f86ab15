//! A message as the body of `POST /v3/mail/send`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::shop::ShopProfile;
use serde_json::{Map, Value, json};

use crate::queue::REQUESTED;
use crate::transport::OutgoingMessage;

/// The custom argument that comes back in every event.
pub(super) const MESSAGE_ID: &str = "message_id";

/// Whom messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    name: String,
    from: String,
    /// Empty: there is none.
    reply_to: String,
}

impl Sender {
    /// As the settings of the shop have it; notifications' `Config::check_with` has checked them.
    pub(super) fn of(shop: &ShopProfile) -> Self {
        Self {
            name: shop.name.clone(),
            from: shop.email_from.trim().to_owned(),
            reply_to: shop.email_reply_to.trim().to_owned(),
        }
    }

    /// The domain that messages come from.
    fn domain(&self) -> &str {
        self.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
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
        "from": { "email": sender.from, "name": sender.name },
        "subject": subject.unwrap_or(&sender.name),
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
    if !sender.reply_to.is_empty() {
        mail["reply_to"] = json!({ "email": sender.reply_to });
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
