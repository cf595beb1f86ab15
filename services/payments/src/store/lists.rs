//! The SQL of lists of payments.

use chassis::db::{Result, Select, Session};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Payment, Status};

/// What a list of payments is narrowed by, and where it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) order_id: Option<Uuid>,
    pub(crate) status: Option<Status>,
    pub(crate) after: Option<(DateTime<Utc>, Uuid)>,
}

impl Filter {
    /// Without the place where it goes on.
    fn select(&self) -> Select {
        let mut list = Select::from("payments");
        list.equal("order_id", self.order_id).equal("status", self.status);
        list
    }
}

/// Lists payments, newest first.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Payment>> {
    let mut list = filter.select();
    older(&mut list, filter.after);
    list.limit(limit).records::<Payment>(db, "").all().await
}

pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    filter.select().count(db).await
}

/// Newest first, from this place on.
pub(super) fn older(list: &mut Select, after: Option<(DateTime<Utc>, Uuid)>) {
    if let Some((at, id)) = after {
        let (at, id) = (list.bind(at), list.bind(id));
        list.filter(format!("(created_at, id) < ({at}, {id})"));
    }
    list.order("created_at DESC, id DESC");
}
