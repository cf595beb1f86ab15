//! Lists: filtered, sorted, in pages that begin after a place, and counted.

use super::text::{intern, list, padded};
use super::{Columns, Encode, Query, Result, Session};

type Bind = Box<dyn for<'c> Fn(Query<'c>) -> Query<'c> + Send + Sync>;

/// A list put together from the filters that are in use, so that the database plans each
/// combination for itself.
pub struct Select {
    from: String,
    conditions: Vec<String>,
    values: Vec<Bind>,
    order: String,
    /// After the order: how many rows, and how many of them are left out.
    limit: String,
}

impl Select {
    /// From a table, or several that are joined.
    pub fn from(from: impl Into<String>) -> Self {
        let (order, limit) = (String::new(), String::new());
        Self { from: from.into(), conditions: vec![], values: vec![], order, limit }
    }

    /// Binds a value; returns its place in a text.
    pub fn bind(&mut self, value: impl Encode + Clone + Sync + 'static) -> String {
        self.values.push(Box::new(move |query| query.bind(&value)));
        format!("${}", self.values.len())
    }

    /// Only rows for which this holds.
    pub fn filter(&mut self, condition: impl Into<String>) -> &mut Self {
        self.conditions.push(condition.into());
        self
    }

    /// Only rows with this value, if there is one.
    pub fn equal<T>(&mut self, column: &str, value: Option<T>) -> &mut Self
    where
        T: Encode + Clone + Sync + 'static,
    {
        self.compare(column, "=", value)
    }

    /// Only rows whose column compares so with this value, if there is one.
    pub fn compare<T>(&mut self, column: &str, how: &str, value: Option<T>) -> &mut Self
    where
        T: Encode + Clone + Sync + 'static,
    {
        if let Some(value) = value {
            let place = self.bind(value);
            self.conditions.push(format!("{column} {how} {place}"));
        }
        self
    }

    /// Only rows whose column has one of these values.
    pub fn one_of<T>(&mut self, column: &str, values: impl IntoIterator<Item = T>) -> &mut Self
    where
        T: Encode + Clone + Sync + 'static,
        Option<T>: Encode,
    {
        let values: Vec<T> = values.into_iter().collect();
        let mut places = Vec::with_capacity(padded(values.len()));
        for at in 0..padded(values.len()) {
            // As in `sql!`: the last one fills what is left, and none is NULL.
            places.push(self.bind(values.get(at).or(values.last()).cloned()));
        }
        self.conditions.push(format!("{column} IN ({})", places.join(", ")));
        self
    }

    /// In this order: `"placed_at DESC, id DESC"`.
    pub fn order(&mut self, order: impl Into<String>) -> &mut Self {
        self.order = format!(" ORDER BY {}", order.into());
        self
    }

    /// At most so many rows.
    pub fn limit(&mut self, limit: i64) -> &mut Self {
        let limit = self.bind(limit);
        self.limit.push_str(&format!(" LIMIT {limit}"));
        self
    }

    /// Without the first ones.
    pub fn skip(&mut self, count: i64) -> &mut Self {
        if count > 0 {
            let count = self.bind(count);
            self.limit.push_str(&format!(" OFFSET {count}"));
        }
        self
    }

    /// The rows, with the columns of their type; each behind `table.` if that is given.
    pub fn records<'c, T: Columns>(&self, db: impl Session<'c>, table: &str) -> Query<'c> {
        self.columns(db, &list(table, T::columns))
    }

    /// The rows, with these columns.
    pub fn columns<'c>(&self, db: impl Session<'c>, columns: &str) -> Query<'c> {
        let (order, limit) = (&self.order, &self.limit);
        let text = format!("SELECT {columns} FROM {}{}{order}{limit}", self.from, self.filters());
        self.query(db, text)
    }

    /// How many rows there are; for lists without order and limit.
    pub async fn count(&self, db: impl Session<'_>) -> Result<i64> {
        let text = format!("SELECT count(*) FROM {}{}", self.from, self.filters());
        let (count,) = self.query(db, text).one().await?;
        Ok(count)
    }

    fn filters(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    fn query<'c>(&self, db: impl Session<'c>, text: String) -> Query<'c> {
        self.values.iter().fold(db.query(intern(text)), |query, bind| bind(query))
    }
}
