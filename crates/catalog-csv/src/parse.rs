//! The rows of a product to what they say.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::Shop;
use crate::columns::{Column, Columns, OPTIONS};
use crate::groups::{Group, Row};
use crate::path::Path;
use crate::product::{Kind, Picture, Policy, Product, Status, Variant, Wrong};

/// The longest `Type` that is kept.
const MAX_TYPE: usize = 510;

/// Reads the rows of a product.
pub(crate) struct Parser<'a> {
    pub columns: &'a Columns,
    pub shop: Shop<'a>,
}

impl Parser<'_> {
    pub(crate) fn product(&self, group: Group) -> Result<Product, Wrong> {
        if let Some(broken) = group.broken {
            return Err(broken);
        }
        let Some(first) = group.rows.first() else {
            return Err((group.line, "there is no row".to_owned()));
        };
        let mut warnings = Vec::new();
        let mut product = Product {
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
            ..Product::default()
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
        Ok(Product { handle: group.handle, warnings, ..product })
    }

    fn variant(
        &self,
        row: &Row,
        options: &[String],
        warnings: &mut Vec<Wrong>,
    ) -> Result<Variant, Wrong> {
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
        Ok(Variant {
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
            quantity: self.whole(row, Column::Quantity)?,
            exported: self.exported(row)?,
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
        let Path { names, warning } =
            Path::read(&text, self.text(row, Column::Title), self.shop.levels);
        warnings.extend(warning.map(|it| (row.line, it.to_owned())));
        let text = text.chars().filter(|it| *it != '\0').take(MAX_TYPE).collect::<String>();
        Some(Kind { text: text.trim().to_owned(), path: names })
    }

    fn tags(&self, row: &Row) -> Option<Vec<String>> {
        let tags = self.optional(row, Column::Tags)?;
        Some(tags.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect())
    }

    fn status(&self, row: &Row) -> Result<Option<Status>, Wrong> {
        match self.text(row, Column::Status).to_lowercase().as_str() {
            "" => Ok(None),
            word => Status::read(word).map(Some).ok_or_else(|| {
                let detail = format!("Status is {word:?}; it must be active, draft or archived");
                (row.line, detail)
            }),
        }
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
    ) -> Result<Option<Vec<Picture>>, Wrong> {
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

    /// What a row had when it was exported; none without the columns, or where a row is new.
    fn exported(&self, row: &Row) -> Result<Option<(i64, Uuid)>, Wrong> {
        let quantity = self.whole(row, Column::QuantityAtExport)?;
        let export = match self.text(row, Column::Export) {
            "" => None,
            text => Some(text.parse::<Uuid>().map_err(|_| {
                let text: String = text.chars().take(40).collect();
                let detail = format!("Inventory Export {text:?} is not one of our exports");
                (row.line, detail)
            })?),
        };
        Ok(quantity.zip(export))
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
        Ok(if !self.columns.has(Column::Tracker) {
            policy
        } else if self.text(row, Column::Tracker).is_empty() {
            Some(Policy::Untracked)
        } else {
            policy.or(Some(Policy::Deny))
        })
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
