//! What a list of products can be asked for.

use std::str::FromStr;

use catalog_search::Choices;
use chassis::page;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Datelike, Utc};
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
    /// Words in titles, descriptions, tags, vendors, types, options and categories; SKUs and barcodes,
    /// also in part. Small typos are tolerated. The last word may be incomplete.
    #[garde(length(chars, max = 200))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 200)]
    search: Option<String>,
    /// The id, slug or name of a category. Includes its subcategories.
    #[garde(length(chars, max = 255))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 255)]
    category: Option<String>,
    /// In minor units. A variant has to meet all of the prices, `in_stock` and the options.
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
    /// Case and accents do not count, as in options.
    #[garde(length(chars, max = 255))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, max_length = 255)]
    vendor: Option<String>,
    /// Only products with a variant in stock that meets prices and options, or only those of which
    /// all such variants are sold out.
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
    /// `newest` (the default, also `-created_at`), `oldest` (`created_at`), `price`, `-price` (by the
    /// lowest price of a product), `title`, `-title` (in the order of the shop's language),
    /// `rating`, `popular` (by units sold, then views), `updated_at` (changed longest ago first; the
    /// default with `updated_since`) or `relevance` (the default of a search).
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>)]
    sort: Option<SortBy>,
    /// Only products created or changed then or later (RFC 3339), in the order of their changes; for
    /// staff of every status, unless one is given. Ask again from a minute before the last change
    /// you have seen: writes that take long may become visible later than others.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<DateTime<Utc>>)]
    updated_since: Option<DateTime<Utc>>,
    /// The number of items per page, 1 to 100.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page: however the list changes meanwhile, each product
    /// that keeps its place is seen once.
    #[garde(length(max = 2_000))]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>)]
    cursor: Option<String>,
    /// The number of items to skip, 0 to 10,000. Instead of `cursor`; pages shift when products are
    /// added or removed before them.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 10_000)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`, and shifts as `offset` does.
    #[garde(skip)]
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<i64>, minimum = 1)]
    page: Option<i64>,
    /// Whether to count all matching items, as `total`. Beyond 10,000 the number may be a minute
    /// old.
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
    Relevance,
    Order(Sort),
}

/// What a list of products was asked for.
#[derive(Debug)]
pub(super) struct ListRequest {
    pub(super) listing: Listing,
    /// The same for the index, where it is asked: for words, options, ratings and facets.
    pub(super) search: Option<catalog_search::Request>,
    pub(super) count: bool,
}

impl ListRequest {
    /// Whether anybody may see what is found.
    pub(super) fn is_public(&self) -> bool {
        self.listing.status == Status::Active && !self.listing.any_status
    }
}

/// A place in a list of the database, or in one of the index.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cursor {
    Listing(Place),
    Index(catalog_search::Cursor),
}

impl ListQuery {
    /// Makes sense of the query; an unknown category is a wrong field. Options are repeated, so
    /// they come by themselves. Staff see changes of products of every status.
    pub(super) fn read(self, choices: Choices, tree: &Tree, staff: bool) -> Result<ListRequest> {
        let text = self.search.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let facets = self.facets.unwrap_or_default();
        let cursor = page::decode::<Cursor>(self.cursor.as_deref())?;
        // Whoever has begun with the index goes on with it.
        let indexed = text.is_some()
            || facets
            || self.min_rating.is_some()
            || !choices.is_empty()
            || matches!(cursor, Some(Cursor::Index(_)));
        let by = self.sort.unwrap_or(match text {
            _ if self.updated_since.is_some() => SortBy::Order(Sort::Updated),
            Some(_) => SortBy::Relevance,
            None => SortBy::Order(Sort::Newest),
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
        let sort = match by {
            SortBy::Order(sort) => sort,
            SortBy::Relevance if text.is_some() => Sort::default(),
            SortBy::Relevance => {
                return Err(Problem::field("sort", "relevance needs a search"));
            }
        };
        if self.updated_since.is_some() && by != SortBy::Order(Sort::Updated) {
            return Err(Problem::field("sort", "changes come in the order of `updated_at`"));
        }
        let mut listing = Listing {
            status: self.status.unwrap_or_default(),
            any_status: staff && self.updated_since.is_some() && self.status.is_none(),
            category,
            min_price: self.min_price,
            max_price: self.max_price,
            tag: self.tag.clone(),
            vendor: self.vendor.clone(),
            in_stock: self.in_stock,
            updated_since: self.updated_since,
            sort,
            after: None,
            skip,
            limit,
        };
        let count = self.count.unwrap_or_default();
        let foreign = || Problem::field("cursor", "must be a `next_cursor` of the same list");
        if !indexed {
            listing.after = match cursor {
                None => None,
                Some(Cursor::Listing(place)) if place.fits(sort) => Some(place),
                Some(_) => return Err(foreign()),
            };
            return Ok(ListRequest { listing, search: None, count });
        }
        let Some(sort) = by.index() else {
            let detail = "goes with neither search, options, min_rating nor facets";
            let field = if self.updated_since.is_some() { "updated_since" } else { "sort" };
            return Err(Problem::field(field, detail));
        };
        let after = match cursor {
            None => None,
            Some(Cursor::Index(place)) if place.fits(sort) => Some(place),
            Some(_) => return Err(foreign()),
        };
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
            sort,
            after,
            offset: usize::try_from(skip).unwrap_or_default(),
            limit: usize::try_from(limit).unwrap_or_default(),
            facets,
            categories: tree.searched().clone(),
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

impl SortBy {
    const NAMES: [(&'static str, Self); 12] = [
        ("newest", Self::Order(Sort::Newest)),
        ("oldest", Self::Order(Sort::Oldest)),
        ("price", Self::Order(Sort::PriceUp)),
        ("-price", Self::Order(Sort::PriceDown)),
        ("title", Self::Order(Sort::Title)),
        ("-title", Self::Order(Sort::TitleDown)),
        ("rating", Self::Order(Sort::Rating)),
        ("popular", Self::Order(Sort::Popular)),
        ("updated_at", Self::Order(Sort::Updated)),
        ("relevance", Self::Relevance),
        ("created_at", Self::Order(Sort::Oldest)),
        ("-created_at", Self::Order(Sort::Newest)),
    ];

    /// The order of the index; it has none by time of change.
    fn index(self) -> Option<catalog_search::Sort> {
        Some(match self {
            Self::Relevance => catalog_search::Sort::Relevance,
            Self::Order(Sort::Newest) => catalog_search::Sort::Newest,
            Self::Order(Sort::Oldest) => catalog_search::Sort::Oldest,
            Self::Order(Sort::PriceUp) => catalog_search::Sort::PriceUp,
            Self::Order(Sort::PriceDown) => catalog_search::Sort::PriceDown,
            Self::Order(Sort::Title) => catalog_search::Sort::Title,
            Self::Order(Sort::TitleDown) => catalog_search::Sort::TitleDown,
            Self::Order(Sort::Rating) => catalog_search::Sort::Rating,
            Self::Order(Sort::Popular) => catalog_search::Sort::Popular,
            Self::Order(Sort::Updated) => return None,
        })
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
    #[error("must be a time as in 2026-01-31T12:00:00Z")]
    Time,
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

impl Value for DateTime<Utc> {
    fn read(text: &str) -> Result<Self, BadValue> {
        let time = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| BadValue::Time)?;
        let time = time.to_utc();
        // Databases know no others.
        if (0..=9999).contains(&time.year()) { Ok(time) } else { Err(BadValue::Time) }
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
