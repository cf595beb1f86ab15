//! Where an order, its money and its goods stand, and what is to be done next.

use chassis::db::Word;
use contracts::payments;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Config;

/// The status of the goods of an order. That of its payment is `payment_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[schema(as = OrderStatus)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Confirmed,
    Shipped,
    Delivered,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[schema(as = OrderPaymentStatus)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Pending,
    RequiresAction,
    /// The customer has done their part; the bank confirms or declines the payment later.
    Processing,
    Authorized,
    Paid,
    Failed,
    Voided,
    PartiallyRefunded,
    Refunded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    Unfulfilled,
    PartiallyFulfilled,
    Fulfilled,
    Delivered,
    Returned,
}

/// A shipping method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum ShippingMethod {
    #[default]
    Standard,
    Express,
}

impl ShippingMethod {
    pub const ALL: [Self; 2] = [Self::Standard, Self::Express];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Express => "Express",
        }
    }

    /// Whether the shop sends orders like that.
    pub fn is_offered(self, config: &Config) -> bool {
        self != Self::Express || config.shipping_express > 0
    }
}

/// What is to be done next for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    // Forward.
    Reserve,
    Authorize,
    Commit,
    Capture,
    // Letting go of the stock of an order whose payment was declined.
    Release,
    // Waiting for the customer.
    AwaitAction,
    AwaitPayment,
    // Taking the units of a shipped order off the shelf.
    Ship,
    // Backward.
    Void,
    Refund,
    Restock,
    // Of a sold order: what refunds put back into stock.
    PutBack,
    // Nothing.
    Done,
}

impl Step {
    /// Whether it is the customer's turn.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::AwaitAction | Self::AwaitPayment)
    }

    /// Whether what became of the order is known: what is left to do concerns its goods alone.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Done | Self::Ship | Self::PutBack)
    }
}

impl From<payments::Status> for PaymentStatus {
    fn from(status: payments::Status) -> Self {
        match status {
            payments::Status::Pending => Self::Pending,
            payments::Status::RequiresAction => Self::RequiresAction,
            payments::Status::Processing => Self::Processing,
            payments::Status::Authorized
            | payments::Status::Capturing
            | payments::Status::Voiding => Self::Authorized,
            payments::Status::Declined => Self::Failed,
            payments::Status::Captured => Self::Paid,
            payments::Status::Voided => Self::Voided,
            payments::Status::PartiallyRefunded => Self::PartiallyRefunded,
            payments::Status::Refunded => Self::Refunded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_described_as_they_are_shown() {
        use utoipa::PartialSchema;
        let described = serde_json::to_value(PaymentStatus::schema()).unwrap();
        let shown = {
            use PaymentStatus::*;
            [
                Pending,
                RequiresAction,
                Processing,
                Authorized,
                Paid,
                Failed,
                Voided,
                PartiallyRefunded,
                Refunded,
            ]
        };
        assert_eq!(described["enum"], serde_json::to_value(shown).unwrap());
    }
}
