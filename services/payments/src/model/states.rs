//! Where a payment, what its provider is asked, and a refund stand.

use chassis::db::Word;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use contracts::payments::Status;

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[schema(as = PaymentOperationKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Authorize,
    Confirm,
    Capture,
    Void,
    Refund,
}

/// The state of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[schema(as = PaymentOperationState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The request is about to be sent, or has no answer yet.
    Intended,
    /// No attempt had a definite answer; the provider's records decide.
    Unknown,
    Done,
    Refused,
}

/// The status of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    /// The provider refused the refund.
    Failed,
}

/// The reason of a refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundReason {
    CustomerRequest,
    Goodwill,
    Damaged,
    NotReceived,
    Returned,
    Fraudulent,
    Duplicate,
    #[default]
    Other,
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn words_are_described_as_they_are_shown() {
        let described = serde_json::to_value(Kind::schema()).unwrap();
        let shown = [Kind::Authorize, Kind::Confirm, Kind::Capture, Kind::Void, Kind::Refund];
        assert_eq!(described["enum"], serde_json::to_value(shown).unwrap());
    }
}
