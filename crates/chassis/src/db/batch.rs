//! Writes of a transaction that go together: on PostgreSQL they are one statement, and one way
//! there and back.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use parking_lot::RwLock;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, Execute as _, Row as _};

use super::{Cause, Error, Inner, Query, Result, Session, StoredValue, Table, Tx, TxInner};

/// Writes of a transaction that are carried out together. None sees what another does, and no two
/// may change the same row: on PostgreSQL they are one statement. On SQLite they run in this order.
pub struct Batch<'t> {
    pub(crate) tx: &'t mut Tx,
    writes: Vec<Write>,
    /// What PostgreSQL is given for all of them.
    arguments: PgArguments,
    /// Why a parameter could not be bound.
    unbound: Option<Cause>,
}

struct Write {
    text: &'static str,
    /// Its values, on SQLite.
    values: Vec<StoredValue>,
    /// How many values PostgreSQL gets before its own.
    before: usize,
    must: bool,
}

impl Tx {
    /// Inserts rows: on PostgreSQL many with each statement.
    pub async fn insert_all<T: Table>(&mut self, rows: &[T]) -> Result<()> {
        for rows in self.portions(rows) {
            self.insert_rows(rows).execute().await?;
        }
        Ok(())
    }

    /// Several writes at once: on PostgreSQL with one statement.
    pub fn batch(&mut self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Rows, by how many are inserted at a time.
    fn portions<'r, T>(&self, rows: &'r [T]) -> Vec<&'r [T]> {
        /// PostgreSQL takes at most 65,535 values at once.
        const MOST: usize = 64;
        let (mut portions, mut rest) = (Vec::new(), rows);
        while !rest.is_empty() {
            let count = match self.inner {
                // Here a statement costs no way there and back.
                TxInner::Sqlite(_) => 1,
                // By halves, so that few texts do.
                TxInner::Postgres(_) => (rest.len() / 2 + 1).next_power_of_two().min(MOST),
            };
            let (now, later) = rest.split_at(count.min(rest.len()));
            portions.push(now);
            rest = later;
        }
        portions
    }

    fn insert_rows<T: Table>(&mut self, rows: &[T]) -> Query<'_> {
        let texts = T::texts();
        let query = self.query(match rows.len() {
            1 => texts.insert,
            count => texts.insert_many(count),
        });
        rows.iter().fold(query, |query, row| row.bind_to(query))
    }
}

impl<'t> Batch<'t> {
    pub(super) fn new(tx: &'t mut Tx) -> Self {
        Self { tx, writes: vec![], arguments: PgArguments::default(), unbound: None }
    }

    /// Adds a write without `RETURNING`, whatever it touches: `batch.add(|tx| tx.insert(&row))`.
    pub fn add(&mut self, write: impl for<'q> FnOnce(&'q mut Tx) -> Query<'q>) -> &mut Self {
        self.push(write, false)
    }

    /// Adds a write that has to touch a row: where it does not, the transaction has to be undone.
    pub fn must(&mut self, write: impl for<'q> FnOnce(&'q mut Tx) -> Query<'q>) -> &mut Self {
        self.push(write, true)
    }

    /// Adds the insert of these rows.
    pub fn insert_all<T: Table>(&mut self, rows: &[T]) -> &mut Self {
        for rows in self.tx.portions(rows) {
            self.add(|tx| tx.insert_rows(rows));
        }
        self
    }

    /// Carries them out, all of them, whatever the others touch. False where one that must touch a
    /// row has touched none.
    pub async fn execute(self) -> Result<bool> {
        Ok(self.touched().await?.into_iter().all(|it| it))
    }

    /// Carries them out. Whether each of those that must touch a row has touched one.
    pub async fn touched(self) -> Result<Vec<bool>> {
        let Self { tx, writes, arguments, unbound } = self;
        match unbound {
            Some(cause) => return Err(Error::Driver(cause)),
            None if writes.is_empty() => return Ok(vec![]),
            None => {}
        }
        match &mut tx.inner {
            TxInner::Sqlite(lent) => {
                let mut touched = Vec::new();
                for write in &writes {
                    let rows = lent.execute(write.text, &write.values)?;
                    touched.extend(write.must.then_some(rows > 0));
                }
                Ok(touched)
            }
            TxInner::Postgres(lease) => {
                let query = sqlx::query_with(text(&writes), arguments);
                let row = lease.run(async |on| query.fetch_one(on).await).await;
                Ok(row.map_err(Error::sort)?.try_get(0)?)
            }
        }
    }

    fn push(
        &mut self,
        write: impl for<'q> FnOnce(&'q mut Tx) -> Query<'q>,
        must: bool,
    ) -> &mut Self {
        let before = self.arguments.len();
        self.tx.arguments = std::mem::take(&mut self.arguments);
        let Query { inner, unbound } = write(self.tx);
        let mut unbound = self.unbound.take().or(unbound);
        let (text, values) = match inner {
            Inner::Sqlite(text, values, _) => (text, values),
            Inner::Postgres(text, mut query, _) => {
                match query.take_arguments() {
                    Ok(arguments) => self.arguments = arguments.unwrap_or_default(),
                    Err(cause) => unbound = unbound.or(Some(cause)),
                }
                (text, vec![])
            }
        };
        self.unbound = unbound;
        self.writes.push(Write { text, values, before, must });
        self
    }
}

/// The statement that these are on PostgreSQL, made once. It tells whether those that must have
/// touched a row.
fn text(writes: &[Write]) -> &'static str {
    type Key = Vec<(usize, usize, bool)>;
    static TEXTS: LazyLock<RwLock<HashMap<Key, &'static str>>> = LazyLock::new(RwLock::default);
    // Texts are kept forever, so that their places name them.
    let key = |it: &Write| (it.text.as_ptr() as usize, it.text.len(), it.must);
    let key: Key = writes.iter().map(key).collect();
    let known = TEXTS.read().get(&key).copied();
    known.unwrap_or_else(|| {
        let mut texts = TEXTS.write();
        texts.entry(key).or_insert_with(|| super::text::intern(join(writes)))
    })
}

fn join(writes: &[Write]) -> String {
    let (mut parts, mut touched) = (Vec::new(), Vec::new());
    for (at, write) in writes.iter().enumerate() {
        let text = numbered(write.text, write.before);
        let returning = if write.must { " RETURNING 1" } else { "" };
        parts.push(format!("w{at} AS ({text}{returning})"));
        if write.must {
            touched.push(format!("EXISTS (SELECT 1 FROM w{at})"));
        }
    }
    let (parts, touched) = (parts.join(", "), touched.join(", "));
    format!("WITH {parts} SELECT CAST(ARRAY[{touched}] AS BOOLEAN[])")
}

/// The text with its values' numbers that much higher.
fn numbered(text: &str, higher: usize) -> String {
    let mut pieces = text.split('$');
    let mut numbered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        // A String takes whatever is written.
        let _ = match number.parse::<usize>() {
            Ok(number) => write!(numbered, "${}{rest}", number + higher),
            Err(_) => write!(numbered, "${piece}"),
        };
    }
    numbered
}
