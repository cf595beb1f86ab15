//! An e-mail as it goes over the wire: headers, plain text, HTML and files (RFC 5322, MIME).

use std::time::SystemTime;

use chassis::config::SettingError;
use chassis::shop::ShopProfile;
use chrono::{DateTime, Utc};
use contracts::email;
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use uuid::Uuid;

use super::SmtpConfig;
use super::dkim::{Dkim, DkimKey};
use crate::transport::{Attachment, OutgoingMessage};

/// Writes messages in the shop's name.
#[derive(Debug)]
pub(super) struct Composer {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    dkim: Option<Dkim>,
}

/// An e-mail, ready to be sent.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// A message that no e-mail can be made of.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotComposed {
    #[error("the recipient is no e-mail address")]
    Recipient,
    #[error("the message cannot be written as an e-mail: {0}")]
    Message(#[from] lettre::error::Error),
}

impl Composer {
    pub(super) fn new(config: &SmtpConfig, shop: &ShopProfile) -> Result<Self, SettingError> {
        let from = address(&shop.email_from).ok_or_else(|| {
            let value = format!("{:?}", shop.email_from);
            SettingError::new("shop.email_from", value, "an e-mail address, to send e-mail")
        })?;
        let dkim = signing(config, from.domain())?;
        let name = Some(shop.name.trim().to_owned()).filter(|it| !it.is_empty());
        let from = Mailbox::new(name, from);
        let reply_to = address(&shop.email_reply_to).map(|it| Mailbox::new(None, it));
        Ok(Self { from, reply_to, dkim })
    }

    /// The domain of the shop's address.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The same message has the same Message-ID however often it is sent.
    pub(super) fn compose(
        &self,
        message: &OutgoingMessage,
        now: DateTime<Utc>,
    ) -> Result<Mail, NotComposed> {
        let to = address(&message.recipient).ok_or(NotComposed::Recipient)?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.clone()])?;
        let builder = self.headers(message, now, to).envelope(envelope.clone());
        let written = content(builder, message)?.formatted();
        let bytes = match &self.dkim {
            Some(dkim) => dkim.sign(&written, now),
            None => written,
        };
        Ok(Mail { envelope, bytes })
    }

    fn headers(
        &self,
        message: &OutgoingMessage,
        now: DateTime<Utc>,
        to: Address,
    ) -> MessageBuilder {
        let id = format!("<{}@{}>", message.id, self.domain());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.subject.as_deref().unwrap_or_default())
            .date(SystemTime::from(now))
            .message_id(Some(id))
            // Nobody answers this with a notice that they are on holiday.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(language) = &message.language {
            builder = builder.raw_header(header("Content-Language", language));
        }
        if let Some(url) = &message.unsubscribe {
            builder = builder
                .raw_header(header("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        builder
    }
}

/// What signs, where the settings have a key.
pub(crate) fn signing(config: &SmtpConfig, domain: &str) -> Result<Option<Dkim>, SettingError> {
    if config.dkim_private_key.is_empty() {
        return Ok(None);
    }
    let key = DkimKey::parse(&config.dkim_private_key).map_err(|error| {
        SettingError::new("notifications.smtp.dkim_private_key", error, "an RSA or Ed25519 key")
    })?;
    let domain = if config.dkim_domain.is_empty() { domain } else { &config.dkim_domain };
    Ok(Some(Dkim { domain: domain.to_owned(), selector: config.dkim_selector.clone(), key }))
}

/// An address as the shop keeps it. Lettre's own rules are narrower.
fn address(text: &str) -> Option<Address> {
    email::is_email(text, &()).ok()?;
    let text = email::normal(text);
    let (user, domain) = text.rsplit_once('@')?;
    Some(Address::new_dangerous(user, domain))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    // No line breaks, whatever it is made of.
    let value = value.replace(|it: char| it.is_control(), " ");
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn content(builder: MessageBuilder, message: &OutgoingMessage) -> Result<Message, NotComposed> {
    let id = message.id;
    let text = || part(ContentType::TEXT_PLAIN, &message.text);
    let alternatives = |html: &str| {
        let parts = MultiPart::alternative().boundary(boundary("alternative", id));
        parts.singlepart(text()).singlepart(part(ContentType::TEXT_HTML, html))
    };
    if message.attachments.is_empty() {
        return Ok(match &message.html {
            Some(html) => builder.multipart(alternatives(html))?,
            None => builder.singlepart(text())?,
        });
    }
    let parts = MultiPart::mixed().boundary(boundary("mixed", id));
    let mut parts = match &message.html {
        Some(html) => parts.multipart(alternatives(html)),
        None => parts.singlepart(text()),
    };
    for it in &message.attachments {
        parts = parts.singlepart(file(it));
    }
    Ok(builder.multipart(parts)?)
}

/// Cannot be in a message by chance, nor on purpose: ids are not known before.
fn boundary(kind: &str, id: Uuid) -> String {
    format!("{kind}-{}", id.simple())
}

/// Lines of at most 76 ASCII characters, whatever the text.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let part = SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable);
    part.body(text.to_owned())
}

fn file(it: &Attachment) -> SinglePart {
    let kind = ContentType::parse(&it.content_type);
    let binary = ContentType::parse("application/octet-stream");
    let part = lettre::message::Attachment::new(it.filename.clone());
    let kind = kind.or(binary).unwrap_or(ContentType::TEXT_PLAIN);
    // Bytes stay what they are, text files too.
    let base64 = Body::new_with_encoding(it.content.clone(), ContentTransferEncoding::Base64);
    part.body(base64.unwrap_or_else(Body::new), kind)
}

#[cfg(test)]
mod tests;
