//! A product of WooCommerce's file: its own row, then those of its variations.

use crate::columns::Column;
use crate::fields::{Parser, grams, said, unit};
use crate::groups::{Group, Row};
use crate::header::shown;
use crate::list;
use crate::pictures::pictures;
use crate::product::{Policy, Product, Status, Variant, Wrong};

/// Options a product can have.
const MAX_OPTIONS: usize = 3;

impl Parser<'_> {
    pub(crate) fn woocommerce(&self, group: &Group, first: &Row) -> Result<Product, Wrong> {
        let mut warnings = Vec::new();
        let kind = |row: &Row, kind: &str| {
            let kinds = self.text(row, Column::Kind).to_lowercase();
            kinds.split(',').any(|it| it.trim() == kind)
        };
        let title = self.optional(first, Column::Title);
        if title.as_ref().is_some_and(String::is_empty) {
            return Err((first.line, format!("{} is empty", self.name(Column::Title))));
        }
        if kind(first, "grouped") {
            let name = self.name(Column::Kind);
            return Err((first.line, format!("{name} is grouped: it has no price of its own")));
        }
        if kind(first, "external") {
            let detail = "it is sold elsewhere; here it is an ordinary product";
            warnings.push((first.line, detail.to_owned()));
        }
        let variations: Vec<&Row> =
            if kind(first, "variable") {
                let rows = group.rows.iter().skip(1);
                let (mut rows, hidden): (Vec<_>, Vec<_>) =
                    rows.partition(|it| said(self.text(it, Column::Published)) != Some(false));
                warnings.extend(hidden.into_iter().map(|it| {
                    (it.line, "the variation is left out: it is not published".to_owned())
                }));
                if rows.is_empty() {
                    let detail = "none of its variations is in the file".to_owned();
                    return Err((first.line, detail));
                }
                let place = |it: &&Row| self.whole(it, Column::Position).ok().flatten();
                rows.sort_by_key(place);
                rows
            } else {
                vec![]
            };
        let options = self.attributes(first, &variations)?;
        let mut variants = Vec::new();
        for row in if variations.is_empty() { vec![first] } else { variations } {
            let needs_shipping = !kind(row, "virtual") && !kind(row, "downloadable");
            let variant = self.variation(row, &options, &mut warnings)?;
            let requires_shipping = self.columns.has(Column::Kind).then_some(needs_shipping);
            variants.push(Variant { requires_shipping, ..variant });
        }
        let images = self.columns.has(Column::Images).then(|| {
            let urls = pictures(self.text(first, Column::Images), first.line, &mut warnings);
            urls.into_iter().map(|it| (it, None)).collect()
        });
        let with_values: Vec<Vec<String>> = options.iter().map(|(_, it)| it.clone()).collect();
        Ok(Product {
            line: group.line,
            handle: group.handle.clone(),
            title,
            body: self.descriptions(first),
            vendor: self.optional(first, Column::Vendor),
            kind: None,
            tags: self.columns.has(Column::Tags).then(|| self.names(first, Column::Tags)),
            published: None,
            status: self.visible(first, &mut warnings)?,
            options: (!self.columns.has_no_attributes())
                .then(|| options.into_iter().map(|(name, _)| name).collect()),
            option_values: if with_values.iter().all(Vec::is_empty) { vec![] } else { with_values },
            categories: self.columns.has(Column::Categories).then(|| {
                let paths = self.names(first, Column::Categories);
                self.paths(&paths, first, &mut warnings)
            }),
            images,
            seo_title: self.optional(first, Column::SeoTitle),
            seo_description: self.optional(first, Column::SeoDescription),
            variants,
            warnings,
        })
    }

    /// The attributes by which variations differ, each with its values in order.
    fn attributes(
        &self,
        first: &Row,
        variations: &[&Row],
    ) -> Result<Vec<(String, Vec<String>)>, Wrong> {
        let mut options: Vec<(String, Vec<String>)> = Vec::new();
        if variations.is_empty() {
            return Ok(options);
        }
        let is_used = |name: &str| {
            let mut all = variations.iter().flat_map(|it| self.columns.attributes(&it.fields));
            all.any(|(it, value)| it == name && !value.is_empty())
        };
        for (name, values) in self.columns.attributes(&first.fields).filter(|(it, _)| is_used(it)) {
            options.push((name.to_owned(), entries(values)));
        }
        for row in variations {
            for (name, value) in self.columns.attributes(&row.fields) {
                if !value.is_empty() && !options.iter().any(|(it, _)| it == name) {
                    options.push((name.to_owned(), vec![]));
                }
            }
        }
        if options.len() > MAX_OPTIONS {
            let detail = format!("a product can have at most {MAX_OPTIONS} options");
            return Err((first.line, detail));
        }
        Ok(options)
    }

    fn variation(
        &self,
        row: &Row,
        options: &[(String, Vec<String>)],
        warnings: &mut Vec<Wrong>,
    ) -> Result<Variant, Wrong> {
        let has = |column| self.columns.has(column);
        let mut values = std::collections::BTreeMap::new();
        for (name, _) in options {
            let mut all = self.columns.attributes(&row.fields);
            let value = all.find(|(it, _)| it == name).map(|(_, value)| list::unescaped(value));
            let Some(value) = value.filter(|it| !it.is_empty()) else {
                return Err((row.line, format!("there is no value for the option {name:?}")));
            };
            values.insert(name.clone(), value);
        }
        let (price, compare_at_price) = self.prices(row, warnings)?;
        let cost = self.price(row, Column::Cost)?;
        let weight = self.weight(row)?;
        let (policy, quantity) = self.stock(row, warnings)?;
        let image = has(Column::Images).then(|| {
            // The pictures of a product of one variant are the product's.
            let text = if options.is_empty() { "" } else { self.text(row, Column::Images) };
            pictures(text, row.line, warnings).into_iter().next().unwrap_or_default()
        });
        Ok(Variant {
            line: row.line,
            sku: Some(self.text(row, Column::Sku).to_owned()).filter(|it| !it.is_empty()),
            options: values,
            price,
            compare_at_price: has(Column::SalePrice).then_some(compare_at_price),
            cost: has(Column::Cost).then_some(cost),
            barcode: self.barcode(row, warnings),
            grams: weight.map(|(grams, _)| grams),
            weight_unit: weight.map(|(_, unit)| unit.to_owned()),
            requires_shipping: None,
            taxable: has(Column::TaxStatus)
                .then(|| matches!(self.text(row, Column::TaxStatus), "" | "taxable" | "parent")),
            tax_code: self.optional(row, Column::TaxCode),
            image,
            policy,
            quantity,
            exported: None,
        })
    }

    /// The price, and the one it is compared with. A sale that has days is none here.
    pub(crate) fn prices(
        &self,
        row: &Row,
        warnings: &mut Vec<Wrong>,
    ) -> Result<(Option<i64>, Option<i64>), Wrong> {
        let usual = if self.columns.has(Column::RegularPrice) {
            Column::RegularPrice
        } else {
            Column::Price
        };
        let (usual, sale) = (self.price(row, usual)?, self.price(row, Column::SalePrice)?);
        let days = [Column::SaleFrom, Column::SaleTo];
        let has_days = days.into_iter().any(|it| !self.text(row, it).is_empty());
        Ok(match (usual, sale) {
            (Some(usual), Some(_)) if has_days => {
                let name = self.name(Column::SalePrice);
                warnings.push((row.line, format!("{name} is for some days only and is left out")));
                (Some(usual), None)
            }
            (Some(usual), Some(sale)) if sale < usual => (Some(sale), Some(usual)),
            (usual, sale) => (usual.or(sale), None),
        })
    }

    fn stock(
        &self,
        row: &Row,
        warnings: &mut Vec<Wrong>,
    ) -> Result<(Option<Policy>, Option<i64>), Wrong> {
        let text = self.text(row, Column::Quantity);
        if text.eq_ignore_ascii_case("parent") {
            let detail = "its stock is that of all variations together, which has to be divided";
            warnings.push((row.line, detail.to_owned()));
            return Ok((None, None));
        }
        let backorders = self.text(row, Column::Backorders).to_lowercase();
        let sells = backorders == "notify" || said(&backorders) == Some(true);
        Ok(match self.whole(row, Column::Quantity)? {
            Some(units) => {
                let policy = if sells { Policy::Continue } else { Policy::Deny };
                let policy = self.columns.has(Column::Backorders).then_some(policy);
                (policy, Some(units))
            }
            // What is not counted is there or not.
            None if self.columns.has(Column::InStock) => {
                let is_out = said(self.text(row, Column::InStock)) == Some(false);
                if is_out { (Some(Policy::Deny), Some(0)) } else { (Some(Policy::Untracked), None) }
            }
            None => (None, None),
        })
    }

    /// A weight in grams, and the unit in which it is shown.
    fn weight(&self, row: &Row) -> Result<Option<(i64, &'static str)>, Wrong> {
        let name = self.name(Column::Weight);
        let named = name.split_once('(').and_then(|(_, it)| unit(it.trim_end_matches([')', ' '])));
        let Some(unit) = named.filter(|_| self.columns.has(Column::Weight)) else {
            return Ok(None);
        };
        let weight = self.number(row, Column::Weight)?.unwrap_or_default();
        let grams = grams(weight, unit).ok_or_else(|| self.wrong(row, Column::Weight))?;
        Ok(Some((grams, unit)))
    }

    /// Published for everybody to find, or else a draft.
    fn visible(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Result<Option<Status>, Wrong> {
        let visibility = self.text(row, Column::Visibility).to_lowercase();
        if visibility == "hidden" {
            let name = self.name(Column::Visibility);
            let detail = format!("{name} is hidden, which we do not have; it is a draft");
            warnings.push((row.line, detail));
            return Ok(Some(Status::Draft));
        }
        if !self.columns.has(Column::Published) {
            return Ok(None);
        }
        match (self.text(row, Column::Published), said(self.text(row, Column::Published))) {
            ("", _) | (_, Some(true)) => Ok(Some(Status::Active)),
            // Private, or a draft.
            ("-1", _) | (_, Some(false)) => Ok(Some(Status::Draft)),
            (text, None) => {
                let (name, text) = (self.name(Column::Published), shown(text));
                Err((row.line, format!("{name} is {text:?}; it must be 1, 0 or -1")))
            }
        }
    }

    /// The short description, then the long one, as a page of WooCommerce has them.
    fn descriptions(&self, row: &Row) -> Option<String> {
        let columns = [Column::ShortDescription, Column::Body];
        if !columns.into_iter().any(|it| self.columns.has(it)) {
            return None;
        }
        // Its exports have line breaks so.
        let texts = columns.map(|it| self.text(row, it).replace("\\n", "\n"));
        let texts: Vec<String> = texts.into_iter().filter(|it| !it.is_empty()).collect();
        Some(texts.join("\n"))
    }

    /// A list with commas between its entries, as the tags of a product.
    fn names(&self, row: &Row, column: Column) -> Vec<String> {
        let mut names = entries(self.text(row, column));
        if column == Column::Tags {
            for name in &mut names {
                *name = name.replace(',', " ");
            }
        }
        names
    }

    fn paths(&self, paths: &[String], row: &Row, warnings: &mut Vec<Wrong>) -> Vec<Vec<String>> {
        let read = |text: &String| {
            let path = crate::path::Path::read(text, "", self.shop.levels);
            warnings.extend(path.warning.map(|it| (row.line, it.to_owned())));
            path.names
        };
        paths.iter().map(read).filter(|it| !it.is_empty()).collect()
    }
}

/// The entries between commas that have no backslash before them.
fn entries(text: &str) -> Vec<String> {
    let pieces = list::pieces(text, ',').unwrap_or_default();
    pieces.into_iter().map(list::unescaped).filter(|it| !it.is_empty()).collect()
}
