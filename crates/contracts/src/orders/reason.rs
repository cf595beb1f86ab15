//! Why an order was cancelled: a code, never somebody's own words, because it is told to others and
//! in mails.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

macro_rules! reasons {
    ($($(#[$on:meta])* $variant:ident = $code:literal by $who:ident),+ $(,)?) => {
        /// Why an order was cancelled.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(rename_all = "snake_case")]
        pub enum Reason { $($(#[$on])* $variant),+ }

        impl Reason {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code, as it is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Who may give it.
            pub const fn source(self) -> ReasonSource {
                match self { $(Self::$variant => ReasonSource::$who),+ }
            }
        }
    };
}

/// Who may give a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonSource {
    /// Who ordered; staff may say it for them.
    Customer,
    Staff,
    /// The shop itself, by what happened.
    System,
}

reasons! {
    CustomerRequest = "customer_request" by Customer,
    ChangedMind = "changed_mind" by Customer,
    OrderedByMistake = "ordered_by_mistake" by Customer,
    FoundCheaper = "found_cheaper" by Customer,
    TakesTooLong = "takes_too_long" by Customer,
    Other = "other" by Customer,
    CancelledByShop = "cancelled_by_shop" by Staff,
    /// Also given by the shop itself.
    OutOfStock = "out_of_stock" by Staff,
    Fraudulent = "fraudulent" by Staff,
    AddressUndeliverable = "address_undeliverable" by Staff,
    /// An item is no longer sold.
    ItemUnavailable = "item_unavailable" by System,
    PaymentDeclined = "payment_declined" by System,
    PaymentExpired = "payment_expired" by System,
    PaymentFailed = "payment_failed" by System,
    PaymentVoided = "payment_voided" by System,
    PaymentNotDecided = "payment_not_decided" by System,
    NotDecidedInTime = "not_decided_in_time" by System,
    /// Another order was placed instead.
    Superseded = "superseded" by System,
    /// All the money was given back before it was sold.
    Refunded = "refunded" by System,
    /// Of an order that is not cancelled yet: the payment's authorization expired before the order
    /// was shipped.
    AuthorizationExpired = "authorization_expired" by System,
}

impl Reason {
    /// The reason with this code; none for anything else, such as what people wrote before reasons
    /// were codes.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == code)
    }

    /// Whether the one who ordered may give it.
    pub fn is_customers(self) -> bool {
        self.source() == ReasonSource::Customer
    }

    /// Whether staff may give it.
    pub fn is_staffs(self) -> bool {
        self.source() != ReasonSource::System
    }

    /// Whether it says that no payment came about.
    pub fn is_unpaid(self) -> bool {
        matches!(
            self,
            Self::PaymentDeclined
                | Self::PaymentExpired
                | Self::PaymentFailed
                | Self::PaymentVoided
        )
    }
}

/// For `#[serde(deserialize_with = "..")]`: what is not a code is none, so that an event from
/// before reasons were codes, or from a newer shop, is still read.
pub(super) fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Reason>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.as_deref().and_then(Reason::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_is_sent() {
        for reason in Reason::ALL {
            let sent = serde_json::to_value(reason).unwrap();
            assert_eq!(sent, reason.as_str());
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
        assert_eq!(Reason::parse("fraud was found: http://evil.example"), None);
    }

    #[test]
    fn nobody_but_the_shop_itself_says_that_a_payment_failed() {
        for reason in Reason::ALL.iter().filter(|it| it.is_unpaid()) {
            assert!(!reason.is_customers() && !reason.is_staffs(), "{reason:?}");
        }
        assert!(Reason::Other.is_customers() && Reason::Other.is_staffs());
        assert!(Reason::Fraudulent.is_staffs() && !Reason::Fraudulent.is_customers());
    }
}
