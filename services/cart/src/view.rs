//! A cart as its buyer sees it: lines with the catalog's words and prices, and what is wrong.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chassis::extract::Json;
use chassis::money::{Currency, Money};
use chrono::{DateTime, Utc};
use contracts::catalog::StockLine;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::buyer::{TOKEN_HEADER, Token};
use crate::model::Cart;
use crate::offers::Offers;

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cart)]
pub(crate) struct View {
    /// Null until an item is added.
    id: Option<Uuid>,
    /// Increases with every change.
    version: i64,
    items: Vec<Item>,
    /// The sum of all items that are still sold, without shipping and tax.
    subtotal: Money,
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// The total number of units.
    item_count: i64,
    /// Problems that prevent the cart from being ordered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<Notice>,
    updated_at: Option<DateTime<Utc>>,
    /// Of a guest's cart: send it as `X-Cart-Token` with further requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// A line of a cart. Items that are no longer sold have neither title nor price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartItem)]
pub(crate) struct Item {
    sku: String,
    product_id: Option<Uuid>,
    slug: Option<String>,
    title: Option<String>,
    /// Null if the product has only one variant.
    variant_title: Option<String>,
    image: Option<String>,
    quantity: i64,
    unit_price: Option<Money>,
    total: Option<Money>,
    /// Units that can be bought now; null if sales are not limited by stock.
    available: Option<i64>,
    /// Whether the quantity can be bought now.
    purchasable: bool,
}

/// A problem with an item of the cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartNotice)]
pub(crate) struct Notice {
    /// `item_not_for_sale`, `insufficient_stock` or `cart_full`.
    code: &'static str,
    sku: String,
    detail: String,
}

/// The answer to a buyer; a guest gets the token with it.
pub(crate) struct Shown {
    pub(crate) view: View,
    pub(crate) token: Option<Token>,
}

impl View {
    /// The cart with the offers of its lines.
    pub(crate) fn of(cart: &Cart, offers: &Offers, currency: &Currency) -> Self {
        let mut view = Self {
            id: Some(cart.id),
            version: cart.version,
            updated_at: Some(cart.updated_at),
            ..Self::empty(currency)
        };
        for line in &cart.lines {
            let item = Item::of(line, offers, currency);
            view.subtotal.amount += item.total.as_ref().map_or(0, |it| it.amount);
            view.item_count += item.quantity;
            view.notices.extend(item.notice());
            view.items.push(item);
        }
        view
    }

    /// A cart nothing was put into yet.
    pub(crate) fn empty(currency: &Currency) -> Self {
        Self {
            id: None,
            version: 0,
            items: Vec::new(),
            subtotal: Money::new(0, currency),
            currency: currency.clone(),
            item_count: 0,
            notices: Vec::new(),
            updated_at: None,
            token: None,
        }
    }

    /// Tells which SKUs of a merged cart found no room.
    pub(crate) fn left_out(&mut self, skus: Vec<String>) {
        self.notices.extend(skus.into_iter().map(|sku| {
            let detail = format!("the cart is full; {sku} was not taken over");
            Notice { code: "cart_full", sku, detail }
        }));
    }
}

impl Item {
    fn of(line: &StockLine, offers: &Offers, currency: &Currency) -> Self {
        let StockLine { sku, quantity, .. } = line.clone();
        let Some(offer) = offers.get(line) else {
            return Self {
                sku,
                product_id: None,
                slug: None,
                title: None,
                variant_title: None,
                image: None,
                quantity,
                unit_price: None,
                total: None,
                available: Some(0),
                purchasable: false,
            };
        };
        Self {
            sku,
            product_id: Some(offer.product_id),
            slug: Some(offer.slug.clone()),
            title: Some(offer.title.clone()),
            variant_title: offer.variant_title.clone(),
            image: offer.image.clone(),
            quantity,
            unit_price: Some(Money::new(offer.unit_price, currency)),
            total: Some(Money::new(offer.unit_price * quantity, currency)),
            available: offer.available.map(|it| it.max(0)),
            purchasable: offer.available.is_none_or(|it| it >= quantity),
        }
    }

    fn notice(&self) -> Option<Notice> {
        let sku = &self.sku;
        let (code, detail) = match (self.purchasable, self.available, &self.title) {
            (true, ..) => return None,
            (false, Some(available), Some(title)) => {
                ("insufficient_stock", format!("only {available} of {title} can be bought now"))
            }
            (false, ..) => ("item_not_for_sale", format!("{sku} is no longer sold")),
        };
        Some(Notice { code, sku: sku.clone(), detail })
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let token = self.token.as_ref().map(Token::as_str);
        let value = token.and_then(|it| HeaderValue::from_str(it).ok());
        let token = token.map(str::to_owned);
        let mut response = Json(View { token, ..self.view }).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(value) = value {
            headers.insert(TOKEN_HEADER, value);
        }
        response
    }
}
