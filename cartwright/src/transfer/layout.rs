//! What tables a database has, by its own catalogue, so that no new table can be forgotten.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use chassis::db::PooledConnection;
use rusqlite::Params;
use sqlx::PgConnection;

use super::cell::Kind;

/// The record of a transfer, in the target.
pub const RECORD: &str = "_transfer";
/// The lease of a row. The shop is stopped, so there are none.
const LEASE: &str = "lease_until";

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The primary key, in its order.
    key: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub nullable: bool,
    /// Whether PostgreSQL numbers it.
    pub numbered: bool,
}

impl Table {
    /// Every table of a PostgreSQL database but the records of migrations and transfers.
    pub async fn all(conn: &mut PgConnection, service: &str) -> Result<Vec<Self>> {
        const COLUMNS: &str = "SELECT attname, typname, NOT attnotnull, attidentity <> ''
             FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
             WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped
             ORDER BY attnum";
        const KEY: &str = "SELECT attname FROM pg_index
             CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
             JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number
             WHERE indrelid = to_regclass(quote_ident($1)) AND indisprimary ORDER BY place";
        let mut tables = Vec::new();
        for name in names(conn, service).await? {
            let mut columns = Vec::new();
            let rows: Vec<(String, String, bool, bool)> =
                sqlx::query_as(COLUMNS).bind(&name).fetch_all(&mut *conn).await?;
            for (column, kind, nullable, numbered) in rows {
                let Some(kind) = Kind::of(&kind) else {
                    bail!("{name}.{column} has the type {kind}, which transfer does not support");
                };
                columns.push(Column { name: column, kind, nullable, numbered });
            }
            let key = sqlx::query_scalar(KEY).bind(&name).fetch_all(&mut *conn).await?;
            tables.push(Self { name, columns, key });
        }
        Ok(tables)
    }

    pub fn columns(&self) -> String {
        self.list(|it| quoted(&it.name))
    }

    pub fn select_from_sqlite(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|it| quoted(it)).collect();
        let (columns, name, key) = (self.columns(), quoted(&self.name), key.join(", "));
        format!("SELECT {columns} FROM {name} ORDER BY {key}")
    }

    /// In the same order as from SQLite, which sorts text by its bytes.
    pub fn select_from_postgres(&self) -> String {
        let key: Vec<String> = self.key.iter().map(|it| self.sorted(it)).collect();
        let (columns, name) = (self.list(Column::selected), quoted(&self.name));
        format!("SELECT {columns} FROM {name} AS it ORDER BY {}", key.join(", "))
    }

    fn sorted(&self, name: &str) -> String {
        let text = self.columns.iter().any(|it| it.name == name && it.kind == Kind::Text);
        format!("it.{}{}", quoted(name), if text { " COLLATE \"C\"" } else { "" })
    }

    fn list(&self, one: impl Fn(&Column) -> String) -> String {
        self.columns.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

impl Column {
    /// Whether it says who works on the row until when.
    pub fn is_lease(&self) -> bool {
        self.kind == Kind::Time && self.name == LEASE
    }

    fn selected(&self) -> String {
        let name = quoted(&self.name);
        match self.kind {
            Kind::Int => format!("CAST({name} AS BIGINT)"),
            Kind::Json => format!("CAST({name} AS TEXT)"),
            _ => name,
        }
    }
}

/// Says where the tables of the two databases differ. After the same migrations they do not.
pub fn compare(tables: &[Table], files: &PooledConnection, service: &str) -> Result<()> {
    const TABLES: &str = "SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut theirs: BTreeSet<String> = texts(files, TABLES, [])?;
    theirs.retain(|it| !is_record(it, service));
    let ours: BTreeSet<_> = tables.iter().map(|it| it.name.clone()).collect();
    if let Some(name) = theirs.difference(&ours).next() {
        bail!("the table {name} exists in SQLite but not in PostgreSQL");
    }
    if let Some(name) = ours.difference(&theirs).next() {
        bail!("the table {name} exists in PostgreSQL but not in SQLite");
    }
    for table in tables {
        if table.key.is_empty() {
            bail!("the table {} has no primary key", table.name);
        }
        let theirs = texts(files, "SELECT name FROM pragma_table_info(?1)", [&table.name])?;
        let ours: BTreeSet<_> = table.columns.iter().map(|it| it.name.clone()).collect();
        if let Some(column) = theirs.symmetric_difference(&ours).next() {
            bail!("the column {}.{column} exists in only one of the databases", table.name);
        }
    }
    Ok(())
}

/// The foreign keys that are checked at once, as (table, constraint).
pub async fn foreign_keys(conn: &mut PgConnection) -> Result<Vec<(String, String)>> {
    const KEYS: &str = "SELECT relname, conname FROM pg_constraint
         JOIN pg_class ON pg_class.oid = conrelid
         WHERE contype = 'f' AND NOT condeferrable
           AND relnamespace = CAST(current_schema() AS regnamespace) ORDER BY 1, 2";
    Ok(sqlx::query_as(KEYS).fetch_all(conn).await?)
}

/// The last number SQLite gave a row of the table, or 0.
pub fn last_number(files: &PooledConnection, table: &Table, column: &str) -> Result<i64> {
    let (name, column) = (quoted(&table.name), quoted(column));
    let highest = format!("SELECT coalesce(max({column}), 0) FROM {name}");
    let highest: i64 = files.query_row(&highest, [], |row| row.get(0))?;
    // There once a table has asked for it.
    if !files.table_exists(None, "sqlite_sequence")? {
        return Ok(highest);
    }
    let given = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
    let given: i64 = files.query_row(given, [&table.name], |row| row.get(0))?;
    Ok(given.max(highest))
}

fn texts(files: &PooledConnection, sql: &str, parameters: impl Params) -> Result<BTreeSet<String>> {
    let mut statement = files.prepare(sql)?;
    let texts = statement.query_map(parameters, |row| row.get(0))?;
    Ok(texts.collect::<rusqlite::Result<_>>()?)
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn names(conn: &mut PgConnection, service: &str) -> Result<Vec<String>> {
    const TABLES: &str = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')
         AND relnamespace = CAST(current_schema() AS regnamespace) ORDER BY 1";
    let all: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(conn).await?;
    Ok(all.into_iter().filter(|it| !is_record(it, service)).collect())
}

fn is_record(table: &str, service: &str) -> bool {
    let migrations = |set: &str| table == format!("_{set}_migrations");
    table == RECORD || migrations("chassis") || migrations(service)
}
