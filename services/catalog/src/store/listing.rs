//! Lists of products: filtered, sorted, in pages that begin after a place. Never an offset.

use std::collections::HashMap;
use std::sync::LazyLock;

use chassis::db::{Db, Query, Result, Session};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::products;
use crate::model::{Product, Status};

/// Which products, in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) status: Status,
    /// With all below it.
    pub(crate) category: Option<Uuid>,
    /// In minor units; of the cheapest variant.
    pub(crate) min_price: Option<i64>,
    pub(crate) max_price: Option<i64>,
    pub(crate) tag: Option<String>,
    pub(crate) vendor: Option<String>,
    /// Whether at least one variant can be bought.
    pub(crate) in_stock: Option<bool>,
    pub(crate) sort: Sort,
    pub(crate) after: Option<Place>,
    /// How many to leave out at the beginning.
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}

/// The order of a list. Products that are equal in it go by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    #[default]
    Newest,
    PriceUp,
    PriceDown,
    Title,
    /// The best first.
    Rating,
    /// What was bought most first, then what was looked at most.
    Popular,
}

/// A place in a list: after this product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Newest(Uuid),
    PriceUp(i64, Uuid),
    PriceDown(i64, Uuid),
    Title(String, Uuid),
    Rating(i64, Uuid),
    /// Units sold and views.
    Popular(i64, i64, Uuid),
}

/// A product's id with what places it in the list.
#[derive(chassis::db::Record)]
struct Found {
    id: Uuid,
    price: i64,
    title_key: String,
    rating_score: i64,
    sold: i64,
    views: i64,
}

/// What a product's address is made of.
#[derive(chassis::db::Record)]
pub(crate) struct Addressed {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A page of products, and where the next one begins.
pub(crate) async fn page(db: &Db, listing: &Listing) -> Result<(Vec<Product>, Option<Place>)> {
    let statement = Statement::of(listing);
    let found: Vec<Found> = statement.page(listing).on(db).all().await?;
    let limit = usize::try_from(listing.limit).unwrap_or_default();
    let next = match found.len() > limit {
        true => found.get(limit.saturating_sub(1)).map(|it| it.place(listing.sort)),
        false => None,
    };
    let ids: Vec<Uuid> = found.iter().take(limit).map(|it| it.id).collect();
    Ok((products::by_ids(db, &ids).await?, next))
}

/// Where the products for sale with ids above `after` are, by id.
pub(crate) async fn addresses(db: &Db, after: Uuid, limit: i64) -> Result<Vec<Addressed>> {
    let page = db.query(
        "SELECT id, slug, updated_at FROM products
         WHERE status = 'active' AND id > $1 ORDER BY id LIMIT $2",
    );
    page.bind(after).bind(limit).all().await
}

/// How many products there are on all pages.
pub(crate) async fn count(db: &Db, listing: &Listing) -> Result<i64> {
    let (count,) = Statement::of(listing).count().on(db).one::<(i64,)>().await?;
    Ok(count)
}

impl Place {
    /// Whether it is a place in a list of this order.
    pub(crate) fn fits(&self, sort: Sort) -> bool {
        sort == match self {
            Self::Newest(_) => Sort::Newest,
            Self::PriceUp(..) => Sort::PriceUp,
            Self::PriceDown(..) => Sort::PriceDown,
            Self::Title(..) => Sort::Title,
            Self::Rating(..) => Sort::Rating,
            Self::Popular(..) => Sort::Popular,
        }
    }
}

impl Place {
    /// What the columns of the order are there.
    fn parameters(&self) -> impl Iterator<Item = Parameter> {
        let (keys, id) = match self {
            Self::Newest(id) => (vec![], id),
            Self::PriceUp(key, id) | Self::PriceDown(key, id) | Self::Rating(key, id) => {
                (vec![Parameter::Number(*key)], id)
            }
            Self::Title(key, id) => (vec![Parameter::Text(key.clone())], id),
            Self::Popular(sold, views, id) => {
                (vec![Parameter::Number(*sold), Parameter::Number(*views)], id)
            }
        };
        keys.into_iter().chain([Parameter::Id(*id)])
    }
}

impl Found {
    fn place(&self, sort: Sort) -> Place {
        match sort {
            Sort::Newest => Place::Newest(self.id),
            Sort::PriceUp => Place::PriceUp(self.price, self.id),
            Sort::PriceDown => Place::PriceDown(self.price, self.id),
            Sort::Title => Place::Title(self.title_key.clone(), self.id),
            Sort::Rating => Place::Rating(self.rating_score, self.id),
            Sort::Popular => Place::Popular(self.sold, self.views, self.id),
        }
    }
}

/// A statement put together from the filters that are in use, so that each combination is
/// planned for itself.
struct Statement {
    /// From where the walk starts: the table whose index gives the order.
    from: &'static str,
    /// How that table calls the product's id and its price.
    id: &'static str,
    price: &'static str,
    conditions: Vec<String>,
    parameters: Vec<Parameter>,
    text: String,
}

enum Parameter {
    Number(i64),
    Text(String),
    Id(Uuid),
}

impl Statement {
    fn of(listing: &Listing) -> Self {
        let (from, id, price) = match (listing.category, &listing.tag) {
            (Some(_), _) => {
                ("product_categories c CROSS JOIN products p", "c.product_id", "c.price")
            }
            (None, Some(_)) => ("product_tags t CROSS JOIN products p", "t.product_id", "p.price"),
            (None, None) => ("products p", "p.id", "p.price"),
        };
        let (conditions, parameters, text) = (vec![], vec![], String::new());
        let mut this = Self { from, id, price, conditions, parameters, text };
        let status = this.parameter(Parameter::Text(listing.status.as_str().to_owned()));
        this.conditions.push(format!("p.status = {status}"));
        this.filter(listing);
        this
    }

    fn filter(&mut self, listing: &Listing) {
        if let Some(category) = listing.category {
            let category = self.parameter(Parameter::Id(category));
            self.conditions.push(format!("c.category_id = {category} AND p.id = c.product_id"));
        }
        if let Some(tag) = &listing.tag {
            let tag = self.parameter(Parameter::Text(tag.to_lowercase()));
            self.conditions.push(match listing.category {
                None => format!("t.tag = {tag} AND p.id = t.product_id"),
                Some(_) => format!(
                    "EXISTS (SELECT 1 FROM product_tags t
                             WHERE t.tag = {tag} AND t.product_id = c.product_id)"
                ),
            });
        }
        for (bound, than) in [(listing.min_price, ">="), (listing.max_price, "<=")] {
            if let Some(bound) = bound {
                let bound = self.parameter(Parameter::Number(bound));
                self.conditions.push(format!("{} {than} {bound}", self.price));
            }
        }
        if let Some(vendor) = &listing.vendor {
            let vendor = self.parameter(Parameter::Text(vendor.clone()));
            self.conditions.push(format!("p.vendor = {vendor}"));
        }
        if let Some(in_stock) = listing.in_stock {
            let not = if in_stock { "" } else { "NOT " };
            self.conditions.push(format!(
                "{not}EXISTS (SELECT 1 FROM stock s WHERE s.product_id = p.id
                              AND (s.policy <> 'deny' OR s.on_hand > s.allocated + s.reserved))"
            ));
        }
    }

    fn page(mut self, listing: &Listing) -> Self {
        let (id, price) = (self.id, self.price);
        let (keys, than, direction): (&[&str], _, _) = match listing.sort {
            Sort::Newest => (&[], "<", "DESC"),
            Sort::PriceUp => (&[price], ">", "ASC"),
            Sort::PriceDown => (&[price], "<", "DESC"),
            Sort::Title => (&["p.title_key"], ">", "ASC"),
            Sort::Rating => (&["p.rating_score"], "<", "DESC"),
            Sort::Popular => (&["p.sold", "p.views"], "<", "DESC"),
        };
        let columns = [keys, &[id]].concat();
        if let Some(place) = &listing.after {
            let parameters = place.parameters().map(|it| self.parameter(it));
            let place = parameters.collect::<Vec<_>>().join(", ");
            self.conditions.push(format!("({}) {than} ({place})", columns.join(", ")));
        }
        let order: Vec<String> = columns.iter().map(|it| format!("{it} {direction}")).collect();
        let limit = self.parameter(Parameter::Number(listing.limit + 1));
        let skip = match listing.skip {
            0 => String::new(),
            skip => format!(" OFFSET {}", self.parameter(Parameter::Number(skip))),
        };
        self.text = format!(
            "SELECT p.id, p.price, p.title_key, p.rating_score, p.sold, p.views FROM {} WHERE {}
             ORDER BY {} LIMIT {limit}{skip}",
            self.from,
            self.conditions.join(" AND "),
            order.join(", "),
        );
        self
    }

    fn count(mut self) -> Self {
        let conditions = self.conditions.join(" AND ");
        self.text = format!("SELECT count(*) FROM {} WHERE {conditions}", self.from);
        self
    }

    fn parameter(&mut self, parameter: Parameter) -> String {
        self.parameters.push(parameter);
        format!("${}", self.parameters.len())
    }

    fn on(self, db: &Db) -> Query<'_> {
        let mut query = db.query(kept(self.text));
        for parameter in self.parameters {
            query = match parameter {
                Parameter::Number(number) => query.bind(number),
                Parameter::Text(text) => query.bind(text),
                Parameter::Id(id) => query.bind(id),
            };
        }
        query
    }
}

/// The text, kept for good: statements are prepared once. There are only as many as there are
/// combinations of filters; values never become part of a text.
fn kept(text: String) -> &'static str {
    static TEXTS: LazyLock<Mutex<HashMap<String, &'static str>>> = LazyLock::new(Mutex::default);
    let mut texts = TEXTS.lock();
    if let Some(text) = texts.get(&text) {
        return text;
    }
    let leaked: &'static str = Box::leak(text.clone().into_boxed_str());
    texts.insert(text, leaked);
    leaked
}
