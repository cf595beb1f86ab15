//! What the catalog feeds to the search index: its products, and which events change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog_search::{Change, Document, Source, StockLevel};
use chassis::db::{Db, Result};
use chassis::feed::Entry;
use chassis::outbox::EventData;
use contracts::catalog::{ProductCreated, ProductDeleted, ProductUpdated, StockChanged};
use serde::Deserialize;
use uuid::Uuid;

use crate::App;
use crate::model::{Product, Status, Variant};
use crate::store::products;
use crate::titles::TitleOrder;

/// The products of a database, and how their titles sort.
pub(crate) struct Products {
    db: Db,
    titles: Arc<TitleOrder>,
}

impl Products {
    pub(crate) fn of(app: &App) -> Self {
        Self { db: app.db.clone(), titles: app.titles.clone() }
    }

    fn documents(&self, products: Vec<Product>) -> Vec<Document> {
        products.into_iter().map(|it| document(it, &self.titles)).collect()
    }
}

impl Source for Products {
    fn db(&self) -> &Db {
        &self.db
    }

    async fn page(&self, after: Uuid, limit: i64) -> Result<Vec<Document>> {
        Ok(self.documents(products::page(&self.db, after, limit).await?))
    }

    async fn by_ids(&self, ids: &[Uuid]) -> Result<Vec<Document>> {
        Ok(self.documents(products::by_ids(&self.db, ids).await?))
    }

    fn title_order(&self) -> &str {
        self.titles.name()
    }

    async fn demand(&self) -> Result<Vec<(Uuid, i64, i64)>> {
        products::demand(&self.db).await
    }

    fn change(&self, event: &Entry) -> Option<Change> {
        #[derive(Deserialize)]
        struct About {
            product_id: Uuid,
            #[serde(default)]
            sku: String,
            #[serde(default)]
            available: i64,
        }
        let stock = match event.kind.as_str() {
            ProductCreated::TYPE | ProductUpdated::TYPE | ProductDeleted::TYPE => false,
            StockChanged::TYPE => true,
            _ => return None,
        };
        let Ok(About { product_id: product, sku, available }) = About::deserialize(&event.data.0)
        else {
            tracing::warn!(kind = event.kind, "cannot decode an event of our own");
            return None;
        };
        let stock = stock.then_some(StockLevel { sku, in_stock: available > 0 });
        Some(Change { product, stock })
    }
}

fn document(product: Product, titles: &TitleOrder) -> Document {
    let default = product.has_default_variant_only();
    let variant = |it: Variant| catalog_search::Variant {
        price: it.price,
        in_stock: it.available() != Some(0),
        options: if default { BTreeMap::new() } else { it.options },
        sku: it.sku,
        barcode: it.barcode,
    };
    Document {
        id: product.id,
        product_type: product.product_type,
        variants: product.variants.into_iter().map(variant).collect(),
        title_key: titles.key(&product.title),
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
