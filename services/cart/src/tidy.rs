//! Deletes carts nobody has touched for a long time, and days no report is made of any more.

use std::time::Duration;

use chassis::clock::Clock;
use chassis::days::MAX_DAYS;
use chassis::db::{Db, Result};
use chrono::TimeDelta;

use crate::{Config, store};

/// How often it looks.
pub(crate) const EVERY: Duration = Duration::from_secs(3600);
/// Carts per statement, so that buyers do not wait behind it.
const BATCH: i64 = 500;

/// How long it is known on which days carts got lines: two reports of a year, to compare them.
const KEPT: TimeDelta = TimeDelta::days(2 * MAX_DAYS as i64);

#[derive(Clone)]
pub(crate) struct Tidy {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
}

impl Tidy {
    /// Deletes all there is to delete; a failure is made good by the next turn.
    pub(crate) async fn turn(&self) -> Result<()> {
        let now = self.clock.now();
        let guests = now - TimeDelta::days(i64::from(self.config.guest_days));
        let users = now - TimeDelta::days(i64::from(self.config.user_days));
        let forgotten = (now - KEPT).date_naive().to_string();
        while store::days::forget_before(&self.db, forgotten.clone(), BATCH).await? > 0 {}
        let mut deleted = 0;
        loop {
            let batch = store::delete_older(&self.db, guests, users, BATCH).await?;
            deleted += batch;
            if batch < BATCH as u64 {
                break;
            }
        }
        if deleted > 0 {
            tracing::info!(deleted, "deleted old carts");
        }
        Ok(())
    }
}
