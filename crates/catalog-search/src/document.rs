//! What the index knows of a product.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use chassis::fold::fold;
use chrono::{DateTime, Utc};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};
use uuid::Uuid;

use crate::codes;
use crate::words::{NAMES, SENTENCES, indexed};

/// Rises with every change of the fields below or of how text becomes words: an index of another
/// version is rebuilt.
pub(crate) const VERSION: u32 = 6;

/// Options of a product.
pub(crate) const MAX_OPTIONS: usize = 3;
/// The least letters of a word that may be a compound.
const MIN_COMPOUND: usize = 7;

/// Between the name of an option and its value, and between one option and the next.
const IS: char = '\u{1f}';
const AND: char = '\u{1e}';

/// A product as the index sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub id: Uuid,
    pub title: String,
    /// What titles sort by, compared byte by byte.
    pub title_key: String,
    /// HTML; only its text is indexed.
    pub description: String,
    pub tags: Vec<String>,
    pub vendor: String,
    /// Those it was put in. What is above them is found by asking for all below: then moving a
    /// category changes no product.
    pub categories: Vec<Uuid>,
    pub product_type: String,
    /// At least one, in their order.
    pub variants: Vec<Variant>,
    /// The average in thousandths; 0 without reviews.
    pub rating: i64,
    /// Units bought, and how often it was looked at.
    pub sold: i64,
    pub views: i64,
    pub status: Status,
    pub created_at: DateTime<Utc>,
}

/// A variant as the index sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    pub sku: String,
    pub barcode: Option<String>,
    /// What is chosen for it: names of options and their values.
    pub options: BTreeMap<String, String>,
    /// In minor units.
    pub price: i64,
    /// Whether it can be bought.
    pub in_stock: bool,
}

impl Document {
    /// The lowest price of its variants.
    pub(crate) fn price(&self) -> i64 {
        self.variants.iter().map(|it| it.price).min().unwrap_or_default()
    }

    /// The highest price of its variants.
    pub(crate) fn price_max(&self) -> i64 {
        self.variants.iter().map(|it| it.price).max().unwrap_or_default()
    }

    /// Whether at least one variant can be bought.
    pub(crate) fn in_stock(&self) -> bool {
        self.variants.iter().any(|it| it.in_stock)
    }

    /// What it is like in words: tags, vendor, type, and each value of an option once. No two of
    /// them are neighbours.
    fn traits(&self) -> String {
        let values: BTreeSet<&str> =
            self.options().flat_map(BTreeMap::values).map(String::as_str).collect();
        let all = self.tags.iter().chain([&self.vendor, &self.product_type]).map(String::as_str);
        all.chain(values).collect::<Vec<_>>().join(", ")
    }

    /// What is chosen for its variants, where there is a choice.
    fn options(&self) -> impl Iterator<Item = &BTreeMap<String, String>> {
        self.variants.iter().map(|it| &it.options).filter(|it| !it.is_empty())
    }
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
    /// Tags, vendor, type and the values of options.
    pub traits: Field,
    /// Pieces of SKUs and barcodes.
    pub codes: Field,
    /// Long words of the title and the traits from their end: what they are compounds of.
    pub endings: Field,
    pub title_key: Field,
    /// Each tag as a whole, in lower case.
    pub tag: Field,
    pub vendor_name: Field,
    /// The same, folded.
    pub vendor_key: Field,
    pub category: Field,
    /// The lowest and the highest.
    pub price: Field,
    pub price_max: Field,
    pub in_stock: Field,
    /// All that is chosen for a variant: a value per variant, in their order, as in the fields that
    /// follow. None where there is nothing to choose.
    pub variant: Field,
    pub variant_price: Field,
    pub variant_in_stock: Field,
    /// What the variant of a SKU is recognized by.
    pub variant_sku: Field,
    /// Every part of what is chosen, folded, to be found.
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
        let text = |tokenizer: &str| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(IndexRecordOption::WithFreqs);
            TextOptions::default().set_indexing_options(indexing)
        };
        // What is found here is found or not.
        let pieces = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let pieces = TextOptions::default().set_indexing_options(pieces);
        let fields = Self {
            id: schema.add_bytes_field("id", INDEXED),
            id_high: schema.add_u64_field("id_high", FAST),
            id_low: schema.add_u64_field("id_low", FAST),
            title: schema.add_text_field("title", text(NAMES)),
            description: schema.add_text_field("description", text(SENTENCES)),
            traits: schema.add_text_field("traits", text(NAMES)),
            codes: schema.add_text_field("codes", pieces.clone()),
            endings: schema.add_text_field("endings", pieces),
            title_key: schema.add_text_field("title_key", TextOptions::default().set_fast("raw")),
            tag: schema.add_text_field("tag", STRING),
            vendor_name: schema.add_text_field("vendor_name", STRING | FAST),
            vendor_key: schema.add_text_field("vendor_key", STRING),
            category: schema.add_bytes_field("category", INDEXED | FAST),
            price: schema.add_i64_field("price", FAST),
            price_max: schema.add_i64_field("price_max", FAST),
            in_stock: schema.add_bool_field("in_stock", INDEXED | FAST),
            variant: schema.add_text_field("variant", TextOptions::default().set_fast("raw")),
            variant_price: schema.add_i64_field("variant_price", FAST),
            variant_in_stock: schema.add_bool_field("variant_in_stock", FAST),
            variant_sku: schema.add_u64_field("variant_sku", FAST),
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
        let traits = it.traits();
        document.add_text(self.title, &it.title);
        document.add_text(self.description, plain_text(&it.description));
        document.add_text(self.traits, &traits);
        let codes =
            it.variants.iter().flat_map(|it| [Some(it.sku.as_str()), it.barcode.as_deref()]);
        document.add_text(self.codes, codes::indexed(codes.flatten()));
        document.add_text(self.endings, endings([&it.title, &traits]));
        document.add_text(self.title_key, &it.title_key);
        for tag in &it.tags {
            document.add_text(self.tag, tag.to_lowercase());
        }
        document.add_text(self.vendor_name, &it.vendor);
        document.add_text(self.vendor_key, fold(&it.vendor));
        for category in &it.categories {
            document.add_bytes(self.category, category.as_bytes());
        }
        document.add_i64(self.price, it.price());
        document.add_i64(self.price_max, it.price_max());
        document.add_bool(self.in_stock, it.in_stock());
        let choice = it.options().next().is_some();
        for variant in &it.variants {
            if choice {
                document.add_text(self.variant, spelled(&variant.options));
            }
            document.add_i64(self.variant_price, variant.price);
            document.add_bool(self.variant_in_stock, variant.in_stock);
            document.add_u64(self.variant_sku, sku_number(&variant.sku));
        }
        let choices: BTreeSet<String> = it.options().flat_map(parts).collect();
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

/// What the index recognizes a SKU by, among those of a product.
pub(crate) fn sku_number(sku: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    sku.hash(&mut hasher);
    hasher.finish()
}

/// Each option of a variant, and each combination of several: there are three at most.
fn parts(options: &BTreeMap<String, String>) -> Vec<String> {
    let folded: BTreeMap<String, String> =
        options.iter().map(|(name, value)| (fold(name), fold(value))).collect();
    let options: Vec<_> = folded.iter().take(MAX_OPTIONS).collect();
    let chosen = |set: usize| -> BTreeMap<&str, &str> {
        let taken = options.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
        taken.map(|(_, (name, value))| (name.as_str(), value.as_str())).collect()
    };
    (1..1 << options.len()).map(|set| spelled(&chosen(set))).collect()
}

/// The long words of names from their last letter to their first, with spaces between them.
fn endings(names: [&String; 2]) -> String {
    let words = names.into_iter().flat_map(|it| indexed(it, false));
    let compound =
        |it: &String| it.chars().count() >= MIN_COMPOUND && it.chars().all(char::is_alphabetic);
    let reversed: BTreeSet<String> =
        words.filter(compound).map(|it| it.chars().rev().collect()).collect();
    reversed.into_iter().collect::<Vec<_>>().join(" ")
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
