//! A product of a feed for Google Merchant: the items of a group, or one for itself.

use std::collections::BTreeMap;

use crate::columns::Column;
use crate::fields::{Parser, grams, unit};
use crate::groups::{Group, Row};
use crate::pictures::{picture, pictures};
use crate::product::{Picture, Policy, Product, Variant, Wrong};

/// By what the items of a group may differ.
const OPTIONS: [(Column, &str); 4] = [
    (Column::Size, "Size"),
    (Column::Color, "Color"),
    (Column::Material, "Material"),
    (Column::Pattern, "Pattern"),
];
/// Options a product can have.
const MAX_OPTIONS: usize = 3;

impl Parser<'_> {
    pub(crate) fn google(&self, group: &Group, first: &Row) -> Result<Product, Wrong> {
        let mut warnings = Vec::new();
        let title = self.optional(first, Column::Title);
        if title.as_ref().is_some_and(String::is_empty) {
            return Err((first.line, format!("{} is empty", self.name(Column::Title))));
        }
        let options = self.differences(&group.rows)?;
        let mut variants = Vec::new();
        for row in &group.rows {
            variants.push(self.item(row, &options, &mut warnings)?);
        }
        Ok(Product {
            line: group.line,
            handle: String::new(),
            title,
            body: self.columns.has(Column::Body).then(|| html(self.text(first, Column::Body))),
            vendor: self.optional(first, Column::Vendor),
            kind: self.kind(first, &mut warnings),
            options: Some(options.iter().map(|(_, name)| (*name).to_owned()).collect()),
            images: self.item_pictures(&group.rows, &mut warnings),
            variants,
            warnings,
            ..Product::default()
        })
    }

    /// The attributes in which the items differ.
    fn differences(&self, rows: &[Row]) -> Result<Vec<(Column, &'static str)>, Wrong> {
        let [first, _, ..] = rows else { return Ok(vec![]) };
        let differs = |(column, _): &(Column, &str)| {
            rows.iter().any(|it| self.text(it, *column) != self.text(first, *column))
        };
        let options: Vec<_> = OPTIONS.into_iter().filter(differs).collect();
        if options.len() > MAX_OPTIONS {
            let detail = format!("a product can have at most {MAX_OPTIONS} options");
            return Err((first.line, detail));
        }
        Ok(options)
    }

    fn item(
        &self,
        row: &Row,
        options: &[(Column, &str)],
        warnings: &mut Vec<Wrong>,
    ) -> Result<Variant, Wrong> {
        let mut values = BTreeMap::new();
        for (column, name) in options {
            let value = self.text(row, *column);
            if value.is_empty() {
                return Err((row.line, format!("there is no value for the option {name:?}")));
            }
            values.insert((*name).to_owned(), value.to_owned());
        }
        let has = |column| self.columns.has(column);
        let (price, compare_at_price) = self.prices(row, warnings)?;
        let cost = self.price(row, Column::Cost)?;
        let weight = self.shipping_weight(row)?;
        let image = (has(Column::ImageSrc) && !options.is_empty())
            .then(|| picture(self.text(row, Column::ImageSrc), row.line, warnings));
        let (policy, quantity) = self.availability(row)?;
        Ok(Variant {
            line: row.line,
            sku: Some(self.text(row, Column::Id).to_owned()).filter(|it| !it.is_empty()),
            options: values,
            price,
            compare_at_price: has(Column::SalePrice).then_some(compare_at_price),
            cost: has(Column::Cost).then_some(cost),
            barcode: self.barcode(row, warnings),
            grams: weight.map(|(grams, _)| grams),
            weight_unit: weight.map(|(_, unit)| unit.to_owned()),
            tax_code: self.optional(row, Column::TaxCode),
            image: image.map(Option::unwrap_or_default),
            policy,
            quantity,
            ..Variant::default()
        })
    }

    /// A feed says whether there are units, and seldom how many: then they are not counted.
    fn availability(&self, row: &Row) -> Result<(Option<Policy>, Option<i64>), Wrong> {
        let units = self.whole(row, Column::Quantity)?;
        let text = self.text(row, Column::Availability).to_lowercase().replace('_', " ");
        Ok(match (text.as_str(), units) {
            ("preorder" | "backorder", units) => (Some(Policy::Continue), units),
            ("out of stock", units) => (Some(Policy::Deny), Some(units.unwrap_or(0))),
            (_, Some(units)) => (Some(Policy::Deny), Some(units)),
            ("in stock", None) => (Some(Policy::Untracked), None),
            _ => (None, None),
        })
    }

    /// The picture of each item, then the further ones, each once.
    fn item_pictures(&self, rows: &[Row], warnings: &mut Vec<Wrong>) -> Option<Vec<Picture>> {
        let columns = [Column::ImageSrc, Column::Images];
        if !columns.into_iter().any(|it| self.columns.has(it)) {
            return None;
        }
        let mut images: Vec<Picture> = Vec::new();
        for column in columns {
            for row in rows {
                // What is wrong with the picture of an item has been said with the item.
                let mut said = Vec::new();
                let texts = self.columns.all(&row.fields, column);
                let urls: Vec<String> =
                    texts.flat_map(|it| pictures(it, row.line, &mut said)).collect();
                if column == Column::Images || rows.len() == 1 {
                    warnings.append(&mut said);
                }
                for url in urls {
                    if !images.iter().any(|(it, _)| *it == url) {
                        images.push((url, None));
                    }
                }
            }
        }
        Some(images)
    }

    /// `3 kg` in grams, and its unit.
    fn shipping_weight(&self, row: &Row) -> Result<Option<(i64, &'static str)>, Wrong> {
        let text = self.text(row, Column::Weight);
        if text.is_empty() {
            return Ok(None);
        }
        let (number, name) = text.split_once(' ').unwrap_or((text, ""));
        let weight = self.decimal(number).zip(unit(name.trim()));
        let grams = weight.and_then(|(number, unit)| Some((grams(number, unit)?, unit)));
        grams.map(Some).ok_or_else(|| self.wrong(row, Column::Weight))
    }
}

/// A description, which is plain text unless it has tags.
fn html(text: &str) -> String {
    if text.contains('<') && text.contains('>') {
        return text.to_owned();
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\n', "<br>\n")
}
