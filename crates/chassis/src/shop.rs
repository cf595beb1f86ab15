//! How the shop presents itself to its customers: on its pages, in its messages and to providers.

/// What the `[shop]` section of the settings says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopProfile {
    pub name: String,
    /// The shop's address as customers see it, without a slash at its end: links in messages lead
    /// there.
    pub public_url: String,
    /// The language of messages to people whose language is not known: a lower-case language tag.
    pub language: String,
    /// An https URL of a picture. Empty: the name stands for it.
    pub logo_url: String,
    /// The colour of buttons and links: `#rrggbb`.
    pub accent_color: String,
    /// The postal address of who runs the shop, as messages show it. May have several lines.
    pub address: String,
    /// What else stands below every message.
    pub footer: String,
    /// The e-mail address that messages come from. Empty: there is none.
    pub email_from: String,
    /// Where answers to messages go. Empty: to `email_from`.
    pub email_reply_to: String,
}

impl Default for ShopProfile {
    fn default() -> Self {
        Self {
            name: "Cartwright".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            language: "en".to_owned(),
            logo_url: String::new(),
            accent_color: "#1f6feb".to_owned(),
            address: String::new(),
            footer: String::new(),
            email_from: String::new(),
            email_reply_to: String::new(),
        }
    }
}
