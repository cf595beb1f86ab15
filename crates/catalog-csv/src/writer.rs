//! Products to rows: what a reader makes the same products of.

use std::io::{Result, Write};

use rust_decimal::Decimal;

use crate::columns::{COLUMNS, Column, OPTIONS, guarded};
use crate::product::{Picture, Policy, Product, Variant};

/// Writes a file.
pub struct Writer<W: Write> {
    out: csv::Writer<Counted<W>>,
    digits: u32,
    rows: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the header. `digits` are those of the currency's minor unit.
    pub fn new(out: W, digits: u32) -> Result<Self> {
        let mut out = csv::Writer::from_writer(Counted { out, bytes: 0 });
        out.write_record(COLUMNS.map(|(_, name)| name)).map_err(io)?;
        Ok(Self { out, digits, rows: 0 })
    }

    /// Writes a row per variant or picture, whichever there are more of.
    pub fn write(&mut self, product: &Product) -> Result<()> {
        let images = product.images.as_deref().unwrap_or_default();
        for at in 0..product.variants.len().max(images.len()) {
            let mut row = Row::new(&product.handle);
            if at == 0 {
                row.product(product);
            }
            if let Some(variant) = product.variants.get(at) {
                row.variant(product, variant, self.digits);
            }
            if let Some(image) = images.get(at) {
                row.image(image, at + 1);
            }
            self.out.write_record(&row.0).map_err(io)?;
            self.rows += 1;
        }
        Ok(())
    }

    pub fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }

    /// How many bytes have left, and how many rows of products have been written.
    pub fn written(&self) -> (u64, u64) {
        (self.out.get_ref().bytes, self.rows)
    }
}

/// One row of the file.
struct Row([String; COLUMNS.len()]);

impl Row {
    fn new(handle: &str) -> Self {
        let mut row = Self(std::array::from_fn(|_| String::new()));
        row.set(Column::Handle, handle);
        row
    }

    fn set(&mut self, column: Column, text: impl Into<String>) {
        let text = text.into();
        self.0[column as usize] =
            if column.is_number() { text } else { guarded(&text).into_owned() };
    }

    fn set_optional(&mut self, column: Column, text: &Option<String>) {
        self.set(column, text.clone().unwrap_or_default());
    }

    fn set_number(&mut self, column: Column, number: Option<i64>) {
        self.set(column, number.map(|it| it.to_string()).unwrap_or_default());
    }

    fn set_flag(&mut self, column: Column, flag: Option<bool>) {
        self.set(column, flag.map(|it| it.to_string()).unwrap_or_default());
    }

    /// `19.99`, without a currency.
    fn set_price(&mut self, column: Column, amount: Option<i64>, digits: u32) {
        let price = amount.map(|it| Decimal::new(it, digits).to_string());
        self.set(column, price.unwrap_or_default());
    }

    fn product(&mut self, product: &Product) {
        self.set(Column::Title, &product.title);
        self.set_optional(Column::Body, &product.body);
        self.set_optional(Column::Vendor, &product.vendor);
        self.set(Column::Type, product.kind.as_ref().map_or("", |it| it.text.as_str()));
        self.set(Column::Tags, product.tags.as_deref().unwrap_or_default().join(", "));
        self.set_flag(Column::Published, product.published);
        self.set_flag(Column::GiftCard, Some(false));
        self.set_optional(Column::SeoTitle, &product.seo_title);
        self.set_optional(Column::SeoDescription, &product.seo_description);
        self.set(Column::Status, product.status.map_or("", |it| it.word()));
        for ((name, _), option) in OPTIONS.into_iter().zip(&product.options) {
            self.set(name, option);
        }
    }

    fn variant(&mut self, product: &Product, variant: &Variant, digits: u32) {
        for ((_, value), option) in OPTIONS.into_iter().zip(&product.options) {
            self.set(value, variant.options.get(option).cloned().unwrap_or_default());
        }
        self.set_optional(Column::Sku, &variant.sku);
        self.set_number(Column::Grams, variant.grams);
        let tracked = variant.policy != Some(Policy::Untracked);
        self.set(Column::Tracker, if tracked { "shopify" } else { "" });
        self.set_number(Column::Quantity, variant.quantity);
        let continues = variant.policy == Some(Policy::Continue);
        self.set(Column::Policy, if continues { "continue" } else { "deny" });
        self.set(Column::Fulfillment, "manual");
        self.set_price(Column::Price, variant.price, digits);
        self.set_price(Column::CompareAtPrice, variant.compare_at_price.flatten(), digits);
        self.set_flag(Column::RequiresShipping, variant.requires_shipping);
        self.set_flag(Column::Taxable, variant.taxable);
        self.set_optional(Column::Barcode, &variant.barcode);
        self.set_optional(Column::VariantImage, &variant.image);
        self.set_optional(Column::WeightUnit, &variant.weight_unit);
        self.set_optional(Column::TaxCode, &variant.tax_code);
        self.set_number(Column::QuantityAtExport, variant.exported.map(|(at_export, _)| at_export));
        let export = variant.exported.map(|(_, export)| export.to_string());
        self.set_optional(Column::Export, &export);
    }

    fn image(&mut self, (url, alt): &Picture, position: usize) {
        self.set(Column::ImageSrc, url);
        self.set(Column::ImagePosition, position.to_string());
        self.set_optional(Column::ImageAlt, alt);
    }
}

fn io(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

/// Counts what is written.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }
}
