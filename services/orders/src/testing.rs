//! An order for tests.

use chassis::testing::noon;

use crate::model::{FulfillmentStatus, Order, PaymentStatus, Status};

/// One of Ada's, just placed, over these amounts.
pub(crate) fn order(subtotal: i64, shipping: i64, tax: i64) -> Order {
    let id = chassis::id::new();
    Order {
        id,
        number: String::new(),
        owner: "user:1".to_owned(),
        idempotency_key: "key".to_owned(),
        fingerprint: vec![1, 2, 3],
        user_id: Some(id),
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        status: Status::Pending,
        payment_status: PaymentStatus::Pending,
        disputed: false,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        currency: "USD".to_owned(),
        subtotal,
        shipping,
        tax,
        total: subtotal + shipping + tax,
        shipping_address: None,
        billing_address: None,
        note: Some("ring twice".to_owned()),
        language: None,
        cart_id: None,
        cart_version: None,
        payment_id: Some(id),
        reason: None,
        cancel_note: None,
        tracking_number: None,
        captured: None,
        refunded: 0,
        shipping_method: Some("standard".to_owned()),
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}
