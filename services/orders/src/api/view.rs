//! An order as clients see it.

use chassis::money::Money;
use chassis::service::PREFIX;
use chrono::{DateTime, Utc};
use contracts::address::Address;
use contracts::language::Language;
use contracts::orders::Reason;
use contracts::payments;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{
    Actor, Change, FulfillmentStatus, JOINED, Order, OrderLine, OrderRefund, PaymentStatus, Saga,
    Status,
};
use crate::shares::shares;

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    id: Uuid,
    /// The number shown to people.
    #[schema(example = "CW-100001")]
    number: String,
    status: Status,
    payment_status: PaymentStatus,
    /// Whether the customer disputes the payment with their bank, or has.
    disputed: bool,
    fulfillment_status: FulfillmentStatus,
    /// The user whose account the order belongs to. Null for a guest.
    user_id: Option<Uuid>,
    email: String,
    items: Vec<LineView>,
    subtotal: Money,
    shipping: Money,
    tax: Money,
    total: Money,
    currency: String,
    /// The amount captured: 0 until the order is paid, and less than the total if only a part of the
    /// payment was captured.
    captured: Money,
    /// The amount refunded.
    refunded: Money,
    /// `standard` or `express`; null if nothing is shipped.
    shipping_method: Option<String>,
    shipping_address: Option<Address>,
    billing_address: Option<Address>,
    note: Option<String>,
    /// The language e-mails about the order are written in, if it is known and the shop has them in it.
    language: Option<Language>,
    payment: Option<PaymentRef>,
    /// Why the order was cancelled; or `out_of_stock` while it waits for another payment, if items
    /// were out of stock at the last attempt; or why the payment of a confirmed order is `voided`:
    /// `authorization_expired`, `payment_declined` or `payment_voided`.
    reason: Option<Reason>,
    /// Further details about a cancellation. Only shown to staff, and not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_note: Option<String>,
    tracking_number: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// All changes of the order, oldest first. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ChangeView>>,
    /// Gives a guest access to this order: send it as `X-Order-Token`. Returned by the first
    /// response to the checkout, and by repetitions with the same `X-Cart-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct LineView {
    sku: String,
    product_id: Uuid,
    title: String,
    variant_title: Option<String>,
    image: Option<String>,
    quantity: i64,
    unit_price: Money,
    total: Money,
    /// The amount charged for the line, including its share of shipping and tax. Those of all
    /// lines add up to the order's total.
    charged: Money,
    /// Units refunded by refunds of lines. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_quantity: Option<i64>,
}

/// A change of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderChange)]
pub(crate) struct ChangeView {
    from: Option<String>,
    to: String,
    payment_status: String,
    fulfillment_status: String,
    reason: Option<String>,
    /// The amount refunded, if this was a refund.
    amount: Option<Money>,
    /// Who made the change; null for changes made before this was recorded.
    by: Option<By>,
    at: DateTime<Utc>,
}

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryActor)]
struct By {
    /// `staff`, `customer` or `system`.
    #[schema(example = "staff")]
    kind: &'static str,
    /// The member of staff. Only shown to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Uuid>,
}

/// What only who looks at one order is told.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) history: Vec<Change>,
    pub(crate) refunds: Vec<OrderRefund>,
    /// Whether it is staff who looks.
    pub(crate) for_staff: bool,
    /// Whether it is a guest, who does not see what account the order has joined.
    pub(crate) for_guest: bool,
}

/// The order's current payment.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentRef {
    id: Uuid,
    status: PaymentStatus,
    /// What the customer has to do before the payment continues. Only shown to them, and not in
    /// lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextAction>,
    /// Until when the payment can be captured, if it is captured on shipment. Only shown to staff,
    /// and not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_before: Option<DateTime<Utc>>,
}

/// What the customer has to do. Its `type` says what: `confirm`, `redirect` to a `url`, or `stripe`
/// with a `client_secret` and a `publishable_key`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderNextAction)]
struct NextAction {
    #[serde(flatten)]
    action: payments::NextAction,
    /// How to say that it is done.
    method: &'static str,
    href: String,
    /// The deadline, after which the order is cancelled.
    until: Option<DateTime<Utc>>,
}

impl OrderView {
    pub(crate) fn new(order: Order, lines: Vec<OrderLine>, details: Option<Details>) -> Self {
        let charged = shares(&order, &lines);
        let refunds = details.as_ref().map(|it| it.refunds.as_slice());
        let for_guest = details.as_ref().is_some_and(|it| it.for_guest);
        let items = lines.into_iter().zip(charged);
        Self {
            reason: order.reason(),
            cancel_note: None,
            items: items.map(|(line, it)| LineView::new(&order, line, it, refunds)).collect(),
            subtotal: order.money(order.subtotal),
            shipping: order.money(order.shipping),
            tax: order.money(order.tax),
            total: order.money(order.total),
            captured: order.money(if order.is_paid() { order.charged() } else { 0 }),
            refunded: order.money(order.refunded),
            payment: order.payment_id.map(|id| PaymentRef {
                id,
                status: order.payment_status,
                next_action: None,
                capture_before: None,
            }),
            disputed: order.disputed,
            history: details.map(|it| {
                let view = |change| ChangeView::new(&order, change, it.for_staff);
                let seen = |change: &Change| !it.for_guest || !change.is_join();
                it.history.into_iter().filter(seen).map(view).collect()
            }),
            access_token: None,
            id: order.id,
            number: order.number,
            status: order.status,
            payment_status: order.payment_status,
            fulfillment_status: order.fulfillment_status,
            user_id: order.user_id.filter(|_| !for_guest),
            email: order.email,
            currency: order.currency,
            shipping_method: order.shipping_method,
            shipping_address: order.shipping_address.map(|it| it.0),
            billing_address: order.billing_address.map(|it| it.0),
            note: order.note,
            language: order.language,
            tracking_number: order.tracking_number,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

impl OrderView {
    /// Says until when a payment that waits for the shipment can be captured.
    pub(crate) fn with_deadline(&mut self, saga: &Saga) {
        let held = saga.on_shipment && self.payment_status == PaymentStatus::Authorized;
        if let Some(payment) = self.payment.as_mut().filter(|_| held) {
            payment.capture_before = saga.capture_before;
        }
    }

    /// Says what the customer has to do, and until when.
    pub(crate) fn with_action(&mut self, saga: Saga) {
        if let Some((payment, action)) = self.payment.as_mut().zip(saga.next_action) {
            let href = format!("{PREFIX}/payments/{}/confirm", payment.id);
            let (action, until) = (action.0, saga.hold_until);
            payment.next_action = Some(NextAction { action, method: "POST", href, until });
        }
    }
}

impl LineView {
    fn new(order: &Order, line: OrderLine, charged: i64, refunds: Option<&[OrderRefund]>) -> Self {
        Self {
            charged: order.money(charged),
            refunded_quantity: refunds.map(|all| all.iter().map(|it| it.units(&line.sku)).sum()),
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

impl ChangeView {
    fn new(order: &Order, change: Change, for_staff: bool) -> Self {
        Self {
            from: change.from_status,
            to: change.to_status,
            payment_status: change.payment,
            fulfillment_status: change.fulfillment,
            // What was stored before reasons were codes is somebody's own words. Refunds have codes
            // of their own.
            reason: change.reason.filter(|it| {
                change.amount.is_some() || Reason::parse(it).is_some() || it == JOINED
            }),
            amount: change.amount.map(|it| order.money(it)),
            by: change.actor.and_then(|it| it.parse().ok()).map(|it| By::new(it, for_staff)),
            at: change.at,
        }
    }
}

impl By {
    fn new(actor: Actor, for_staff: bool) -> Self {
        match actor {
            Actor::Staff(id) => Self { kind: "staff", user_id: for_staff.then_some(id) },
            Actor::Customer => Self { kind: "customer", user_id: None },
            Actor::System => Self { kind: "system", user_id: None },
        }
    }
}
