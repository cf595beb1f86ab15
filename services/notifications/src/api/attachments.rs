//! Files in a request that sends an e-mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::cards::no_card_number;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::transport::Attachment;

/// Characters of a file's name.
const MAX_NAME: usize = 100;

/// A file that goes with an e-mail.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = EmailAttachment)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAttachment {
    /// Without a path.
    #[garde(custom(is_filename))]
    #[schema(example = "invoice.pdf")]
    filename: String,
    /// The media type.
    #[garde(custom(is_media_type))]
    #[schema(example = "application/pdf")]
    content_type: String,
    /// The bytes in base64.
    #[garde(custom(is_base64))]
    #[schema(format = Byte)]
    content: String,
}

impl NewAttachment {
    /// As it is kept. The content has been validated.
    pub(super) fn decoded(self) -> Attachment {
        Attachment {
            filename: self.filename,
            content_type: self.content_type,
            content: STANDARD.decode(self.content).unwrap_or_default(),
        }
    }
}

/// A name that no system takes for a path or for a header.
fn is_filename(name: &str, (): &()) -> garde::Result {
    let is_plain = |it: char| !it.is_control() && !"/\\:\"<>|?*".contains(it);
    let fits = (1..=MAX_NAME).contains(&name.chars().count());
    if fits && name.chars().all(is_plain) && name.trim() == name && !name.starts_with('.') {
        return no_card_number(name, &());
    }
    let detail = format!("must be a file name of 1 to {MAX_NAME} characters without a path");
    Err(garde::Error::new(detail))
}

fn is_media_type(text: &str, (): &()) -> garde::Result {
    let is_token = |it: &str| {
        let known = |it: u8| it.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&it);
        (1..=127).contains(&it.len()) && it.bytes().all(known)
    };
    match text.split_once('/') {
        // Those have parts of their own.
        Some(("multipart" | "message", _)) => {
            Err(garde::Error::new("must be the media type of a single file"))
        }
        Some((kind, rest)) if is_token(kind) && is_token(rest) => Ok(()),
        _ => Err(garde::Error::new("must be a media type such as application/pdf")),
    }
}

fn is_base64(text: &str, (): &()) -> garde::Result {
    match STANDARD.decode(text) {
        Ok(content) if !content.is_empty() => Ok(()),
        Ok(_) => Err(garde::Error::new("must not be empty")),
        Err(_) => Err(garde::Error::new("must be base64")),
    }
}
