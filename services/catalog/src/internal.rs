//! Routes for other services: quotes, and the stock of orders.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use chassis::peers::{self, Callers};
use chassis::problem::{Problem, Result};
use contracts::catalog::{
    AwaitAction, Awaiting, MAX_QUANTITY, Offer, OrderRef, Quote, QuoteRequest, Quoted, Reservation,
    Reserve, Restock, Wanted,
};
use uuid::Uuid;

use crate::model::available;
use crate::store::products::{self, OfferRow};
use crate::{App, reservations};

/// Things asked for, or lines of an order, in one request.
const MAX_LINES: usize = 500;

/// Who takes stock for orders.
const BUYERS: Callers = Callers { services: &["orders"], unnamed: true };

pub(crate) fn router(app: App) -> Router {
    let stock = Router::new()
        .route("/internal/reservations/reserve", post(reserve))
        .route("/internal/reservations/await_action", post(await_action))
        .route("/internal/reservations/end", post(end_hold))
        .route("/internal/reservations/commit", post(commit))
        .route("/internal/reservations/release", post(release))
        .route("/internal/reservations/restock", post(restock))
        .route_layer(from_fn_with_state(BUYERS, peers::only));
    Router::new().route("/internal/quote", post(quote)).merge(stock).with_state(app)
}

/// What things cost and whether they can be had, straight from the database.
async fn quote(
    State(app): State<App>,
    Json(QuoteRequest { wanted }): Json<QuoteRequest>,
) -> Result<Json<Quote>> {
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
        (Some(sku), product) => match of_sku.get(sku.trim()) {
            Some(offer) if product.is_none_or(|it| it == offer.product_id) => {
                Quoted::Offer(offer.into())
            }
            _ => Quoted::Unknown,
        },
        (None, Some(product)) => match of_product.get(&product).map(Vec::as_slice) {
            Some([offer]) => Quoted::Offer(offer.into()),
            Some(offers) => Quoted::Ambiguous(offers.iter().map(|it| it.sku.clone()).collect()),
            None => Quoted::Unknown,
        },
        (None, None) => Quoted::Unknown,
    };
    Ok(Json(Quote { answers: wanted.iter().map(answer).collect() }))
}

async fn reserve(
    State(app): State<App>,
    Json(request): Json<Reserve>,
) -> Result<Json<Reservation>> {
    check(&request)?;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let reservation = reservations::reserve(&mut books, &request, app.hold).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(reservation))
}

async fn await_action(
    State(app): State<App>,
    Json(request): Json<AwaitAction>,
) -> Result<Json<Awaiting>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let held = reservations::await_action(&mut books, &request, app.unpaid_share).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(Awaiting { held }))
}

async fn end_hold(State(app): State<App>, Json(order): Json<OrderRef>) -> Result<Json<()>> {
    let id = order.order_id;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::end_hold(&mut books, id, &reservations::reference(id)).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(()))
}

async fn commit(State(app): State<App>, Json(order): Json<OrderRef>) -> Result<Json<()>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::commit(&mut books, order.order_id).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(()))
}

async fn release(State(app): State<App>, Json(request): Json<Reserve>) -> Result<Json<()>> {
    check(&request)?;
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::release(&mut books, &request).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(()))
}

async fn restock(State(app): State<App>, Json(request): Json<Restock>) -> Result<Json<()>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    reservations::restock(&mut books, &request).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(Json(()))
}

/// Each SKU once, in a quantity somebody may order.
fn check(request: &Reserve) -> Result<()> {
    let mut skus = HashSet::new();
    if request.lines.is_empty() || request.lines.len() > MAX_LINES {
        return Err(Problem::field("lines", format!("must have from 1 to {MAX_LINES} entries")));
    }
    for (at, line) in request.lines.iter().enumerate() {
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
            slug: row.slug.clone(),
            title: row.title.clone(),
            variant_title: (row.variants > 1).then(|| row.variant_title.clone()),
            image,
            unit_price: row.price,
            available: available(row.policy, row.on_hand, row.reserved),
            requires_shipping: row.requires_shipping,
            taxable: row.taxable,
        }
    }
}
