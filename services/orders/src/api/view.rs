//! An order as clients see it.

use chassis::money::Money;
use chrono::{DateTime, Utc};
use contracts::address::Address;
use contracts::orders::Reason;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Change, FulfillmentStatus, Order, OrderLine, PaymentStatus, Status};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderView {
    id: Uuid,
    /// For people.
    #[schema(example = "CW-100001")]
    number: String,
    status: Status,
    payment_status: PaymentStatus,
    fulfillment_status: FulfillmentStatus,
    user_id: Option<Uuid>,
    email: String,
    items: Vec<LineView>,
    subtotal: Money,
    shipping: Money,
    tax: Money,
    total: Money,
    currency: String,
    /// What was given back of the total.
    refunded: Money,
    /// `standard` or `express`; null where nothing is sent.
    shipping_method: Option<String>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    note: Option<String>,
    payment: Option<PaymentRef>,
    /// Why it was cancelled; or `out_of_stock` while it waits for another payment and what it needs
    /// was gone at the last try.
    reason: Option<Reason>,
    /// What was said about a cancel in somebody's own words. Shown to staff, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_note: Option<String>,
    tracking_number: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Every change of its status, oldest first. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Change>>,
    /// A guest's key to this order: send it as `X-Order-Token`. Told in the first answer to
    /// the checkout, and again to who repeats it with the same `X-Cart-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    sku: String,
    product_id: Uuid,
    title: String,
    variant_title: Option<String>,
    image: Option<String>,
    quantity: i64,
    unit_price: Money,
    total: Money,
}

/// The order's current payment.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentRef {
    id: Uuid,
    status: PaymentStatus,
    /// What the customer has to do before it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextAction>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NextAction {
    /// `confirm`
    r#type: &'static str,
    method: &'static str,
    href: String,
    /// Until when; then the order is cancelled. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl OrderView {
    pub(crate) fn new(order: Order, lines: Vec<OrderLine>, history: Option<Vec<Change>>) -> Self {
        Self {
            reason: order.reason(),
            cancel_note: None,
            items: lines.into_iter().map(|it| LineView::new(&order, it)).collect(),
            subtotal: order.money(order.subtotal),
            shipping: order.money(order.shipping),
            tax: order.money(order.tax),
            total: order.money(order.total),
            refunded: order.money(order.refunded),
            payment: order.payment_id.map(|id| PaymentRef::new(id, order.payment_status)),
            history: history.map(|it| it.into_iter().map(Change::with_code).collect()),
            access_token: None,
            id: order.id,
            number: order.number,
            status: order.status,
            payment_status: order.payment_status,
            fulfillment_status: order.fulfillment_status,
            user_id: order.user_id,
            email: order.email,
            currency: order.currency,
            shipping_method: order.shipping_method,
            shipping_address: order.shipping_address.map(|it| it.0),
            billing_address: order.billing_address.map(|it| it.0),
            note: order.note,
            tracking_number: order.tracking_number,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl OrderView {
    /// Says until when the customer has to do what the payment needs.
    pub(crate) fn action_until(&mut self, until: Option<DateTime<Utc>>) {
        if let Some(action) = self.payment.as_mut().and_then(|it| it.next_action.as_mut()) {
            action.until = until;
        }
    }
}

impl LineView {
    fn new(order: &Order, line: OrderLine) -> Self {
        Self {
            unit_price: order.money(line.unit_price),
            total: order.money(line.total),
            sku: line.sku,
            product_id: line.product_id,
            title: line.title,
            variant_title: line.variant_title,
            image: line.image,
            quantity: line.quantity,
        }
    }
}

impl PaymentRef {
    fn new(id: Uuid, status: PaymentStatus) -> Self {
        let confirm = || NextAction {
            r#type: "confirm",
            method: "POST",
            href: format!("/api/v1/payments/{id}/confirm"),
            until: None,
        };
        let next_action = (status == PaymentStatus::RequiresAction).then(confirm);
        Self { id, status, next_action }
    }
}
