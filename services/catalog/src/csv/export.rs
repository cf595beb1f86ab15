//! Products to rows: what an import of the same rows would make of an empty shop.

use std::io::Write;

use chassis::db::Db;
use chassis::money::Currency;
use uuid::Uuid;

use super::columns::{COLUMNS, Column, OPTIONS, guarded};
use super::{ExportError, Progress};
use crate::model::{DEFAULT_OPTION, DEFAULT_VALUE, Image, Policy, Product, Status, Tree, Variant};
use crate::store;

/// Products read at a time.
const PAGE: i64 = 200;

/// Writes every product, oldest first; returns how many.
pub async fn export<W: Write + Send>(
    db: &Db,
    currency: &Currency,
    out: W,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<u64, ExportError> {
    let tree = store::categories::tree(db).await?;
    let of = Of { tree, currency, export: chassis::id::new() };
    let mut out = csv::Writer::from_writer(Counted { out, bytes: 0 });
    out.write_record(COLUMNS.map(|(_, name)| name)).map_err(io)?;
    let mut done = Progress::default();
    let mut after = Uuid::nil();
    loop {
        let page = store::products::page(db, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for product in &page {
            let rows = rows(product, &of);
            done.rows += rows.len() as u64;
            for row in rows {
                out.write_record(&row.0).map_err(io)?;
            }
        }
        out.flush()?;
        done.products += page.len() as u64;
        done.bytes = out.get_ref().bytes;
        progress(done);
    }
    out.flush()?;
    Ok(done.products)
}

/// The text of the column `Type`: the product's own, or else its first category.
pub(super) fn kind(product: &Product, tree: &Tree) -> String {
    if !product.product_type.is_empty() {
        return product.product_type.clone();
    }
    let path = product.category_ids.first().map(|id| tree.path(*id)).unwrap_or_default();
    path.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" > ")
}

/// What all rows have in common.
struct Of<'a> {
    tree: Tree,
    currency: &'a Currency,
    /// Which export it is.
    export: Uuid,
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
        self.0[column as usize] = match column.is_number() {
            true => text,
            false => guarded(&text).into_owned(),
        };
    }

    fn set_optional(&mut self, column: Column, text: &Option<String>) {
        self.set(column, text.clone().unwrap_or_default());
    }

    fn set_flag(&mut self, column: Column, flag: bool) {
        self.set(column, if flag { "true" } else { "false" });
    }

    fn product(&mut self, product: &Product, tree: &Tree) {
        self.set(Column::Title, &product.title);
        self.set(Column::Body, &product.description);
        self.set(Column::Vendor, &product.vendor);
        self.set(Column::Type, kind(product, tree));
        self.set(Column::Tags, product.tags.join(", "));
        self.set_flag(Column::Published, product.status == Status::Active);
        self.set_flag(Column::GiftCard, false);
        self.set_optional(Column::SeoTitle, &product.seo_title);
        self.set_optional(Column::SeoDescription, &product.seo_description);
        self.set(Column::Status, product.status.as_str());
        for ((name, _), option) in OPTIONS.into_iter().zip(&product.options) {
            self.set(name, &option.name);
        }
        if product.has_default_variant_only() {
            self.set(Column::Option1Name, DEFAULT_OPTION);
        }
    }

    fn variant(&mut self, product: &Product, variant: &Variant, of: &Of<'_>) {
        for ((_, value), option) in OPTIONS.into_iter().zip(&product.options) {
            self.set(value, variant.options.get(&option.name).cloned().unwrap_or_default());
        }
        if product.has_default_variant_only() {
            self.set(Column::Option1Value, DEFAULT_VALUE);
        }
        self.set(Column::Sku, &variant.sku);
        self.set(Column::Grams, variant.weight_grams.to_string());
        let tracked = variant.policy != Policy::Untracked;
        self.set(Column::Tracker, if tracked { "shopify" } else { "" });
        self.set(Column::Quantity, variant.on_hand.to_string());
        let continues = variant.policy == Policy::Continue;
        self.set(Column::Policy, if continues { "continue" } else { "deny" });
        self.set(Column::Fulfillment, "manual");
        self.set(Column::Price, price(variant.price, of.currency));
        let compare_at_price = variant.compare_at_price.map(|it| price(it, of.currency));
        self.set(Column::CompareAtPrice, compare_at_price.unwrap_or_default());
        self.set_flag(Column::RequiresShipping, variant.requires_shipping);
        self.set_flag(Column::Taxable, variant.taxable);
        self.set_optional(Column::Barcode, &variant.barcode);
        self.set_optional(Column::VariantImage, &variant.image);
        self.set(Column::WeightUnit, &variant.weight_unit);
        self.set_optional(Column::TaxCode, &variant.tax_code);
        self.set(Column::QuantityAtExport, variant.on_hand.to_string());
        self.set(Column::Export, of.export.to_string());
    }

    fn image(&mut self, image: &Image, position: usize) {
        self.set(Column::ImageSrc, &image.url);
        self.set(Column::ImagePosition, position.to_string());
        self.set_optional(Column::ImageAlt, &image.alt);
    }
}

/// A row per variant or picture, whichever there are more of.
fn rows(product: &Product, of: &Of<'_>) -> Vec<Row> {
    let count = product.variants.len().max(product.images.len());
    let row = |at: usize| {
        let mut row = Row::new(&product.slug);
        if at == 0 {
            row.product(product, &of.tree);
        }
        if let Some(variant) = product.variants.get(at) {
            row.variant(product, variant, of);
        }
        if let Some(image) = product.images.get(at) {
            row.image(image, at + 1);
        }
        row
    };
    (0..count).map(row).collect()
}

/// `19.99`, without a currency.
fn price(amount: i64, currency: &Currency) -> String {
    rust_decimal::Decimal::new(amount, currency.digits()).to_string()
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
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
