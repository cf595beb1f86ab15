//! The catalog's SQL, all of it: one file per table group.

pub(crate) mod categories;
pub(crate) mod fulfillment;
pub(crate) mod imports;
pub(crate) mod invariants;
pub(crate) mod listing;
pub(crate) mod own;
pub(crate) mod pictures;
pub(crate) mod products;
pub(crate) mod reservations;
pub(crate) mod stock;

use chassis::db::{Result, Session, sql};

/// How many values, or rows, a statement is given at most where a list may be long.
const PART: usize = 500;

/// What tells this database's transactions from those of others: they are numbered per cluster and,
/// once it was restored to a point in time, per timeline. Tests have several schemas in one
/// database.
pub(crate) async fn identity(db: impl Session<'_>) -> Result<String> {
    let which = sql!(
        sqlite: "SELECT ''",
        postgres: "SELECT concat_ws(':', s.system_identifier, c.timeline_id, d.oid,
                                    current_schema())
                   FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d
                   WHERE d.datname = current_database()",
    );
    let (database,) = db.query(which).one().await?;
    Ok(database)
}

#[cfg(test)]
mod tests;
