//! Catalog: offers, reservations of stock, and what it tells about products and stock.

use chassis::channel::{CallError, Channel};
use chassis::outbox::EventData;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most units of one SKU an order or a cart may hold.
pub const MAX_QUANTITY: i64 = 999;

/// What a buyer points at: a SKU, or a product that has only one variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    pub sku: Option<String>,
    pub product_id: Option<Uuid>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuoteRequest {
    pub wanted: Vec<Wanted>,
}

/// One answer for each thing asked, in the same order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quote {
    pub answers: Vec<Quoted>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quoted {
    Offer(Offer),
    /// There is no such SKU or product, or it is not for sale (any more).
    Unknown,
    /// The product has several variants; these are their SKUs.
    Ambiguous(Vec<String>),
}

/// What a variant costs right now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub sku: String,
    pub product_id: Uuid,
    pub slug: String,
    /// The product's title.
    pub title: String,
    /// The variant's own, for example `Blue / M`; none where the product has one variant.
    pub variant_title: Option<String>,
    pub image: Option<String>,
    /// In minor units of the shop's currency.
    pub unit_price: i64,
    /// Units that can be bought now; none where stock does not limit sales.
    pub available: Option<i64>,
    pub requires_shipping: bool,
    pub taxable: bool,
}

/// A quantity of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLine {
    pub sku: String,
    pub quantity: i64,
}

/// Asks to hold, or to let go of, the stock of an order. `lines` has each SKU once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reserve {
    pub order_id: Uuid,
    pub lines: Vec<StockLine>,
}

/// Asks to put back what an order has taken, for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restock {
    pub order_id: Uuid,
    /// The order's for a cancel, the refund's for a refund: the same id twice is once.
    pub id: Uuid,
    /// These quantities, by the SKUs that were sold, as far as they are still out; none for all
    /// that is.
    pub lines: Option<Vec<StockLine>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reservation {
    /// When the hold ends by itself.
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderRef {
    pub order_id: Uuid,
}

/// Asks to keep an order's hold until then, while its customer has to do something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AwaitAction {
    pub order_id: Uuid,
    pub until: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Awaiting {
    /// Whether the order holds its stock meanwhile.
    pub held: bool,
}

/// Asks catalog.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    pub async fn quote(&self, wanted: Vec<Wanted>) -> Result<Vec<Quoted>, CallError> {
        let request = QuoteRequest { wanted };
        let quote: Quote = self.0.post("/internal/quote", &request).await?;
        Ok(quote.answers)
    }

    /// Holds stock for an order while its payment is asked for. Refused with `out_of_stock`, whose member
    /// `skus` lists `{sku, requested, available}`, or with `reservation_released` after a
    /// release. Holding again what is held, or has expired meanwhile, is fine.
    pub async fn reserve(&self, request: &Reserve) -> Result<Reservation, CallError> {
        self.0.post("/internal/reservations/reserve", request).await
    }

    /// Keeps the hold while the customer has to do something, as long as such holds stay within
    /// their share of each SKU. Beyond it, and where nothing was held, the order holds nothing
    /// from here on; it may reserve again once the money is authorised.
    pub async fn await_action(&self, request: &AwaitAction) -> Result<Awaiting, CallError> {
        self.0.post("/internal/reservations/await_action", request).await
    }

    /// Ends a hold, if there is one: the order may reserve again.
    pub async fn end_hold(&self, order_id: Uuid) -> Result<(), CallError> {
        self.0.post("/internal/reservations/end", &OrderRef { order_id }).await
    }

    /// Makes the hold final: the units leave the stock. Refused with `reservation_gone` where
    /// the hold has ended.
    pub async fn commit(&self, order_id: Uuid) -> Result<(), CallError> {
        self.0.post("/internal/reservations/commit", &OrderRef { order_id }).await
    }

    /// Lets go of a hold. Nothing can be reserved for this order afterwards. What has been
    /// committed stays so.
    pub async fn release(&self, request: &Reserve) -> Result<(), CallError> {
        self.0.post("/internal/reservations/release", request).await
    }

    /// Puts units back, or lets go of a hold, whichever it is. What is back already stays so.
    pub async fn restock(&self, request: &Restock) -> Result<(), CallError> {
        self.0.post("/internal/reservations/restock", request).await
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductCreated {
    pub product_id: Uuid,
    pub slug: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductUpdated {
    pub product_id: Uuid,
    pub slug: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductDeleted {
    pub product_id: Uuid,
    pub slug: String,
}

/// A category was added, changed, moved or deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoryChanged {
    pub category_id: Uuid,
    pub slug: String,
    pub deleted: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockChanged {
    pub sku: String,
    pub product_id: Uuid,
    pub on_hand: i64,
    pub reserved: i64,
    pub available: i64,
}

/// The available units fell to or below the threshold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockLow {
    pub sku: String,
    pub product_id: Uuid,
    pub available: i64,
    pub threshold: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReservationExpired {
    pub order_id: Uuid,
}

impl EventData for ProductCreated {
    const TYPE: &'static str = "product.created";
}

impl EventData for ProductUpdated {
    const TYPE: &'static str = "product.updated";
}

impl EventData for ProductDeleted {
    const TYPE: &'static str = "product.deleted";
}

impl EventData for CategoryChanged {
    const TYPE: &'static str = "category.changed";
}

impl EventData for StockChanged {
    const TYPE: &'static str = "stock.changed";
}

impl EventData for StockLow {
    const TYPE: &'static str = "stock.low";
}

impl EventData for ReservationExpired {
    const TYPE: &'static str = "reservation.expired";
}
