//! Changing the tree of categories.

use chassis::field_versions::FieldVersions;
use chassis::if_match::{self, IfMatch};
use chassis::problem::{OnDuplicate, Problem, Result};
use uuid::Uuid;

use crate::books::StockTx;
use crate::cache::Changed;
use crate::model::{Category, Tree, note_category_edit, slug, slugify};
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
        Some(slug) => claim(books, &tree, &slug, None).await?,
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
        field_versions: FieldVersions::default(),
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

/// Changes a category, and moves it where its parent is another one. `change` may refuse what it is.
pub(crate) async fn replace(
    books: &mut StockTx<'_>,
    key: &str,
    change: impl FnOnce(&Category) -> Result<NewCategory>,
) -> Result<Category> {
    let tree = store::locked_tree(books.tx).await?;
    let old = tree.find(key).ok_or_else(problems::category_not_found)?;
    let new = change(old)?;
    let slug = match new.slug.filter(|it| *it != old.slug) {
        Some(slug) => claim(books, &tree, &slug, Some(old.id)).await?,
        // One that was allowed before stays until it is changed.
        None => old.slug.clone(),
    };
    let moved = new.parent_id != old.parent_id;
    if moved {
        tree.check_move(old.id, new.parent_id)?;
    }
    let mut category = Category {
        parent_id: new.parent_id,
        slug,
        name: new.name,
        description: ammonia::clean(&new.description),
        position: new.position,
        version: old.version + 1,
        updated_at: books.now,
        ..old.clone()
    };
    note_category_edit(old, &mut category);
    let updated = store::update(books.tx, &category).await;
    updated.on_duplicate(|| problems::slug_taken(&category.slug))?;
    if category.slug != old.slug {
        store::keep_former(books.tx, &old.slug, old.id).await?;
    }
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
        let moved = |old: &Category| {
            Ok(NewCategory {
                parent_id: parent,
                slug: None,
                name: old.name.clone(),
                description: old.description.clone(),
                position,
            })
        };
        replace(books, &id.to_string(), moved).await?;
    }
    Ok(())
}

/// Deletes a category without children, if it is in the state that is meant; its products stay.
pub(crate) async fn delete(
    books: &mut StockTx<'_>,
    key: &str,
    seen: Option<&IfMatch>,
) -> Result<()> {
    let tree = store::locked_tree(books.tx).await?;
    let old = tree.find(key).ok_or_else(problems::category_not_found)?;
    if_match::check(seen, old)?;
    if tree.children(Some(old.id)).next().is_some() {
        return Err(problems::category_has_children());
    }
    let gone = Category { version: old.version + 1, updated_at: books.now, ..old.clone() };
    store::delete(books.tx, &gone).await?;
    books.touch(Changed::Categories);
    Ok(())
}

/// Makes sure that a category can have the slug that was asked for, also where another one had it
/// before.
async fn claim(
    books: &mut StockTx<'_>,
    tree: &Tree,
    slug: &str,
    category: Option<Uuid>,
) -> Result<String> {
    let slug = slug::normal(slug).into_owned();
    let blank = slug.contains(char::is_whitespace).then_some("must not contain blanks");
    let reserved = (slug == RESERVED).then_some("is an address of the shop's own");
    if let Some(detail) = blank.or(reserved).or_else(|| slug::wrong(&slug)) {
        return Err(Problem::field("slug", detail));
    }
    match tree.look_alike(&slug, category) {
        Some(other) if other == slug => return Err(problems::slug_taken(&slug)),
        Some(other) => return Err(problems::slug_looks_like(other)),
        None => {}
    }
    if tree.find_former(&slug).is_some() {
        store::take_over(books.tx, &slug).await?;
    }
    Ok(slug)
}

/// A slug made from the name, with the parent's before it where that is taken.
fn free_slug(tree: &Tree, parent: Option<Uuid>, name: &str) -> String {
    let slug = slugify(name, "category");
    let is_free = |slug: &str| {
        let is_former = tree.find_former(slug).is_some();
        slug != RESERVED && tree.look_alike(slug, None).is_none() && !is_former
    };
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
