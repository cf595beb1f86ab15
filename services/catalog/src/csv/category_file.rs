//! `categories.csv` of an archive: what a table of products does not say of categories. Parents come
//! before what is below them.

use std::collections::HashMap;
use std::io::{Read, Write};

use catalog_csv::{Column, guarded, unguarded};
use chassis::db::Db;
use chrono::{DateTime, Utc};
use csv::{ReaderBuilder, WriterBuilder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ImportError;
use super::importer::LOW;
use super::shelves::key;
use crate::books::StockTx;
use crate::categories::{self, NewCategory};
use crate::model::{Category, Tree};
use crate::store;

/// Categories of one file.
const MOST: usize = 20_000;
const MAX_TEXT: usize = 255;

/// A category of a file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(rename = "Slug")]
    slug: String,
    #[serde(rename = "Name")]
    name: String,
    /// The slug of the category above it; empty at the top.
    #[serde(rename = "Parent", default)]
    parent: String,
    #[serde(rename = "Position", default)]
    position: i64,
    /// HTML.
    #[serde(rename = "Description", default)]
    description: String,
}

/// The categories of a file.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<(u64, Row)>,
    /// Lines that cannot be read, and why.
    pub(super) wrong: Vec<(u64, String)>,
}

/// Writes all categories.
pub(super) fn write(tree: &Tree, out: impl Write) -> Result<(), csv::Error> {
    let mut out = WriterBuilder::new().has_headers(false).from_writer(out);
    out.write_record(["Slug", "Name", "Parent", "Position", "Description"])?;
    for category in tree.all() {
        let parent = category.parent_id.and_then(|it| tree.get(it));
        out.serialize(Row {
            slug: guarded(Column::Title, &category.slug).into_owned(),
            name: guarded(Column::Title, &category.name).into_owned(),
            parent: guarded(Column::Title, parent.map_or("", |it| &it.slug)).into_owned(),
            position: category.position,
            description: guarded(Column::Title, &category.description).into_owned(),
        })?;
    }
    out.flush().map_err(csv::Error::from)
}

/// Reads all categories of a file.
pub(super) fn read(input: impl Read) -> Result<Rows, csv::Error> {
    let mut file = ReaderBuilder::new().flexible(true).from_reader(input);
    let mut rows = Rows::default();
    let header = file.headers()?.clone();
    for record in file.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        match record.deserialize::<Row>(Some(&header)) {
            Ok(row) => match checked(line, row) {
                Ok(row) => rows.rows.push((line, row)),
                Err(wrong) => rows.wrong.push(wrong),
            },
            Err(error) => rows.wrong.push((line, error.to_string())),
        }
        if rows.rows.len() + rows.wrong.len() >= MOST {
            rows.wrong.push((line, format!("at most {MOST} categories are read")));
            break;
        }
    }
    Ok(rows)
}

fn checked(line: u64, row: Row) -> Result<Row, catalog_csv::Wrong> {
    let text = |it: &str| unguarded(Column::Title, it).trim().to_owned();
    let Row { slug, name, parent, position, description } = row;
    let row = Row {
        slug: text(&slug),
        name: text(&name),
        parent: text(&parent),
        position,
        description: unguarded(Column::Title, &description).to_owned(),
    };
    for (what, text) in [("Slug", &row.slug), ("Name", &row.name)] {
        if text.is_empty() {
            return Err((line, format!("{what} is empty")));
        }
        if text.chars().count() > MAX_TEXT || text.contains(char::is_control) {
            let detail =
                format!("{what} is longer than {MAX_TEXT} characters or has a control one");
            return Err((line, detail));
        }
    }
    if row.slug.contains('/')
        || row.slug == categories::RESERVED
        || row.slug.parse::<Uuid>().is_ok()
    {
        let detail = format!("Slug {} cannot be the address of a category", row.slug);
        return Err((line, detail));
    }
    if row.description.contains('\0') || row.description.chars().nth(100_000).is_some() {
        let detail = "Description is longer than 100,000 characters or has a NUL";
        return Err((line, detail.to_owned()));
    }
    Ok(row)
}

/// Makes the shop's categories so; notes what could not be done, and in `ids` what became of each slug.
/// A category is found by its slug, else by its name below the same parent; those the file does not
/// name stay.
pub(super) async fn bring_in(
    db: &Db,
    now: DateTime<Utc>,
    rows: &[(u64, Row)],
    ids: &mut HashMap<String, Uuid>,
) -> Result<Vec<(u64, String)>, ImportError> {
    let mut wrong = Vec::new();
    let mut tx = db.begin().await?;
    let mut books = StockTx::open(&mut tx, now, LOW);
    let mut tree = store::categories::locked_tree(books.tx).await?;
    for (line, row) in rows {
        let parent = match row.parent.as_str() {
            "" => None,
            parent => {
                let known = ids.get(parent).copied();
                let Some(id) = known.or_else(|| tree.find(parent).map(|it| it.id)) else {
                    wrong
                        .push((*line, format!("there is no category {parent} for it to be below")));
                    continue;
                };
                Some(id)
            }
        };
        let new = || NewCategory {
            parent_id: parent,
            slug: Some(row.slug.clone()),
            name: row.name.clone(),
            description: row.description.clone(),
            position: row.position,
        };
        let by_slug = tree.find(&row.slug).filter(|it| it.slug == row.slug);
        let named = || tree.children(parent).find(|it| key(&it.name) == key(&row.name));
        let made = match by_slug.or_else(named) {
            Some(old) if is_same(old, &new()) => {
                ids.insert(row.slug.clone(), old.id);
                continue;
            }
            Some(old) => {
                let id = old.id.to_string();
                let new = new();
                categories::replace(&mut books, &id, move |_| Ok(new)).await
            }
            None => categories::create(&mut books, new()).await,
        };
        match made {
            Ok(made) => {
                ids.insert(row.slug.clone(), made.id);
                tree = store::categories::tree_in(books.tx).await?;
            }
            Err(problem) if problem.status >= 500 => return Err(ImportError::Busy),
            Err(problem) => wrong.push((*line, problem.detail.into_owned())),
        }
    }
    tx.commit().await?;
    Ok(wrong)
}

fn is_same(old: &Category, new: &NewCategory) -> bool {
    (old.parent_id, old.position) == (new.parent_id, new.position)
        && Some(&old.slug) == new.slug.as_ref()
        && old.name == new.name
        && old.description == ammonia::clean(&new.description)
}
