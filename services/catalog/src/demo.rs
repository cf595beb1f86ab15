//! The demo shop: a small catalogue with stock and drawn pictures, so that a new shop has
//! something to show. `goods` is what it sells, `drawing` how that looks.

mod drawing;
mod goods;

use std::collections::{BTreeMap, HashMap};

use chassis::clock::Clock;
use chassis::db::{self, Db, Tx};
use chassis::id;
use chassis::money::Currency;
use chassis::problem::Problem;
use uuid::Uuid;

use crate::books::Books;
use crate::categories::{self, NewCategory};
use crate::model::{Figure, NewProduct, NewVariant, Policy, ProductOption, Status};
use crate::store::{
    self,
    pictures::{Kept, NewPicture},
};
use crate::{pictures, products};
use goods::{CATEGORIES, GOODS, Good};

/// At how many available units seeding tells `stock.low`: never, it is no sale.
const LOW: i64 = i64::MIN;

/// What was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    pub categories: u64,
    pub products: u64,
}

/// Why there is no demo shop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Database(#[from] db::Error),
    #[error("the demo shop was refused: {0}")]
    Refused(#[from] Problem),
}

/// Whether the catalogue has no products yet.
pub async fn is_empty(db: &Db) -> db::Result<bool> {
    store::products::is_empty(db).await
}

/// Adds what is missing of the demo shop, all of it in one transaction: an interrupted seeding
/// leaves nothing behind, and a second one adds nothing.
pub async fn seed(db: &Db, clock: Clock, currency: &Currency) -> Result<Seeded, Error> {
    let mut seeded = Seeded::default();
    let mut tx = db.begin().await?;
    let shelves = shelves(&mut tx, clock, &mut seeded).await?;
    for good in GOODS {
        if store::products::id_of(&mut tx, good.slug).await?.is_some() {
            continue;
        }
        let now = clock.now();
        let picture = picture_id(good);
        let content_type = "image/svg+xml".to_owned();
        let drawing = NewPicture {
            kept: Kept { content_type, width: None, height: None },
            bytes: drawing::svg(good).into_bytes(),
            smaller: vec![],
        };
        store::pictures::insert(&mut tx, picture, drawing, now).await?;
        let mut books = Books::open(&mut tx, now, LOW);
        products::create(&mut books, product(good, &shelves, currency)).await?;
        seeded.products += 1;
    }
    tx.commit().await?;
    Ok(seeded)
}

/// The categories by slug; what is missing is added.
async fn shelves(
    tx: &mut Tx,
    clock: Clock,
    seeded: &mut Seeded,
) -> Result<HashMap<&'static str, Uuid>, Error> {
    let mut shelves = HashMap::new();
    let tree = store::categories::tree(&mut *tx).await?;
    for (position, (slug, name, parent, description)) in CATEGORIES.iter().enumerate() {
        if let Some(known) = tree.find(slug) {
            shelves.insert(*slug, known.id);
            continue;
        }
        let new = NewCategory {
            parent_id: parent.and_then(|it| shelves.get(it).copied()),
            slug: Some((*slug).to_owned()),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            position: position as i64,
        };
        let mut books = Books::open(tx, clock.now(), LOW);
        shelves.insert(slug, categories::create(&mut books, new).await?.id);
        seeded.categories += 1;
    }
    Ok(shelves)
}

fn picture_id(good: &Good) -> Uuid {
    id::derive(Uuid::NAMESPACE_OID, format!("picture:{}", good.slug))
}

fn product(good: &Good, shelves: &HashMap<&'static str, Uuid>, currency: &Currency) -> NewProduct {
    let url = pictures::url(picture_id(good));
    let option = |(name, values): &(&str, &[&str])| ProductOption {
        name: (*name).to_owned(),
        values: values.iter().map(|&it| it.to_owned()).collect(),
    };
    NewProduct {
        slug: Some(good.slug.to_owned()),
        title: good.title.to_owned(),
        description: good.description.to_owned(),
        vendor: good.vendor.to_owned(),
        product_type: String::new(),
        tags: good.tags.iter().map(|&it| it.to_owned()).collect(),
        status: Status::Active,
        options: good.options.iter().map(option).collect(),
        images: vec![(url, Some(good.title.to_owned()))],
        seo_title: None,
        seo_description: None,
        category_ids: shelves.get(good.category).copied().into_iter().collect(),
        variants: variants(good, currency),
    }
}

/// One variant for each combination of the options.
fn variants(good: &Good, currency: &Currency) -> Vec<NewVariant> {
    let mut combinations: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
    for (name, values) in good.options {
        let with = |known: &BTreeMap<String, String>, value: &str| {
            let mut more = known.clone();
            more.insert((*name).to_owned(), value.to_owned());
            more
        };
        combinations = combinations
            .iter()
            .flat_map(|known| values.iter().map(move |value| with(known, value)))
            .collect();
    }
    let variant = |(at, options): (usize, BTreeMap<String, String>)| {
        let surcharge: i64 = good
            .surcharges
            .iter()
            .filter(|(value, _)| options.values().any(|it| it == value))
            .map(|(_, surcharge)| surcharge)
            .sum();
        NewVariant {
            options,
            price: minor(good.price + surcharge, currency),
            compare_at_price: good.before.map(|it| minor(it + surcharge, currency)),
            weight_grams: good.grams,
            requires_shipping: good.grams > 0,
            policy: Some(good.policy),
            figure: Some(Figure::Opening(on_hand(good, at as i64))),
            ..NewVariant::default()
        }
    };
    combinations.into_iter().enumerate().map(variant).collect()
}

/// Stock as it looks after some weeks of selling: one variant has more left than another.
fn on_hand(good: &Good, at: i64) -> i64 {
    match good.policy {
        Policy::Untracked => 0,
        _ => (good.stock + at * 7 % 13 - at * 5 % 11).max(0),
    }
}

/// Cents as minor units of the shop's currency.
fn minor(cents: i64, currency: &Currency) -> i64 {
    cents * 10_i64.pow(currency.digits()) / 100
}

#[cfg(test)]
mod tests;
