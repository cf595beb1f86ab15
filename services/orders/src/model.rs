//! The types and rules of an order. No HTTP, no SQL, no clock.

use chassis::Secret;
use chassis::db::{Json, Word};
use chassis::money::{MAX_AMOUNT, Money};
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::address::Address;
use contracts::catalog::{Offer, StockLine};
use contracts::orders::{CartRef, Line, Reason};
use contracts::payments::{self, RefundedLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Config, problems};

/// How often a customer may try to pay again after the first payment was declined.
pub const MORE_ATTEMPTS: i64 = 3;

/// Where the goods of an order stand. Where its money stands is [`PaymentStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Confirmed,
    Shipped,
    Delivered,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Word)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Pending,
    RequiresAction,
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

/// How an order is sent.
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

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct Order {
    pub id: Uuid,
    pub number: String,
    pub owner: String,
    pub idempotency_key: String,
    pub fingerprint: Vec<u8>,
    pub user_id: Option<Uuid>,
    pub email: String,
    pub name: String,
    pub status: Status,
    pub payment_status: PaymentStatus,
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
    pub cart_id: Option<Uuid>,
    pub cart_version: Option<i64>,
    pub payment_id: Option<Uuid>,
    /// A code; what was stored before reasons were codes may be somebody's own words.
    pub reason: Option<String>,
    /// What was said about a cancel in somebody's own words; for staff.
    pub cancel_note: Option<String>,
    pub tracking_number: Option<String>,
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
    pub to_restock: bool,
}

/// Who moves an order. Stored as a word.
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
    type Err = String;

    fn from_str(word: &str) -> std::result::Result<Self, String> {
        match word {
            "customer" => Ok(Self::Customer),
            "system" => Ok(Self::System),
            _ => word
                .strip_prefix("staff:")
                .and_then(|it| it.parse().ok())
                .map(Self::Staff)
                .ok_or_else(|| word.to_owned()),
        }
    }
}

/// Where the work on an order stands.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
pub struct Saga {
    pub order_id: Uuid,
    pub step: Step,
    /// Rises with every change; whoever has an older one has lost its turn.
    pub fence: i64,
    /// 1 for the first payment.
    pub attempt: i64,
    pub provider: String,
    pub token: Option<Secret>,
    pub rereserved: bool,
    pub cancel: Option<String>,
    pub refusal: Option<Json<Problem>>,
    /// Failed tries of the current step.
    pub tries: i64,
    /// Until when the customer may do what the payment needs; the stock is held no longer.
    pub hold_until: Option<DateTime<Utc>>,
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

/// An event as it waits to be sent, or was.
#[derive(Clone, Debug, Serialize, ToSchema, chassis::db::Record)]
pub struct Told {
    pub id: Uuid,
    #[serde(rename = "type")]
    #[record(rename = "type")]
    #[schema(example = "order.created")]
    pub kind: String,
    /// Of the order; rises.
    pub version: i64,
    pub time: DateTime<Utc>,
    /// Null as long as it waits to be sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// As docs/events.md describes it.
    #[schema(value_type = Object)]
    pub data: Json<serde_json::Value>,
}

/// What an order costs, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
}

/// Adds up lines, shipping and tax.
///
/// Standard shipping is a flat rate, free from a subtotal on; express always costs its own. Where
/// nothing is shipped it costs nothing. Tax is added on taxable lines and shipping, rounded half up
/// on the whole order.
pub fn totals(lines: &[(Offer, i64)], method: ShippingMethod, config: &Config) -> Result<Totals> {
    let sum = |taxable_only: bool| {
        lines
            .iter()
            .filter(|(offer, _)| !taxable_only || offer.taxable)
            .try_fold(0_i64, |sum, (offer, quantity)| {
                sum.checked_add(offer.unit_price.checked_mul(*quantity)?)
            })
            .filter(|sum| *sum <= MAX_AMOUNT)
            .ok_or_else(problems::order_too_large)
    };
    let subtotal = sum(false)?;
    let free = config.shipping_free_from > 0 && subtotal >= config.shipping_free_from;
    let shipping = match method {
        _ if !is_shipped(lines) => 0,
        ShippingMethod::Standard if free => 0,
        ShippingMethod::Standard => config.shipping_flat,
        ShippingMethod::Express => config.shipping_express,
    };
    let taxed = i128::from(sum(true)? + shipping) * i128::from(config.tax_basis_points);
    let tax = i64::try_from((taxed + 5_000) / 10_000).map_err(|_| problems::order_too_large())?;
    match subtotal + shipping + tax {
        total if total <= MAX_AMOUNT => Ok(Totals { subtotal, shipping, tax, total }),
        _ => Err(problems::order_too_large()),
    }
}

/// Whether there is something to send.
pub fn is_shipped(lines: &[(Offer, i64)]) -> bool {
    lines.iter().any(|(offer, _)| offer.requires_shipping)
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

    /// Why it was cancelled.
    pub fn reason(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(Reason::parse)
    }

    /// What was said about a cancel in somebody's own words, also where that was stored as a reason.
    pub fn cancel_note(&self) -> Option<&str> {
        let words = self.reason.as_deref().filter(|it| Reason::parse(it).is_none());
        self.cancel_note.as_deref().or(words)
    }

    /// The order as events carry it.
    pub fn told(&self, lines: &[OrderLine]) -> contracts::orders::Order {
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

impl From<payments::Status> for PaymentStatus {
    fn from(status: payments::Status) -> Self {
        match status {
            payments::Status::Pending => Self::Pending,
            payments::Status::RequiresAction => Self::RequiresAction,
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

    fn offer(unit_price: i64, requires_shipping: bool, taxable: bool) -> Offer {
        Offer {
            sku: "LAMP-1".to_owned(),
            product_id: Uuid::nil(),
            variant_id: None,
            slug: "lamp".to_owned(),
            title: "Lamp".to_owned(),
            variant_title: None,
            image: None,
            unit_price,
            available: Some(5),
            requires_shipping,
            taxable,
        }
    }

    fn config() -> Config {
        Config {
            shipping_flat: 500,
            shipping_free_from: 5_000,
            shipping_express: 1_500,
            tax_basis_points: 825,
            ..Config::default()
        }
    }

    #[test]
    fn words_are_described_as_they_are_shown() {
        use utoipa::PartialSchema;
        let described = serde_json::to_value(PaymentStatus::schema()).unwrap();
        let shown = {
            use PaymentStatus::*;
            [Pending, RequiresAction, Authorized, Paid, Failed, Voided, PartiallyRefunded, Refunded]
        };
        assert_eq!(described["enum"], serde_json::to_value(shown).unwrap());
    }

    #[test]
    fn shipping_is_free_from_a_subtotal_on() {
        use ShippingMethod::*;
        let shipping = |price, quantity, shipped, method| {
            let lines = [(offer(price, shipped, false), quantity)];
            totals(&lines, method, &config()).unwrap().shipping
        };
        assert_eq!(shipping(1_000, 4, true, Standard), 500);
        assert_eq!(shipping(1_000, 5, true, Standard), 0);
        assert_eq!(shipping(1_000, 4, true, Express), 1_500);
        assert_eq!(shipping(1_000, 5, true, Express), 1_500);
        for method in ShippingMethod::ALL {
            assert_eq!(shipping(100, 1, false, method), 0);
        }
    }

    #[test]
    fn tax_is_rounded_half_up_on_the_whole_order() {
        let lines = [(offer(1_999, false, true), 2), (offer(1_000, false, false), 1)];
        // 3998 * 8.25 % = 329.835
        let expected = Totals { subtotal: 4_998, shipping: 0, tax: 330, total: 5_328 };
        assert_eq!(totals(&lines, ShippingMethod::Standard, &config()).unwrap(), expected);
    }

    #[test]
    fn an_order_without_bounds_is_refused() {
        // The last one is too much with its tax only.
        for (price, quantity) in [(MAX_AMOUNT, 999), (i64::MAX / 2, 999), (MAX_AMOUNT, 1)] {
            let lines = [(offer(price, false, true), quantity)];
            let order = totals(&lines, ShippingMethod::Standard, &config());
            assert_eq!(order.unwrap_err().code, "order_too_large");
        }
    }
}
