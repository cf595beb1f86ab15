//! The statements of a queue, made once from the description of its table.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use parking_lot::Mutex;

use super::{Due, Table};
use crate::db::Sql;

/// What is written of a row that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    Renew,
    Release,
    Finish,
}

#[derive(Debug)]
pub(super) struct Text {
    any_due: OnceLock<&'static str>,
    due: OnceLock<Sql>,
    claim: OnceLock<Sql>,
    release_all: OnceLock<&'static str>,
    stats: OnceLock<&'static str>,
    changes: Mutex<BTreeMap<(Change, &'static str), &'static str>>,
}

/// A lease that is over, or was never taken.
const FREE: &str = "(lease_until IS NULL OR lease_until <= $1 OR lease_until > $2)";
const HELD: &str = "(lease_until > $1 AND lease_until <= $2)";

impl Text {
    pub(super) const fn new() -> Self {
        Self {
            any_due: OnceLock::new(),
            due: OnceLock::new(),
            claim: OnceLock::new(),
            release_all: OnceLock::new(),
            stats: OnceLock::new(),
            changes: Mutex::new(BTreeMap::new()),
        }
    }

    pub(super) fn any_due(&self, it: &Table) -> &'static str {
        let Table { table, .. } = it;
        self.any_due.get_or_init(|| {
            kept(format!("SELECT CAST(1 AS BIGINT) FROM {table} WHERE {} LIMIT 1", is_due(it)))
        })
    }

    pub(super) fn due(&self, it: &Table) -> Sql {
        let Table { table, order, columns, .. } = it;
        *self.due.get_or_init(|| {
            let due = is_due(it);
            locked(&|lock| {
                format!("SELECT {columns} FROM {table} WHERE {due} ORDER BY {order} LIMIT $3{lock}")
            })
        })
    }

    pub(super) fn claim(&self, it: &Table) -> Sql {
        let Table { table, key, order, columns, .. } = it;
        *self.claim.get_or_init(|| {
            let (due, claimed) = (is_due(it), and(it.claimed));
            locked(&|lock| {
                format!(
                    "UPDATE {table} SET fence = fence + 1, lease_until = $4{claimed}
                     WHERE {key} IN (SELECT {key} FROM {table} WHERE {due}
                                     ORDER BY {order} LIMIT $3{lock})
                     RETURNING {columns}"
                )
            })
        })
    }

    pub(super) fn release_all(&self, it: &Table) -> &'static str {
        let Table { table, open, hurried, .. } = it;
        self.release_all.get_or_init(|| {
            let (hurry, late) = match it.due {
                Due::AtOnce(_) => (String::new(), "1 = 0".to_owned()),
                Due::At(due) => {
                    let late = format!("({due} > $1 AND {hurried})");
                    (format!(", {due} = CASE WHEN {late} THEN $1 ELSE {due} END"), late)
                }
            };
            kept(format!(
                "UPDATE {table} SET fence = fence + 1, lease_until = $1{hurry}
                 WHERE {open} AND (lease_until > $1 OR {late})"
            ))
        })
    }

    pub(super) fn replay(&self, it: &Table) -> Option<&'static str> {
        let (Table { table, .. }, dead) = (it, it.dead?);
        let due = match it.due {
            Due::AtOnce(_) => String::new(),
            Due::At(due) => format!(", {due} = $1"),
        };
        let (rows, again) = (dead.rows, dead.again);
        Some(kept(format!(
            "UPDATE {table} SET fence = fence + 1, lease_until = $1{due}, {again} WHERE {rows}"
        )))
    }

    pub(super) fn stats(&self, it: &Table) -> &'static str {
        let Table { table, open, .. } = it;
        self.stats.get_or_init(|| {
            let (Due::AtOnce(since) | Due::At(since)) = it.due;
            let dead = it.dead.map_or("1 = 0", |it| it.rows);
            kept(format!(
                "SELECT (SELECT count(*) FROM {table} WHERE {open} AND {FREE}) AS waiting,
                        (SELECT min({since}) FROM {table}
                         WHERE {open} AND {FREE} AND {since} <= $1) AS oldest_at,
                        (SELECT count(*) FROM {table} WHERE {open} AND {HELD}) AS running,
                        (SELECT count(*) FROM {table} WHERE {dead}) AS dead"
            ))
        })
    }

    pub(super) fn change(&self, it: &Table, change: Change, set: &'static str) -> &'static str {
        let mut changes = self.changes.lock();
        changes.entry((change, set)).or_insert_with(|| {
            let Table { table, key, open, .. } = it;
            let set = match (change, it.due) {
                (Change::Finish, _) => format!("lease_until = NULL{}", and(set)),
                (Change::Renew, _) => format!("lease_until = $3{}", and(set)),
                // Who reads the row until it is claimed holds nothing.
                (Change::Release, Due::At(due)) => {
                    format!("fence = fence + 1, lease_until = $3, {due} = $4{}", and(set))
                }
                // A lease of nobody's stands for the pause.
                (Change::Release, Due::AtOnce(_)) => format!(
                    "fence = fence + 1,
                     lease_until = CASE WHEN $4 > $3 THEN $4 ELSE $3 END{}",
                    and(set)
                ),
            };
            kept(format!("UPDATE {table} SET {set} WHERE {key} = $1 AND fence = $2 AND {open}"))
        })
    }
}

/// Open, due and free, at the time `$1`; what lies beyond `$2` is over.
fn is_due(it: &Table) -> String {
    let open = it.open;
    match it.due {
        Due::AtOnce(_) => format!("{open} AND {FREE}"),
        Due::At(due) => format!("{open} AND ({due} <= $1 OR {due} > $2) AND {FREE}"),
    }
}

/// A statement that passes over what others have locked, where there are others.
fn locked(make: &dyn Fn(&str) -> String) -> Sql {
    Sql { sqlite: kept(make("")), postgres: kept(make(" FOR UPDATE SKIP LOCKED")) }
}

fn and(set: &str) -> String {
    if set.is_empty() { String::new() } else { format!(", {set}") }
}

/// A text for as long as the process runs; the same one is kept once.
pub(crate) fn kept(text: String) -> &'static str {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut all = KEPT.lock();
    let all = all.get_or_insert_default();
    if let Some(known) = all.get(text.as_str()) {
        return known;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    all.insert(text);
    text
}
