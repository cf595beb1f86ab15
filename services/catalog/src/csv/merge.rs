//! What a file says and what the shop has, brought together: the product to write.

use uuid::Uuid;

use super::OfExisting;
use super::parse::{Imported, ImportedVariant, Wrong};
use crate::model::{Figure, NewProduct, NewVariant, Product, ProductOption, Status, Variant};

impl Imported {
    /// The product to write. `old` is the one with this handle; `categories` are those it
    /// belongs in.
    pub(super) fn to_new(
        &self,
        old: Option<&Product>,
        categories: Vec<Uuid>,
        stock: OfExisting,
    ) -> Result<NewProduct, Wrong> {
        let options = self.options.iter().map(|it| option(it, old)).collect();
        let variants = self.variants.iter().map(|it| it.to_new(old, stock));
        let images = || {
            let images = old.map(|it| it.images.as_slice()).unwrap_or_default();
            images.iter().map(|it| (it.url.clone(), it.alt.clone())).collect()
        };
        let text = |new: &Option<String>, old: Option<&String>| {
            new.as_ref().or(old).cloned().unwrap_or_default()
        };
        let kind = self.kind.as_ref().map(|it| it.text.clone());
        let seo_description = old.and_then(|it| it.seo_description.as_ref());
        Ok(NewProduct {
            slug: Some(self.handle.clone()),
            title: self.title.clone(),
            description: text(&self.body, old.map(|it| &it.description)),
            vendor: text(&self.vendor, old.map(|it| &it.vendor)),
            product_type: text(&kind, old.map(|it| &it.product_type)),
            tags: self.tags.as_ref().or(old.map(|it| &it.tags)).cloned().unwrap_or_default(),
            status: self.status(old),
            options,
            images: self.images.clone().unwrap_or_else(images),
            seo_title: Some(text(&self.seo_title, old.and_then(|it| it.seo_title.as_ref()))),
            seo_description: Some(text(&self.seo_description, seo_description)),
            category_ids: categories,
            variants: variants.collect::<Result<_, _>>()?,
        })
    }

    /// How many variants that exist keep their stock although the file has another figure.
    pub(super) fn kept(&self, old: &Product, stock: OfExisting) -> u64 {
        self.variants.iter().filter(|it| it.is_kept(old, stock)).count() as u64
    }

    /// Unpublished is a draft, unless it is archived already.
    fn status(&self, old: Option<&Product>) -> Status {
        let before = old.map(|it| it.status);
        match (self.status, self.published) {
            (Some(Status::Active) | None, Some(false)) => {
                before.filter(|it| *it != Status::Active).unwrap_or(Status::Draft)
            }
            (Some(status), _) => status,
            (None, Some(true)) => Status::Active,
            (None, None) => before.unwrap_or_default(),
        }
    }
}

/// An option with its values in the order they had, new ones after them.
fn option(name: &str, old: Option<&Product>) -> ProductOption {
    let before = old.and_then(|it| it.options.iter().find(|it| it.name == name));
    let values = before.map(|it| it.values.clone()).unwrap_or_default();
    ProductOption { name: name.to_owned(), values }
}

impl ImportedVariant {
    fn to_new(&self, product: Option<&Product>, stock: OfExisting) -> Result<NewVariant, Wrong> {
        let old = product.and_then(|it| self.same(it));
        let Some(price) = self.price.or(old.map(|it| it.price)) else {
            return Err((self.line, "there is no column Variant Price".to_owned()));
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
            sku: self.sku.clone(),
            options: self.options.clone(),
            price,
            compare_at_price: self.compare_at_price.unwrap_or(before),
            barcode: text(&self.barcode, |it| it.barcode.as_ref()),
            weight_grams: self.grams.or(old.map(|it| it.weight_grams)).unwrap_or_default(),
            weight_unit: text(&self.weight_unit, |it| Some(&it.weight_unit)),
            requires_shipping: flag(self.requires_shipping, |it| it.requires_shipping),
            taxable: flag(self.taxable, |it| it.taxable),
            tax_code: text(&self.tax_code, |it| it.tax_code.as_ref()),
            image: text(&self.image, |it| it.image.as_ref()),
            policy: self.policy,
            figure: self.figure(stock),
        })
    }

    /// What the file says of the stock.
    fn figure(&self, stock: OfExisting) -> Option<Figure> {
        let (on_hand, added) = (self.quantity?, self.added);
        Some(match (stock, self.exported) {
            (OfExisting::Set, _) => Figure::Count(on_hand),
            (OfExisting::Edited, Some((at_export, export))) if at_export != on_hand => {
                Figure::Edited { on_hand, at_export, export, added }
            }
            (OfExisting::Edited, _) => Figure::Opening(on_hand),
        })
    }

    /// Whether the file says another figure of a variant that exists, and not what it goes by.
    fn is_kept(&self, product: &Product, stock: OfExisting) -> bool {
        let differs = |old: &Variant| self.quantity.is_some_and(|it| it != old.on_hand);
        stock == OfExisting::Edited
            && self.exported.is_none()
            && self.same(product).is_some_and(differs)
    }

    /// The variant this one replaces: by SKU, else by options.
    pub(super) fn same<'a>(&self, product: &'a Product) -> Option<&'a Variant> {
        let by_sku = product.variants.iter().find(|it| Some(&it.sku) == self.sku.as_ref());
        by_sku.or_else(|| {
            let default = product.has_default_variant_only();
            product.variants.iter().find(|it| default || it.options == self.options)
        })
    }
}
