//! The types and rules of an order. No HTTP, no SQL, no clock.

use chassis::Secret;
use chassis::db::{Json, UnknownWord};
use chassis::money::Money;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::address::Address;
use contracts::catalog::{Offer, StockLine};
use contracts::language::Language;
use contracts::orders::{CartRef, Line, Reason};
use contracts::payments::{NextAction, RefundedLine};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

mod states;
mod totals;

pub use states::{FulfillmentStatus, PaymentStatus, ShippingMethod, Status, Step};
pub use totals::{Totals, is_shipped, totals};

/// What the history of an order says where it joined an account.
pub const JOINED: &str = "joined_account";

/// How often a customer may try to pay again after the first payment was declined.
pub const MORE_ATTEMPTS: i64 = 3;

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "orders", key("id"))]
pub struct Order {
    pub id: Uuid,
    pub number: String,
    pub owner: String,
    pub idempotency_key: String,
    pub fingerprint: Vec<u8>,
    /// Whose account it belongs to: a guest's order may join one.
    pub user_id: Option<Uuid>,
    pub email: String,
    pub name: String,
    pub status: Status,
    pub payment_status: PaymentStatus,
    /// Whether the customer disputes the payment with their bank, or has.
    pub disputed: bool,
    pub fulfillment_status: FulfillmentStatus,
    pub currency: String,
    pub subtotal: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
    /// None where nothing is sent.
    pub shipping_method: Option<String>,
    pub shipping_address: Option<Json<Address>>,
    pub billing_address: Option<Json<Address>>,
    pub note: Option<String>,
    /// What the buyer reads, where that is known.
    pub language: Option<Language>,
    pub cart_id: Option<Uuid>,
    pub cart_version: Option<i64>,
    pub payment_id: Option<Uuid>,
    /// A code; what was stored before reasons were codes may be somebody's own words.
    pub reason: Option<String>,
    /// What was said about a cancel in somebody's own words; for staff.
    pub cancel_note: Option<String>,
    pub tracking_number: Option<String>,
    /// What was captured of the total, in minor units; none for all of it, and before it is paid.
    pub captured: Option<i64>,
    /// What was given back, in minor units.
    pub refunded: i64,
    /// Rises with every change of a status. 0 as long as it is only requested: it has no number
    /// yet, and nobody is shown it.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A line of an order: what was bought, as it was called and priced then.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
#[record(table = "order_lines")]
pub struct OrderLine {
    pub position: i64,
    pub sku: String,
    pub product_id: Uuid,
    /// None where it was ordered before this was written down: then the SKU counts.
    pub variant_id: Option<Uuid>,
    pub title: String,
    pub variant_title: Option<String>,
    pub image: Option<String>,
    pub quantity: i64,
    pub unit_price: i64,
    pub total: i64,
    pub taxable: bool,
    pub requires_shipping: bool,
}

/// A refund as it is booked on its order.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct OrderRefund {
    pub id: Uuid,
    pub amount: i64,
    pub lines: Json<Vec<RefundedLine>>,
    /// Whether it puts back everything that is still out.
    pub whole: bool,
    /// Whether it is yet to put something back.
    #[record(computed)]
    pub to_restock: bool,
}

/// Who changes an order. Stored as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Staff(Uuid),
    /// The buyer.
    Customer,
    /// The shop itself.
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Staff(id) => write!(f, "staff:{id}"),
            Self::Customer => f.write_str("customer"),
            Self::System => f.write_str("system"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = UnknownWord;

    fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
        let allowed = &["customer", "system", "staff:<id>"];
        match word {
            "customer" => Ok(Self::Customer),
            "system" => Ok(Self::System),
            _ => word
                .strip_prefix("staff:")
                .and_then(|it| it.parse().ok())
                .map(Self::Staff)
                .ok_or_else(|| UnknownWord { word: word.to_owned(), allowed }),
        }
    }
}

/// Where the work on an order stands.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "sagas", key("order_id"))]
pub struct Saga {
    pub order_id: Uuid,
    pub step: Step,
    /// Rises with every change; a holder of an older one has lost its turn.
    pub fence: i64,
    /// 1 for the first payment.
    pub attempt: i64,
    pub provider: String,
    pub token: Option<Secret>,
    /// Whether the token's means of payment is to be saved.
    pub save: bool,
    pub rereserved: bool,
    pub cancel: Option<String>,
    pub refusal: Option<Json<Problem>>,
    /// Failed tries of the current step.
    pub tries: i64,
    /// Until when the customer may do what the payment needs, or the bank decide; the stock is held
    /// no longer.
    pub hold_until: Option<DateTime<Utc>>,
    /// What the customer has to do. Only they may see it.
    pub next_action: Option<Json<NextAction>>,
    /// Whether the payment is captured when the order is shipped.
    pub on_shipment: bool,
    /// Until when it can be captured, where that is known.
    pub capture_before: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
    pub lease_until: DateTime<Utc>,
    /// When a pending order is given up.
    pub deadline: DateTime<Utc>,
}

/// A change of an order, as its history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct Change {
    pub from_status: Option<String>,
    pub to_status: String,
    pub payment: String,
    pub fulfillment: String,
    pub reason: Option<String>,
    /// An [`Actor`].
    pub actor: Option<String>,
    /// What was given back, in minor units, where that is the change.
    pub amount: Option<i64>,
    pub at: DateTime<Utc>,
}

impl Change {
    /// Whether it is that the order joined an account.
    pub fn is_join(&self) -> bool {
        self.reason.as_deref() == Some(JOINED)
    }
}

/// An event published about an order.
#[derive(Clone, Debug, Serialize, ToSchema, chassis::db::Record)]
#[schema(as = OrderEvent)]
pub struct OrderEvent {
    pub id: Uuid,
    #[serde(rename = "type")]
    #[record(rename = "type")]
    #[schema(example = "order.created")]
    pub kind: String,
    /// The version of the order.
    pub version: i64,
    pub time: DateTime<Utc>,
    /// Null until it is sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// The payload of the event.
    #[schema(value_type = Object)]
    pub data: Json<serde_json::Value>,
}

/// Makes the lines of an order from what is offered now.
pub fn lines(offers: &[(Offer, i64)]) -> Vec<OrderLine> {
    let line = |(position, (offer, quantity)): (usize, &(Offer, i64))| OrderLine {
        position: position as i64,
        sku: offer.sku.clone(),
        product_id: offer.product_id,
        variant_id: offer.variant_id,
        title: offer.title.clone(),
        variant_title: offer.variant_title.clone(),
        image: offer.image.clone(),
        quantity: *quantity,
        unit_price: offer.unit_price,
        total: offer.unit_price * quantity,
        taxable: offer.taxable,
        requires_shipping: offer.requires_shipping,
    };
    offers.iter().enumerate().map(line).collect()
}

/// The stock an order needs.
pub fn stock(lines: &[OrderLine]) -> Vec<StockLine> {
    let line = |it: &OrderLine| StockLine {
        sku: it.sku.clone(),
        quantity: it.quantity,
        variant_id: it.variant_id,
    };
    lines.iter().map(line).collect()
}

impl Order {
    pub fn money(&self, amount: i64) -> Money {
        Money { amount, currency: self.currency.clone().try_into().unwrap_or_default() }
    }

    /// Whether its stock was held, or somebody was told of it: from then on it has a number.
    pub fn is_placed(&self) -> bool {
        self.version > 0
    }

    /// The user it was ordered by; none where that was a guest, also once it has joined an account.
    /// Its payments stay those of who ordered.
    pub fn placed_by(&self) -> Option<Uuid> {
        self.user_id.filter(|_| self.owner.starts_with("user:"))
    }

    /// What was or is to be paid, in minor units: the total, or the part of it that was captured.
    pub fn charged(&self) -> i64 {
        self.captured.unwrap_or(self.total)
    }

    /// Takes in how much of the total was captured.
    pub fn set_captured(&mut self, amount: i64) {
        self.captured = Some(amount).filter(|it| *it < self.total);
    }

    /// Whether money was taken for it, be it still there or not.
    pub fn is_paid(&self) -> bool {
        use PaymentStatus::{Paid, PartiallyRefunded, Refunded};
        matches!(self.payment_status, Paid | PartiallyRefunded | Refunded)
    }

    /// Whether something was given back; each refund shows in what is known of the money.
    pub fn has_refunds(&self) -> bool {
        let known = [PaymentStatus::PartiallyRefunded, PaymentStatus::Refunded];
        self.refunded > 0 || known.contains(&self.payment_status)
    }

    /// Why it was cancelled.
    pub fn reason(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(Reason::parse)
    }

    /// What was said about a cancel in somebody's own words, also where that was stored as a
    /// reason.
    pub fn cancel_note(&self) -> Option<&str> {
        let words = self.reason.as_deref().filter(|it| Reason::parse(it).is_none());
        self.cancel_note.as_deref().or(words)
    }

    /// The order as events carry it.
    pub fn to_event(&self, lines: &[OrderLine]) -> contracts::orders::Order {
        contracts::orders::Order {
            order_id: self.id,
            number: self.number.clone(),
            user_id: self.user_id,
            email: self.email.clone(),
            name: self.name.clone(),
            cart: self.cart_id.zip(self.cart_version).map(|(id, version)| CartRef { id, version }),
            lines: lines
                .iter()
                .map(|it| Line {
                    sku: it.sku.clone(),
                    product_id: it.product_id,
                    title: match &it.variant_title {
                        Some(variant) => format!("{} ({variant})", it.title),
                        None => it.title.clone(),
                    },
                    quantity: it.quantity,
                    unit_price: it.unit_price,
                    total: it.total,
                })
                .collect(),
            subtotal: self.subtotal,
            shipping: self.shipping,
            tax: self.tax,
            total: self.total,
            currency: self.currency.clone(),
            shipping_method: self.shipping_method.clone(),
            captured: self.captured,
            language: self.language.clone(),
        }
    }

    /// What staff may make of an order by hand. The money's states follow from the money.
    pub fn may_become(&self, status: Status) -> Result<()> {
        match (self.status, status) {
            (Status::Confirmed | Status::Shipped, Status::Shipped)
            | (Status::Shipped | Status::Delivered, Status::Delivered) => Ok(()),
            (from, to) => Err(problems::status_not_allowed(from, to)),
        }
    }
}
