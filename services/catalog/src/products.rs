//! Writing products, for the API and for files alike: product, variants, categories, stock and
//! events in the caller's transaction.

use chassis::outbox;
use chassis::problem::{OnDuplicate, Problem, Result};
use contracts::catalog::{ProductCreated, ProductDeleted, ProductUpdated};
use uuid::Uuid;

use crate::books::StockTx;
use crate::cache::Changed;
use crate::model::{Draft, NewProduct, Product, is_free};
use crate::store::products;
use crate::{pictures, problems};

/// How often another name is tried where a made-up one is taken.
const TRIES: usize = 50;

/// Adds a product.
pub(crate) async fn create(books: &mut StockTx<'_>, new: NewProduct) -> Result<Product> {
    let mut draft = new.into_draft(None, books.now)?;
    find_slug(books, &mut draft).await?;
    find_skus(books, &mut draft).await?;
    let product = &draft.product;
    products::insert(books.tx, product).await.on_duplicate(|| taken(product))?;
    pictures::settle(books, None, product).await?;
    put_in_categories(books, product).await?;
    books.settle(None, &draft).await?;
    let event = ProductCreated { product_id: product.id, slug: product.slug.clone() };
    outbox::publish(books.tx, product.id, product.version, &event, books.now).await?;
    books.touch(Changed::Product(product.id));
    Ok(draft.product)
}

/// Changes a product into `new`; none where it is like that already. `old` was read in this
/// transaction.
pub(crate) async fn replace(
    books: &mut StockTx<'_>,
    old: &Product,
    new: NewProduct,
) -> Result<Option<Product>> {
    let mut draft = new.into_draft(Some(old), books.now)?;
    let slug_changed = draft.product.slug != old.slug;
    if slug_changed && products::id_of(&mut *books.tx, &draft.product.slug).await?.is_some() {
        return Err(problems::slug_taken(&draft.product.slug));
    }
    let same = is_same(old, &draft.product);
    if !same {
        find_skus(books, &mut draft).await?;
    }
    let stock_changed = books.settle(Some(old), &draft).await?;
    if same && !stock_changed {
        return Ok(None);
    }
    let product = &draft.product;
    if !products::update(books.tx, old, product).await.on_duplicate(|| taken(product))? {
        return Err(problems::product_changed());
    }
    pictures::settle(books, Some(old), product).await?;
    if old.category_ids != product.category_ids {
        products::take_out_of_categories(books.tx, product.id).await?;
        put_in_categories(books, product).await?;
    }
    publish_updated(books, product.id, &product.slug, product.version).await?;
    Ok(Some(draft.product))
}

/// Deletes a product, unless orders hold units of it. Past orders keep what they copied.
pub(crate) async fn delete(books: &mut StockTx<'_>, product: &Product) -> Result<()> {
    let mut skus: Vec<&str> = product.variants.iter().map(|it| it.sku.as_str()).collect();
    skus.sort_unstable();
    for sku in skus {
        books.remove(sku).await?;
    }
    pictures::release(books, product.id).await?;
    if !products::delete(books.tx, product.id).await? {
        return Err(problems::product_not_found());
    }
    let event = ProductDeleted { product_id: product.id, slug: product.slug.clone() };
    outbox::publish(books.tx, product.id, product.version + 1, &event, books.now).await?;
    books.touch(Changed::Product(product.id));
    Ok(())
}

/// Tells that a product changed.
pub(crate) async fn publish_updated(
    books: &mut StockTx<'_>,
    product_id: Uuid,
    slug: &str,
    version: i64,
) -> Result<()> {
    let event = ProductUpdated { product_id, slug: slug.to_owned() };
    outbox::publish(books.tx, product_id, version, &event, books.now).await?;
    books.touch(Changed::Product(product_id));
    Ok(())
}

/// Whether nothing but the stock and the marks of a write differs.
fn is_same(old: &Product, new: &Product) -> bool {
    let mut new = new.clone();
    (new.version, new.updated_at) = (old.version, old.updated_at);
    if new.variants.len() == old.variants.len() {
        for (new, old) in new.variants.iter_mut().zip(&old.variants) {
            (new.policy, new.on_hand) = (old.policy, old.on_hand);
            (new.allocated, new.reserved) = (old.allocated, old.reserved);
        }
    }
    new == *old
}

/// A slug nobody else has: asked for, it must be free; made up, it gets a number.
async fn find_slug(books: &mut StockTx<'_>, draft: &mut Draft) -> Result<()> {
    let wanted = draft.product.slug.clone();
    for n in 2..TRIES {
        let slug = &draft.product.slug;
        if is_free(slug) && products::id_of(&mut *books.tx, slug).await?.is_none() {
            return Ok(());
        }
        if !draft.slug_made {
            break;
        }
        draft.product.slug = format!("{wanted}-{n}");
    }
    Err(problems::slug_taken(&wanted))
}

/// SKUs no other product has: those asked for must be free, made-up ones get a number.
async fn find_skus(books: &mut StockTx<'_>, draft: &mut Draft) -> Result<()> {
    for n in 2..TRIES {
        let skus = draft.product.variants.iter().map(|it| it.sku.as_str());
        let taken = products::taken_skus(&mut *books.tx, skus, draft.product.id).await?;
        let Some(sku) = taken.first() else { return Ok(()) };
        let is_taken = |at: &usize| taken.contains(&draft.product.variants[*at].sku);
        let renamed: Vec<usize> = draft.named.iter().copied().filter(is_taken).collect();
        if renamed.len() < taken.len() {
            return Err(problems::sku_taken(sku));
        }
        for at in renamed {
            let sku = &mut draft.product.variants[at].sku;
            let base = sku.strip_suffix(&format!("-{}", n - 1)).unwrap_or(sku);
            *sku = format!("{base}-{n}");
        }
    }
    Err(problems::sku_taken(&draft.product.variants[0].sku))
}

async fn put_in_categories(books: &mut StockTx<'_>, product: &Product) -> Result<()> {
    match products::put_in_categories(books.tx, product).await? {
        Some(unknown) => Err(problems::category_unknown(unknown)),
        None => Ok(()),
    }
}

/// Somebody took the slug or a SKU in the moment since they were looked for.
fn taken(product: &Product) -> Problem {
    match product.variants.as_slice() {
        [only] => problems::sku_taken(&only.sku),
        _ => problems::slug_taken(&product.slug),
    }
}
