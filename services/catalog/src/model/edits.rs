//! What an edit changes: kept by field, so that whoever has seen an older version of a product or a
//! category is told what is different now.

use chassis::if_match::Versioned;
use chrono::{DateTime, Utc};

use super::{Category, Product, Variant};

/// Notes which fields of a product, and of its variants, are not as they were in `old`. The
/// revision is that of the edit.
pub(crate) fn note_edit(old: &Product, new: &mut Product) {
    let revision = new.revision;
    let same_variants = old.variants.iter().map(|it| it.id).eq(new.variants.iter().map(|it| it.id));
    let fields = product_fields(old, new);
    new.field_versions.note(revision, fields);
    if !same_variants {
        new.field_versions.note(revision, ["variants"]);
    }
    for variant in &mut new.variants {
        match old.variants.iter().find(|it| it.id == variant.id) {
            Some(old) => {
                let fields = variant_fields(old, variant);
                variant.field_versions.note(revision, fields);
            }
            None => variant.field_versions.note(revision, ["sku"]),
        }
    }
}

/// Notes which fields of a category are not as they were in `old`.
pub(crate) fn note_category_edit(old: &Category, new: &mut Category) {
    let Category {
        id: _,
        parent_id,
        slug,
        name,
        description,
        position,
        version: _,
        field_versions: _,
        created_at: _,
        updated_at: _,
    } = old;
    let fields = names([
        ("parent_id", *parent_id != new.parent_id),
        ("slug", *slug != new.slug),
        ("name", *name != new.name),
        ("description", *description != new.description),
        ("position", *position != new.position),
    ]);
    new.field_versions.note(new.version, fields);
}

fn product_fields(old: &Product, new: &Product) -> impl Iterator<Item = &'static str> + use<> {
    // A new field has to be compared, too, or left out on purpose.
    let Product {
        id: _,
        slug,
        title,
        description,
        vendor,
        product_type,
        tags,
        status,
        options,
        images,
        seo_title,
        seo_description,
        category_ids,
        rating: _,
        views: _,
        sold: _,
        version: _,
        revision: _,
        field_versions: _,
        created_at: _,
        updated_at: _,
        variants: _,
    } = old;
    names([
        ("slug", *slug != new.slug),
        ("title", *title != new.title),
        ("description", *description != new.description),
        ("vendor", *vendor != new.vendor),
        ("product_type", *product_type != new.product_type),
        ("tags", *tags != new.tags),
        ("status", *status != new.status),
        ("options", *options != new.options),
        ("images", *images != new.images),
        ("seo_title", *seo_title != new.seo_title),
        ("seo_description", *seo_description != new.seo_description),
        ("categories", *category_ids != new.category_ids),
        ("price", old.price() != new.price()),
    ])
}

fn variant_fields(old: &Variant, new: &Variant) -> impl Iterator<Item = &'static str> + use<> {
    let Variant {
        id: _,
        product_id: _,
        sku,
        // Follows from the options.
        title: _,
        options,
        price,
        compare_at_price,
        cost,
        // Another order of the variants is a change of their product.
        position: _,
        barcode,
        weight_grams,
        weight_unit,
        requires_shipping,
        taxable,
        tax_code,
        image,
        revision: _,
        field_versions: _,
        // Of the stock, which has a version of its own.
        policy: _,
        on_hand: _,
        allocated: _,
        reserved: _,
    } = old;
    names([
        ("sku", *sku != new.sku),
        ("options", *options != new.options),
        ("price", *price != new.price),
        ("compare_at_price", *compare_at_price != new.compare_at_price),
        ("cost", *cost != new.cost),
        ("barcode", *barcode != new.barcode),
        ("weight_grams", *weight_grams != new.weight_grams),
        ("weight_unit", *weight_unit != new.weight_unit),
        ("requires_shipping", *requires_shipping != new.requires_shipping),
        ("taxable", *taxable != new.taxable),
        ("tax_code", *tax_code != new.tax_code),
        ("image", *image != new.image),
    ])
}

fn names<const N: usize>(
    fields: [(&'static str, bool); N],
) -> impl Iterator<Item = &'static str> + use<N> {
    fields.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name)
}

impl Versioned for Product {
    const NAME: &'static str = "product";

    fn version(&self) -> i64 {
        self.revision
    }

    fn updated_at(&self) -> Option<DateTime<Utc>> {
        Some(self.updated_at)
    }

    fn changed_since(&self, version: i64) -> Vec<String> {
        let own = self.field_versions.after(version).map(str::to_owned);
        let of_variant = |it: &Variant| {
            let fields = it.field_versions.after(version);
            fields.map(|field| format!("variants[{}].{field}", it.sku)).collect::<Vec<_>>()
        };
        own.chain(self.variants.iter().flat_map(of_variant)).collect()
    }
}

impl Versioned for Variant {
    const NAME: &'static str = "variant";

    fn version(&self) -> i64 {
        self.revision
    }

    fn changed_since(&self, version: i64) -> Vec<String> {
        self.field_versions.after(version).map(str::to_owned).collect()
    }
}

impl Versioned for Category {
    const NAME: &'static str = "category";

    fn version(&self) -> i64 {
        self.version
    }

    fn updated_at(&self) -> Option<DateTime<Utc>> {
        Some(self.updated_at)
    }

    fn changed_since(&self, version: i64) -> Vec<String> {
        self.field_versions.after(version).map(str::to_owned).collect()
    }
}
