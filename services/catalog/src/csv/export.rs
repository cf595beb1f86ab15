//! Products to a file: what an import of it would make of an empty shop.

use std::io::Write;

use catalog_csv::{Kind, Writer};
use chassis::db::Db;
use chassis::money::Currency;
use uuid::Uuid;

use super::{ExportError, Progress};
use crate::model::{DEFAULT_OPTION, DEFAULT_VALUE, Product, Status, Tree, Variant};
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
    let export = chassis::id::new();
    let mut out = Writer::new(out, currency.digits())?;
    let mut products = 0;
    let mut after = Uuid::nil();
    loop {
        let page = store::products::page(db, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        products += page.len() as u64;
        for product in page {
            out.write(&to_file(product, &tree, export))?;
        }
        out.flush()?;
        let (bytes, rows) = out.written();
        progress(Progress { bytes, rows, products });
    }
    out.flush()?;
    Ok(products)
}

/// The text of the column `Type`: the product's own, or else its first category.
pub(super) fn kind(product: &Product, tree: &Tree) -> String {
    if !product.product_type.is_empty() {
        return product.product_type.clone();
    }
    let path = product.category_ids.first().map(|id| tree.path(*id)).unwrap_or_default();
    path.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" > ")
}

/// A product as an export has it.
fn to_file(product: Product, tree: &Tree, export: Uuid) -> catalog_csv::Product {
    let text = kind(&product, tree);
    let default = product.has_default_variant_only();
    let options = if default {
        vec![DEFAULT_OPTION.to_owned()]
    } else {
        product.options.into_iter().map(|it| it.name).collect()
    };
    let images = product.images.into_iter().map(|it| (it.url, it.alt));
    let variants = product.variants.into_iter().map(|it| variant(it, default, export));
    catalog_csv::Product {
        line: 0,
        handle: product.slug,
        title: product.title,
        body: Some(product.description),
        vendor: Some(product.vendor),
        kind: Some(Kind { text, path: vec![] }),
        tags: Some(product.tags),
        published: Some(product.status == Status::Active),
        status: Some(product.status.into()),
        options,
        images: Some(images.collect()),
        seo_title: product.seo_title,
        seo_description: product.seo_description,
        variants: variants.collect(),
        warnings: vec![],
    }
}

fn variant(variant: Variant, default: bool, export: Uuid) -> catalog_csv::Variant {
    let options = if default {
        [(DEFAULT_OPTION.to_owned(), DEFAULT_VALUE.to_owned())].into()
    } else {
        variant.options
    };
    catalog_csv::Variant {
        line: 0,
        sku: Some(variant.sku),
        options,
        price: Some(variant.price),
        compare_at_price: Some(variant.compare_at_price),
        barcode: variant.barcode,
        grams: Some(variant.weight_grams),
        weight_unit: Some(variant.weight_unit),
        requires_shipping: Some(variant.requires_shipping),
        taxable: Some(variant.taxable),
        tax_code: variant.tax_code,
        image: variant.image,
        policy: Some(variant.policy.into()),
        quantity: Some(variant.on_hand),
        exported: Some((variant.on_hand, export)),
    }
}
