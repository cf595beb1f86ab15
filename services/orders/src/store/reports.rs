//! The SQL of reports. Days are those of UTC; an order counts on the day it was placed.

use chassis::days::Range;
use chassis::db::{Result, Session, Sql};
use uuid::Uuid;

/// What was sold on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, chassis::db::Record)]
pub struct Sales {
    pub day: String,
    /// Paid orders.
    pub orders: i64,
    /// What was paid for them, in minor units.
    pub revenue: i64,
    pub cancelled: i64,
    /// In minor units.
    pub refunded: i64,
}

/// What was sold of a product.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct ProductSales {
    pub product_id: Uuid,
    pub title: String,
    pub units: i64,
    /// In minor units.
    pub revenue: i64,
}

/// Orders that have been paid, whatever became of the money later.
macro_rules! paid {
    () => {
        "payment_status IN ('paid', 'partially_refunded', 'refunded')"
    };
}

/// The day of an order on either database.
macro_rules! by_day {
    ($($part:tt)*) => {
        Sql {
            sqlite: concat!("SELECT substr(created_at, 1, 10) AS day, ", $($part)*),
            postgres: concat!(
                "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, ",
                $($part)*
            ),
        }
    };
}

/// What was sold on each day there was an order.
pub async fn sales(db: impl Session<'_>, range: Range) -> Result<Vec<Sales>> {
    const SALES: Sql = by_day!(
        "CAST(SUM(CASE WHEN ",
        paid!(),
        " THEN 1 ELSE 0 END) AS BIGINT) AS orders,
          CAST(SUM(CASE WHEN ",
        paid!(),
        " THEN COALESCE(captured, total) ELSE 0 END) AS BIGINT) AS revenue,
          CAST(SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END) AS BIGINT) AS cancelled,
          CAST(SUM(refunded) AS BIGINT) AS refunded
         FROM orders WHERE created_at >= $1 AND created_at < $2 GROUP BY 1"
    );
    db.query(SALES).bind(range.start()).bind(range.end()).all().await
}

/// How many units were sold on each day any was.
pub async fn units(db: impl Session<'_>, range: Range) -> Result<Vec<(String, i64)>> {
    const UNITS: Sql = by_day!(
        "CAST(SUM(order_lines.quantity) AS BIGINT) AS units
         FROM orders JOIN order_lines ON order_lines.order_id = orders.id
         WHERE created_at >= $1 AND created_at < $2 AND ",
        paid!(),
        " GROUP BY 1"
    );
    db.query(UNITS).bind(range.start()).bind(range.end()).all().await
}

/// The products that brought in the most, best first.
pub async fn top_products(
    db: impl Session<'_>,
    range: Range,
    limit: i64,
) -> Result<Vec<ProductSales>> {
    const TOP: &str = concat!(
        "SELECT product_id, max(title) AS title,
                CAST(SUM(order_lines.quantity) AS BIGINT) AS units,
                CAST(SUM(order_lines.total) AS BIGINT) AS revenue
         FROM orders JOIN order_lines ON order_lines.order_id = orders.id
         WHERE created_at >= $1 AND created_at < $2 AND ",
        paid!(),
        "
         GROUP BY product_id ORDER BY revenue DESC, product_id LIMIT $3"
    );
    db.query(TOP).bind(range.start()).bind(range.end()).bind(limit).all().await
}
