//! `/reports/carts`: how many carts are bought.

use std::collections::HashMap;

use axum::extract::State;
use chassis::days::RangeQuery;
use chassis::extract::{Json, Query};
use chassis::problem::{Problem, Result};
use chassis::threads;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{App, store};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(carts))
}

/// The number of carts, and how many of them were ordered.
#[derive(Debug, Serialize, ToSchema)]
struct CartsReport {
    /// Every day of the range.
    days: Vec<CartsDay>,
    totals: CartsTotals,
}

#[derive(Debug, Serialize, ToSchema)]
struct CartsDay {
    /// In UTC.
    #[schema(format = Date, example = "2026-01-31")]
    day: String,
    /// Carts to which items were added that day. Merged guest carts count as the user's cart.
    carts: i64,
    /// How many of these were ordered, that day or later.
    ordered: i64,
}

/// Totals of the range. A cart with items added on several days counts once.
#[derive(Debug, Serialize, ToSchema)]
struct CartsTotals {
    carts: i64,
    ordered: i64,
    /// The share of carts that were ordered, 0 to 1; null without carts.
    #[schema(example = 0.25)]
    conversion: Option<f64>,
}

/// Report how many carts were ordered, by day.
#[utoipa::path(
    get, path = "/reports/carts", operation_id = "cart_reports.get", tag = "cart",
    params(RangeQuery),
    responses(
        (status = 200, description = "Every day of the range, and the totals.", body = CartsReport),
    ),
    security(("bearer" = ["reports:read"])),
)]
async fn carts(
    State(app): State<App>,
    Query(asked): Query<RangeQuery>,
) -> Result<Json<CartsReport>> {
    let range = asked.range(app.clock.now())?;
    let (found, (carts, ordered)) = threads::own(async move {
        let found = store::days::by_day(&app.db, range).await?;
        Ok::<_, Problem>((found, store::days::in_all(&app.db, range).await?))
    })
    .await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|it| (it.day.clone(), it)).collect();
    let days = range.days().map(|day| {
        let it = found.remove(&day).unwrap_or_default();
        CartsDay { day, carts: it.carts, ordered: it.ordered }
    });
    let conversion = (carts > 0).then(|| ordered as f64 / carts as f64);
    let totals = CartsTotals { carts, ordered, conversion };
    Ok(Json(CartsReport { days: days.collect(), totals }))
}
