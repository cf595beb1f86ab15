//! Queues: tables whose rows are worked on by the worker that has the lease.
//!
//! A row is **open** until it has come to its end. One that is open and due is claimed: its
//! `lease_until` says until when the worker that claimed it owns it, and its `fence` rises, so
//! that who has read an older one changes nothing any more. What cannot be done now is released
//! until later ([`Backoff`]), and what is given up is dead until an operator has it tried again.
//!
//! ```text
//! waiting --claim--> running --finish--> (closed)
//!    ^                  |  \---finish--> dead --replay--> waiting
//!    +-----release------+
//!    +---the lease ends-+
//! ```
//!
//! A [`Table`] describes what is a service's own about it; the statements are made of that, once.
//! The table has the columns `lease_until TIMESTAMPTZ` and `fence BIGINT NOT NULL DEFAULT 0`.
//! Events that come in are held by their transaction instead of a lease ([`Queue::lock`]), since
//! their effect is in the same database.
//!
//! [`work`](crate::work) is the loop that works on a queue.

mod backoff;
mod text;

pub use backoff::Backoff;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use crate::clock::too_far;
use crate::db::{Db, Encode, Query, Record, Result, Session, Tx};

pub(crate) use text::kept;
use text::{Change, Text};

/// What is a queue's own about its table. All texts are SQL, a condition with `OR` in parentheses.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// What operators know it by: `service.what`.
    pub name: &'static str,
    pub table: &'static str,
    pub key: &'static str,
    /// What is read of a row.
    pub columns: &'static str,
    /// Which rows are not at their end. A partial index should say the same.
    pub open: &'static str,
    pub due: Due,
    /// Which row comes first.
    pub order: &'static str,
    /// What else a claim assigns, if anything.
    pub claimed: &'static str,
    /// Which rows the next process need not wait for, whatever time they are due: not those that
    /// wait for somebody outside of the shop, or whose pause is worth keeping.
    pub hurried: &'static str,
    /// Which rows were given up, if that happens.
    pub dead: Option<Dead>,
    /// No lease and no pause is longer. What seems to be was written by a clock that was ahead, and
    /// is over (`clock::too_far`). None where the service itself handles that.
    pub longest: Option<TimeDelta>,
}

/// When a row is to be worked on.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// As soon as it is there, which is since the time in this column.
    AtOnce(&'static str),
    /// From the time in this column on.
    At(&'static str),
}

/// Rows that nobody works on any more, though they did not come to their end.
#[derive(Clone, Copy, Debug)]
pub struct Dead {
    pub rows: &'static str,
    /// What has them tried again: an assignment.
    pub again: &'static str,
}

/// A claimed row: its key, and its fence since.
pub type Held<K> = (K, i64);

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, crate::db::Record)]
pub struct Stats {
    /// Rows that are due, or will be.
    pub waiting: i64,
    /// Since when the first of them has been due; none where none is.
    pub oldest_at: Option<DateTime<Utc>>,
    /// Rows somebody works on.
    pub running: i64,
    pub dead: i64,
}

/// A queue over a table.
#[derive(Debug)]
pub struct Queue {
    table: Table,
    text: Text,
}

impl Queue {
    pub const fn new(table: Table) -> Self {
        Self { table, text: Text::new() }
    }

    /// The queue of a name that is known only when the process runs; one for each name.
    pub(crate) fn named(table: Table) -> &'static Self {
        static NAMED: Mutex<BTreeMap<&str, &Queue>> = Mutex::new(BTreeMap::new());
        let mut named = NAMED.lock();
        named.entry(table.name).or_insert_with(|| Box::leak(Box::new(Self::new(table))))
    }

    pub fn name(&self) -> &'static str {
        self.table.name
    }

    /// Whether there is something to work on: a look that takes no write lock.
    pub async fn any_due(&self, db: impl Session<'_>, now: DateTime<Utc>) -> Result<bool> {
        let look = db.query(self.text.any_due(&self.table)).bind(now).bind(self.far(now));
        Ok(look.optional::<(i64,)>().await?.is_some())
    }

    /// Takes up to `limit` rows that are due and that nobody works on, for the time of the lease.
    /// Several workers never take the same one.
    pub async fn claim<T: Record>(
        &self,
        db: &Db,
        now: DateTime<Utc>,
        lease: TimeDelta,
        limit: i64,
    ) -> Result<Vec<T>> {
        // There is mostly nothing to do. PostgreSQL locks nothing then; SQLite would its file.
        if db.is_sqlite() && !self.any_due(db, now).await? {
            return Ok(vec![]);
        }
        let claim = db.query(self.text.claim(&self.table)).bind(now).bind(self.far(now));
        claim.bind(limit).bind(now + lease).all().await
    }

    /// Rows that are due, kept from others until the transaction ends.
    pub async fn lock<T: Record>(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<T>> {
        let lock = tx.query(self.text.due(&self.table)).bind(now).bind(self.far(now));
        lock.bind(limit).all().await
    }

    /// Rows that are due, for who is known to be the only one that works on them.
    pub async fn look<T: Record>(&self, db: &Db, now: DateTime<Utc>, limit: i64) -> Result<Vec<T>> {
        let look = db.query(self.text.due(&self.table).sqlite).bind(now).bind(self.far(now));
        look.bind(limit).all().await
    }

    /// Notes something about a row and keeps it until `until`. `set` assigns parameters from `$4`
    /// on. No row is touched, here and below, where it was taken over or is at its end.
    pub fn renew<'c>(
        &self,
        db: impl Session<'c>,
        held: Held<impl Encode>,
        until: DateTime<Utc>,
        set: &'static str,
    ) -> Query<'c> {
        self.change(db, held, Change::Renew, set).bind(until)
    }

    /// Releases a row until `retry_at`. `set` assigns from `$5` on.
    pub fn release<'c>(
        &self,
        db: impl Session<'c>,
        held: Held<impl Encode>,
        (now, retry_at): (DateTime<Utc>, DateTime<Utc>),
        set: &'static str,
    ) -> Query<'c> {
        self.change(db, held, Change::Release, set).bind(now).bind(retry_at)
    }

    /// Brings a row to its end, or buries it: `set` says which, and assigns from `$3` on.
    pub fn finish<'c>(
        &self,
        db: impl Session<'c>,
        held: Held<impl Encode>,
        set: &'static str,
    ) -> Query<'c> {
        self.change(db, held, Change::Finish, set)
    }

    /// Takes over what a process before this one has left behind, where this one is alone: a data
    /// directory is locked, so the process that held a lease is gone, and so may be the clock it
    /// was set by.
    pub async fn inherit(&self, db: &Db, now: DateTime<Utc>) -> Result<()> {
        if db.is_sqlite() {
            self.release_all(db, now).await?;
        }
        Ok(())
    }

    /// Ends every lease, and the pauses of the rows that can be hurried.
    pub async fn release_all(&self, db: impl Session<'_>, now: DateTime<Utc>) -> Result<u64> {
        db.query(self.text.release_all(&self.table)).bind(now).execute().await
    }

    /// Has all dead rows tried again; returns how many there were.
    pub async fn replay(&self, db: impl Session<'_>, now: DateTime<Utc>) -> Result<u64> {
        match self.text.replay(&self.table) {
            Some(replay) => db.query(replay).bind(now).execute().await,
            None => Ok(0),
        }
    }

    pub async fn stats(&self, db: impl Session<'_>, now: DateTime<Utc>) -> Result<Stats> {
        db.query(self.text.stats(&self.table)).bind(now).bind(self.far(now)).one().await
    }

    fn change<'c>(
        &self,
        db: impl Session<'c>,
        (key, fence): Held<impl Encode>,
        change: Change,
        set: &'static str,
    ) -> Query<'c> {
        db.query(self.text.change(&self.table, change, set)).bind(key).bind(fence)
    }

    /// Where nobody can have put the end of a lease or of a pause.
    fn far(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        too_far(now, self.table.longest.unwrap_or(NEVER))
    }
}

/// Longer than anything waits.
const NEVER: TimeDelta = TimeDelta::days(36_500);

impl Stats {
    /// How long the first of those that wait has been due.
    pub fn oldest_seconds(&self, now: DateTime<Utc>) -> f64 {
        let age = self.oldest_at.map_or(TimeDelta::zero(), |it| now - it);
        age.num_milliseconds().max(0) as f64 / 1e3
    }
}

#[cfg(test)]
mod tests;
