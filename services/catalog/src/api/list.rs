//! What a list of products can be asked for.

use std::str::FromStr;

use catalog_search::Choices;
use chassis::page;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::model::{Status, Tree};
use crate::store::listing::{Listing, Place, Sort};

/// Options of a query.
const MAX_CHOICES: usize = 20;

/// The query of a list of products. An empty value counts as none.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct ListQuery {
    /// Words in titles, descriptions, tags and vendors. Small typos are tolerated.
    #[garde(length(chars, max = 200))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 200)]
    search: Option<String>,
    /// The id, slug or name of a category. Includes its subcategories.
    #[garde(length(chars, max = 255))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 255)]
    category: Option<String>,
    /// In minor units.
    #[garde(range(min = 0))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 0)]
    min_price: Option<i64>,
    /// In minor units.
    #[garde(range(min = 0))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 0)]
    max_price: Option<i64>,
    #[garde(length(chars, max = 255))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 255)]
    tag: Option<String>,
    #[garde(length(chars, max = 255))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 255)]
    vendor: Option<String>,
    /// Only products with at least one variant in stock, or only those without.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<bool>)]
    in_stock: Option<bool>,
    /// The minimum average rating, 1 to 5.
    #[garde(range(min = 1, max = 5))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 5)]
    min_rating: Option<i64>,
    /// Whether to count the values available for further filtering, as `facets`.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<bool>)]
    facets: Option<bool>,
    /// `newest` (the default), `price`, `-price`, `title`, `rating`, `popular` (by units sold, then
    /// views) or `relevance` (the default of a search).
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>)]
    sort: Option<SortBy>,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 2_000))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>)]
    cursor: Option<String>,
    /// The number of items to skip, 0 to 10,000. Instead of `cursor`.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 10_000)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 1)]
    page: Option<i64>,
    /// Whether to count all matching items, as `total`.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<bool>)]
    count: Option<bool>,
    /// `draft`, `active` or `archived`. Statuses other than `active` need `catalog:write`.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>)]
    status: Option<Status>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortBy {
    Newest,
    PriceUp,
    PriceDown,
    Title,
    Rating,
    Popular,
    Relevance,
}

/// What a list of products was asked for.
#[derive(Debug)]
pub(super) struct ListRequest {
    pub(super) listing: Listing,
    /// The same for the index, where it is asked: for words, options, ratings and facets.
    pub(super) search: Option<catalog_search::Request>,
    pub(super) count: bool,
}

/// A place among what a search found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    pub(super) skip: usize,
}

impl ListQuery {
    /// Makes sense of the query; an unknown category is a wrong field. Options are repeated, so
    /// they come by themselves.
    pub(super) fn read(self, choices: Choices, tree: &Tree) -> Result<ListRequest> {
        let text = self.search.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let facets = self.facets.unwrap_or_default();
        // Whoever has begun with the index goes on with it.
        let place = page::decode::<Skip>(self.cursor.as_deref());
        let indexed = text.is_some()
            || facets
            || self.min_rating.is_some()
            || !choices.is_empty()
            || matches!(place, Ok(Some(_)));
        let by = self.sort.unwrap_or(match text {
            Some(_) => SortBy::Relevance,
            None => SortBy::Newest,
        });
        if let (Some(min), Some(max)) = (self.min_price, self.max_price)
            && min > max
        {
            return Err(Problem::field("max_price", "must not be below min_price"));
        }
        let category = match &self.category {
            None => None,
            Some(key) => match tree.find_named(key) {
                Some(category) => Some(category.id),
                None => return Err(Problem::field("category", "there is no such category")),
            },
        };
        let limit = page::limit(self.limit)?;
        let skip = page::skip(self.offset, self.page, self.cursor.as_deref(), limit)?;
        let sort = by.listing();
        let mut listing = Listing {
            status: self.status.unwrap_or_default(),
            category,
            min_price: self.min_price,
            max_price: self.max_price,
            tag: self.tag.clone(),
            vendor: self.vendor.clone(),
            in_stock: self.in_stock,
            sort: sort.unwrap_or_default(),
            after: None,
            skip,
            limit,
        };
        let count = self.count.unwrap_or_default();
        if sort.is_none() && text.is_none() {
            return Err(Problem::field("sort", "relevance needs a search"));
        }
        if !indexed {
            listing.after = after(self.cursor.as_deref(), listing.sort)?;
            return Ok(ListRequest { listing, search: None, count });
        }
        let request = catalog_search::Request {
            text: text.map(str::to_owned),
            filter: catalog_search::Filter {
                status: listing.status.into(),
                categories: category.map(|it| tree.subtree(it)),
                min_price: self.min_price,
                max_price: self.max_price,
                tag: self.tag,
                vendor: self.vendor,
                in_stock: self.in_stock,
                choices,
                min_rating: self.min_rating.map(|it| it * 1000),
            },
            sort: by.index(),
            offset: place?.map_or(skip.unsigned_abs() as usize, |it| it.skip),
            limit: limit as usize,
            facets: facets.then(|| tree.searched().clone()),
        };
        Ok(ListRequest { listing, search: Some(request), count })
    }
}

/// The options of a query: `option=Name:Value`, any number of times.
pub(super) fn choices(query: Option<&str>) -> Result<Choices> {
    let mut choices = Choices::new();
    let mut count = 0;
    for (name, option) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name != "option" || option.trim().is_empty() {
            continue;
        }
        count += 1;
        if count > MAX_CHOICES {
            let detail = format!("may be there at most {MAX_CHOICES} times");
            return Err(Problem::field("option", detail));
        }
        let parts = option.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let parts = parts.filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let Some((name, value)) = parts else {
            return Err(Problem::field("option", "must be a name and a value, as in Size:M"));
        };
        choices.entry(name.to_owned()).or_default().insert(value.to_owned());
    }
    Ok(choices)
}

fn after(cursor: Option<&str>, sort: Sort) -> Result<Option<Place>> {
    let place = page::decode::<Place>(cursor)?;
    if place.as_ref().is_some_and(|it| !it.fits(sort)) {
        return Err(Problem::field("cursor", "must be a `next_cursor` of the same list"));
    }
    Ok(place)
}

impl SortBy {
    const NAMES: [(&'static str, Self); 7] = [
        ("newest", Self::Newest),
        ("price", Self::PriceUp),
        ("-price", Self::PriceDown),
        ("title", Self::Title),
        ("rating", Self::Rating),
        ("popular", Self::Popular),
        ("relevance", Self::Relevance),
    ];

    fn listing(self) -> Option<Sort> {
        match self {
            Self::Newest => Some(Sort::Newest),
            Self::PriceUp => Some(Sort::PriceUp),
            Self::PriceDown => Some(Sort::PriceDown),
            Self::Title => Some(Sort::Title),
            Self::Rating => Some(Sort::Rating),
            Self::Popular => Some(Sort::Popular),
            Self::Relevance => None,
        }
    }

    fn index(self) -> catalog_search::Sort {
        match self {
            Self::Newest => catalog_search::Sort::Newest,
            Self::PriceUp => catalog_search::Sort::PriceUp,
            Self::PriceDown => catalog_search::Sort::PriceDown,
            Self::Title => catalog_search::Sort::Title,
            Self::Rating => catalog_search::Sort::Rating,
            Self::Popular => catalog_search::Sort::Popular,
            Self::Relevance => catalog_search::Sort::Relevance,
        }
    }
}

/// What a value of a query has to be, for who wrote another one.
#[derive(Debug, thiserror::Error)]
enum BadValue {
    #[error("must be a whole number")]
    Number,
    #[error("must be true or false")]
    Boolean,
    #[error("must be one of {}", SortBy::NAMES.map(|(name, _)| name).join(", "))]
    Sort,
    #[error("must be draft, active or archived")]
    Status,
}

/// A value of a query and how it is read.
trait Value: Sized {
    fn read(text: &str) -> Result<Self, BadValue>;
}

impl Value for String {
    fn read(text: &str) -> Result<Self, BadValue> {
        Ok(text.to_owned())
    }
}

impl Value for i64 {
    fn read(text: &str) -> Result<Self, BadValue> {
        i64::from_str(text.trim()).map_err(|_| BadValue::Number)
    }
}

impl Value for bool {
    fn read(text: &str) -> Result<Self, BadValue> {
        match text.trim() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(BadValue::Boolean),
        }
    }
}

impl Value for SortBy {
    fn read(text: &str) -> Result<Self, BadValue> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, sort)| *sort).ok_or(BadValue::Sort)
    }
}

impl Value for Status {
    fn read(text: &str) -> Result<Self, BadValue> {
        let all = [Self::Draft, Self::Active, Self::Archived];
        let named = all.into_iter().find(|it| it.as_str() == text);
        named.ok_or(BadValue::Status)
    }
}

/// A value that may be left empty.
fn filled<'de, D: Deserializer<'de>, T: Value>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        Ok(None)
    } else {
        T::read(&text).map(Some).map_err(D::Error::custom)
    }
}
