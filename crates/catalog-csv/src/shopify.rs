//! A product of Shopify's file: what its rows say.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::columns::{Column, OPTIONS};
use crate::fields::{Parser, said};
use crate::groups::{Group, Row};
use crate::header::shown;
use crate::list;
use crate::path::Path;
use crate::pictures::{picture, pictures};
use crate::product::{Kind, Picture, Policy, Product, Status, Variant, Wrong};

/// The longest `Type` that is kept.
const MAX_TYPE: usize = 510;

impl Parser<'_> {
    pub(crate) fn shopify(&self, group: &Group, first: &Row) -> Result<Product, Wrong> {
        let mut warnings = Vec::new();
        for row in &group.rows {
            let all = self.columns.contradictions(&row.fields);
            warnings.extend(all.into_iter().map(|it| (row.line, it)));
        }
        let mut product = Product {
            line: group.line,
            title: self.optional(first, Column::Title),
            body: self.raw(first, Column::Body),
            vendor: self.optional(first, Column::Vendor),
            kind: self.kind(first, &mut warnings),
            tags: self.tags(first),
            published: self.flag(first, Column::Published)?,
            status: self.status(first, &mut warnings)?,
            options: self.has_options().then(|| self.option_names(first)).transpose()?,
            option_values: self.option_order(first),
            categories: self.categories(first, &mut warnings),
            images: self.images(&group.rows, &mut warnings)?,
            seo_title: self.optional(first, Column::SeoTitle),
            seo_description: self.optional(first, Column::SeoDescription),
            ..Product::default()
        };
        if product.title.as_ref().is_some_and(String::is_empty) {
            return Err((group.line, format!("{} is empty", self.name(Column::Title))));
        }
        if self.flag(first, Column::GiftCard)? == Some(true) {
            let detail = "gift cards are not supported; this one is an ordinary product";
            warnings.push((group.line, detail.to_owned()));
        }
        let rows: Vec<&Row> = group.rows.iter().filter(|it| self.has_variant(it)).collect();
        // A product of one variant may say nothing of it.
        let rows = if rows.is_empty() { vec![first] } else { rows };
        for row in rows {
            let options = product.options.as_deref().unwrap_or_default();
            product.variants.push(self.variant(row, options, &mut warnings)?);
        }
        Ok(Product { handle: group.handle.clone(), warnings, ..product })
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
        let has = |column| self.columns.has(column);
        let compare_at_price = self.price(row, Column::CompareAtPrice)?;
        if price.is_none() && self.columns.has(Column::Price) {
            let name = self.name(Column::Price);
            let detail = format!("{name} is empty; the variant keeps the price it has");
            warnings.push((row.line, detail));
        }
        let cost = self.price(row, Column::Cost)?;
        let image = self.optional(row, Column::VariantImage);
        Ok(Variant {
            line: row.line,
            sku: Some(self.text(row, Column::Sku).to_owned()).filter(|it| !it.is_empty()),
            options: self.option_values(row, options)?,
            price,
            compare_at_price: has(Column::CompareAtPrice).then_some(compare_at_price),
            cost: has(Column::Cost).then_some(cost),
            barcode: self.barcode(row, warnings),
            grams: self.grams(row)?,
            weight_unit: self.unit(row, warnings),
            requires_shipping: self.flag(row, Column::RequiresShipping)?,
            taxable: self.flag(row, Column::Taxable)?,
            tax_code: self.optional(row, Column::TaxCode),
            image: image.map(|it| picture(&it, row.line, warnings).unwrap_or_default()),
            policy: self.policy(row)?,
            quantity: self.whole(row, Column::Quantity)?,
            exported: self.exported(row)?,
        })
    }

    /// Whether a row has more than a product and a picture.
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

    /// `Type`, or where that is empty the category of a taxonomy.
    pub(crate) fn kind(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Option<Kind> {
        let own = self.optional(row, Column::Type);
        if own.as_ref().is_none_or(String::is_empty) {
            let category = self.text(row, Column::ProductCategory);
            // The path may have its number before it, or be nothing but one.
            let number = category.split_once(" - ").filter(|(it, _)| is_number(it));
            let category = number.map_or(category, |(_, path)| path).trim();
            if is_number(category) && !category.is_empty() {
                let name = self.name(Column::ProductCategory);
                let detail = format!("{name} {category} is left out; only its path is understood");
                warnings.push((row.line, detail));
            } else if !category.is_empty() {
                return Some(self.path(row, category, warnings));
            }
        }
        Some(self.path(row, &own?, warnings))
    }

    fn path(&self, row: &Row, text: &str, warnings: &mut Vec<Wrong>) -> Kind {
        let Path { names, warning } =
            Path::read(text, self.text(row, Column::Title), self.shop.levels);
        warnings.extend(warning.map(|it| (row.line, it.to_owned())));
        let text = text.chars().filter(|it| *it != '\0').take(MAX_TYPE).collect::<String>();
        Kind { text: text.trim().to_owned(), path: names }
    }

    /// All categories, as our exports have them.
    fn categories(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Option<Vec<Vec<String>>> {
        let mut paths = list::split_paths(self.text(row, Column::Categories))?;
        for path in &mut paths {
            if path.len() > self.shop.levels {
                path.truncate(self.shop.levels);
                let detail = "a path in Categories is too deep and was cut off";
                warnings.push((row.line, detail.to_owned()));
            }
        }
        Some(paths)
    }

    fn tags(&self, row: &Row) -> Option<Vec<String>> {
        let tags = self.optional(row, Column::Tags)?;
        Some(tags.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect())
    }

    fn status(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Result<Option<Status>, Wrong> {
        let name = self.name(Column::Status);
        match self.text(row, Column::Status).to_lowercase().as_str() {
            "" => Ok(None),
            "unlisted" => {
                let detail = format!("{name} is unlisted, which we do not have; it is a draft");
                warnings.push((row.line, detail));
                Ok(Some(Status::Draft))
            }
            word => Status::read(word).map(Some).ok_or_else(|| {
                let word = shown(word);
                let detail = format!("{name} is {word:?}; it must be active, draft or archived");
                (row.line, detail)
            }),
        }
    }

    fn has_options(&self) -> bool {
        OPTIONS.into_iter().any(|(name, ..)| self.columns.has(name))
    }

    fn option_names(&self, row: &Row) -> Result<Vec<String>, Wrong> {
        let mut names: Vec<String> = Vec::new();
        for (name, ..) in OPTIONS {
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
        for (at, (_, column, _)) in OPTIONS.into_iter().enumerate() {
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

    /// By option: all its values in order.
    fn option_order(&self, row: &Row) -> Vec<Vec<String>> {
        let columns = OPTIONS.map(|(.., column)| column);
        let order = |column| list::split(self.text(row, column)).unwrap_or_default();
        let mut all = columns.map(order).to_vec();
        while all.last().is_some_and(Vec::is_empty) {
            all.pop();
        }
        all
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
            let urls = pictures(self.text(row, Column::ImageSrc), row.line, warnings);
            if urls.is_empty() {
                continue;
            }
            let position = self.whole(row, Column::ImagePosition)?.unwrap_or(i64::MAX);
            let alt = Some(self.text(row, Column::ImageAlt)).filter(|it| !it.is_empty());
            images.extend(urls.into_iter().map(|it| (position, it, alt.map(str::to_owned))));
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
                let text = shown(text);
                (row.line, format!("Inventory Export {text:?} is not one of our exports"))
            })?),
        };
        Ok(quantity.zip(export))
    }

    /// No tracker means that the units are not counted.
    fn policy(&self, row: &Row) -> Result<Option<Policy>, Wrong> {
        let text = self.text(row, Column::Policy).to_lowercase();
        let policy = match (text.as_str(), said(&text)) {
            ("", _) => None,
            // Today's column asks whether to continue selling.
            ("deny", _) | (_, Some(false)) => Some(Policy::Deny),
            ("continue", _) | (_, Some(true)) => Some(Policy::Continue),
            (other, None) => {
                let (name, other) = (self.name(Column::Policy), shown(other));
                return Err((
                    row.line,
                    format!("{name} is {other:?}; it must be deny or continue"),
                ));
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

fn is_number(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}
