//! Lists of products: filtered, sorted, in pages that begin after a place.
//!
//! A page is a walk along an index that has the order of the list, and reads no more of a shop of a
//! million products than of one of a thousand. Every order ends with the id.

mod keys;

use std::time::Duration;

use chassis::db::{Db, Record, Result, Select, Session, sql};
use chassis::fold::fold;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::products;
use crate::model::{Product, Status};
pub(crate) use keys::{ListKeys, Renewed, outdated, renew};

/// Up to how many products a list is counted anew each time.
pub(crate) const COUNTED: i64 = 10_000;
/// How long the number of a longer one is kept.
const KEPT: Duration = Duration::from_secs(60);
/// From how many products on those of a category or with a tag are found along the order of the
/// list, instead of being sorted.
const MANY: i64 = 5_000;

/// Which products, in which order. Prices and stock have to be met by one variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) status: Status,
    /// Of whatever status.
    pub(crate) any_status: bool,
    /// With all below it.
    pub(crate) category: Option<Uuid>,
    /// In minor units.
    pub(crate) min_price: Option<i64>,
    pub(crate) max_price: Option<i64>,
    pub(crate) tag: Option<String>,
    /// Case and accents do not count.
    pub(crate) vendor: Option<String>,
    /// Whether a variant that has a price asked for can be bought.
    pub(crate) in_stock: Option<bool>,
    /// Changed then or later.
    pub(crate) updated_since: Option<DateTime<Utc>>,
    pub(crate) sort: Sort,
    pub(crate) after: Option<Place>,
    /// How many to leave out at the beginning.
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}

/// The order of a list. Products that are equal in it are ordered by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    #[default]
    Newest,
    Oldest,
    /// By the lowest price of a product.
    PriceUp,
    PriceDown,
    Title,
    TitleDown,
    /// The best first.
    Rating,
    /// What was bought most first, then what was looked at most.
    Popular,
    /// What was changed longest ago first.
    Updated,
}

/// A place in a list: after this product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Newest(Uuid),
    Oldest(Uuid),
    PriceUp(i64, Uuid),
    PriceDown(i64, Uuid),
    Title(String, Uuid),
    TitleDown(String, Uuid),
    Rating(i64, Uuid),
    /// Units sold and views.
    Popular(i64, i64, Uuid),
    Updated(DateTime<Utc>, Uuid),
}

/// A product's id with what places it in the list.
#[derive(Record)]
struct Found {
    id: Uuid,
    price: i64,
    title_sort: String,
    rating_score: i64,
    sold: i64,
    views: i64,
    updated_at: DateTime<Utc>,
}

/// What a product's address is made of.
#[derive(Record)]
pub(crate) struct Addressed {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Which part of a list: those by price that begin at a price have two, each a walk of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// Whose lowest price is high enough.
    Above,
    /// Whose lowest price is too low, and a higher one is not.
    Across,
}

/// Where the walk begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Along {
    /// With the products of the category or the tag, if one is asked for.
    Members,
    /// With all products, in the order of the list.
    Order,
}

/// A page of products, and where the next one begins.
pub(crate) async fn page(db: &Db, listing: &Listing) -> Result<(Vec<Product>, Option<Place>)> {
    let along = listing.along(db).await?;
    let mut found: Vec<Found> = Vec::new();
    for part in listing.parts() {
        let left = listing.limit + 1 - found.len() as i64;
        if left > 0 {
            let page = listing.page(*part, along, left);
            found.extend(page.records::<Found>(db, "p.").all::<Found>().await?);
        }
    }
    let limit = usize::try_from(listing.limit).unwrap_or_default();
    let next = if found.len() > limit {
        found.get(limit.saturating_sub(1)).map(|it| it.place(listing.sort))
    } else {
        None
    };
    let ids: Vec<Uuid> = found.iter().take(limit).map(|it| it.id).collect();
    Ok((products::by_ids(db, &ids).await?, next))
}

/// Where the products for sale with ids above `after` are, by id.
pub(crate) async fn addresses(db: &Db, after: Uuid, limit: i64) -> Result<Vec<Addressed>> {
    let page = sql!(
        "SELECT {Addressed.*} FROM products
         WHERE status = 'active' AND id > {after} ORDER BY id LIMIT {limit}"
    );
    db.query(page).all().await
}

/// The numbers of products of the longest lists: counting a million takes longer than reading a
/// page of them.
#[derive(Debug)]
pub(crate) struct Totals(moka::sync::Cache<String, i64>);

impl Default for Totals {
    fn default() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(1_000).time_to_live(KEPT).build())
    }
}

impl Totals {
    /// How many products there are on all pages. Beyond `exact`, as of a minute ago at most.
    pub(crate) async fn count(&self, db: &Db, listing: &Listing, exact: i64) -> Result<i64> {
        let products = listing.products(Part::Whole, Along::Members);
        let count = products.count_up_to(db, exact + 1).await?;
        if count <= exact {
            return Ok(count);
        }
        let filters =
            Listing { sort: Sort::default(), after: None, skip: 0, limit: 0, ..listing.clone() };
        let key = format!("{filters:?}");
        if let Some(known) = self.0.get(&key) {
            return Ok(known);
        }
        let count = products.count(db).await?;
        self.0.insert(key, count);
        Ok(count)
    }
}

impl Place {
    /// Whether it is a place in a list of this order.
    pub(crate) fn fits(&self, sort: Sort) -> bool {
        sort == match self {
            Self::Newest(_) => Sort::Newest,
            Self::Oldest(_) => Sort::Oldest,
            Self::PriceUp(..) => Sort::PriceUp,
            Self::PriceDown(..) => Sort::PriceDown,
            Self::Title(..) => Sort::Title,
            Self::TitleDown(..) => Sort::TitleDown,
            Self::Rating(..) => Sort::Rating,
            Self::Popular(..) => Sort::Popular,
            Self::Updated(..) => Sort::Updated,
        }
    }

    /// Binds what the columns of the order are there; returns their places in the text.
    fn bind(&self, list: &mut Select) -> String {
        let (keys, id) = match self {
            Self::Newest(id) | Self::Oldest(id) => (vec![], id),
            Self::PriceUp(key, id) | Self::PriceDown(key, id) | Self::Rating(key, id) => {
                (vec![list.bind(*key)], id)
            }
            Self::Title(key, id) | Self::TitleDown(key, id) => (vec![list.bind(key.clone())], id),
            Self::Popular(sold, views, id) => (vec![list.bind(*sold), list.bind(*views)], id),
            Self::Updated(at, id) => (vec![list.bind(*at)], id),
        };
        [keys, vec![list.bind(*id)]].concat().join(", ")
    }
}

impl Found {
    fn place(&self, sort: Sort) -> Place {
        match sort {
            Sort::Newest => Place::Newest(self.id),
            Sort::Oldest => Place::Oldest(self.id),
            Sort::PriceUp => Place::PriceUp(self.price, self.id),
            Sort::PriceDown => Place::PriceDown(self.price, self.id),
            Sort::Title => Place::Title(self.title_sort.clone(), self.id),
            Sort::TitleDown => Place::TitleDown(self.title_sort.clone(), self.id),
            Sort::Rating => Place::Rating(self.rating_score, self.id),
            Sort::Popular => Place::Popular(self.sold, self.views, self.id),
            Sort::Updated => Place::Updated(self.updated_at, self.id),
        }
    }
}

impl Listing {
    /// Where to begin: many members are not sorted, few are not looked for one by one.
    async fn along(&self, db: &Db) -> Result<Along> {
        let sorted_by_members = match self.sort {
            Sort::Newest | Sort::Oldest => true,
            Sort::PriceUp | Sort::PriceDown => self.category.is_some(),
            _ => false,
        };
        let members = match (self.category, &self.tag) {
            _ if sorted_by_members => return Ok(Along::Members),
            (None, None) => return Ok(Along::Members),
            (Some(category), _) => {
                let mut members = Select::from("product_categories");
                members.equal("category_id", Some(category));
                members
            }
            (None, Some(tag)) => {
                let mut members = Select::from("product_tags");
                members.equal("tag", Some(tag.to_lowercase()));
                members
            }
        };
        let many = members.count_up_to(db, MANY).await? == MANY;
        Ok(if many { Along::Order } else { Along::Members })
    }

    /// By price, what begins at a price is on the index from there on, but for products that have
    /// several prices.
    fn parts(&self) -> &'static [Part] {
        match self.sort {
            // What is skipped is counted in one walk.
            _ if self.min_price.is_none() || self.skip > 0 => &[Part::Whole],
            Sort::PriceUp => &[Part::Across, Part::Above],
            Sort::PriceDown => &[Part::Above, Part::Across],
            _ => &[Part::Whole],
        }
    }

    /// The table from which the walk starts, whose index gives the order, and what it calls the
    /// product's id and prices.
    fn source(&self, along: Along) -> Source {
        match (along, self.category, &self.tag) {
            (Along::Members, Some(_), _) => Source {
                from: "product_categories c CROSS JOIN products p",
                id: "c.product_id",
                prices: ("c.price", "c.price_max"),
            },
            (Along::Members, None, Some(_)) => Source {
                from: "product_tags t CROSS JOIN products p",
                id: "t.product_id",
                prices: ("p.price", "p.price_max"),
            },
            _ => Source { from: "products p", id: "p.id", prices: ("p.price", "p.price_max") },
        }
    }

    /// All of them, in no order.
    fn products(&self, part: Part, along: Along) -> Select {
        let source = self.source(along);
        let mut list = Select::from(source.from);
        if !self.any_status {
            list.equal("p.status", Some(self.status));
        }
        if let Some(category) = self.category {
            let category = list.bind(category);
            list.filter(match along {
                Along::Members => {
                    format!("c.category_id = {category} AND p.id = c.product_id")
                }
                Along::Order => format!(
                    "EXISTS (SELECT 1 FROM product_categories c
                             WHERE c.category_id = {category} AND c.product_id = p.id)"
                ),
            });
        }
        if let Some(tag) = &self.tag {
            let tag = list.bind(tag.to_lowercase());
            list.filter(match (along, self.category) {
                (Along::Members, None) => format!("t.tag = {tag} AND p.id = t.product_id"),
                _ => format!(
                    "EXISTS (SELECT 1 FROM product_tags t
                             WHERE t.tag = {tag} AND t.product_id = {})",
                    source.id
                ),
            });
        }
        list.equal("p.vendor_key", self.vendor.as_deref().map(fold));
        list.compare("p.updated_at", ">=", self.updated_since);
        self.variants(&mut list, &source, part);
        list
    }

    /// What one variant has to be.
    fn variants(&self, list: &mut Select, source: &Source, part: Part) {
        let (price, price_max) = source.prices;
        let min = self.min_price.map(|it| list.bind(it));
        let max = self.max_price.map(|it| list.bind(it));
        if let Some(min) = &min {
            list.filter(match part {
                Part::Whole => format!("{price_max} >= {min}"),
                Part::Above => format!("{price} >= {min}"),
                Part::Across => {
                    format!("{price} < {min} AND {price_max} >= {min} AND {price_max} > {price}")
                }
            });
        }
        if let Some(max) = &max {
            list.filter(format!("{price} <= {max}"));
        }
        let mut priced = String::new();
        for (bound, how) in [(&min, ">="), (&max, "<=")] {
            if let Some(bound) = bound {
                priced.push_str(&format!(" AND v.price {how} {bound}"));
            }
        }
        if let (Some(min), Some(max)) = (&min, &max)
            && self.in_stock != Some(true)
        {
            // Its ends are within, or a variant between them is.
            list.filter(format!(
                "({price} >= {min} OR {price_max} <= {max} OR EXISTS (
                      SELECT 1 FROM variants v WHERE v.product_id = p.id{priced}))"
            ));
        }
        if let Some(in_stock) = self.in_stock {
            let not = if in_stock { "" } else { "NOT " };
            // Only a variant knows its price.
            let variant = if priced.is_empty() { "" } else { " JOIN variants v ON v.sku = s.sku" };
            list.filter(format!(
                "{not}EXISTS (SELECT 1 FROM stock s{variant} WHERE s.product_id = p.id
                              AND (s.policy <> 'deny' OR s.on_hand > s.allocated + s.reserved)
                              {priced})"
            ));
        }
    }

    /// So many of them, in their order.
    fn page(&self, part: Part, along: Along, limit: i64) -> Select {
        let Source { id, prices: (price, _), .. } = self.source(along);
        let (keys, than, direction): (&[&str], _, _) = match self.sort {
            Sort::Newest => (&[], "<", "DESC"),
            Sort::Oldest => (&[], ">", "ASC"),
            Sort::PriceUp => (&[price], ">", "ASC"),
            Sort::PriceDown => (&[price], "<", "DESC"),
            Sort::Title => (&["p.title_sort"], ">", "ASC"),
            Sort::TitleDown => (&["p.title_sort"], "<", "DESC"),
            Sort::Rating => (&["p.rating_score"], "<", "DESC"),
            Sort::Popular => (&["p.sold", "p.views"], "<", "DESC"),
            Sort::Updated => (&["p.updated_at"], ">", "ASC"),
        };
        let columns = [keys, &[id]].concat();
        let mut list = self.products(part, along);
        if let Some(place) = &self.after {
            let place = place.bind(&mut list);
            list.filter(format!("({}) {than} ({place})", columns.join(", ")));
        }
        let order: Vec<String> = columns.iter().map(|it| format!("{it} {direction}")).collect();
        list.order(order.join(", ")).limit(limit).skip(self.skip);
        list
    }
}

struct Source {
    from: &'static str,
    id: &'static str,
    /// The lowest and the highest.
    prices: (&'static str, &'static str),
}

#[cfg(test)]
mod tests;
