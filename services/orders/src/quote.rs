//! What a purchase would be: what is bought, what each of it costs now, and what comes on top. A
//! checkout buys exactly what is quoted here.

use chassis::money::{Currency, Money};
use chassis::problem::Result;
use contracts::cart::{MAX_LINES, Owner};
use contracts::catalog::{Buyer, MAX_QUANTITY, Offer, Quoted, StockLine, Wanted};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::carts::{self, OpenCart, Purpose};
use crate::model::{ShippingMethod, Totals, is_shipped, totals};
use crate::{App, problems};

/// A quantity of a SKU, or of a product that has only one variant.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[schema(as = OrderItem)]
#[serde(deny_unknown_fields)]
pub struct Item {
    #[garde(length(chars, min = 1, max = 255))]
    pub sku: Option<String>,
    #[garde(skip)]
    pub product_id: Option<Uuid>,
    #[garde(range(min = 1, max = MAX_QUANTITY))]
    pub quantity: i64,
}

/// What to quote.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuoteRequest {
    /// How to ship the items. Defaults to `standard`.
    #[garde(skip)]
    pub(crate) shipping_method: Option<ShippingMethod>,
    /// The items to quote. Defaults to the contents of the cart.
    #[garde(length(min = 1, max = MAX_LINES), dive)]
    pub(crate) items: Option<Vec<Item>>,
}

/// What a checkout would cost now. Nothing is reserved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderQuote)]
pub(crate) struct QuoteView {
    items: Vec<QuoteLine>,
    subtotal: Money,
    shipping: Money,
    tax: Money,
    total: Money,
    /// Whether a shipping address is required.
    shipping_required: bool,
    /// How the items would be shipped; null if nothing is shipped.
    shipping_method: Option<ShippingMethod>,
    /// All shipping methods offered. Empty if nothing is shipped.
    shipping_methods: Vec<MethodView>,
}

/// A line of a quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderQuoteItem)]
struct QuoteLine {
    sku: String,
    product_id: Uuid,
    slug: String,
    title: String,
    /// Null if the product has only one variant.
    variant_title: Option<String>,
    image: Option<String>,
    quantity: i64,
    unit_price: Money,
    total: Money,
    /// Units that can be bought now; null if sales are not limited by stock.
    available: Option<i64>,
}

/// A shipping method and its price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShippingOffer)]
struct MethodView {
    code: ShippingMethod,
    #[schema(example = "Standard")]
    name: &'static str,
    price: Money,
}

/// What is bought and what it costs.
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) offers: Vec<(Offer, i64)>,
    pub(crate) totals: Totals,
    pub(crate) shipping_method: Option<ShippingMethod>,
    /// The cart it is from.
    pub(crate) cart: Option<OpenCart>,
}

/// Finds out what is bought, the given items or else the cart, and what it costs.
pub(crate) async fn price(
    app: &App,
    cart: Option<Owner>,
    items: Option<&[Item]>,
    method: Option<ShippingMethod>,
    purpose: Purpose<'_>,
) -> Result<Priced> {
    let method = method.unwrap_or_default();
    if !method.is_offered(&app.config) {
        return Err(problems::shipping_method_not_offered(&app.config));
    }
    let user_id = match cart {
        Some(Owner::User(id)) => Some(id),
        Some(Owner::Guest(_)) | None => None,
    };
    let (wanted, cart) = wanted(app, cart, items, purpose).await?;
    let buyer = match purpose {
        Purpose::Quote => {
            let claims = cart.iter().flat_map(|it| &it.claims);
            Buyer { user_id, carts: claims.map(|it| it.cart_id).collect() }
        }
        // What is available is found out when the stock is held.
        Purpose::Checkout { .. } => Buyer::default(),
    };
    let offers = offers(app, wanted, buyer).await?;
    let totals = totals(&offers, method, &app.config)?;
    let shipping_method = is_shipped(&offers).then_some(method);
    Ok(Priced { offers, totals, shipping_method, cart })
}

impl QuoteView {
    pub(crate) fn new(app: &App, priced: Priced) -> Result<Self> {
        let Priced { offers, totals, shipping_method, .. } = priced;
        let money = |amount| Money::new(amount, &app.currency);
        let mut shipping_methods = Vec::new();
        if shipping_method.is_some() {
            for code in ShippingMethod::ALL.into_iter().filter(|it| it.is_offered(&app.config)) {
                let price = money(self::totals(&offers, code, &app.config)?.shipping);
                shipping_methods.push(MethodView { code, name: code.name(), price });
            }
        }
        Ok(Self {
            items: offers.into_iter().map(|it| QuoteLine::new(it, &app.currency)).collect(),
            subtotal: money(totals.subtotal),
            shipping: money(totals.shipping),
            tax: money(totals.tax),
            total: money(totals.total),
            shipping_required: shipping_method.is_some(),
            shipping_method,
            shipping_methods,
        })
    }
}

impl QuoteLine {
    fn new((offer, quantity): (Offer, i64), currency: &Currency) -> Self {
        Self {
            unit_price: Money::new(offer.unit_price, currency),
            total: Money::new(offer.unit_price * quantity, currency),
            sku: offer.sku,
            product_id: offer.product_id,
            slug: offer.slug,
            title: offer.title,
            variant_title: offer.variant_title,
            image: offer.image,
            quantity,
            available: offer.available,
        }
    }
}

type Quantities = Vec<(Wanted, i64)>;

/// What is asked for: the items, else the cart.
async fn wanted(
    app: &App,
    cart: Option<Owner>,
    items: Option<&[Item]>,
    purpose: Purpose<'_>,
) -> Result<(Quantities, Option<OpenCart>)> {
    if let Some(items) = items {
        let mut wanted = Quantities::new();
        for (index, item) in items.iter().enumerate() {
            if item.sku.is_some() == item.product_id.is_some() {
                return Err(problems::item_unclear(index));
            }
            let (sku, product_id) = (item.sku.clone(), item.product_id);
            wanted.push((Wanted { sku, product_id, variant_id: None }, item.quantity));
        }
        return Ok((wanted, None));
    }
    let Some(owner) = cart else { return Err(problems::cart_empty()) };
    let cart = carts::read(app, owner, purpose).await?;
    // Of another variant that has the SKU by now nothing was put aside.
    let line = |it: &StockLine| Wanted {
        sku: Some(it.sku.clone()),
        product_id: None,
        variant_id: it.variant_id,
    };
    let wanted = cart.lines.iter().map(|it| (line(it), it.quantity)).collect();
    Ok((wanted, Some(cart)))
}

/// What the wanted things cost now; the same SKU named twice is one line.
async fn offers(app: &App, wanted: Quantities, buyer: Buyer) -> Result<Vec<(Offer, i64)>> {
    let asked: Vec<Wanted> = wanted.iter().map(|(it, _)| it.clone()).collect();
    let answers = app.clients.catalog.quote(asked, buyer).await?;
    let mut offers: Vec<(Offer, i64)> = Vec::new();
    let mut unknown = Vec::new();
    for ((wanted, quantity), answer) in wanted.into_iter().zip(answers) {
        match answer {
            Quoted::Offer(offer) => match offers.iter_mut().find(|(it, _)| it.sku == offer.sku) {
                Some((_, sum)) => *sum += quantity,
                None => offers.push((offer, quantity)),
            },
            Quoted::Ambiguous(skus) => {
                let product = wanted.product_id.unwrap_or_default();
                return Err(problems::variant_required(product, &skus));
            }
            Quoted::Unknown => {
                let name = wanted.product_id.map(|it| it.to_string());
                unknown.extend(wanted.sku.or(name));
            }
        }
    }
    if !unknown.is_empty() {
        return Err(problems::item_unknown(&unknown));
    }
    match offers.iter().find(|(_, quantity)| *quantity > MAX_QUANTITY) {
        Some((offer, _)) => Err(problems::quantity_too_large(&offer.sku, MAX_QUANTITY)),
        None => Ok(offers),
    }
}
