//! What somebody who types may mean, and what is like a product.

use tantivy::collector::TopDocs;
use tantivy::collector::sort_key::{SortBySimilarityScore, SortByStaticFastValue};
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Score, Term};
use uuid::Uuid;

use crate::Filter;
use crate::index::{Live, id_at};
use crate::query::{self, Typos, scored};

/// Categories and tags of a product that are looked for in others.
const MAX_TRAITS: usize = 20;

/// How much products have in common, and what comes before all of that: to be had.
const CATEGORY: Score = 2.0;
const TAG: Score = 1.0;
const VENDOR: Score = 1.0;
const IN_STOCK: Score = 10.0;

/// What other products may have in common with one.
#[derive(Clone, Debug)]
pub struct Traits {
    pub id: Uuid,
    pub categories: Vec<Uuid>,
    pub tags: Vec<String>,
    pub vendor: String,
}

impl Live {
    /// Active products for a text whose last word is being typed: the best match first, and of
    /// equally good ones what is bought most.
    pub(crate) fn suggest(&self, text: &str, limit: usize) -> tantivy::Result<Vec<Uuid>> {
        let searcher = self.searcher();
        for typos in [Typos::RareWords, Typos::Beginnings] {
            let Some(query) = query::text(&searcher, &self.fields, text, typos)? else { break };
            let mut all = query::basic(&self.fields, &Filter::default());
            all.push((Occur::Must, query));
            let sold = SortByStaticFastValue::<i64>::for_field("sold");
            // More than are needed: how well they match is only roughly a reason to be first.
            let top = TopDocs::with_limit(4 * limit).order_by((SortBySimilarityScore, sold));
            let mut found = searcher.search(&BooleanQuery::new(all), &top)?;
            if !found.is_empty() {
                found.sort_by_key(|((score, sold), _)| {
                    (-(score.round() as i64), -sold.unwrap_or_default())
                });
                let ids = found.into_iter().take(limit).map(|(_, it)| id_at(&searcher, it));
                return ids.collect();
            }
        }
        Ok(vec![])
    }

    /// Active products with something in common: what is in stock first, then what has more in
    /// common, then what is bought and looked at most.
    pub(crate) fn related(&self, to: &Traits, limit: usize) -> tantivy::Result<Vec<Uuid>> {
        let searcher = self.searcher();
        let fields = &self.fields;
        let mut common: Vec<Box<dyn Query>> = Vec::new();
        let categories = to.categories.iter().take(MAX_TRAITS);
        let categories =
            categories.map(|it| Term::from_field_bytes(fields.category, it.as_bytes()));
        common.push(scored(TermSetQuery::new(categories), CATEGORY));
        let tags = to.tags.iter().take(MAX_TRAITS);
        let tags = tags.map(|it| Term::from_field_text(fields.tag, &it.to_lowercase()));
        common.push(scored(TermSetQuery::new(tags), TAG));
        if !to.vendor.is_empty() {
            let vendor = Term::from_field_text(fields.vendor_name, &to.vendor);
            common.push(scored(is(vendor), VENDOR));
        }
        let in_stock = is(Term::from_field_bool(fields.in_stock, true));
        let mut all = query::basic(fields, &Filter::default());
        all.push((Occur::Must, Box::new(BooleanQuery::union(common))));
        all.push((Occur::MustNot, Box::new(is(fields.id_term(to.id)))));
        all.push((Occur::Should, scored(in_stock, IN_STOCK)));
        let most = |field: &str| SortByStaticFastValue::<i64>::for_field(field);
        let order = (SortBySimilarityScore, most("sold"), most("views"), most("created_at"));
        let top = TopDocs::with_limit(limit).order_by(order);
        let found = searcher.search(&BooleanQuery::new(all), &top)?;
        found.into_iter().map(|(_, it)| id_at(&searcher, it)).collect()
    }
}

fn is(term: Term) -> TermQuery {
    TermQuery::new(term, IndexRecordOption::Basic)
}
