//! Search keys: what rows are searched by.
//!
//! `lower()` of SQL knows no letters but those of ASCII, on SQLite always and on PostgreSQL with the
//! collation `C`. So a table that people search has a column `search_key`: the texts of a row, folded
//! ([`fold`]), which [`Select::search`](super::Select::search) compares with the folded text that is
//! looked for. Whoever writes such a row writes its key with it.
//!
//! A row without a key is found by no search. A trigger takes the key off a row whose texts were
//! changed without it, as processes of an earlier version do, and rows that are older than the column
//! have none. [`SearchKeys`] gives them one, some seconds later.

use uuid::Uuid;

use super::text::{intern, rows};
use super::{Db, Result, Session, Sql};
use crate::fold::fold;

/// Rows that get their key at once.
const BATCH: usize = 256;

/// The search keys of a table with the key `id`.
#[derive(Clone, Copy, Debug)]
pub struct SearchKeys {
    pub table: &'static str,
    /// What its texts are read from: the table as `it`, and what is joined to it.
    pub from: &'static str,
    /// An expression: the texts of a row with spaces between them, in the order in which they are
    /// given to [`search_key`].
    pub texts: &'static str,
}

/// The key of a row with these texts, and what is looked for in it: folded, with single spaces.
pub fn search_key(texts: &[&str]) -> String {
    let words = texts.iter().flat_map(|it| it.split_whitespace());
    fold(&words.collect::<Vec<_>>().join(" "))
}

impl SearchKeys {
    /// Gives some of the rows without a key theirs; false where there are none. Several processes
    /// share the work, and a row that somebody is just writing is left for the next time.
    pub async fn fill(&self, db: &Db) -> Result<bool> {
        let Self { table, from, texts } = self;
        let some = intern(format!("SELECT id FROM {table} WHERE search_key IS NULL LIMIT 1"));
        if db.query(some).optional::<(Uuid,)>().await?.is_none() {
            return Ok(false);
        }
        let sqlite = intern(format!(
            "SELECT it.id, {texts} FROM {from} WHERE it.search_key IS NULL LIMIT {BATCH}"
        ));
        let postgres = intern(format!("{sqlite} FOR NO KEY UPDATE OF it SKIP LOCKED"));
        let mut tx = db.begin().await?;
        let found: Vec<(Uuid, String)> = tx.query(Sql { sqlite, postgres }).all().await?;
        if !found.is_empty() {
            let update = intern(format!(
                "WITH keys (id, search_key) AS (VALUES {})
                 UPDATE {table} SET search_key = keys.search_key FROM keys
                 WHERE {table}.id = keys.id",
                rows(1, 2, found.len())
            ));
            let update = found
                .iter()
                .fold(tx.query(update), |it, (id, texts)| it.bind(id).bind(search_key(&[texts])));
            update.execute().await?;
        }
        tx.commit().await?;
        Ok(found.len() == BATCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_however_its_texts_are_joined() {
        for (texts, key) in [
            (&["CW-7", "Änne  Özdemir", ""][..], "cw-7 anne ozdemir"),
            (&[" CW-7 Änne Özdemir "][..], "cw-7 anne ozdemir"),
            (&["", " \u{a0}\t"][..], ""),
        ] {
            assert_eq!(search_key(texts), key);
        }
    }
}
