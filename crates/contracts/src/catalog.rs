//! Catalog: offers, reservations of stock, and what it tells about products and stock.

use chassis::channel::{CallError, Channel};
use chassis::outbox::EventData;
use chassis::route::Route;
use chassis::service_tokens::Callers;
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
    /// Which variant the SKU has to be; one that another has taken over by now is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<Uuid>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuoteRequest {
    pub wanted: Vec<Wanted>,
    /// What they hold already counts as available.
    #[serde(default)]
    pub buyer: Buyer,
}

/// Who holds stock, so that it is not kept from themselves. Nobody unless said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    pub user_id: Option<Uuid>,
    /// The cart that is bought, and for a quote those that went into it.
    #[serde(default)]
    pub carts: Vec<Uuid>,
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
    /// Stays what it is when the SKU is another one day. None from a catalog of an older version.
    #[serde(default)]
    pub variant_id: Option<Uuid>,
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
    /// The variant that had the SKU when it was put aside or sold: the units are of that one,
    /// whatever the SKU names later. None where it was not written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<Uuid>,
}

impl StockLine {
    /// A quantity of whatever has the SKU.
    pub fn new(sku: impl Into<String>, quantity: i64) -> Self {
        Self { sku: sku.into(), quantity, variant_id: None }
    }
}

/// Asks to hold, or to release, the stock of an order. `lines` has each SKU once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reserve {
    pub order_id: Uuid,
    pub lines: Vec<StockLine>,
    /// Whose order it is. What this user holds outside of orders is used for it.
    #[serde(default)]
    pub buyer: Buyer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reservation {
    /// When cannot end the hold; it will expire.
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderRef {
    pub order_id: Uuid,
}

/// Asks to put units of an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {
    pub order_id: Uuid,
    /// What for: the order's own id where it is cancelled, else the refund's. The same again puts
    /// nothing back a second time.
    #[serde(default)]
    pub id: Uuid,
    /// How many of each SKU, as the order's line was sold; without lines all that is still out.
    #[serde(default)]
    pub lines: Option<Vec<StockLine>>,
}

/// Tells that a parcel of an order left the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ship {
    pub order_id: Uuid,
    pub parcel_id: Uuid,
}

impl Ship {
    /// The one parcel that orders are sent in today.
    pub fn whole(order_id: Uuid) -> Self {
        Self { order_id, parcel_id: chassis::id::derive(order_id, "parcel:1") }
    }
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

/// Who takes stock for orders.
const BUYERS: Callers = Callers { services: &["orders"], unnamed: true };

pub const QUOTE: Route<QuoteRequest, Quote> = Route::post("/internal/quote");
pub const RESERVE: Route<Reserve, Reservation> =
    Route::post("/internal/reservations/reserve").only(BUYERS);
pub const AWAIT_ACTION: Route<AwaitAction, Awaiting> =
    Route::post("/internal/reservations/await_action").only(BUYERS);
pub const END_HOLD: Route<OrderRef, ()> = Route::post("/internal/reservations/end").only(BUYERS);
pub const COMMIT: Route<OrderRef, ()> = Route::post("/internal/reservations/commit").only(BUYERS);
pub const RELEASE: Route<Reserve, ()> = Route::post("/internal/reservations/release").only(BUYERS);
pub const RESTOCK: Route<Restock, ()> = Route::post("/internal/reservations/restock").only(BUYERS);
pub const SHIP: Route<Ship, ()> = Route::post("/internal/reservations/ship").only(BUYERS);

/// Asks catalog.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    pub async fn quote(&self, wanted: Vec<Wanted>, buyer: Buyer) -> Result<Vec<Quoted>, CallError> {
        let request = QuoteRequest { wanted, buyer };
        let Quote { answers } = self.0.call(QUOTE, &request).await?;
        if answers.len() == request.wanted.len() {
            Ok(answers)
        } else {
            let what = format!("{} answers to {}", answers.len(), request.wanted.len());
            Err(self.0.malformed(QUOTE, what))
        }
    }

    /// Holds stock for an order while its payment is asked for. Refused with `out_of_stock`, whose
    /// member `skus` lists `{sku, requested, available}`, or with `reservation_released` after a
    /// release. Holding again what is held, or has expired meanwhile, is fine.
    pub async fn reserve(&self, request: &Reserve) -> Result<Reservation, CallError> {
        self.0.call(RESERVE, request).await
    }

    /// Keeps the hold while the customer has to do something, as long as such holds stay within
    /// their share of each SKU. Beyond it, and where nothing was held, the order holds nothing
    /// from here on; it may reserve again once the money is authorised.
    pub async fn await_action(&self, request: &AwaitAction) -> Result<Awaiting, CallError> {
        self.0.call(AWAIT_ACTION, request).await
    }

    /// Ends a hold, if there is one: the order may reserve again.
    pub async fn end_hold(&self, order_id: Uuid) -> Result<(), CallError> {
        self.0.call(END_HOLD, &OrderRef { order_id }).await
    }

    /// Makes the hold final: the units are sold, and stay on hand until they are shipped. Refused
    /// with `reservation_gone` where the hold has ended.
    pub async fn commit(&self, order_id: Uuid) -> Result<(), CallError> {
        self.0.call(COMMIT, &OrderRef { order_id }).await
    }

    /// Releases a hold. Nothing can be reserved for this order afterwards. What has been
    /// committed stays so.
    pub async fn release(&self, request: &Reserve) -> Result<(), CallError> {
        self.0.call(RELEASE, request).await
    }

    /// Puts sold units back, never more than are still out, or releases a hold, whichever it is.
    /// What was not shipped is on the shelf and can be sold again; what was shipped came back to
    /// it.
    pub async fn restock(&self, request: &Restock) -> Result<(), CallError> {
        self.0.call(RESTOCK, request).await
    }

    /// Takes what is left of an order's sold units off the shelf, once. An order of which nothing
    /// is left is fine.
    pub async fn ship(&self, request: &Ship) -> Result<(), CallError> {
        self.0.call(SHIP, request).await
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
    /// On the shelf.
    pub on_hand: i64,
    /// Sold, and not shipped yet.
    pub allocated: i64,
    /// Held by open orders.
    pub reserved: i64,
    /// What is on hand and neither allocated nor reserved.
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
