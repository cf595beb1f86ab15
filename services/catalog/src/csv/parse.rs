//! The rows of a product to what they say, and from there to a product to write.

use std::collections::BTreeMap;
use std::str::FromStr;

use chassis::money::Currency;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::columns::{Column, Columns, OPTIONS};
use super::groups::{Group, Row};
use super::path::{self, Path};
use crate::model::{NewProduct, NewVariant, Policy, Product, ProductOption, Status, Variant};

/// The longest `Type` that is kept.
const MAX_TYPE: usize = 510;

/// A line, and what is wrong there.
pub(super) type Wrong = (u64, String);

/// A product as a file has it. What is None has no column in the file: an existing product
/// keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Imported {
    pub line: u64,
    pub handle: String,
    pub title: String,
    pub body: Option<String>,
    pub vendor: Option<String>,
    pub kind: Option<Kind>,
    pub tags: Option<Vec<String>>,
    pub published: Option<bool>,
    pub status: Option<Status>,
    pub options: Vec<String>,
    /// URL and alternative text, in order.
    pub images: Option<Vec<(String, Option<String>)>>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub variants: Vec<ImportedVariant>,
    pub warnings: Vec<Wrong>,
}

/// `Type`: the text and the categories it names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kind {
    pub text: String,
    pub path: Vec<String>,
}

/// A variant as a file has it; None as above.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ImportedVariant {
    pub line: u64,
    pub sku: Option<String>,
    pub options: BTreeMap<String, String>,
    pub price: Option<i64>,
    pub compare_at_price: Option<Option<i64>>,
    pub barcode: Option<String>,
    pub grams: Option<i64>,
    pub weight_unit: Option<String>,
    pub requires_shipping: Option<bool>,
    pub taxable: Option<bool>,
    pub tax_code: Option<String>,
    pub image: Option<String>,
    pub policy: Option<Policy>,
    pub quantity: Option<i64>,
}

/// Reads the rows of a product.
pub(super) struct Parser<'a> {
    pub columns: &'a Columns,
    pub currency: &'a Currency,
}

impl Parser<'_> {
    pub(super) fn product(&self, group: Group) -> Result<Imported, Wrong> {
        if let Some(broken) = group.broken {
            return Err(broken);
        }
        let Some(first) = group.rows.first() else {
            return Err((group.line, "there is no row".to_owned()));
        };
        let mut warnings = Vec::new();
        let mut product = Imported {
            line: group.line,
            title: self.text(first, Column::Title).to_owned(),
            body: self.raw(first, Column::Body),
            vendor: self.optional(first, Column::Vendor),
            kind: self.kind(first, &mut warnings),
            tags: self.tags(first),
            published: self.flag(first, Column::Published)?,
            status: self.status(first)?,
            options: self.option_names(first)?,
            images: self.images(&group.rows, &mut warnings)?,
            seo_title: self.optional(first, Column::SeoTitle),
            seo_description: self.optional(first, Column::SeoDescription),
            ..Imported::default()
        };
        if product.title.is_empty() {
            return Err((group.line, "Title is empty".to_owned()));
        }
        if self.flag(first, Column::GiftCard)? == Some(true) {
            let detail = "gift cards are not supported; this one is an ordinary product";
            warnings.push((group.line, detail.to_owned()));
        }
        for (at, row) in group.rows.iter().enumerate() {
            if at == 0 || self.has_variant(row) {
                product.variants.push(self.variant(row, &product.options, &mut warnings)?);
            }
        }
        Ok(Imported { handle: group.handle, warnings, ..product })
    }

    fn variant(
        &self,
        row: &Row,
        options: &[String],
        warnings: &mut Vec<Wrong>,
    ) -> Result<ImportedVariant, Wrong> {
        if self.columns.has_more_options(&row.fields) {
            return Err((row.line, "a product can have at most 3 options".to_owned()));
        }
        let price = self.price(row, Column::Price)?;
        if price.is_none() && self.columns.has(Column::Price) {
            return Err((row.line, "Variant Price is empty".to_owned()));
        }
        let has = |column| self.columns.has(column);
        let compare_at_price = self.price(row, Column::CompareAtPrice)?;
        let image = self.optional(row, Column::VariantImage);
        Ok(ImportedVariant {
            line: row.line,
            sku: Some(self.text(row, Column::Sku).to_owned()).filter(|it| !it.is_empty()),
            options: self.option_values(row, options)?,
            price,
            compare_at_price: has(Column::CompareAtPrice).then_some(compare_at_price),
            barcode: self.optional(row, Column::Barcode),
            grams: self.grams(row)?,
            weight_unit: self.optional(row, Column::WeightUnit).map(|it| it.to_lowercase()),
            requires_shipping: self.flag(row, Column::RequiresShipping)?,
            taxable: self.flag(row, Column::Taxable)?,
            tax_code: self.optional(row, Column::TaxCode),
            image: image
                .map(|url| if is_url(&url, row.line, warnings) { url } else { String::new() }),
            policy: self.policy(row)?,
            quantity: self.quantity(row)?,
        })
    }

    /// Whether a row that is not the first has more than an image.
    fn has_variant(&self, row: &Row) -> bool {
        let columns = [
            Column::Option1Value,
            Column::Option2Value,
            Column::Option3Value,
            Column::Sku,
            Column::Price,
            Column::CompareAtPrice,
            Column::Barcode,
        ];
        columns.iter().any(|&column| !self.text(row, column).is_empty())
            || self.columns.has_more_options(&row.fields)
    }

    fn kind(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Option<Kind> {
        let text = self.optional(row, Column::Type)?;
        let Path { names, warning } = path::read(&text, self.text(row, Column::Title));
        warnings.extend(warning.map(|it| (row.line, it.to_owned())));
        let text = text.chars().filter(|it| *it != '\0').take(MAX_TYPE).collect::<String>();
        Some(Kind { text: text.trim().to_owned(), path: names })
    }

    fn tags(&self, row: &Row) -> Option<Vec<String>> {
        let tags = self.optional(row, Column::Tags)?;
        Some(tags.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect())
    }

    fn status(&self, row: &Row) -> Result<Option<Status>, Wrong> {
        Ok(Some(match self.text(row, Column::Status).to_lowercase().as_str() {
            "" => return Ok(None),
            "active" => Status::Active,
            "draft" => Status::Draft,
            "archived" => Status::Archived,
            other => {
                let detail = format!("Status is {other:?}; it must be active, draft or archived");
                return Err((row.line, detail));
            }
        }))
    }

    fn option_names(&self, row: &Row) -> Result<Vec<String>, Wrong> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in OPTIONS {
            let name = self.text(row, name);
            if !name.is_empty() {
                if names.iter().any(|it| it == name) {
                    return Err((row.line, format!("two options are called {name:?}")));
                }
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn option_values(
        &self,
        row: &Row,
        names: &[String],
    ) -> Result<BTreeMap<String, String>, Wrong> {
        let mut values = BTreeMap::new();
        for (at, (_, column)) in OPTIONS.into_iter().enumerate() {
            let value = self.text(row, column);
            match names.get(at) {
                Some(name) if value.is_empty() => {
                    return Err((row.line, format!("there is no value for the option {name:?}")));
                }
                Some(name) => drop(values.insert(name.clone(), value.to_owned())),
                None if value.is_empty() => {}
                None => {
                    let detail = format!("the value {value:?} belongs to an option without a name");
                    return Err((row.line, detail));
                }
            }
        }
        Ok(values)
    }

    /// The pictures of all rows, by position where they have one.
    fn images(
        &self,
        rows: &[Row],
        warnings: &mut Vec<Wrong>,
    ) -> Result<Option<Vec<(String, Option<String>)>>, Wrong> {
        if !self.columns.has(Column::ImageSrc) {
            return Ok(None);
        }
        let mut images = Vec::new();
        for row in rows {
            let url = self.text(row, Column::ImageSrc);
            if url.is_empty() || !is_url(url, row.line, warnings) {
                continue;
            }
            let position = self.whole(row, Column::ImagePosition)?.unwrap_or(i64::MAX);
            let alt = Some(self.text(row, Column::ImageAlt).to_owned());
            images.push((position, url.to_owned(), alt.filter(|it| !it.is_empty())));
        }
        images.sort_by_key(|(position, ..)| *position);
        Ok(Some(images.into_iter().map(|(_, url, alt)| (url, alt)).collect()))
    }

    /// No tracker means that the units are not counted.
    fn policy(&self, row: &Row) -> Result<Option<Policy>, Wrong> {
        let policy = match self.text(row, Column::Policy).to_lowercase().as_str() {
            "" => None,
            "deny" => Some(Policy::Deny),
            "continue" => Some(Policy::Continue),
            other => {
                let detail =
                    format!("Variant Inventory Policy is {other:?}; it must be deny or continue");
                return Err((row.line, detail));
            }
        };
        Ok(match self.columns.has(Column::Tracker) {
            true if self.text(row, Column::Tracker).is_empty() => Some(Policy::Untracked),
            true => policy.or(Some(Policy::Deny)),
            false => policy,
        })
    }

    fn quantity(&self, row: &Row) -> Result<Option<i64>, Wrong> {
        self.whole(row, Column::Quantity)
    }

    fn grams(&self, row: &Row) -> Result<Option<i64>, Wrong> {
        let empty = self.columns.has(Column::Grams).then_some(0);
        let grams = self.number(row, Column::Grams)?.map(|it| it.round());
        match grams {
            None => Ok(empty),
            Some(grams) => {
                i64::try_from(grams).map(Some).map_err(|_| self.wrong(row, Column::Grams))
            }
        }
    }

    /// A price in minor units.
    fn price(&self, row: &Row, column: Column) -> Result<Option<i64>, Wrong> {
        let Some(price) = self.number(row, column)? else { return Ok(None) };
        let digits = self.currency.digits();
        let minor = price.checked_mul(Decimal::from(10_i64.pow(digits)));
        let minor = minor.map(|it| it.normalize()).ok_or_else(|| self.wrong(row, column))?;
        if minor.scale() > 0 {
            let name = self.name(column);
            let detail = format!(
                "{name} {price} has more than {digits} decimals, which {} does not have",
                self.currency.as_str()
            );
            return Err((row.line, detail));
        }
        if minor.is_sign_negative() && !minor.is_zero() {
            return Err((row.line, format!("{} is negative", self.name(column))));
        }
        i64::try_from(minor).map(Some).map_err(|_| self.wrong(row, column))
    }

    fn whole(&self, row: &Row, column: Column) -> Result<Option<i64>, Wrong> {
        let Some(number) = self.number(row, column)? else { return Ok(None) };
        if !number.fract().is_zero() {
            return Err((row.line, format!("{} must be a whole number", self.name(column))));
        }
        i64::try_from(number).map(Some).map_err(|_| self.wrong(row, column))
    }

    fn number(&self, row: &Row, column: Column) -> Result<Option<Decimal>, Wrong> {
        match self.text(row, column) {
            "" => Ok(None),
            text => Decimal::from_str(text).map(Some).map_err(|_| self.wrong(row, column)),
        }
    }

    /// True where the field is empty, none where there is no such column.
    fn flag(&self, row: &Row, column: Column) -> Result<Option<bool>, Wrong> {
        if !self.columns.has(column) {
            return Ok(None);
        }
        match self.text(row, column).to_lowercase().as_str() {
            // What nobody said is so: published, taxable, to be shipped; but no gift card.
            "" => Ok(Some(column != Column::GiftCard)),
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            other => {
                let name = self.name(column);
                Err((row.line, format!("{name} is {other:?}; it must be true or false")))
            }
        }
    }

    fn wrong(&self, row: &Row, column: Column) -> Wrong {
        let text: String = self.text(row, column).chars().take(40).collect();
        (row.line, format!("{} {text:?} is not a number we can use", self.name(column)))
    }

    fn name(&self, column: Column) -> &'static str {
        super::columns::COLUMNS[column as usize].1
    }

    fn text<'r>(&self, row: &'r Row, column: Column) -> &'r str {
        self.columns.get(&row.fields, column)
    }

    fn optional(&self, row: &Row, column: Column) -> Option<String> {
        self.columns.has(column).then(|| self.text(row, column).to_owned())
    }

    fn raw(&self, row: &Row, column: Column) -> Option<String> {
        self.columns.has(column).then(|| self.columns.raw(&row.fields, column).to_owned())
    }
}

/// A picture without a usable address is left out: it is no reason to lose a product.
fn is_url(url: &str, line: u64, warnings: &mut Vec<Wrong>) -> bool {
    let known = ["https://", "http://", "/api/v1/media/"];
    let broken = |it: char| it.is_whitespace() || it.is_control() || "<>\"".contains(it);
    let rest = known.iter().find_map(|it| url.strip_prefix(it));
    let usable = rest.is_some_and(|it| !it.is_empty() && !it.contains(broken)) && url.len() <= 2048;
    if !usable && !url.is_empty() {
        let url: String = url.chars().take(80).collect();
        warnings.push((line, format!("the picture {url:?} is left out: not a web address")));
    }
    usable
}

impl Imported {
    /// The product to write. `old` is the one with this handle; `categories` are those it
    /// belongs in.
    pub(super) fn to_new(
        &self,
        old: Option<&Product>,
        categories: Vec<Uuid>,
    ) -> Result<NewProduct, Wrong> {
        let options = self.options.iter().map(|it| option(it, old)).collect();
        let variants = self.variants.iter().map(|it| it.to_new(old));
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
    fn to_new(&self, product: Option<&Product>) -> Result<NewVariant, Wrong> {
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
            on_hand: self.quantity,
        })
    }

    /// The variant this one replaces: by SKU, else by options.
    fn same<'a>(&self, product: &'a Product) -> Option<&'a Variant> {
        let by_sku = product.variants.iter().find(|it| Some(&it.sku) == self.sku.as_ref());
        by_sku.or_else(|| {
            let default = product.has_default_variant_only();
            product.variants.iter().find(|it| default || it.options == self.options)
        })
    }
}
