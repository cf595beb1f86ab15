//! Messages: what they are, the states they go through and whom they may reach.

use chassis::db::Json;
use chassis::queue::Backoff;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::email::{self, is_email};
use contracts::phone::{self, is_phone};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::transport::Provider;

/// Waits before the second, third, ... try: eight tries in about 22 hours.
const WAITS: [TimeDelta; 7] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(3),
    TimeDelta::hours(6),
    TimeDelta::hours(12),
];

/// The longest of them.
pub(crate) const LONGEST_WAIT: TimeDelta = WAITS[6];

/// What stands where a one-time token stood.
pub(crate) const MASK: &str = "****";

/// The recipient of messages to an account that is gone.
pub(crate) const NOBODY: &str = "deleted";

/// The way a message takes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, chassis::db::Word,
)]
#[schema(as = NotificationChannel)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    Email,
    Sms,
    Push,
}

impl Channel {
    pub(crate) const ALL: [Self; 3] = [Self::Email, Self::Sms, Self::Push];

    /// The setting that names who delivers its messages.
    pub(crate) fn providers_setting(self) -> &'static str {
        match self {
            Self::Email => "notifications.email.providers",
            Self::Sms => "notifications.sms.providers",
            Self::Push => "notifications.push.providers",
        }
    }
}

/// The status of a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, chassis::db::Word,
)]
#[schema(as = NotificationStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Waiting to be sent, for the first time or again.
    Queued,
    /// Being sent.
    Sending,
    /// A provider has taken it.
    Sent,
    /// It has arrived, as far as the provider knows.
    Delivered,
    /// It has come back, or the address does not exist.
    Bounced,
    /// The recipient has marked it as unwanted.
    Complained,
    /// Given up: all attempts failed, or it can never be delivered.
    Failed,
    /// Not sent: the recipient does not want it or is gone, or it is outdated.
    Skipped,
    /// Only logged, because its channel has no provider.
    Logged,
}

/// What a message is about, as far as its recipient may turn it off.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, chassis::db::Word,
)]
#[schema(as = NotificationTopic)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Topic {
    /// Security and other messages that are always sent.
    #[default]
    Transactional,
    OrderUpdates,
    Marketing,
}

/// A message to a recipient. Secrets in it are masked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, chassis::db::Record)]
#[record(table = "messages", key("id"))]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) channel: Channel,
    /// The key of its template; null for a message written by staff.
    pub(crate) template: Option<String>,
    pub(crate) topic: Topic,
    /// The language of its template.
    #[schema(example = "en")]
    pub(crate) language: Option<String>,
    /// An e-mail address, a phone number, a device token, or `user:ID` for all devices of a user.
    pub(crate) recipient: String,
    /// The subject of an e-mail, the title of a push message.
    pub(crate) subject: Option<String>,
    /// The plain text.
    pub(crate) body: String,
    /// What the template was filled to, with secrets masked; none for a message written by staff.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) markdown: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) data: Json<Value>,
    #[serde(rename = "status")]
    pub(crate) state: State,
    /// The number of attempts to send it.
    pub(crate) attempts: i64,
    /// Attempts of which nobody knows whether a provider took the message, the current one among
    /// them.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) uncertain: i64,
    /// Whose it is: only who claimed it last may settle it.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) fence: i64,
    /// When the next attempt is due; null if there is none.
    #[serde(rename = "next_attempt_at")]
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed, or why it is not sent.
    pub(crate) error: Option<String>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) order_number: Option<String>,
    pub(crate) user_id: Option<Uuid>,
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) fingerprint: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When a provider took it.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) delivered_at: Option<DateTime<Utc>>,
    /// Who took it.
    pub(crate) provider: Option<Provider>,
    /// What the provider calls it.
    pub(crate) provider_message_id: Option<String>,
    /// The parts a text message was sent in.
    pub(crate) segments: Option<i64>,
}

/// Notification preferences. Messages about the account itself are always sent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate,
)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Preferences {
    #[garde(skip)]
    pub(crate) email: ChannelPreferences,
    #[garde(skip)]
    pub(crate) sms: ChannelPreferences,
    #[garde(skip)]
    pub(crate) push: ChannelPreferences,
}

/// What a user wants to receive on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChannelPreferences)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChannelPreferences {
    /// Off by default.
    pub(crate) marketing: bool,
    /// On by default.
    pub(crate) order_updates: bool,
}

impl Default for ChannelPreferences {
    fn default() -> Self {
        Self { marketing: false, order_updates: true }
    }
}

impl Preferences {
    pub(crate) fn channel_mut(&mut self, channel: Channel) -> &mut ChannelPreferences {
        match channel {
            Channel::Email => &mut self.email,
            Channel::Sms => &mut self.sms,
            Channel::Push => &mut self.push,
        }
    }

    pub(crate) fn allow(&self, channel: Channel, topic: Topic) -> bool {
        let wishes = match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
            Channel::Push => &self.push,
        };
        match topic {
            Topic::Transactional => true,
            Topic::OrderUpdates => wishes.order_updates,
            Topic::Marketing => wishes.marketing,
        }
    }
}

impl Channel {
    /// What is wrong with a recipient of this channel, if anything.
    pub(crate) fn refuse(self, recipient: &str) -> Option<&'static str> {
        match self {
            Self::Email => {
                if is_email(recipient, &()).is_ok() {
                    None
                } else {
                    Some("must be an e-mail address such as ada@example.com")
                }
            }
            Self::Sms => {
                if is_phone(recipient, &()).is_ok() {
                    None
                } else {
                    Some("must be a phone number with its country code, such as +4915112345678")
                }
            }
            Self::Push => {
                let visible = recipient.bytes().all(|it| it.is_ascii_graphic());
                if visible && (1..=4096).contains(&recipient.len()) {
                    None
                } else {
                    Some("must be a device token of 1 to 4096 visible ASCII characters")
                }
            }
        }
    }
}

/// A recipient in the form it is stored in.
pub(crate) fn kept(channel: Channel, recipient: &str) -> String {
    match channel {
        Channel::Email => email::normal(recipient),
        Channel::Sms => phone::kept(recipient),
        Channel::Push => recipient.to_owned(),
    }
}

/// What is looked for as a recipient, whichever channel it is of.
pub(crate) fn sought(recipient: &str) -> String {
    let is = |channel: &Channel| channel.refuse(recipient).is_none();
    let channel = [Channel::Email, Channel::Sms].into_iter().find(is);
    kept(channel.unwrap_or(Channel::Push), recipient)
}

/// When a message whose try number `attempts` failed is tried again; never after the last one.
pub(crate) fn next_try(attempts: i64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Backoff::Steps(&WAITS).after(attempts).map(|pause| now + pause)
}

/// Why news that later news overtook is not sent.
pub(crate) const OVERTAKEN: &str = "later news about this order came first";

/// Which news about an order a message tells, as its data keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct News {
    /// The order's version; later news have a higher one.
    pub(crate) sequence: i64,
    pub(crate) status: String,
}

impl News {
    /// None where a message's data hold none: it is not about the state of an order.
    pub(crate) fn of(data: &Value) -> Option<Self> {
        serde_json::from_value(data.get("news")?.clone()).ok()
    }
}

/// What stands for the status of an order in the news that its payment needs the customer.
pub(crate) const ACTION_REQUIRED: &str = "payment_action_required";

/// Whether news that an order has become `to` is pointless once `later` has been heard.
///
/// A confirmation is also the receipt, so it is still worth having after the goods are on their
/// way. Every other overtaken news would only mislead; so would asking twice for the same payment.
pub(crate) fn is_overtaken(to: &str, later: &str) -> bool {
    !(to == "confirmed" && matches!(later, "shipped" | "delivered"))
}

/// The recipient as the log may show it.
pub(crate) fn masked(recipient: &str) -> String {
    let first: String = recipient.chars().take(1).collect();
    match recipient.split_once('@') {
        Some((_, domain)) => format!("{first}***@{domain}"),
        None => {
            let shown: String = recipient.chars().take(3).collect();
            format!("{shown}***")
        }
    }
}

/// A subject is one line: anything else would end up in an e-mail's headers.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let line = words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_tries_fit_into_a_day() {
        let start = DateTime::UNIX_EPOCH;
        let mut at = start;
        for attempt in 1..8 {
            at = next_try(attempt, at).unwrap();
        }
        assert!(at - start < TimeDelta::hours(24) && at - start > TimeDelta::hours(20));
        assert_eq!(next_try(8, at), None);
        assert_eq!(next_try(9, at), None);
    }

    #[test]
    fn recipients_are_checked() {
        for good in ["ada@example.com", "a.b+c@sub.example.co"] {
            assert_eq!(Channel::Email.refuse(good), None, "{good}");
        }
        for bad in ["", "ada", "@", "a@b", "a@b\r\nBcc: c@d.e", "a b@c.d", "ada@exa mple.com"] {
            assert!(Channel::Email.refuse(bad).is_some(), "{bad:?}");
        }
        assert_eq!(Channel::Sms.refuse("+4915112345678"), None);
        for bad in
            ["", "+", "015112345678", "+0151123456", "+49151", "+4915112345678901234", "+49 151"]
        {
            assert!(Channel::Sms.refuse(bad).is_some(), "{bad:?}");
        }
        assert_eq!(kept(Channel::Email, " Ada@Example.com\n"), "ada@example.com");
        assert_eq!(kept(Channel::Sms, "+49 151 12345678"), "+4915112345678");
        for text in ["+49 151 12345678", "+4915112345678"] {
            assert_eq!(sought(text), "+4915112345678");
        }
        assert_eq!(sought("Ada@Example.com"), "ada@example.com");
        assert_eq!(sought("fcm:AbC-1"), "fcm:AbC-1");
        assert!(Channel::Push.refuse("a\nb").is_some());
        assert_eq!(Channel::Push.refuse("fcm:AbC-1"), None);
    }

    #[test]
    fn the_log_does_not_show_whole_recipients() {
        assert_eq!(masked("ada@example.com"), "a***@example.com");
        assert_eq!(masked("+4915112345678"), "+49***");
        assert_eq!(masked(""), "***");
    }

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(one_line("Hi\r\nBcc: all@example.com\u{85} x "), "Hi Bcc: all@example.com x");
        assert_eq!(one_line(&"x".repeat(500)).len(), 200);
    }

    #[test]
    fn only_a_receipt_is_still_told_when_it_is_late() {
        assert!(!is_overtaken("confirmed", "shipped"));
        assert!(!is_overtaken("confirmed", "delivered"));
        for (to, later) in [
            ("confirmed", "cancelled"),
            ("shipped", "delivered"),
            (ACTION_REQUIRED, "confirmed"),
            (ACTION_REQUIRED, "cancelled"),
            (ACTION_REQUIRED, ACTION_REQUIRED),
        ] {
            assert!(is_overtaken(to, later), "{to} {later}");
        }
    }

    #[test]
    fn wishes_do_not_touch_what_must_go_out() {
        let silent = ChannelPreferences { marketing: false, order_updates: false };
        let none = Preferences { email: silent, sms: silent, push: silent };
        for channel in [Channel::Email, Channel::Sms, Channel::Push] {
            assert!(none.allow(channel, Topic::Transactional));
            assert!(!none.allow(channel, Topic::OrderUpdates));
            assert!(Preferences::default().allow(channel, Topic::OrderUpdates));
            assert!(!Preferences::default().allow(channel, Topic::Marketing));
        }
    }
}
