//! Lists of products: filtered, sorted, in pages that begin after a place. Never an offset.

use chassis::db::{Db, Record, Result, Select, Session, sql};
use chrono::{DateTime, Utc};
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

/// The order of a list. Products that are equal in it are ordered by id.
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
#[derive(Record)]
struct Found {
    id: Uuid,
    price: i64,
    title_key: String,
    rating_score: i64,
    sold: i64,
    views: i64,
}

/// What a product's address is made of.
#[derive(Record)]
pub(crate) struct Addressed {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A page of products, and where the next one begins.
pub(crate) async fn page(db: &Db, listing: &Listing) -> Result<(Vec<Product>, Option<Place>)> {
    let found: Vec<Found> = listing.page().records::<Found>(db, "p.").all().await?;
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

/// How many products there are on all pages.
pub(crate) async fn count(db: &Db, listing: &Listing) -> Result<i64> {
    listing.products().count(db).await
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
    /// Binds what the columns of the order are there; returns their places in the text.
    fn bind(&self, list: &mut Select) -> String {
        let (keys, id) = match self {
            Self::Newest(id) => (vec![], id),
            Self::PriceUp(key, id) | Self::PriceDown(key, id) | Self::Rating(key, id) => {
                (vec![list.bind(*key)], id)
            }
            Self::Title(key, id) => (vec![list.bind(key.clone())], id),
            Self::Popular(sold, views, id) => (vec![list.bind(*sold), list.bind(*views)], id),
        };
        [keys, vec![list.bind(*id)]].concat().join(", ")
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

impl Listing {
    /// How the table from which the walk starts, whose index gives the order, calls the product's
    /// id and its price.
    fn columns(&self) -> (&'static str, &'static str) {
        match (self.category, &self.tag) {
            (Some(_), _) => ("c.product_id", "c.price"),
            (None, Some(_)) => ("t.product_id", "p.price"),
            (None, None) => ("p.id", "p.price"),
        }
    }

    /// All of them, in no order.
    fn products(&self) -> Select {
        let mut list = Select::from(match (self.category, &self.tag) {
            (Some(_), _) => "product_categories c CROSS JOIN products p",
            (None, Some(_)) => "product_tags t CROSS JOIN products p",
            (None, None) => "products p",
        });
        list.equal("p.status", Some(self.status));
        if let Some(category) = self.category {
            list.equal("c.category_id", Some(category)).filter("p.id = c.product_id");
        }
        if let Some(tag) = &self.tag {
            let tag = list.bind(tag.to_lowercase());
            list.filter(match self.category {
                None => format!("t.tag = {tag} AND p.id = t.product_id"),
                Some(_) => format!(
                    "EXISTS (SELECT 1 FROM product_tags t
                             WHERE t.tag = {tag} AND t.product_id = c.product_id)"
                ),
            });
        }
        let (_, price) = self.columns();
        list.compare(price, ">=", self.min_price).compare(price, "<=", self.max_price);
        list.equal("p.vendor", self.vendor.clone());
        if let Some(in_stock) = self.in_stock {
            let not = if in_stock { "" } else { "NOT " };
            list.filter(format!(
                "{not}EXISTS (SELECT 1 FROM stock s WHERE s.product_id = p.id
                              AND (s.policy <> 'deny' OR s.on_hand > s.allocated + s.reserved))"
            ));
        }
        list
    }

    /// One page of them, and one more.
    fn page(&self) -> Select {
        let (id, price) = self.columns();
        let (keys, than, direction): (&[&str], _, _) = match self.sort {
            Sort::Newest => (&[], "<", "DESC"),
            Sort::PriceUp => (&[price], ">", "ASC"),
            Sort::PriceDown => (&[price], "<", "DESC"),
            Sort::Title => (&["p.title_key"], ">", "ASC"),
            Sort::Rating => (&["p.rating_score"], "<", "DESC"),
            Sort::Popular => (&["p.sold", "p.views"], "<", "DESC"),
        };
        let columns = [keys, &[id]].concat();
        let mut list = self.products();
        if let Some(place) = &self.after {
            let place = place.bind(&mut list);
            list.filter(format!("({}) {than} ({place})", columns.join(", ")));
        }
        let order: Vec<String> = columns.iter().map(|it| format!("{it} {direction}")).collect();
        list.order(order.join(", ")).limit(self.limit + 1).skip(self.skip);
        list
    }
}
