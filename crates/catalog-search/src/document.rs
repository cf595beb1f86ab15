//! What the index knows of a product.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};
use uuid::Uuid;

use crate::words::{ANALYZER, plain};

/// Rises with every change of the fields below or of how text becomes words: an index of another
/// version is rebuilt.
pub(crate) const VERSION: u32 = 3;

/// Options of a product.
pub(crate) const MAX_OPTIONS: usize = 3;
/// Characters of a title by which lists sort.
const TITLE_KEY: usize = 60;

/// Between the name of an option and its value, and between one option and the next.
const IS: char = '\u{1f}';
const AND: char = '\u{1e}';

/// A product as the index sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub id: Uuid,
    pub title: String,
    /// HTML; only its text is indexed.
    pub description: String,
    pub tags: Vec<String>,
    pub vendor: String,
    /// Those it was put in. What is above them is found by asking for all below: then moving a
    /// category changes no product.
    pub categories: Vec<Uuid>,
    /// The lowest price of its variants, in minor units.
    pub price: i64,
    /// Whether at least one variant can be bought.
    pub in_stock: bool,
    /// What is chosen for each variant: names of options and their values.
    pub choices: Vec<BTreeMap<String, String>>,
    /// The average in thousandths; 0 without reviews.
    pub rating: i64,
    /// Units bought, and how often it was looked at.
    pub sold: i64,
    pub views: i64,
    pub status: Status,
    pub created_at: DateTime<Utc>,
}

/// Whether a product is for sale. Only what is active is suggested or related.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    Draft,
    #[default]
    Active,
    Archived,
}

impl Status {
    /// As it stands in the index.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub id: Field,
    /// The id once more in two halves, to be read by row.
    pub id_high: Field,
    pub id_low: Field,
    pub title: Field,
    pub description: Field,
    pub tags: Field,
    pub vendor: Field,
    /// What titles sort by.
    pub title_key: Field,
    /// Each tag as a whole, in lower case.
    pub tag: Field,
    pub vendor_name: Field,
    pub category: Field,
    pub price: Field,
    pub in_stock: Field,
    /// All that is chosen for a variant, to be counted.
    pub variant: Field,
    /// Every part of it, to be found.
    pub choice: Field,
    pub rating: Field,
    pub sold: Field,
    pub views: Field,
    pub status: Field,
    pub created_at: Field,
}

impl Fields {
    pub(crate) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        // Frequencies for the score; no positions, as there are no phrases.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs);
        let text = TextOptions::default().set_indexing_options(indexing);
        let fields = Self {
            id: schema.add_bytes_field("id", INDEXED),
            id_high: schema.add_u64_field("id_high", FAST),
            id_low: schema.add_u64_field("id_low", FAST),
            title: schema.add_text_field("title", text.clone()),
            description: schema.add_text_field("description", text.clone()),
            tags: schema.add_text_field("tags", text.clone()),
            vendor: schema.add_text_field("vendor", text),
            title_key: schema.add_text_field("title_key", TextOptions::default().set_fast("raw")),
            tag: schema.add_text_field("tag", STRING),
            vendor_name: schema.add_text_field("vendor_name", STRING | FAST),
            category: schema.add_bytes_field("category", INDEXED | FAST),
            price: schema.add_i64_field("price", FAST),
            in_stock: schema.add_bool_field("in_stock", INDEXED | FAST),
            variant: schema.add_text_field("variant", TextOptions::default().set_fast("raw")),
            choice: schema.add_text_field("choice", STRING),
            rating: schema.add_i64_field("rating", FAST),
            sold: schema.add_i64_field("sold", FAST),
            views: schema.add_i64_field("views", FAST),
            status: schema.add_text_field("status", STRING),
            created_at: schema.add_i64_field("created_at", FAST),
        };
        (schema.build(), fields)
    }

    pub(crate) fn id_term(&self, id: Uuid) -> Term {
        Term::from_field_bytes(self.id, id.as_bytes())
    }

    pub(crate) fn document(&self, it: &Document) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        let (high, low) = it.id.as_u64_pair();
        document.add_bytes(self.id, it.id.as_bytes());
        document.add_u64(self.id_high, high);
        document.add_u64(self.id_low, low);
        let tags = it.tags.join(" ");
        let description = plain_text(&it.description);
        for (field, text) in [
            (self.title, &it.title),
            (self.description, &description),
            (self.tags, &tags),
            (self.vendor, &it.vendor),
        ] {
            document.add_text(field, plain(text));
        }
        let title_key = it.title.chars().flat_map(char::to_lowercase).take(TITLE_KEY);
        document.add_text(self.title_key, title_key.collect::<String>());
        for tag in &it.tags {
            document.add_text(self.tag, tag.to_lowercase());
        }
        document.add_text(self.vendor_name, &it.vendor);
        for category in &it.categories {
            document.add_bytes(self.category, category.as_bytes());
        }
        document.add_i64(self.price, it.price);
        document.add_bool(self.in_stock, it.in_stock);
        let variants: BTreeSet<String> = it.choices.iter().map(spelled).collect();
        for variant in &variants {
            document.add_text(self.variant, variant);
        }
        let choices: BTreeSet<String> = it.choices.iter().flat_map(parts).collect();
        for choice in &choices {
            document.add_text(self.choice, choice);
        }
        document.add_i64(self.rating, it.rating);
        document.add_i64(self.sold, it.sold);
        document.add_i64(self.views, it.views);
        document.add_text(self.status, it.status.as_str());
        document.add_i64(self.created_at, it.created_at.timestamp_micros());
        document
    }
}

/// Options and their values as one word of the index.
pub(crate) fn spelled<S: AsRef<str>>(options: &BTreeMap<S, S>) -> String {
    let each =
        options.iter().map(|(name, value)| format!("{}{IS}{}", name.as_ref(), value.as_ref()));
    each.collect::<Vec<_>>().join(&AND.to_string())
}

/// The options of such a word, with their values.
pub(crate) fn options_of(word: &str) -> impl Iterator<Item = (&str, &str)> {
    word.split(AND).filter_map(|it| it.split_once(IS))
}

/// Each option of a variant, and each combination of several: there are three at most.
fn parts(options: &BTreeMap<String, String>) -> Vec<String> {
    let options: Vec<_> = options.iter().take(MAX_OPTIONS).collect();
    let chosen = |set: usize| -> BTreeMap<&str, &str> {
        let taken = options.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        taken.map(|(_, (name, value))| (name.as_str(), value.as_str())).collect()
    };
    (1..1 << options.len()).map(|set| spelled(&chosen(set))).collect()
}

/// The text of sanitised HTML, tags replaced by spaces and the usual entities by characters.
fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        let (piece, end) = if rest[at..].starts_with('<') {
            (' ', rest[at..].find('>').map_or(rest.len(), |end| at + end + 1))
        } else {
            let entities = [
                ("&amp;", '&'),
                ("&lt;", '<'),
                ("&gt;", '>'),
                ("&quot;", '"'),
                ("&#39;", '\''),
                ("&nbsp;", ' '),
            ];
            let known = entities.iter().find(|(name, _)| rest[at..].starts_with(name));
            known.map_or(('&', at + 1), |(name, it)| (*it, at + name.len()))
        };
        text.push(piece);
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    #[test]
    fn only_the_text_of_a_description_counts() {
        let html =
            "<p class=\"big\">Salt &amp; pepper</p><ul><li>one</li><li>two</li></ul>&nbsp;&x <";
        assert_eq!(words(&plain_text(html)), ["salt", "pepper", "one", "two", "x"]);
    }
}
