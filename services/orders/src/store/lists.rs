//! The SQL of lists of orders.

use std::collections::HashMap;

use chassis::db::{Result, Select, Session, containing, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Order, OrderLine, PaymentStatus, Status};

/// Which orders a list shows. Empty fields do not filter.
#[derive(Debug, Default)]
pub struct Filter {
    pub user_id: Option<Uuid>,
    pub status: Option<Status>,
    pub payment: Option<PaymentStatus>,
    pub email: Option<String>,
    /// Part of the number, the e-mail address or the name.
    pub search: Option<String>,
    /// Only orders placed then or later.
    pub from: Option<DateTime<Utc>>,
    /// Only orders placed earlier.
    pub to: Option<DateTime<Utc>>,
    /// Only orders older than this one.
    pub before: Option<Uuid>,
    /// How many to leave out at the beginning.
    pub skip: i64,
}

/// A line, and the order it belongs to.
#[derive(chassis::db::Record)]
struct LineOf {
    order_id: Uuid,
    #[record(flatten)]
    line: OrderLine,
}

impl Filter {
    /// Without the place where a page begins.
    fn select(&self) -> Select {
        let mut list = Select::from("orders");
        // What is only requested is not shown to anybody.
        list.filter("version > 0").equal("user_id", self.user_id).equal("status", self.status);
        list.equal("payment_status", self.payment).equal("email", self.email.clone());
        list.compare("created_at", ">=", self.from).compare("created_at", "<", self.to);
        if let Some(search) = &self.search {
            let sought = list.bind(containing(search));
            let like = |column: &str| format!("lower({column}) LIKE lower({sought}) ESCAPE '\\'");
            let any = ["number", "email", "name"].map(like).join(" OR ");
            list.filter(format!("({any})"));
        }
        list
    }
}

/// Lists orders, newest first.
pub async fn list(db: impl Session<'_>, filter: &Filter, limit: i64) -> Result<Vec<Order>> {
    let mut list = filter.select();
    list.compare("id", "<", filter.before).order("id DESC").limit(limit).skip(filter.skip);
    list.records::<Order>(db, "").all().await
}

pub async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    filter.select().count(db).await
}

/// The lines of each of these orders.
pub async fn lines_of(
    db: impl Session<'_>,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, Vec<OrderLine>>> {
    let mut lines: HashMap<Uuid, Vec<OrderLine>> = HashMap::new();
    if orders.is_empty() {
        return Ok(lines);
    }
    let found =
        sql!("SELECT {LineOf.*} FROM order_lines WHERE order_id IN ({orders..}) ORDER BY position");
    let found: Vec<LineOf> = db.query(found).all().await?;
    for LineOf { order_id, line } in found {
        lines.entry(order_id).or_default().push(line);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use chassis::testing::{Database, databases};

    use super::*;
    use crate::store::testing::placed;
    use crate::store::unshipped;

    #[databases]
    async fn the_lines_of_a_page_are_those_of_each_order(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let (one, of_one, _) = placed(db, "k-1", &["A", "B", "C"]).await.unwrap();
        let (two, of_two, _) = placed(db, "k-2", &["B"]).await.unwrap();
        let (other, ..) = placed(db, "k-3", &["D"]).await.unwrap();
        let ids = [one.id, two.id, Uuid::nil()];
        let mut lines = lines_of(db, &ids).await.unwrap();
        assert_eq!(lines.remove(&one.id), Some(of_one), "{}", platform.kind);
        assert_eq!(lines.remove(&two.id), Some(of_two));
        assert!(lines.is_empty() && lines_of(db, &[]).await.unwrap().is_empty());
        let gone = "UPDATE orders SET fulfillment_status = 'fulfilled' WHERE number = $1";
        db.query(gone).bind(other.number).execute().await.unwrap();
        let mut left = unshipped(db, &[two.id, other.id, one.id, Uuid::nil()]).await.unwrap();
        left.sort();
        assert_eq!(left, [one.id, two.id], "{}", platform.kind);
    }

    #[databases]
    async fn each_filter_narrows_a_list_and_its_count(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let (one, ..) = placed(db, "k-1", &["A"]).await.unwrap();
        let (two, ..) = placed(db, "k-2", &["B"]).await.unwrap();
        let later = Some(one.created_at + chrono::TimeDelta::seconds(1));
        let all = Filter::default;
        let both = vec![two.id, one.id];
        for (filter, expected) in [
            (all(), both.clone()),
            (Filter { user_id: one.user_id, ..all() }, vec![one.id]),
            (Filter { status: Some(Status::Pending), ..all() }, both.clone()),
            (Filter { status: Some(Status::Cancelled), ..all() }, vec![]),
            (Filter { payment: Some(PaymentStatus::Paid), ..all() }, vec![]),
            (Filter { email: Some(one.email.clone()), ..all() }, both.clone()),
            (Filter { email: Some("eve@example.com".to_owned()), ..all() }, vec![]),
            (Filter { search: Some(two.number.to_lowercase()), ..all() }, vec![two.id]),
            (Filter { search: Some("ADA".to_owned()), ..all() }, both.clone()),
            (Filter { search: Some("%".to_owned()), ..all() }, vec![]),
            (Filter { from: later, ..all() }, vec![]),
            (Filter { to: later, ..all() }, both.clone()),
        ] {
            let found = list(db, &filter, 9).await.unwrap();
            let found: Vec<_> = found.iter().map(|it| it.id).collect();
            assert_eq!(found, expected, "{} {filter:?}", platform.kind);
            let counted = count(db, &filter).await.unwrap();
            assert_eq!(counted, expected.len() as i64, "{filter:?}");
        }
        // A place narrows the page, not the count.
        for filter in [Filter { before: Some(two.id), ..all() }, Filter { skip: 1, ..all() }] {
            assert_eq!(list(db, &filter, 9).await.unwrap()[0].id, one.id);
            assert_eq!(count(db, &filter).await.unwrap(), 2);
        }
    }
}
