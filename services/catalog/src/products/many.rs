//! Many new products at once: with few statements, however many they are.

use chassis::outbox::Events;
use chassis::problem::{OnDuplicate, Result};
use contracts::catalog::ProductCreated;

use crate::books::StockTx;
use crate::cache::Changed;
use crate::model::{Draft, Product};
use crate::store::products;
use crate::{pictures, problems};

/// Adds products whose slugs and SKUs nobody else has.
pub(crate) async fn create_all(books: &mut StockTx<'_>, drafts: &[&Draft]) -> Result<()> {
    let Some(first) = drafts.first() else { return Ok(()) };
    let all: Vec<&Product> = drafts.iter().map(|it| &it.product).collect();
    let slugs: Vec<&str> = all.iter().map(|it| it.slug.as_str()).collect();
    products::slugs::take_over_all(books.tx, &slugs).await?;
    let inserted = products::insert_all(books.tx, &all, &books.titles).await;
    // One of them, if somebody was faster: which one the database does not say.
    inserted.on_duplicate(|| problems::slug_taken(&first.product.slug))?;
    for product in &all {
        pictures::settle(books, None, product).await?;
    }
    if let Some(unknown) = products::put_all_in_categories(books.tx, &all).await? {
        return Err(problems::category_unknown(unknown));
    }
    books.open_all(drafts).await?;
    let mut events = Events::default();
    for product in all {
        let event = ProductCreated { product_id: product.id, slug: product.slug.clone() };
        events.add(product.id, product.version, &event, books.now)?;
        books.touch(Changed::Product(product.id));
    }
    Ok(events.publish(books.tx).await?)
}
