//! One value on its way from SQLite to PostgreSQL, by the type of the column it goes to.

use std::io::Write;

use anyhow::{Result, bail};
use chassis::db::{Decode, StoredRef};
use chrono::{DateTime, SecondsFormat, Timelike, Utc};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// The types columns may have in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Text,
    Bytes,
    Uuid,
    Time,
    Json,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    Time(DateTime<Utc>),
    /// As text: parsed only to be compared, so that no number is rounded on the way.
    Json(String),
}

impl Kind {
    /// By PostgreSQL's name of the type. None for one that nothing has needed yet.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "int2" | "int4" | "int8" => Self::Int,
            "text" | "varchar" => Self::Text,
            "bytea" => Self::Bytes,
            "uuid" => Self::Uuid,
            "timestamptz" => Self::Time,
            "json" | "jsonb" => Self::Json,
            _ => return None,
        })
    }
}

impl Cell {
    /// Reads a value of SQLite's.
    pub fn of_sqlite(value: StoredRef<'_>, kind: Kind) -> Result<Self> {
        fn read<T: Decode>(value: StoredRef<'_>, cell: impl Fn(T) -> Cell) -> Result<Cell> {
            let read = Option::<T>::from_sqlite(value).map_err(anyhow::Error::from_boxed)?;
            Ok(read.map_or(Cell::Null, cell))
        }
        let cell = match kind {
            Kind::Bool => read(value, Self::Bool),
            Kind::Int => read(value, Self::Int),
            Kind::Text => read(value, Self::Text),
            Kind::Bytes => read(value, Self::Bytes),
            Kind::Uuid => read(value, Self::Uuid),
            Kind::Time => read(value, Self::Time),
            Kind::Json => read(value, Self::Json),
        }?;
        match cell {
            Self::Time(time) if time.nanosecond() % 1000 != 0 => {
                bail!("{time} is more precise than a microsecond")
            }
            cell => Ok(cell),
        }
    }

    /// Reads a column of a PostgreSQL row, selected as [`super::layout::Column::selected`].
    pub fn of_postgres(row: &PgRow, at: usize, kind: Kind) -> Result<Self> {
        let cell = match kind {
            Kind::Bool => row.try_get::<Option<bool>, _>(at)?.map(Self::Bool),
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map(Self::Int),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Self::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Self::Bytes),
            Kind::Uuid => row.try_get::<Option<Uuid>, _>(at)?.map(Self::Uuid),
            Kind::Time => row.try_get::<Option<DateTime<Utc>>, _>(at)?.map(Self::Time),
            Kind::Json => row.try_get::<Option<String>, _>(at)?.map(Self::Json),
        };
        Ok(cell.unwrap_or(Self::Null))
    }

    /// Writes it as a field of COPY in text format.
    /// <https://www.postgresql.org/docs/current/sql-copy.html>
    pub fn copy(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"\\N"),
            Self::Bool(value) => out.push(if *value { b't' } else { b'f' }),
            Self::Int(value) => print(out, format_args!("{value}")),
            Self::Uuid(value) => print(out, format_args!("{value}")),
            Self::Time(value) => {
                out.extend_from_slice(
                    value.to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes(),
                );
            }
            Self::Bytes(value) => {
                out.extend_from_slice(b"\\\\x");
                out.extend_from_slice(hex::encode(value).as_bytes());
            }
            Self::Text(value) | Self::Json(value) => {
                for byte in value.bytes() {
                    match byte {
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\t' => out.extend_from_slice(b"\\t"),
                        byte => out.push(byte),
                    }
                }
            }
        }
    }

    /// Adds it to a digest that is the same on both sides.
    pub fn digest(&self, digest: &mut Sha256) -> Result<()> {
        let mut part = |tag: u8, bytes: &[u8]| {
            digest.update([tag]);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        match self {
            Self::Null => part(0, b""),
            Self::Bool(value) => part(1, &[u8::from(*value)]),
            Self::Int(value) => part(2, &value.to_be_bytes()),
            Self::Text(value) => part(3, value.as_bytes()),
            Self::Bytes(value) => part(4, value),
            Self::Uuid(value) => part(5, value.as_bytes()),
            Self::Time(value) => part(6, &value.timestamp_micros().to_be_bytes()),
            Self::Json(value) => {
                let mut text = String::new();
                canonical(&serde_json::from_str(value)?, &mut text);
                part(7, text.as_bytes());
            }
        }
        Ok(())
    }
}

fn print(out: &mut Vec<u8>, value: std::fmt::Arguments<'_>) {
    // Memory takes whatever is written.
    let _ = out.write_fmt(value);
}

/// JSON in one form: PostgreSQL sorts keys its own way and writes 1e2 as 100.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in members {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Number(number) => out.push_str(&plain(number)),
        value => out.push_str(&value.to_string()),
    }
}

/// A number by its value: whole ones as such, as far as a double holds them exactly.
fn plain(number: &Number) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if value.fract() == 0.0 && value.abs() <= EXACT => format!("{}", value as i64),
        Some(value) => format!("{value:e}"),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(cell: &Cell) -> Vec<u8> {
        let mut digest = Sha256::new();
        cell.digest(&mut digest).expect("a digest");
        digest.finalize().to_vec()
    }

    #[test]
    fn json_is_compared_by_what_it_says() {
        let json = |text: &str| digest(&Cell::Json(text.to_owned()));
        for (one, other) in [
            (r#"{"b":1,"a":[2]}"#, r#"{"a": [2], "b": 1}"#),
            (r#"[1e2, 1.50, -0.0]"#, "[100, 1.5, 0]"),
            (r#"[1e16, 12345678901234567890]"#, "[10000000000000000, 12345678901234567890]"),
            (r#""\u00e9""#, r#""é""#),
        ] {
            assert_eq!(json(one), json(other), "{one}");
        }
        for (one, other) in [("[1,2]", "[2,1]"), ("[1]", r#"["1"]"#), ("{}", "[]"), ("0.1", "0.2")]
        {
            assert_ne!(json(one), json(other), "{one}");
        }
        assert!(Cell::Json("[".to_owned()).digest(&mut Sha256::new()).is_err());
    }

    #[test]
    fn nothing_and_the_empty_text_are_two_things() {
        let text = |text: &str| Cell::Text(text.to_owned());
        assert_ne!(digest(&Cell::Null), digest(&text("")));
        assert_ne!(digest(&text("1")), digest(&Cell::Int(1)));
    }

    #[test]
    fn fields_are_escaped() {
        let copied = |cell: &Cell| {
            let mut out = Vec::new();
            cell.copy(&mut out);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(copied(&Cell::Text("a\\N\tb\r\nc".to_owned())), "a\\\\N\\tb\\r\\nc");
        assert_eq!(copied(&Cell::Null), "\\N");
        assert_eq!(copied(&Cell::Bytes(vec![0, 255])), "\\\\x00ff");
        let time = "2026-01-02T12:00:00.000001Z".parse().expect("a time");
        assert_eq!(copied(&Cell::Time(time)), "2026-01-02T12:00:00.000001Z");
    }
}
