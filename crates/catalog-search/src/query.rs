//! From what somebody typed to a query of the index.

use std::collections::BTreeMap;
use std::ops::Bound;

use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery, Occur, Query,
    RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Score, Searcher, Term};
use uuid::Uuid;

use crate::document::{Fields, MAX_OPTIONS, spelled};
use crate::words::{self, singular};
use crate::{Choices, Filter};

/// More words than these are ignored.
const MAX_WORDS: usize = 12;
/// Typing errors in longer words than this are not forgiven: looking for them takes too long.
const MAX_FUZZY: usize = 24;
/// A word in fewer products than this may be a typing error: similar words match as well.
const RARE: u64 = 20;

/// How much a word counts by where and how it was found. The word itself beats a word that
/// begins with it, that beats a similar one.
const AS_IS: Score = 1.0;
const FREQUENCY: Score = 0.25;
const BEGINNING: Score = 0.7;
const SIMILAR: Score = 0.3;
const LESS_SIMILAR: Score = 0.15;

/// How forgiving a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Typos {
    /// Of typing errors in words that hardly any product has.
    RareWords,
    /// Of typing errors in every word.
    EveryWord,
    /// Also in the beginning of an unfinished one.
    Beginnings,
}

/// All words of `text` must be found, the last one may be unfinished. None if there is no word.
pub(crate) fn text(
    searcher: &Searcher,
    fields: &Fields,
    text: &str,
    typos: Typos,
) -> tantivy::Result<Option<Box<dyn Query>>> {
    let mut words = words::words(text);
    words.truncate(MAX_WORDS);
    let last = words.len().saturating_sub(1);
    let mut every: Vec<Box<dyn Query>> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let distance = match typos {
            Typos::RareWords if frequency(searcher, fields, &singular(word))? >= RARE => 0,
            _ => distance(word),
        };
        let unfinished = (at == last).then_some(match typos {
            Typos::Beginnings => distance.min(1),
            Typos::RareWords | Typos::EveryWord => 0,
        });
        every.push(one_word(fields, word, unfinished, distance));
    }
    Ok(match every.len() {
        0 => None,
        1 => every.pop(),
        _ => Some(Box::new(BooleanQuery::intersection(every))),
    })
}

/// The conditions no facet is about; none of them touches the score.
pub(crate) fn basic(fields: &Fields, filter: &Filter) -> Vec<(Occur, Box<dyn Query>)> {
    let status = Term::from_field_text(fields.status, filter.status.as_str());
    let tag = filter.tag.as_ref();
    let tag = tag.map(|it| Term::from_field_text(fields.tag, &it.to_lowercase()));
    let is = |term: Term| must(TermQuery::new(term, IndexRecordOption::Basic));
    std::iter::once(status).chain(tag).map(is).collect()
}

/// All conditions beside the text; none of them touches the score.
pub(crate) fn filters(fields: &Fields, filter: &Filter) -> Vec<(Occur, Box<dyn Query>)> {
    let mut all = basic(fields, filter);
    let mut is = |term: Term| all.push(must(TermQuery::new(term, IndexRecordOption::Basic)));
    if let Some(in_stock) = filter.in_stock {
        is(Term::from_field_bool(fields.in_stock, in_stock));
    }
    if let Some(vendor) = &filter.vendor {
        is(Term::from_field_text(fields.vendor_name, vendor));
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
    if let Some(rating) = filter.min_rating {
        let least = Bound::Included(Term::from_field_i64(fields.rating, rating));
        all.push(must(RangeQuery::new(least, Bound::Unbounded)));
    }
    if filter.min_price.is_some() || filter.max_price.is_some() {
        let bound = |value: Option<i64>| {
            value.map_or(Bound::Unbounded, |value| {
                Bound::Included(Term::from_field_i64(fields.price, value))
            })
        };
        all.push(must(RangeQuery::new(bound(filter.min_price), bound(filter.max_price))));
    }
    all
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

/// The texts of a product and how much each counts.
fn texts(fields: &Fields) -> [(Field, Score); 4] {
    [(fields.title, 6.0), (fields.tags, 3.0), (fields.vendor, 3.0), (fields.description, 1.0)]
}

/// In how many products a word stands, where it stands most often.
fn frequency(searcher: &Searcher, fields: &Fields, word: &str) -> tantivy::Result<u64> {
    let mut most = 0;
    for (field, _) in texts(fields) {
        most = most.max(searcher.doc_freq(&Term::from_field_text(field, word))?);
    }
    Ok(most)
}

/// How many letters may be wrong: none up to 3 letters and in numbers, then 1, from 8 letters 2.
pub(crate) fn distance(word: &str) -> u8 {
    if word.bytes().all(|it| it.is_ascii_digit()) {
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        8..=MAX_FUZZY => 2,
        _ => 0,
    }
}

/// A word, and how many letters of it may be wrong; of an unfinished one, how many as a beginning.
fn one_word(fields: &Fields, word: &str, unfinished: Option<u8>, distance: u8) -> Box<dyn Query> {
    let whole = singular(word);
    let mut ways: Vec<Box<dyn Query>> = Vec::new();
    for (field, weight) in texts(fields) {
        let term = Term::from_field_text(field, &whole);
        let found = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
        ways.push(Box::new(BooleanQuery::union(vec![
            Box::new(BoostQuery::new(Box::new(found.clone()), weight * FREQUENCY)),
            scored(found, weight * AS_IS),
        ])));
        // Half of all descriptions have a word that begins with any one letter.
        if let Some(errors) = unfinished
            && (word.chars().count() > 1 || field != fields.description)
        {
            // As it was typed: "glas" is on its way to "glass".
            let typed = Term::from_field_text(field, word);
            if errors > 0 && field != fields.description {
                let similar = FuzzyTermQuery::new_prefix(typed.clone(), errors, true);
                ways.push(scored(similar, weight * LESS_SIMILAR));
            }
            let beginning = FuzzyTermQuery::new_prefix(typed, 0, true);
            ways.push(scored(beginning, weight * BEGINNING));
        }
        if distance > 0 {
            let similar = FuzzyTermQuery::new(term.clone(), 1, true);
            ways.push(scored(similar, weight * SIMILAR));
        }
        if distance > 1 {
            let similar = FuzzyTermQuery::new(term, 2, true);
            ways.push(scored(similar, weight * LESS_SIMILAR));
        }
    }
    Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, 0.1))
}

pub(crate) fn scored(query: impl Query, score: Score) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}
