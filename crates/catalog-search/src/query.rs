//! From conditions to queries of the index.

use std::collections::BTreeMap;
use std::ops::Bound;

use chassis::fold::fold;
use tantivy::query::{ConstScoreQuery, Occur, Query, RangeQuery, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Score, Term};
use uuid::Uuid;

use crate::document::{Fields, MAX_OPTIONS, spelled};
use crate::{Choices, Filter};

/// The conditions no facet is about; none of them touches the score.
pub(crate) fn basic(fields: &Fields, filter: &Filter) -> Vec<(Occur, Box<dyn Query>)> {
    let status = Term::from_field_text(fields.status, filter.status.as_str());
    let tag = filter.tag.as_ref();
    let tag = tag.map(|it| Term::from_field_text(fields.tag, &it.to_lowercase()));
    let is = |term: Term| must(TermQuery::new(term, IndexRecordOption::Basic));
    std::iter::once(status).chain(tag).map(is).collect()
}

/// All conditions beside the text; none of them touches the score. Those of variants hold for one
/// each here; that it is the same one is looked at product by product (`variants`). The filter is
/// folded.
pub(crate) fn filters(fields: &Fields, filter: &Filter) -> Vec<(Occur, Box<dyn Query>)> {
    let mut all = basic(fields, filter);
    let mut is = |term: Term| all.push(must(TermQuery::new(term, IndexRecordOption::Basic)));
    let priced = filter.min_price.is_some() || filter.max_price.is_some();
    match filter.in_stock {
        Some(true) => is(Term::from_field_bool(fields.in_stock, true)),
        // With other conditions only variants that meet those are sold out.
        Some(false) if !priced && filter.choices.is_empty() => {
            is(Term::from_field_bool(fields.in_stock, false));
        }
        Some(false) | None => {}
    }
    if let Some(vendor) = &filter.vendor {
        is(Term::from_field_text(fields.vendor_key, vendor));
    }
    if let Some(categories) = &filter.categories {
        let term = |it: &Uuid| Term::from_field_bytes(fields.category, it.as_bytes());
        all.push(must(TermSetQuery::new(categories.iter().map(term))));
    }
    if !filter.choices.is_empty() {
        let words = combinations(&filter.choices);
        let term = |it: &String| Term::from_field_text(fields.choice, it);
        all.push(must(TermSetQuery::new(words.iter().map(term))));
    }
    let term = |field, value| Bound::Included(Term::from_field_i64(field, value));
    if let Some(rating) = filter.min_rating {
        all.push(must(RangeQuery::new(term(fields.rating, rating), Bound::Unbounded)));
    }
    if let Some(least) = filter.min_price {
        all.push(must(RangeQuery::new(term(fields.price_max, least), Bound::Unbounded)));
    }
    if let Some(most) = filter.max_price {
        all.push(must(RangeQuery::new(Bound::Unbounded, term(fields.price, most))));
    }
    all
}

/// The filter with its names as the index has them.
pub(crate) fn folded(filter: &Filter) -> Filter {
    let mut choices = Choices::new();
    for (name, values) in &filter.choices {
        choices.entry(fold(name)).or_default().extend(values.iter().map(|it| fold(it)));
    }
    Filter { vendor: filter.vendor.as_deref().map(fold), choices, ..filter.clone() }
}

/// A condition that does not touch the score.
fn must(query: impl Query) -> (Occur, Box<dyn Query>) {
    (Occur::Must, scored(query, 0.0))
}

/// Everything one variant may have that has one value of each option: words of the index.
fn combinations(choices: &Choices) -> Vec<String> {
    // No product has so many options.
    if choices.len() > MAX_OPTIONS {
        return vec![];
    }
    let mut all: Vec<BTreeMap<&str, &str>> = vec![BTreeMap::new()];
    for (name, values) in choices {
        let with = |it: &BTreeMap<_, _>| {
            let it = it.clone();
            values.iter().map(move |value| {
                let mut more: BTreeMap<&str, &str> = it.clone();
                more.insert(name, value);
                more
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all.iter().map(spelled).collect()
}

pub(crate) fn scored(query: impl Query, score: Score) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}
