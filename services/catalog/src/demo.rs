//! The demo shop: a small catalogue with stock and drawn pictures, so that a new shop has
//! something to show. `demo.csv` is what it sells, read as any other file of products; `drawing`
//! draws what three columns of it, which the importer does not know, say of the pictures.

mod drawing;

use std::collections::{HashMap, HashSet};

use ::csv::{ReaderBuilder, WriterBuilder};
use chassis::clock::Clock;
use chassis::db::{self, Db, Tx};
use chassis::money::Currency;
use chassis::problem::Problem;
use serde::Deserialize;
use uuid::Uuid;

use crate::books::StockTx;
use crate::categories::{self, NewCategory};
use crate::csv::{self, ImportError, OfExisting};
use crate::pictures;
use crate::store::{
    self,
    pictures::{Kept, NewPicture},
};
use drawing::Icon;

const GOODS: &str = include_str!("demo/demo.csv");

/// Slug, name, parent and description; parents first. The file knows them by their names.
const CATEGORIES: &[(&str, &str, Option<&str>, &str)] = &[
    ("clothing", "Clothing", None, "Made to be worn for years, not for a season."),
    ("tops", "Shirts & Tops", Some("clothing"), "Cotton, linen and merino for every day."),
    ("knitwear", "Sweaters & Jackets", Some("clothing"), "Warm layers for cold mornings."),
    ("accessories", "Accessories", Some("clothing"), "Hats, scarves and small things."),
    ("home", "Home", None, "Things that make a place yours."),
    ("kitchen", "Kitchen", Some("home"), "Tools that are good to hold and easy to clean."),
    ("living", "Living", Some("home"), "Light, textiles and plants."),
    ("workspace", "Workspace", None, "A desk you like to sit at."),
    ("stationery", "Stationery", Some("workspace"), "Paper and pens worth writing with."),
    ("audio", "Audio", Some("workspace"), "Hear what you want, and nothing else."),
    ("outdoor", "Outdoor", None, "For the weekend and the way to work."),
    ("bags", "Bags", Some("outdoor"), "Carry a little or a lot."),
    ("camping", "Camping", Some("outdoor"), "Small, light and sturdy."),
    ("gifts", "Gift Cards", None, "When you are not sure about the size."),
];

/// At how many available units seeding publishes `stock.low`: never, it is no sale.
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
    #[error("the demo shop is invalid: {0}")]
    Refused(#[from] Problem),
    #[error("the file of the demo shop cannot be read")]
    File(#[from] ::csv::Error),
    #[error("the demo shop could not be imported")]
    Import(#[from] ImportError),
    #[error("some of the demo shop could not be imported: {0}")]
    Product(csv::RowProblem),
}

/// The first row of a product, as far as it is about its picture.
#[derive(Deserialize)]
struct Good {
    #[serde(rename = "Title")]
    title: String,
    #[serde(rename = "Image Src")]
    image: String,
    #[serde(rename = "Drawing")]
    icon: Icon,
    #[serde(rename = "Light Colour")]
    light: String,
    #[serde(rename = "Dark Colour")]
    dark: String,
}

/// Whether the catalogue has no products yet.
pub async fn is_empty(db: &Db) -> db::Result<bool> {
    store::products::is_empty(db).await
}

/// Adds what is missing of the demo shop: categories and pictures in one transaction, then the
/// products in another, so that an interrupted seeding leaves no products behind. A second one adds
/// nothing.
pub async fn seed(db: &Db, clock: Clock, currency: &Currency) -> Result<Seeded, Error> {
    let mut tx = db.begin().await?;
    let categories = shelves(&mut tx, clock).await?;
    let missing = missing(&mut tx, clock).await?;
    tx.commit().await?;
    let stock = OfExisting::Edited;
    let report = csv::import(db, clock, currency, stock, missing.as_slice(), |_| ()).await?;
    match report.problems.into_iter().next() {
        Some(problem) => Err(Error::Product(problem)),
        None => Ok(Seeded { categories, products: report.products_created }),
    }
}

/// Adds the categories that are missing; returns how many.
async fn shelves(tx: &mut Tx, clock: Clock) -> Result<u64, Error> {
    let mut added = 0;
    let mut shelves: HashMap<&str, Uuid> = HashMap::new();
    let tree = store::categories::tree(&mut *tx).await?;
    for (position, (slug, name, parent, description)) in CATEGORIES.iter().enumerate() {
        if let Some(known) = tree.find(slug) {
            shelves.insert(slug, known.id);
            continue;
        }
        let new = NewCategory {
            parent_id: parent.and_then(|it| shelves.get(it).copied()),
            slug: Some((*slug).to_owned()),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            position: position as i64,
        };
        let mut books = StockTx::open(tx, clock.now(), LOW);
        shelves.insert(slug, categories::create(&mut books, new).await?.id);
        added += 1;
    }
    Ok(added)
}

/// The rows of the products that are missing, whose pictures are drawn. What is there stays as it
/// is, also where staff have changed it.
async fn missing(tx: &mut Tx, clock: Clock) -> Result<Vec<u8>, Error> {
    let mut file = ReaderBuilder::new().from_reader(GOODS.as_bytes());
    let header = file.headers()?.clone();
    let mut rows = WriterBuilder::new().from_writer(Vec::new());
    rows.write_record(&header)?;
    let (mut seen, mut there) = (HashSet::new(), HashSet::new());
    for row in file.records() {
        let row = row?;
        let handle = row.get(0).unwrap_or_default().to_owned();
        if seen.insert(handle.clone()) {
            if store::products::id_of(&mut *tx, &handle).await?.is_some() {
                there.insert(handle.clone());
            } else {
                draw(tx, clock, &row.deserialize(Some(&header))?).await?;
            }
        }
        if !there.contains(&handle) {
            rows.write_record(&row)?;
        }
    }
    rows.into_inner().map_err(|error| Error::File(error.into_error().into()))
}

async fn draw(tx: &mut Tx, clock: Clock, good: &Good) -> Result<(), Error> {
    let Some(id) = pictures::in_url(&good.image) else { return Ok(()) };
    let content_type = "image/svg+xml".to_owned();
    let drawing = NewPicture {
        kept: Kept { content_type, width: None, height: None },
        bytes: drawing::svg(good).into_bytes(),
        smaller: vec![],
    };
    Ok(store::pictures::insert(tx, id, drawing, clock.now()).await?)
}

#[cfg(test)]
mod tests;
