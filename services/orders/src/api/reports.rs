//! `/reports/sales`: what was sold, by day.

use std::collections::HashMap;

use axum::extract::State;
use chassis::days::{Range, RangeQuery};
use chassis::extract::{Json, Query};
use chassis::money::Money;
use chassis::problem::Result;
use chassis::threads;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{App, store};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sales))
}

/// The products that sold best.
const TOP: i64 = 10;

/// Sales by day. An order counts on the day it was placed, once it is paid.
#[derive(Debug, Serialize, ToSchema)]
struct SalesReport {
    #[schema(format = Date, example = "2026-01-01")]
    from: String,
    #[schema(format = Date, example = "2026-01-31")]
    to: String,
    #[schema(example = "USD")]
    currency: String,
    /// Every day of the range.
    days: Vec<SalesDay>,
    totals: SalesTotals,
    /// The best-selling products, by revenue.
    top_products: Vec<ProductSales>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SalesDay {
    /// In UTC.
    #[schema(format = Date, example = "2026-01-31")]
    day: String,
    /// Orders that were paid.
    orders: i64,
    /// The amount paid for them, before refunds.
    revenue: Money,
    units: i64,
    /// Cancelled orders, paid or not.
    cancelled: i64,
    /// The amount refunded of the orders placed that day, whenever it was refunded.
    refunded: Money,
}

#[derive(Debug, Serialize, ToSchema)]
struct SalesTotals {
    orders: i64,
    revenue: Money,
    /// Average revenue per order; 0 without orders.
    average: Money,
    units: i64,
    cancelled: i64,
    refunded: Money,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProductSales {
    product_id: Uuid,
    /// The title of the product when it was bought.
    title: String,
    units: i64,
    /// Without shipping and tax.
    revenue: Money,
}

/// Report sales by day.
#[utoipa::path(get, path = "/reports/sales", operation_id = "sales_reports.get", tag = "orders",
    params(RangeQuery),
    responses((status = 200, body = SalesReport)),
    security(("bearer" = ["reports:read"])))]
async fn sales(
    State(app): State<App>,
    Query(asked): Query<RangeQuery>,
) -> Result<Json<SalesReport>> {
    let range = asked.range(app.clock.now())?;
    let report = threads::own(async move {
        let placed = store::sales(&app.db, range).await?;
        let units = store::units(&app.db, range).await?;
        let top = store::top_products(&app.db, range, TOP).await?;
        Ok(report(&app, range, placed, units, top))
    });
    report.await.map(Json)
}

fn report(
    app: &App,
    range: Range,
    placed: Vec<store::Sales>,
    units: Vec<(String, i64)>,
    top: Vec<store::ProductSales>,
) -> SalesReport {
    let money = |amount| Money::new(amount, &app.currency);
    let mut placed: HashMap<String, store::Sales> =
        placed.into_iter().map(|it| (it.day.clone(), it)).collect();
    let units: HashMap<String, i64> = units.into_iter().collect();
    let mut sum = store::Sales::default();
    let mut all_units = 0;
    let mut days = Vec::new();
    for day in range.days() {
        let it = placed.remove(&day).unwrap_or_default();
        let units = units.get(&day).copied().unwrap_or_default();
        sum.orders += it.orders;
        sum.revenue += it.revenue;
        sum.cancelled += it.cancelled;
        sum.refunded += it.refunded;
        all_units += units;
        days.push(SalesDay {
            day,
            orders: it.orders,
            revenue: money(it.revenue),
            units,
            cancelled: it.cancelled,
            refunded: money(it.refunded),
        });
    }
    let top_products = top.into_iter().map(|it| ProductSales {
        product_id: it.product_id,
        title: it.title,
        units: it.units,
        revenue: money(it.revenue),
    });
    SalesReport {
        from: range.from.to_string(),
        to: range.to.to_string(),
        currency: app.currency.as_str().to_owned(),
        days,
        totals: SalesTotals {
            orders: sum.orders,
            revenue: money(sum.revenue),
            average: money(average(sum.revenue, sum.orders)),
            units: all_units,
            cancelled: sum.cancelled,
            refunded: money(sum.refunded),
        },
        top_products: top_products.collect(),
    }
}

/// Rounded half up.
fn average(revenue: i64, orders: i64) -> i64 {
    if orders == 0 { 0 } else { (revenue + orders / 2) / orders }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_average_is_rounded_half_up() {
        for (revenue, orders, average) in [(0, 0, 0), (100, 3, 33), (101, 2, 51), (200, 3, 67)] {
            assert_eq!(super::average(revenue, orders), average);
        }
    }
}
