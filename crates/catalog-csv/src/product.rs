//! What a file says of a product.

use std::collections::BTreeMap;

use uuid::Uuid;

/// A line, and what is wrong there.
pub type Wrong = (u64, String);

/// The URL of a picture and its alternative text.
pub type Picture = (String, Option<String>);

/// A product as a file has it. What is None has no column in the file that was read, and is left
/// empty in one that is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Product {
    /// The line it begins on; 0 where it comes from no file.
    pub line: u64,
    pub handle: String,
    pub title: String,
    pub body: Option<String>,
    pub vendor: Option<String>,
    pub kind: Option<Kind>,
    pub tags: Option<Vec<String>>,
    pub published: Option<bool>,
    pub status: Option<Status>,
    /// Their names.
    pub options: Vec<String>,
    /// In order.
    pub images: Option<Vec<Picture>>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub variants: Vec<Variant>,
    /// What of it could not be read.
    pub warnings: Vec<Wrong>,
}

/// `Type`: the text and the categories it names, from the top down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kind {
    pub text: String,
    /// It is not written.
    pub path: Vec<String>,
}

/// A variant as a file has it; None as above.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    pub line: u64,
    pub sku: Option<String>,
    /// By their names.
    pub options: BTreeMap<String, String>,
    /// In minor units.
    pub price: Option<i64>,
    pub compare_at_price: Option<Option<i64>>,
    pub barcode: Option<String>,
    pub grams: Option<i64>,
    pub weight_unit: Option<String>,
    pub requires_shipping: Option<bool>,
    pub taxable: Option<bool>,
    pub tax_code: Option<String>,
    /// The URL of its own picture.
    pub image: Option<String>,
    pub policy: Option<Policy>,
    pub quantity: Option<i64>,
    /// What there was when the file was exported, and by which export.
    pub exported: Option<(i64, Uuid)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Draft,
    Archived,
}

/// What happens when more is asked for than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Deny,
    Continue,
    /// Units are not counted.
    Untracked,
}

impl Status {
    pub(crate) fn read(word: &str) -> Option<Self> {
        [Self::Active, Self::Draft, Self::Archived].into_iter().find(|it| it.word() == word)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draft => "draft",
            Self::Archived => "archived",
        }
    }
}
