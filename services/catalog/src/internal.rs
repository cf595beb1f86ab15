//! Routes for other services: quotes, and the stock of orders.

use std::collections::{HashMap, HashSet};

use axum::Router;
use chassis::problem::{Problem, Result};
use chassis::route::Routes;
use contracts::catalog::{
    self, AwaitAction, Awaiting, Buyer, MAX_QUANTITY, Offer, OrderRef, Quote, QuoteRequest, Quoted,
    Reservation, Reserve, Restock, Ship, StockLine, Wanted,
};
use uuid::Uuid;

use crate::model::available;
use crate::store::own;
use crate::store::products::{self, OfferRow};
use crate::{App, fulfillment, reservations};

/// Things asked for, or lines of an order, in one request.
const MAX_LINES: usize = 500;

pub(crate) fn router(app: App) -> Router {
    Routes::new(app)
        .on(catalog::QUOTE, quote)
        .on(catalog::RESERVE, reserve)
        .on(catalog::AWAIT_ACTION, await_action)
        .on(catalog::END_HOLD, end_hold)
        .on(catalog::COMMIT, commit)
        .on(catalog::RELEASE, release)
        .on(catalog::RESTOCK, restock)
        .on(catalog::SHIP, ship)
        .router()
}

/// What things cost and whether they can be had, straight from the database.
async fn quote(app: App, QuoteRequest { wanted, buyer }: QuoteRequest) -> Result<Quote> {
    if wanted.len() > MAX_LINES {
        return Err(Problem::field("wanted", format!("must have at most {MAX_LINES} entries")));
    }
    let by_product = |it: &Wanted| if it.sku.is_none() { it.product_id } else { None };
    let skus: Vec<&str> = wanted.iter().filter_map(|it| it.sku.as_deref()).map(str::trim).collect();
    let ids: Vec<Uuid> = wanted.iter().filter_map(by_product).collect();
    let mut of_sku: HashMap<String, OfferRow> = HashMap::new();
    if !skus.is_empty() {
        let offers = products::offers_by_sku(&app.db, skus).await?;
        of_sku = offers.into_iter().map(|it| (it.sku.clone(), it)).collect();
    }
    let mut of_product: HashMap<Uuid, Vec<OfferRow>> = HashMap::new();
    if !ids.is_empty() {
        for offer in products::offers_by_product(&app.db, &ids).await? {
            of_product.entry(offer.product_id).or_default().push(offer);
        }
    }
    let answer = |it: &Wanted| match (&it.sku, it.product_id) {
        (Some(sku), _) => match of_sku.get(sku.trim()) {
            Some(offer) if is_meant(it, offer) => Quoted::Offer(offer.into()),
            _ => Quoted::Unknown,
        },
        (None, Some(product)) => match of_product.get(&product).map(Vec::as_slice) {
            Some([offer]) => Quoted::Offer(offer.into()),
            Some(offers) => Quoted::Ambiguous(offers.iter().map(|it| it.sku.clone()).collect()),
            None => Quoted::Unknown,
        },
        (None, None) => Quoted::Unknown,
    };
    let mut answers: Vec<Quoted> = wanted.iter().map(answer).collect();
    add_own(&app, &buyer, &mut answers).await?;
    Ok(Quote { answers })
}

/// What the buyer holds already is available to them.
async fn add_own(app: &App, buyer: &Buyer, answers: &mut [Quoted]) -> Result<()> {
    if *buyer == Buyer::default() {
        return Ok(());
    }
    let limited = |it: &Quoted| match it {
        Quoted::Offer(offer) if offer.available.is_some() => Some(offer.sku.clone()),
        _ => None,
    };
    let skus: Vec<String> = answers.iter().filter_map(limited).collect();
    let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
    let own: HashMap<String, i64> = own::units(&app.db, buyer, &skus).await?.into_iter().collect();
    for answer in answers {
        if let Quoted::Offer(offer) = answer
            && let Some(units) = own.get(&offer.sku)
        {
            offer.available = offer.available.map(|it| it + units);
        }
    }
    Ok(())
}

/// Whether what has the SKU now is the product and the variant that were asked for.
fn is_meant(wanted: &Wanted, offer: &OfferRow) -> bool {
    wanted.product_id.is_none_or(|it| it == offer.product_id)
        && wanted.variant_id.is_none_or(|it| it == offer.variant_id)
}

async fn reserve(app: App, request: Reserve) -> Result<Reservation> {
    check(&request.lines)?;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let reservation = reservations::reserve(&mut books, &request, app.hold).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(reservation)
}

async fn await_action(app: App, request: AwaitAction) -> Result<Awaiting> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let held = reservations::await_action(&mut books, &request, app.unpaid_share).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Awaiting { held })
}

async fn end_hold(app: App, order: OrderRef) -> Result<()> {
    let id = order.order_id;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::end_hold(&mut books, id, &reservations::reference(id)).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(())
}

async fn commit(app: App, order: OrderRef) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::commit(&mut books, order.order_id).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(())
}

async fn release(app: App, request: Reserve) -> Result<()> {
    check(&request.lines)?;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::release(&mut books, &request).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(())
}

async fn restock(app: App, request: Restock) -> Result<()> {
    if let Some(lines) = &request.lines {
        check(lines)?;
    }
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    fulfillment::restock(&mut books, &request).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(())
}

async fn ship(app: App, request: Ship) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    fulfillment::ship(&mut books, &request).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(())
}

/// Each SKU once, in a quantity somebody may order.
fn check(lines: &[StockLine]) -> Result<()> {
    let mut skus = HashSet::new();
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(Problem::field("lines", format!("must have from 1 to {MAX_LINES} entries")));
    }
    for (at, line) in lines.iter().enumerate() {
        if !skus.insert(&line.sku) {
            return Err(Problem::field(format!("lines[{at}].sku"), "must differ from the others"));
        }
        if !(1..=MAX_QUANTITY).contains(&line.quantity) {
            let detail = format!("must be from 1 to {MAX_QUANTITY}");
            return Err(Problem::field(format!("lines[{at}].quantity"), detail));
        }
    }
    Ok(())
}

impl From<&OfferRow> for Offer {
    fn from(row: &OfferRow) -> Self {
        let image = row.image.clone().or_else(|| row.images.first().map(|it| it.url.clone()));
        Self {
            sku: row.sku.clone(),
            product_id: row.product_id,
            variant_id: Some(row.variant_id),
            slug: row.slug.clone(),
            title: row.title.clone(),
            variant_title: (row.variants > 1).then(|| row.variant_title.clone()),
            image,
            unit_price: row.price,
            available: available(row.policy, row.on_hand - row.allocated - row.reserved),
            requires_shipping: row.requires_shipping,
            taxable: row.taxable,
        }
    }
}
