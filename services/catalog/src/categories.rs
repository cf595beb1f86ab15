//! Changing the tree of categories.

use chassis::problem::{OnDuplicate, Problem, Result};
use uuid::Uuid;

use crate::books::StockTx;
use crate::cache::Changed;
use crate::model::{Category, Tree, slugify};
use crate::problems;
use crate::store::categories as store;

/// The name below `/categories` that is the shop's own.
pub(crate) const RESERVED: &str = "reorder";

/// A category as somebody wants it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewCategory {
    pub(crate) parent_id: Option<Uuid>,
    /// Made from the name where absent.
    pub(crate) slug: Option<String>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) position: i64,
}

/// Adds a category.
pub(crate) async fn create(books: &mut StockTx<'_>, new: NewCategory) -> Result<Category> {
    let tree = store::locked_tree(books.tx).await?;
    tree.check_new(new.parent_id)?;
    let slug = match new.slug {
        Some(slug) if tree.find(&slug).is_some() => return Err(problems::slug_taken(&slug)),
        Some(slug) => slug,
        None => free_slug(&tree, new.parent_id, &new.name),
    };
    let category = Category {
        id: chassis::id::new(),
        parent_id: new.parent_id,
        slug,
        name: new.name,
        description: ammonia::clean(&new.description),
        position: new.position,
        version: 1,
        created_at: books.now,
        updated_at: books.now,
    };
    let inserted = store::insert(books.tx, &category).await;
    inserted.on_duplicate(|| problems::slug_taken(&category.slug))?;
    books.touch(Changed::Categories);
    Ok(category)
}

/// Categories a product can be put into by name in one request.
const MAX_NAMED: usize = 50;

/// The categories with these ids, slugs or names. A name that no category has becomes one at the
/// top level, as in an import.
pub(crate) async fn named(books: &mut StockTx<'_>, keys: &[String]) -> Result<Vec<Uuid>> {
    if keys.len() > MAX_NAMED {
        return Err(Problem::field("categories", format!("must have at most {MAX_NAMED} entries")));
    }
    let mut tree = store::locked_tree(books.tx).await?;
    let mut ids: Vec<Uuid> = Vec::with_capacity(keys.len());
    for (at, key) in keys.iter().enumerate() {
        let (key, field) = (key.trim(), format!("categories[{at}]"));
        let id = match tree.find_named(key) {
            Some(category) => category.id,
            None if key.parse::<Uuid>().is_ok() => {
                return Err(Problem::field(field, "there is no such category"));
            }
            None if key.is_empty()
                || key.chars().count() > 255
                || key.contains(char::is_control) =>
            {
                return Err(Problem::field(field, "must be an id, a slug or a name"));
            }
            None => {
                let new = NewCategory { name: key.to_owned(), ..NewCategory::default() };
                let id = create(books, new).await?.id;
                tree = store::locked_tree(books.tx).await?;
                id
            }
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Changes a category, and moves it where its parent is another one.
pub(crate) async fn replace(
    books: &mut StockTx<'_>,
    key: &str,
    change: impl FnOnce(&Category) -> NewCategory,
) -> Result<Category> {
    let tree = store::locked_tree(books.tx).await?;
    let old = tree.find(key).ok_or_else(problems::category_not_found)?;
    let new = change(old);
    let slug = new.slug.unwrap_or_else(|| old.slug.clone());
    if slug != old.slug && tree.find(&slug).is_some() {
        return Err(problems::slug_taken(&slug));
    }
    let moved = new.parent_id != old.parent_id;
    if moved {
        tree.check_move(old.id, new.parent_id)?;
    }
    let category = Category {
        parent_id: new.parent_id,
        slug,
        name: new.name,
        description: ammonia::clean(&new.description),
        position: new.position,
        version: old.version + 1,
        updated_at: books.now,
        ..old.clone()
    };
    let updated = store::update(books.tx, &category).await;
    updated.on_duplicate(|| problems::slug_taken(&category.slug))?;
    if moved {
        store::settle(books.tx, category.id).await?;
    }
    books.touch(Changed::Categories);
    Ok(category)
}

/// Puts categories below `parent` (the top level where it is none), in this order. Others that are
/// there already come after them, in the order they had.
pub(crate) async fn reorder(
    books: &mut StockTx<'_>,
    parent: Option<Uuid>,
    ids: &[Uuid],
) -> Result<()> {
    let tree = store::locked_tree(books.tx).await?;
    if parent.is_some_and(|it| tree.get(it).is_none()) {
        return Err(Problem::field("parent_id", "there is no such category"));
    }
    for (at, id) in ids.iter().enumerate() {
        let wrong = |detail| Err(Problem::field(format!("ids[{at}]"), detail));
        if tree.get(*id).is_none() {
            return wrong("there is no such category");
        }
        if ids[..at].contains(id) {
            return wrong("is in the list twice");
        }
    }
    let others = tree.children(parent).map(|it| it.id).filter(|it| !ids.contains(it));
    let all: Vec<Uuid> = ids.iter().copied().chain(others).collect();
    for (position, id) in (0_i64..).zip(all) {
        let old = tree.get(id).ok_or_else(problems::category_not_found)?;
        if (old.parent_id, old.position) == (parent, position) {
            continue;
        }
        let moved = |old: &Category| NewCategory {
            parent_id: parent,
            slug: None,
            name: old.name.clone(),
            description: old.description.clone(),
            position,
        };
        replace(books, &id.to_string(), moved).await?;
    }
    Ok(())
}

/// Deletes a category without children; its products stay.
pub(crate) async fn delete(books: &mut StockTx<'_>, key: &str) -> Result<()> {
    let tree = store::locked_tree(books.tx).await?;
    let old = tree.find(key).ok_or_else(problems::category_not_found)?;
    if tree.children(Some(old.id)).next().is_some() {
        return Err(problems::category_has_children());
    }
    let gone = Category { version: old.version + 1, updated_at: books.now, ..old.clone() };
    store::delete(books.tx, &gone).await?;
    books.touch(Changed::Categories);
    Ok(())
}

/// A slug made from the name, with the parent's before it where that is taken.
fn free_slug(tree: &Tree, parent: Option<Uuid>, name: &str) -> String {
    let slug = slugify(name, "category");
    let is_free = |slug: &str| slug != RESERVED && tree.find(slug).is_none();
    if is_free(&slug) {
        return slug;
    }
    let base = match parent.and_then(|it| tree.get(it)) {
        Some(parent) => format!("{}-{slug}", parent.slug),
        None => slug,
    };
    let numbered = (2_u32..).map(|n| format!("{base}-{n}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    names.find(|it| is_free(it)).unwrap_or(base)
}
