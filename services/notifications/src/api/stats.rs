//! `/notifications/stats`: what became of the messages of the last days.

use std::collections::BTreeMap;

use axum::extract::State;
use chassis::days::Range;
use chassis::extract::{Json, Query};
use chassis::problem::Result;
use chrono::Days;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::model::{Channel, State as Status};
use crate::store::{self, DayCount};

#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// The number of days up to today, 1 to 90.
    #[garde(range(min = 1, max = 90))]
    #[param(minimum = 1, maximum = 90, default = 30)]
    #[serde(default = "usual")]
    days: u64,
}

fn usual() -> u64 {
    30
}

/// How many messages there were, by day, channel and status. A message counts on the day it was
/// queued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationStats {
    #[schema(format = Date, example = "2026-01-01")]
    from: String,
    #[schema(format = Date, example = "2026-01-31")]
    to: String,
    /// Every day of the range.
    days: Vec<NotificationDay>,
    totals: Vec<NotificationCount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationDay {
    /// In UTC.
    #[schema(format = Date, example = "2026-01-31")]
    day: String,
    counts: Vec<NotificationCount>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationCount {
    channel: Channel,
    status: Status,
    count: i64,
}

/// Count notifications by day, channel and status.
#[utoipa::path(
    get, path = "/notifications/stats", operation_id = "notification_stats.get", tag = "notifications",
    params(StatsQuery),
    responses(
        (status = 200, body = NotificationStats),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Query(query): Query<StatsQuery>,
) -> Result<Json<NotificationStats>> {
    let to = app.clock.now().date_naive();
    let from = to.checked_sub_days(Days::new(query.days - 1)).unwrap_or(to);
    let range = Range { from, to };
    let counts = store::count_by_day(&app.db, range).await?;
    Ok(Json(stats(range, counts)))
}

fn stats(range: Range, counts: Vec<DayCount>) -> NotificationStats {
    let mut totals: BTreeMap<(&str, &str), NotificationCount> = BTreeMap::new();
    let mut by_day: BTreeMap<String, Vec<NotificationCount>> = BTreeMap::new();
    for DayCount { day, channel, state: status, count } in counts {
        let total = totals.entry((channel.as_str(), status.as_str()));
        total.or_insert(NotificationCount { channel, status, count: 0 }).count += count;
        by_day.entry(day).or_default().push(NotificationCount { channel, status, count });
    }
    let days = range.days().map(|day| {
        let counts = by_day.remove(&day).unwrap_or_default();
        NotificationDay { day, counts }
    });
    NotificationStats {
        from: range.from.to_string(),
        to: range.to.to_string(),
        days: days.collect(),
        totals: totals.into_values().collect(),
    }
}
