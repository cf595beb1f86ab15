//! What the catalog feeds to the search index: its products, and which events change them.

use catalog_search::{Change, Document, Source};
use chassis::db::{Db, Result};
use chassis::feed::Entry;
use chassis::outbox::EventData;
use contracts::catalog::{ProductCreated, ProductDeleted, ProductUpdated, StockChanged};
use serde::Deserialize;
use uuid::Uuid;

use crate::model::{Product, Status};
use crate::store::products;

/// The products of a database.
pub(crate) struct Products(pub(crate) Db);

impl Source for Products {
    fn db(&self) -> &Db {
        &self.0
    }

    async fn page(&self, after: Uuid, limit: i64) -> Result<Vec<Document>> {
        Ok(documents(products::page(&self.0, after, limit).await?))
    }

    async fn by_ids(&self, ids: &[Uuid]) -> Result<Vec<Document>> {
        Ok(documents(products::by_ids(&self.0, ids).await?))
    }

    async fn demand(&self) -> Result<Vec<(Uuid, i64, i64)>> {
        products::demand(&self.0).await
    }

    fn change(&self, event: &Entry) -> Option<Change> {
        #[derive(Deserialize)]
        struct About {
            product_id: Uuid,
            #[serde(default)]
            available: i64,
        }
        let stock = match event.kind.as_str() {
            ProductCreated::TYPE | ProductUpdated::TYPE | ProductDeleted::TYPE => false,
            StockChanged::TYPE => true,
            _ => return None,
        };
        let Ok(About { product_id: product, available }) = About::deserialize(&event.data.0) else {
            tracing::warn!(kind = event.kind, "cannot decode an event of our own");
            return None;
        };
        Some(Change { product, in_stock: stock.then_some(available > 0) })
    }
}

fn documents(products: Vec<Product>) -> Vec<Document> {
    products.into_iter().map(Document::from).collect()
}

impl From<Product> for Document {
    fn from(product: Product) -> Self {
        let choices = if product.has_default_variant_only() {
            vec![]
        } else {
            product.variants.iter().map(|it| it.options.clone()).collect()
        };
        Self {
            choices,
            id: product.id,
            price: product.price(),
            in_stock: product.variants.iter().any(|it| it.available() != Some(0)),
            title: product.title,
            description: product.description,
            tags: product.tags,
            vendor: product.vendor,
            categories: product.category_ids,
            rating: product.rating.score(),
            sold: product.sold,
            views: product.views,
            status: product.status.into(),
            created_at: product.created_at,
        }
    }
}

impl From<Status> for catalog_search::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Draft => Self::Draft,
            Status::Active => Self::Active,
            Status::Archived => Self::Archived,
        }
    }
}

#[cfg(test)]
mod tests;
