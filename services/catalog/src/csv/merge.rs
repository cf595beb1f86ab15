//! What a file says and what the shop has, brought together: the product to write.

use catalog_csv::Wrong;
use uuid::Uuid;

use super::OfExisting;
use crate::model::{
    Figure, NewProduct, NewVariant, Policy, Product, ProductOption, Status, Variant,
};

/// A product of a file beside the one with its handle.
#[derive(Clone, Copy)]
pub(super) struct Merge<'a> {
    pub(super) new: &'a catalog_csv::Product,
    pub(super) old: Option<&'a Product>,
    pub(super) stock: OfExisting,
    /// By variant: what files of the same export have added since, as far as is known.
    pub(super) added: &'a [i64],
}

impl Merge<'_> {
    /// The product to write, in these categories. `kind` takes the place of the type it has.
    pub(super) fn product(
        &self,
        kind: Option<&str>,
        categories: Vec<Uuid>,
    ) -> Result<NewProduct, Wrong> {
        let Self { new, old, .. } = *self;
        let options = new.options.iter().map(|it| option(it, old)).collect();
        let images = || {
            let images = old.map(|it| it.images.as_slice()).unwrap_or_default();
            images.iter().map(|it| (it.url.clone(), it.alt.clone())).collect()
        };
        let text =
            |new: Option<&String>, old: Option<&String>| new.or(old).cloned().unwrap_or_default();
        let seo_title = old.and_then(|it| it.seo_title.as_ref());
        let seo_description = old.and_then(|it| it.seo_description.as_ref());
        let before = || old.map(|it| it.product_type.clone()).unwrap_or_default();
        let variants = (0..new.variants.len()).map(|at| self.variant(at));
        Ok(NewProduct {
            slug: Some(new.handle.clone()),
            title: new.title.clone(),
            description: text(new.body.as_ref(), old.map(|it| &it.description)),
            vendor: text(new.vendor.as_ref(), old.map(|it| &it.vendor)),
            product_type: kind.map_or_else(before, str::to_owned),
            tags: new.tags.as_ref().or(old.map(|it| &it.tags)).cloned().unwrap_or_default(),
            status: self.status(),
            options,
            images: new.images.clone().unwrap_or_else(images),
            seo_title: Some(text(new.seo_title.as_ref(), seo_title)),
            seo_description: Some(text(new.seo_description.as_ref(), seo_description)),
            category_ids: categories,
            variants: variants.collect::<Result<_, _>>()?,
        })
    }

    /// How many variants that exist keep their stock although the file has another figure, and does
    /// not say what that goes by.
    pub(super) fn kept(&self) -> u64 {
        let is_kept = |new: &&catalog_csv::Variant| {
            let differs = |old: &Variant| new.quantity.is_some_and(|it| it != old.on_hand);
            new.exported.is_none() && self.old.and_then(|it| same(new, it)).is_some_and(differs)
        };
        match self.stock {
            OfExisting::Edited => self.new.variants.iter().filter(is_kept).count() as u64,
            OfExisting::Set => 0,
        }
    }

    /// Unpublished is a draft, unless it is archived already.
    fn status(&self) -> Status {
        let before = self.old.map(|it| it.status);
        match (self.new.status.map(Status::from), self.new.published) {
            (Some(Status::Active) | None, Some(false)) => {
                before.filter(|it| *it != Status::Active).unwrap_or(Status::Draft)
            }
            (Some(status), _) => status,
            (None, Some(true)) => Status::Active,
            (None, None) => before.unwrap_or_default(),
        }
    }

    fn variant(&self, at: usize) -> Result<NewVariant, Wrong> {
        let new = &self.new.variants[at];
        let old = self.old.and_then(|it| same(new, it));
        let Some(price) = new.price.or(old.map(|it| it.price)) else {
            return Err((new.line, "there is no column Variant Price".to_owned()));
        };
        let text = |new: &Option<String>, before: fn(&Variant) -> Option<&String>| {
            new.as_ref().or(old.and_then(before)).cloned()
        };
        let flag = |new: Option<bool>, before: fn(&Variant) -> bool| {
            new.or(old.map(before)).unwrap_or(true)
        };
        let before = old.and_then(|it| it.compare_at_price);
        Ok(NewVariant {
            id: None,
            sku: new.sku.clone(),
            options: new.options.clone(),
            price,
            compare_at_price: new.compare_at_price.unwrap_or(before),
            barcode: text(&new.barcode, |it| it.barcode.as_ref()),
            weight_grams: new.grams.or(old.map(|it| it.weight_grams)).unwrap_or_default(),
            weight_unit: text(&new.weight_unit, |it| Some(&it.weight_unit)),
            requires_shipping: flag(new.requires_shipping, |it| it.requires_shipping),
            taxable: flag(new.taxable, |it| it.taxable),
            tax_code: text(&new.tax_code, |it| it.tax_code.as_ref()),
            image: text(&new.image, |it| it.image.as_ref()),
            policy: new.policy.map(Policy::from),
            figure: self.figure(at),
        })
    }

    /// What the file says of the stock.
    fn figure(&self, at: usize) -> Option<Figure> {
        let new = &self.new.variants[at];
        let (on_hand, added) = (new.quantity?, self.added.get(at).copied().unwrap_or_default());
        Some(match (self.stock, new.exported) {
            (OfExisting::Set, _) => Figure::Count(on_hand),
            (OfExisting::Edited, Some((at_export, export))) if at_export != on_hand => {
                Figure::Edited { on_hand, at_export, export, added }
            }
            (OfExisting::Edited, _) => Figure::Opening(on_hand),
        })
    }
}

/// An option with its values in the order they had, new ones after them.
fn option(name: &str, old: Option<&Product>) -> ProductOption {
    let before = old.and_then(|it| it.options.iter().find(|it| it.name == name));
    let values = before.map(|it| it.values.clone()).unwrap_or_default();
    ProductOption { name: name.to_owned(), values }
}

/// The variant a new one replaces: by SKU, else by options.
pub(super) fn same<'a>(new: &catalog_csv::Variant, product: &'a Product) -> Option<&'a Variant> {
    let by_sku = product.variants.iter().find(|it| Some(&it.sku) == new.sku.as_ref());
    by_sku.or_else(|| {
        let default = product.has_default_variant_only();
        product.variants.iter().find(|it| default || it.options == new.options)
    })
}
