//! Orders: what it tells when an order is placed, moves on and is refunded, and what others ask it.

mod headers;
mod reason;

pub use headers::OrderHeaders;
pub use reason::{Reason, ReasonSource};

use chassis::Secret;
use chassis::channel::{CallError, Channel};
use chassis::outbox::EventData;
use chassis::route::Route;
use chassis::service_tokens::Callers;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::language::Language;

/// An order as events carry it: enough to write a mail or to clear a cart without asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub order_id: Uuid,
    /// For people: `CW-100001`.
    pub number: String,
    /// None for a guest.
    pub user_id: Option<Uuid>,
    pub email: String,
    /// The name of the shipping address.
    pub name: String,
    /// The cart it was made from, and which state of it.
    pub cart: Option<CartRef>,
    pub lines: Vec<Line>,
    /// In minor units, as everything here.
    pub subtotal: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
    pub currency: String,
    /// How it is sent: `standard` or `express`; none where nothing is.
    #[serde(default)]
    pub shipping_method: Option<String>,
    /// What was captured of the total, where that is a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<i64>,
    /// What its buyer reads; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartRef {
    pub id: Uuid,
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub sku: String,
    pub product_id: Uuid,
    pub title: String,
    pub quantity: i64,
    pub unit_price: i64,
    pub total: i64,
}

/// An order was accepted; whether it can be fulfilled and paid is not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCreated {
    #[serde(flatten)]
    pub order: Order,
}

/// An order moved on. `to` is `confirmed` once it is paid, then `shipped`, `delivered`, or
/// `cancelled`. Money is `payment_status` and [`OrderRefunded`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderStatusUpdated {
    #[serde(flatten)]
    pub order: Order,
    pub from: String,
    pub to: String,
    pub payment_status: String,
    pub fulfillment_status: String,
    /// Why it was cancelled.
    #[serde(default, deserialize_with = "reason::known")]
    pub reason: Option<Reason>,
    pub tracking_number: Option<String>,
    /// What a cancel gave back, in minor units: without what staff had given back before. None
    /// where nothing was paid, or in an event of an older version.
    #[serde(default)]
    pub refund: Option<i64>,
}

/// Money of an order was given back: by staff, or because it was cancelled. Told once per refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderRefunded {
    #[serde(flatten)]
    pub order: Order,
    pub refund_id: Uuid,
    /// What was given back this time, in minor units.
    pub amount: i64,
    /// All that has been given back so far.
    pub refunded: i64,
    /// Whether that is all that was paid. Of the refunds of an order, one says so.
    pub full: bool,
    /// A code, for example `damaged` or `customer_request`.
    pub reason: Option<String>,
    pub payment_status: String,
    /// Where the goods stand.
    pub status: String,
}

/// The id of the refund that gives back what a cancelled order was paid with: one per order.
pub fn refund_of_cancel(order: Uuid) -> Uuid {
    chassis::id::derive(order, "cancel")
}

/// The tracking number of an order that has been shipped has changed since it was published, or is
/// known only now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderTrackingUpdated {
    #[serde(flatten)]
    pub order: Order,
    pub tracking_number: String,
}

/// Somebody asked for a link to an order, and knew its number and address. The link goes to that
/// address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderLinkRequested {
    #[serde(flatten)]
    pub order: Order,
}

/// The customer has to do something for the payment (3-D Secure), or to pay again after a decline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderPaymentActionRequired {
    #[serde(flatten)]
    pub order: Order,
    /// When the order is cancelled if nothing happens.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// A guest's order is one of an account now, which has proven that the order's address is its own.
/// `user_id` is the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderJoined {
    #[serde(flatten)]
    pub order: Order,
    /// Where the goods stand.
    pub status: String,
    pub payment_status: String,
}

/// What a line of an order was sold for, with its share of shipping and tax. The shares of all
/// lines of an order add up to exactly its total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineShare {
    pub sku: String,
    pub quantity: i64,
    /// Of all its units, in minor units.
    pub amount: i64,
}

/// Asks for the shares of an order's lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharesOf {
    pub order_id: Uuid,
}

/// The most orders in one request.
pub const MAX_ORDERS: usize = 100;

/// Orders of which it is asked, and then answered, that they were not shipped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unshipped {
    pub orders: Vec<Uuid>,
}

/// Who keeps the stock of orders.
const STOCK: Callers = Callers { services: &["catalog"], unnamed: true };
/// Who gives money back.
const PAYMENTS: Callers = Callers { services: &["payments"], unnamed: false };
/// Who writes to guests. Anyone who has a key may see and cancel the order.
const SENDERS: Callers = Callers { services: &["notifications"], unnamed: false };

pub const UNSHIPPED: Route<Unshipped, Unshipped> =
    Route::post("/internal/orders/unshipped").only(STOCK);
pub const SHARES: Route<SharesOf, Option<Vec<LineShare>>> =
    Route::post("/internal/orders/shares").only(PAYMENTS);
pub const ISSUE_KEY: Route<IssueOrderKey, OrderKey> =
    Route::post("/internal/orders/keys").only(SENDERS);
pub const OPENS: Route<OpensOrder, bool> = Route::post("/internal/orders/opens").only(PAYMENTS);

/// Asks orders.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// What each line of an order was sold for; it never changes. None for an unknown order.
    pub async fn shares(&self, order_id: Uuid) -> Result<Option<Vec<LineShare>>, CallError> {
        self.0.call(SHARES, &SharesOf { order_id }).await
    }

    /// Which of these orders, at most [`MAX_ORDERS`], have not been shipped. One that is not known
    /// is not among them.
    pub async fn unshipped(&self, orders: Vec<Uuid>) -> Result<Vec<Uuid>, CallError> {
        Ok(self.0.call(UNSHIPPED, &Unshipped { orders }).await?.orders)
    }

    /// A fresh key of a guest's order, for the link of a mail. Refused with `order_not_found` where
    /// there is no such order of a guest with this address, also where it has joined an account.
    pub async fn issue_key(&self, request: &IssueOrderKey) -> Result<OrderKey, CallError> {
        self.0.call(ISSUE_KEY, request).await
    }

    /// Whether somebody may act as the buyer of an order. False for an unknown one.
    pub async fn opens(&self, request: &OpensOrder) -> Result<bool, CallError> {
        self.0.call(OPENS, request).await
    }
}

impl EventData for OrderCreated {
    const TYPE: &'static str = "order.created";
    const PERSONAL: bool = true;
}

impl EventData for OrderStatusUpdated {
    const TYPE: &'static str = "order.status.updated";
    const PERSONAL: bool = true;
}

impl EventData for OrderRefunded {
    const TYPE: &'static str = "order.refunded";
    const PERSONAL: bool = true;
}

impl EventData for OrderTrackingUpdated {
    const TYPE: &'static str = "order.tracking.updated";
    const PERSONAL: bool = true;
}

impl EventData for OrderLinkRequested {
    const TYPE: &'static str = "order.link_requested";
    const PERSONAL: bool = true;
}

impl EventData for OrderPaymentActionRequired {
    const TYPE: &'static str = "order.payment_action_required";
    const PERSONAL: bool = true;
}

impl EventData for OrderJoined {
    const TYPE: &'static str = "order.joined";
    const PERSONAL: bool = true;
}

/// Asks for a key of a guest's order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssueOrderKey {
    pub order_id: Uuid,
    /// The address it is about to be sent to. Refused where it is not the order's.
    pub email: String,
}

/// A secret for the eyes of who ordered. Not logged, not stored, not in events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderKey {
    pub key: Secret,
}

/// What somebody shows to act as the buyer of an order; one of them is enough.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpensOrder {
    pub order_id: Uuid,
    /// Who is logged in.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// The key of a link.
    #[serde(default)]
    pub key: Option<Secret>,
}
