//! Pictures of another shop's own in a file: their address leads nowhere here, which is no reason to
//! lose a product.

use std::collections::HashSet;

use catalog_csv::Product;
use chassis::db::Db;
use uuid::Uuid;

use super::ImportError;
use crate::pictures;
use crate::store;

/// Pictures looked up at once.
const PART: usize = 500;

/// Pictures that come with the file.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub(super) offered: HashSet<Uuid>,
}

impl Pictures {
    /// Leaves out of these products what pictures the shop does not have.
    pub(super) async fn leave_out(
        &self,
        db: &Db,
        products: &mut [Product],
    ) -> Result<(), ImportError> {
        let mut ids: Vec<Uuid> = products.iter().flat_map(uses).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut known = HashSet::new();
        for ids in ids.chunks(PART) {
            known.extend(store::pictures::known(db, ids).await?);
        }
        if ids.is_empty() {
            return Ok(());
        }
        let is_there = |url: &str| {
            pictures::in_url(url).is_none_or(|id| known.contains(&id) || self.offered.contains(&id))
        };
        let warning = |url: &str| format!("the picture {url:?} is left out: it is not in the shop");
        for product in products {
            let warnings = &mut product.warnings;
            if let Some(images) = &mut product.images {
                let gone = images.iter().filter(|(url, _)| !is_there(url));
                warnings.extend(gone.map(|(url, _)| (product.line, warning(url))));
                images.retain(|(url, _)| is_there(url));
            }
            for variant in &mut product.variants {
                if let Some(url) = variant.image.take_if(|it| !is_there(it)) {
                    warnings.push((variant.line, warning(&url)));
                    variant.image = Some(String::new());
                }
            }
        }
        Ok(())
    }
}

/// The pictures of a shop's own that a product names.
fn uses(product: &Product) -> Vec<Uuid> {
    let images = product.images.iter().flatten().map(|(url, _)| url);
    let own = product.variants.iter().filter_map(|it| it.image.as_ref());
    images.chain(own).filter_map(|it| pictures::in_url(it)).collect()
}
