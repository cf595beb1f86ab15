//! Lists of stock, with what it is of.

use chassis::db::{Db, Record, Result, Select, Session, search_key};
use chassis::page::Place;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Status, Stock};

/// How many SKUs are looked up one by one and sorted. Where more match, SQLite walks the list in
/// its order, and soon has a page.
const FEW: i64 = 2_000;
/// So many letters in a row are what the index of search keys knows.
const LETTERS: usize = 3;

/// Which stock is asked for; what is absent is no condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only what can be sold out and has at most so many units available.
    pub(crate) low: Option<i64>,
    pub(crate) product: Option<Uuid>,
    /// Part of the SKU, the barcode or the titles of variant and product, whatever its case and
    /// accents.
    pub(crate) text: Option<String>,
    /// Only what was changed then or later, oldest change first.
    pub(crate) updated_since: Option<DateTime<Utc>>,
}

/// A stock with what it is of.
#[derive(Clone, Debug, Record)]
pub(crate) struct Listed {
    #[record(flatten)]
    pub(crate) stock: Stock,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) product_slug: String,
    pub(crate) product_title: String,
    pub(crate) product_status: Status,
    pub(crate) variant_title: String,
}

/// Stock by SKU or by its changes, from after a place on.
pub(crate) async fn list(
    db: &Db,
    filter: &Filter,
    after: Option<Place<String>>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let mut list = filter.select();
    if let Some(phrase) = filter.phrase(db).filter(|_| filter.updated_since.is_none())
        && is_rare(db, &phrase).await?
    {
        among(&mut list, phrase);
    }
    match (filter.updated_since, after) {
        (Some(_), after) => list.by_change(("s.updated_at", "s.sku"), after),
        (None, Some(Place::Key(sku))) => list.compare("s.sku", ">", Some(sku)).order("s.sku"),
        (None, _) => list.order("s.sku"),
    };
    let what = "p.slug AS product_slug, p.title AS product_title, p.status AS product_status,
                v.title AS variant_title";
    list.limit(limit).columns(db, &format!("s.*, {what}")).all().await
}

/// How many there are.
pub(crate) async fn count(db: &Db, filter: &Filter) -> Result<i64> {
    let mut list = filter.select();
    if let Some(phrase) = filter.phrase(db) {
        among(&mut list, phrase);
    }
    list.count(db).await
}

impl Filter {
    fn select(&self) -> Select {
        let mut list = Select::from(
            "stock s JOIN products p ON p.id = s.product_id JOIN variants v ON v.sku = s.sku",
        );
        if let Some(low) = self.low {
            let low = list.bind(low);
            list.filter(format!(
                "s.policy = 'deny' AND s.on_hand - s.allocated - s.reserved <= {low}"
            ));
        }
        list.equal("s.product_id", self.product);
        list.compare("s.updated_at", ">=", self.updated_since);
        list.search("v.search_key", self.text.as_deref());
        list
    }

    /// What SQLite's index is asked for: the text, as a phrase. None where the text is too short for
    /// it. PostgreSQL sees by itself what its index is good for.
    fn phrase(&self, db: &Db) -> Option<String> {
        let text = self.text.as_deref().filter(|_| db.is_sqlite())?;
        let text = search_key(&[text]);
        let phrase = format!("\"{}\"", text.replace('"', "\"\""));
        (text.chars().count() >= LETTERS).then_some(phrase)
    }
}

async fn is_rare(db: &Db, phrase: &str) -> Result<bool> {
    const COUNT: &str = "SELECT count(*) FROM (
        SELECT 1 FROM variant_search WHERE variant_search MATCH $1 LIMIT $2)";
    let (found,): (i64,) = db.query(COUNT).bind(phrase).bind(FEW + 1).one().await?;
    Ok(found <= FEW)
}

/// Only what is in SQLite's index.
fn among(list: &mut Select, phrase: String) {
    let phrase = list.bind(phrase);
    list.filter(format!(
        "v.search_row IN (SELECT rowid FROM variant_search WHERE variant_search MATCH {phrase})"
    ));
}

#[cfg(test)]
mod tests {
    use chassis::testing::{Database, databases, noon};

    use super::*;
    use crate::books::StockTx;
    use crate::model::{NewProduct, NewVariant};
    use crate::store::products::SEARCH_KEYS;

    /// More than are looked up one by one.
    const MANY: usize = 2_040;

    #[databases]
    async fn what_matches_much_and_what_matches_little_is_found_in_pages(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let variant = |at: usize| NewVariant {
            sku: Some(format!("DÉNSE-{at:04}")),
            options: [("Size".to_owned(), at.to_string())].into(),
            ..NewVariant::default()
        };
        let new = NewProduct {
            title: "Lamp".to_owned(),
            variants: (0..MANY).map(variant).collect(),
            ..NewProduct::default()
        };
        let mut tx = db.begin().await.unwrap();
        crate::products::create(&mut StockTx::open(&mut tx, noon(), 0), new).await.unwrap();
        tx.commit().await.unwrap();
        let check = async |keys: bool| {
            for (text, from, found) in
                [("dense", 0, MANY), ("lamp dense-004", 0, 0), ("dense-004", 40, 10), ("7", 7, 543)]
            {
                let found = if keys { found } else { 0 };
                let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
                let counted = count(db, &filter).await.unwrap();
                if text != "7" {
                    assert_eq!(counted, found as i64, "{} {text}", platform.kind);
                }
                let first = list(db, &filter, None, 3).await.unwrap();
                let skus: Vec<&str> = first.iter().map(|it| it.stock.sku.as_str()).collect();
                assert_eq!(skus.len(), found.min(3), "{} {text}", platform.kind);
                let Some(last) = skus.last() else { continue };
                assert_eq!(skus[0], format!("DÉNSE-{from:04}"), "{text}");
                let after = Some(Place::Key((*last).to_owned()));
                let next = list(db, &filter, after, 1).await.unwrap();
                assert!(next[0].stock.sku.as_str() > *last, "{text}");
            }
        };
        check(true).await;
        // As they were before there were keys.
        db.query("UPDATE variants SET search_key = NULL").execute().await.unwrap();
        check(false).await;
        while SEARCH_KEYS.fill(db).await.unwrap() {}
        check(true).await;
        // An older process that changes texts takes the keys off.
        for change in ["UPDATE products SET title = 'Tisch'", "UPDATE variants SET barcode = '88'"]
        {
            db.query(change).execute().await.unwrap();
            check(false).await;
            while SEARCH_KEYS.fill(db).await.unwrap() {}
            check(true).await;
        }
        let named = Filter { text: Some("dense-0042 tisch 42 88".to_owned()), ..Filter::default() };
        assert_eq!(count(db, &named).await.unwrap(), 1, "{}", platform.kind);
    }
}
