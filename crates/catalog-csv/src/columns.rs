//! The columns of Shopify's product CSV we know, and where they are in a file.
//!
//! A spreadsheet takes a cell that begins with `=` and the like for a formula and runs it. So an
//! export writes an apostrophe before such a text, and an import takes it off again: the shop's own
//! texts stay as they are. Columns of numbers need none.
//!
//! Two columns are our own, after Shopify's: how many units there were when the file was exported,
//! and which export that was. By these an import knows what was changed in the file.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::Error;

/// A column, in the order in which Shopify writes them, and then ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    Handle,
    Title,
    Body,
    Vendor,
    Type,
    Tags,
    Published,
    Option1Name,
    Option1Value,
    Option2Name,
    Option2Value,
    Option3Name,
    Option3Value,
    Sku,
    Grams,
    Tracker,
    Quantity,
    Policy,
    Fulfillment,
    Price,
    CompareAtPrice,
    RequiresShipping,
    Taxable,
    Barcode,
    ImageSrc,
    ImagePosition,
    ImageAlt,
    GiftCard,
    SeoTitle,
    SeoDescription,
    VariantImage,
    WeightUnit,
    TaxCode,
    Status,
    QuantityAtExport,
    Export,
}

impl Column {
    /// As it stands in the header.
    pub fn name(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    /// Whether only numbers stand in it.
    pub(crate) fn is_number(self) -> bool {
        use Column::{CompareAtPrice, Grams, ImagePosition, Price, Quantity, QuantityAtExport};
        let numbers = [Grams, Quantity, Price, CompareAtPrice, ImagePosition, QuantityAtExport];
        numbers.contains(&self)
    }
}

/// What begins a formula; some spreadsheets also look past blanks, and at wide letters.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Whether a spreadsheet would take this for a formula, but for apostrophes before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A text as it stands in a file.
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// The opposite.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|it| is_formula(it)).unwrap_or(text)
}

/// Every column with its name in the header.
pub(crate) const COLUMNS: [(Column, &str); 36] = [
    (Column::Handle, "Handle"),
    (Column::Title, "Title"),
    (Column::Body, "Body (HTML)"),
    (Column::Vendor, "Vendor"),
    (Column::Type, "Type"),
    (Column::Tags, "Tags"),
    (Column::Published, "Published"),
    (Column::Option1Name, "Option1 Name"),
    (Column::Option1Value, "Option1 Value"),
    (Column::Option2Name, "Option2 Name"),
    (Column::Option2Value, "Option2 Value"),
    (Column::Option3Name, "Option3 Name"),
    (Column::Option3Value, "Option3 Value"),
    (Column::Sku, "Variant SKU"),
    (Column::Grams, "Variant Grams"),
    (Column::Tracker, "Variant Inventory Tracker"),
    (Column::Quantity, "Variant Inventory Qty"),
    (Column::Policy, "Variant Inventory Policy"),
    (Column::Fulfillment, "Variant Fulfillment Service"),
    (Column::Price, "Variant Price"),
    (Column::CompareAtPrice, "Variant Compare At Price"),
    (Column::RequiresShipping, "Variant Requires Shipping"),
    (Column::Taxable, "Variant Taxable"),
    (Column::Barcode, "Variant Barcode"),
    (Column::ImageSrc, "Image Src"),
    (Column::ImagePosition, "Image Position"),
    (Column::ImageAlt, "Image Alt Text"),
    (Column::GiftCard, "Gift Card"),
    (Column::SeoTitle, "SEO Title"),
    (Column::SeoDescription, "SEO Description"),
    (Column::VariantImage, "Variant Image"),
    (Column::WeightUnit, "Variant Weight Unit"),
    (Column::TaxCode, "Variant Tax Code"),
    (Column::Status, "Status"),
    (Column::QuantityAtExport, "Inventory Qty At Export"),
    (Column::Export, "Inventory Export"),
];

/// The options a variant can have: name and value.
pub(crate) const OPTIONS: [(Column, Column); 3] = [
    (Column::Option1Name, Column::Option1Value),
    (Column::Option2Name, Column::Option2Value),
    (Column::Option3Name, Column::Option3Value),
];

/// Where the columns of a file are.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    places: [Option<usize>; COLUMNS.len()],
    /// Columns of a fourth option and more.
    beyond: Vec<usize>,
    count: usize,
}

impl Columns {
    /// Reads a header. Columns we do not know are accepted.
    pub(crate) fn read(header: &[String]) -> Result<Self, Error> {
        let names: HashMap<String, Column> =
            COLUMNS.iter().map(|(column, name)| (name.to_lowercase(), *column)).collect();
        let mut columns =
            Self { places: [None; COLUMNS.len()], beyond: Vec::new(), count: header.len() };
        for (at, name) in header.iter().enumerate() {
            let name = name.trim();
            let Some(&column) = names.get(&name.to_lowercase()) else {
                let number = name.strip_prefix("Option").and_then(|it| it.strip_suffix(" Value"));
                columns.beyond.extend(number.and_then(|it| it.parse::<u32>().ok()).map(|_| at));
                continue;
            };
            if columns.places[column as usize].replace(at).is_some() {
                return Err(Error::ColumnTwice(name.to_owned()));
            }
        }
        for needed in [Column::Handle, Column::Title] {
            if !columns.has(needed) {
                return Err(Error::ColumnMissing { name: needed.name(), hint: hint(header) });
            }
        }
        Ok(columns)
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        self.places[column as usize].is_some()
    }

    /// How many fields a record has.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The trimmed text of a field; empty where the file has no such column.
    pub(crate) fn get<'a>(&self, fields: &'a [String], column: Column) -> &'a str {
        unguarded(self.field(fields, column).trim())
    }

    /// The same with the spaces around it.
    pub(crate) fn raw<'a>(&self, fields: &'a [String], column: Column) -> &'a str {
        unguarded(self.field(fields, column))
    }

    fn field<'a>(&self, fields: &'a [String], column: Column) -> &'a str {
        let field = self.places[column as usize].and_then(|at| fields.get(at));
        field.map_or("", String::as_str)
    }

    /// Whether a record uses more options than there can be.
    pub(crate) fn has_more_options(&self, fields: &[String]) -> bool {
        self.beyond.iter().filter_map(|&at| fields.get(at)).any(|it| !it.trim().is_empty())
    }
}

/// The column a reason is about: such a reason begins with its name.
pub fn column_of(reason: &str) -> Option<&'static str> {
    let about = |it: &&str| reason.strip_prefix(*it).is_some_and(|rest| rest.starts_with(' '));
    COLUMNS.iter().map(|(_, name)| *name).filter(about).max_by_key(|it| it.len())
}

/// What may be wrong with a file whose header makes no sense.
fn hint(header: &[String]) -> &'static str {
    let text = header.join(",");
    match text {
        _ if text.starts_with("PK") => "; this looks like a spreadsheet, save it as CSV",
        _ if text.contains('\0') || text.contains('\u{fffd}') => {
            "; this is not text in UTF-8, save the file as \"CSV UTF-8\""
        }
        _ if text.contains(';') => "; the columns must be separated by commas, not semicolons",
        _ if text.contains('\t') => "; the columns must be separated by commas, not tabs",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Columns, String> {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        Columns::read(&header).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_numbered_as_they_are_listed() {
        for (at, (column, name)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, at, "{name}");
        }
    }

    #[test]
    fn no_text_of_an_export_is_a_formula_and_each_is_read_again() {
        for (text, written) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM", "'@SUM"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("\u{ff1d}x", "'\u{ff1d}x"),
            ("'=x", "''=x"),
            ("''-x", "'''-x"),
            ("'", "'"),
            ("'x", "'x"),
            ("x=", "x="),
            ("", ""),
        ] {
            assert_eq!(guarded(text), written);
            assert_eq!(unguarded(written), text);
        }
    }

    #[test]
    fn a_reason_knows_its_column() {
        assert_eq!(column_of("Variant Price is empty"), Some("Variant Price"));
        assert_eq!(column_of("Handle is empty"), Some("Handle"));
        assert_eq!(column_of("Titles differ"), None);
        assert_eq!(column_of("a quote is opened and never closed"), None);
    }

    #[test]
    fn a_header_needs_handle_and_title_only() {
        let columns = read("Collection, title ,HANDLE,Google Shopping / MPN").unwrap();
        let fields = ["c", " T ", "h", "m"].map(str::to_owned);
        assert_eq!(columns.get(&fields, Column::Title), "T");
        assert_eq!(columns.get(&fields, Column::Vendor), "");
        assert!(!columns.has(Column::Price));
    }

    #[test]
    fn a_wrong_header_says_what_is_wrong() {
        for (header, message) in [
            ("Title,Vendor", "the column \"Handle\" is missing"),
            ("Handle,Vendor", "the column \"Title\" is missing"),
            ("Handle,Title,Title", "the column \"Title\" appears twice"),
            ("Handle;Title", "not semicolons"),
            ("Handle\tTitle", "not tabs"),
            ("PK\u{3}\u{4}", "spreadsheet"),
            ("\u{fffd}\u{fffd}H\0a\0", "CSV UTF-8"),
        ] {
            let error = read(header).unwrap_err();
            assert!(error.contains(message), "{header}: {error}");
        }
    }
}
