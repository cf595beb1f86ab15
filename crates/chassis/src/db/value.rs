//! What a column may hold, on both databases.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use rusqlite::types::{Value as Stored, ValueRef};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Postgres;
use uuid::Uuid;

/// Why a value could not be stored or read.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A parameter of a statement.
pub trait Encode: Sized + Send {
    /// What PostgreSQL's driver takes for it.
    type Postgres: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres> + Send + 'static;

    fn postgres(self) -> Result<Self::Postgres, Cause>;
    fn sqlite(self) -> Result<Stored, Cause>;
}

/// A value of a row.
pub trait Decode: Sized {
    /// What PostgreSQL's driver gives for it.
    type Postgres: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>;

    fn from_postgres(value: Self::Postgres) -> Result<Self, Cause>;
    fn from_sqlite(value: ValueRef<'_>) -> Result<Self, Cause>;
}

/// A value kept as JSON.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> std::ops::Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> AsRef<T> for Json<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// Stores a type as the text of another: `stored_as!(Status as String)`. It needs `TryFrom` that
/// type, and `Into` it.
#[macro_export]
macro_rules! stored_as {
    ($type:ty as $stored:ty) => {
        impl $crate::db::Encode for $type {
            type Postgres = <$stored as $crate::db::Encode>::Postgres;

            fn postgres(self) -> Result<Self::Postgres, $crate::db::Cause> {
                $crate::db::Encode::postgres(<$stored>::from(self))
            }

            fn sqlite(self) -> Result<$crate::db::StoredValue, $crate::db::Cause> {
                $crate::db::Encode::sqlite(<$stored>::from(self))
            }
        }

        impl $crate::db::Decode for $type {
            type Postgres = <$stored as $crate::db::Decode>::Postgres;

            fn from_postgres(value: Self::Postgres) -> Result<Self, $crate::db::Cause> {
                let stored = <$stored as $crate::db::Decode>::from_postgres(value)?;
                Ok(<$type>::try_from(stored)?)
            }

            fn from_sqlite(value: $crate::db::StoredRef<'_>) -> Result<Self, $crate::db::Cause> {
                let stored = <$stored as $crate::db::Decode>::from_sqlite(value)?;
                Ok(<$type>::try_from(stored)?)
            }
        }
    };
}

/// A type both drivers know.
macro_rules! known {
    ($type:ty, |$given:ident| $stored:expr, |$found:ident| $read:expr) => {
        impl Encode for $type {
            type Postgres = Self;

            fn postgres(self) -> Result<Self, Cause> {
                Ok(self)
            }

            fn sqlite(self) -> Result<Stored, Cause> {
                let $given = self;
                Ok($stored)
            }
        }

        impl Decode for $type {
            type Postgres = Self;

            fn from_postgres(value: Self) -> Result<Self, Cause> {
                Ok(value)
            }

            fn from_sqlite($found: ValueRef<'_>) -> Result<Self, Cause> {
                Ok($read)
            }
        }
    };
}

known!(bool, |it| Stored::Integer(i64::from(it)), |it| it.as_i64()? != 0);
known!(i64, |it| Stored::Integer(it), |it| it.as_i64()?);
known!(i32, |it| Stored::Integer(i64::from(it)), |it| it.as_i64()?.try_into()?);
known!(i16, |it| Stored::Integer(i64::from(it)), |it| it.as_i64()?.try_into()?);
known!(f64, |it| Stored::Real(it), |it| match it {
    ValueRef::Integer(whole) => whole as f64,
    it => it.as_f64()?,
});
known!(String, |it| Stored::Text(it), |it| it.as_str()?.to_owned());
known!(Vec<u8>, |it| Stored::Blob(it), |it| it.as_bytes()?.to_owned());
// In binary, as PostgreSQL has it too.
known!(Uuid, |it| Stored::Blob(it.as_bytes().to_vec()), |it| Uuid::from_slice(it.as_blob()?)?);
known!(DateTime<Utc>, |it| Stored::Text(it.to_rfc3339_opts(SecondsFormat::AutoSi, false)), |it| {
    time(it.as_str()?)?
});
known!(NaiveDate, |it| Stored::Text(it.format("%F").to_string()), |it| NaiveDate::parse_from_str(
    it.as_str()?,
    "%F"
)?);

/// As this program writes it, or as SQLite's own functions do, which is in UTC.
fn time(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|it| it.to_utc()).or_else(|error| {
        NaiveDateTime::parse_from_str(text, "%F %T%.f").map(|it| it.and_utc()).map_err(|_| error)
    })
}

impl Encode for &str {
    type Postgres = String;

    fn postgres(self) -> Result<String, Cause> {
        Ok(self.to_owned())
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        Ok(Stored::Text(self.to_owned()))
    }
}

impl Encode for Cow<'_, str> {
    type Postgres = String;

    fn postgres(self) -> Result<String, Cause> {
        Ok(self.into_owned())
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        Ok(Stored::Text(self.into_owned()))
    }
}

impl Encode for &[u8] {
    type Postgres = Vec<u8>;

    fn postgres(self) -> Result<Vec<u8>, Cause> {
        Ok(self.to_vec())
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        Ok(Stored::Blob(self.to_vec()))
    }
}

impl<T: Encode + Clone + Sync> Encode for &T {
    type Postgres = T::Postgres;

    fn postgres(self) -> Result<T::Postgres, Cause> {
        self.clone().postgres()
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        self.clone().sqlite()
    }
}

impl<T: Encode + Clone + Sync> Encode for Arc<T> {
    type Postgres = T::Postgres;

    fn postgres(self) -> Result<T::Postgres, Cause> {
        Self::unwrap_or_clone(self).postgres()
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        Self::unwrap_or_clone(self).sqlite()
    }
}

impl<T: Encode> Encode for Option<T>
where
    Option<T::Postgres>: for<'q> sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>,
{
    type Postgres = Option<T::Postgres>;

    fn postgres(self) -> Result<Self::Postgres, Cause> {
        self.map(T::postgres).transpose()
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        self.map_or(Ok(Stored::Null), T::sqlite)
    }
}

impl<T: Decode> Decode for Option<T>
where
    Option<T::Postgres>: for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    type Postgres = Option<T::Postgres>;

    fn from_postgres(value: Self::Postgres) -> Result<Self, Cause> {
        value.map(T::from_postgres).transpose()
    }

    fn from_sqlite(value: ValueRef<'_>) -> Result<Self, Cause> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_sqlite(value).map(Some),
        }
    }
}

impl<T: Serialize + Send> Encode for Json<T> {
    type Postgres = sqlx::types::Json<Box<serde_json::value::RawValue>>;

    fn postgres(self) -> Result<Self::Postgres, Cause> {
        Ok(sqlx::types::Json(serde_json::value::to_raw_value(&self.0)?))
    }

    fn sqlite(self) -> Result<Stored, Cause> {
        Ok(Stored::Text(serde_json::to_string(&self.0)?))
    }
}

impl<T: DeserializeOwned + 'static> Decode for Json<T> {
    type Postgres = sqlx::types::Json<T>;

    fn from_postgres(value: Self::Postgres) -> Result<Self, Cause> {
        Ok(Self(value.0))
    }

    fn from_sqlite(value: ValueRef<'_>) -> Result<Self, Cause> {
        Ok(Self(serde_json::from_slice(value.as_bytes()?)?))
    }
}

/// A text that is none of the words it has to be one of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not one of: {}", allowed.join(", "))]
pub struct UnknownWord {
    pub word: String,
    pub allowed: &'static [&'static str],
}
