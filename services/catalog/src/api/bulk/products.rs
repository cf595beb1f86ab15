//! `/products/bulk`: what several products have in common.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use chassis::extract::{Json, PRODUCT_BODY};
use chassis::problem::{FieldError, Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{check_version, wrong};
use crate::books::StockTx;
use crate::model::{NewProduct, Product, Status, Tree};
use crate::store::products as store;
use crate::{App, categories, problems, products};

/// Changes of several products: `items`, or one `action` on all of `ids`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductsBulk {
    #[garde(length(min = 1, max = 1_000))]
    #[schema(min_items = 1, max_items = 1_000)]
    items: Option<Vec<ProductChange>>,
    /// With `action`, instead of `items`.
    #[garde(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    ids: Option<Vec<Uuid>>,
    #[garde(skip)]
    action: Option<Action>,
}

/// The fields of a product to change; those that are left out stay as they are.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ProductChange)]
#[serde(deny_unknown_fields)]
struct ProductChange {
    id: Uuid,
    /// The `version` you have read. If the product was edited since, nothing is written.
    if_version: Option<i64>,
    status: Option<Status>,
    vendor: Option<String>,
    product_type: Option<String>,
    /// All tags there shall be.
    tags: Option<Vec<String>>,
    #[serde(default)]
    add_tags: Vec<String>,
    #[serde(default)]
    remove_tags: Vec<String>,
    /// All categories there shall be: ids, slugs or names. Unknown names create top-level
    /// categories.
    categories: Option<Vec<String>>,
    #[serde(default)]
    add_categories: Vec<String>,
    #[serde(default)]
    remove_categories: Vec<String>,
    /// Delete the product.
    #[serde(default)]
    delete: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = ProductsAction)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Set the status to `active`.
    Publish,
    /// Set the status to `archived`.
    Archive,
    /// Set the status to `draft`.
    Draft,
    Delete,
}

/// The outcome of a product.
#[derive(Serialize, ToSchema)]
struct ProductOutcome {
    id: Uuid,
    /// Whether the product is as it was asked for.
    ok: bool,
    /// The version of the product now, unless it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Why it was not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// The outcomes of several products, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(super) struct ProductOutcomes {
    items: Vec<ProductOutcome>,
}

/// Change or delete several products.
///
/// Each product is changed independently: an error is reported in the outcome of its product and
/// does not affect the others.
#[utoipa::path(
    post, path = "/products/bulk", operation_id = "products.bulk", tag = "catalog",
    request_body = ProductsBulk,
    extensions(("x-body-limit" = json!(PRODUCT_BODY))),
    responses(
        (status = 200, description = "The outcome of each product. Its problem is \
                                      `product_not_found`, `precondition_failed` with the current \
                                      `version`, `stock_reserved`, `validation_failed`, \
                                      `duplicate_item`, or any error of changing that product alone.",
         body = ProductOutcomes),
    ),
    security(("bearer" = ["catalog:write"])),
)]
pub(super) async fn bulk_products(
    State(app): State<App>,
    Json(body): Json<ProductsBulk>,
) -> Result<Json<ProductOutcomes>> {
    let changes = body.read()?;
    let (mut listed, mut known) = (HashSet::new(), Known::default());
    let mut items = Vec::with_capacity(changes.len());
    for change in changes {
        let id = change.id;
        let done = if listed.insert(id) {
            change.write(&app, &mut known).await
        } else {
            Err(problems::duplicate_item())
        };
        let (version, problem) = match done {
            Ok(version) => (version, None),
            Err(problem) => (None, Some(problem)),
        };
        items.push(ProductOutcome { id, ok: problem.is_none(), version, problem });
    }
    Ok(Json(ProductOutcomes { items }))
}

impl ProductsBulk {
    fn read(self) -> Result<Vec<ProductChange>> {
        match (self.items, self.ids, self.action) {
            (Some(items), None, None) => {
                let wrong = items.iter().enumerate().flat_map(|(at, it)| it.wrong(at));
                let wrong: Vec<FieldError> = wrong.collect();
                if wrong.is_empty() { Ok(items) } else { Err(Problem::fields(wrong)) }
            }
            (None, Some(ids), Some(action)) => {
                Ok(ids.into_iter().map(|id| ProductChange::of(id, action)).collect())
            }
            (Some(_), ..) => Err(Problem::field("items", "goes without ids and action")),
            (None, Some(_), None) => Err(Problem::field("action", "is required with ids")),
            (None, None, _) => Err(Problem::field("items", "is required")),
        }
    }
}

impl ProductChange {
    fn of(id: Uuid, action: Action) -> Self {
        let (status, delete) = match action {
            Action::Publish => (Some(Status::Active), false),
            Action::Archive => (Some(Status::Archived), false),
            Action::Draft => (Some(Status::Draft), false),
            Action::Delete => (None, true),
        };
        Self { id, status, delete, ..Self::default() }
    }

    /// What is wrong with it, whatever the product is.
    fn wrong(&self, at: usize) -> Vec<FieldError> {
        let mut all = Vec::new();
        let some = |lists: [&Vec<String>; 2]| lists.iter().any(|it| !it.is_empty());
        let tags = some([&self.add_tags, &self.remove_tags]);
        let categories = some([&self.add_categories, &self.remove_categories]);
        let changes = self.status.is_some()
            || self.vendor.is_some()
            || self.product_type.is_some()
            || self.tags.is_some()
            || self.categories.is_some()
            || tags
            || categories;
        if self.tags.is_some() && tags {
            all.push(wrong(at, "tags", "goes without add_tags and remove_tags"));
        }
        if self.categories.is_some() && categories {
            let detail = "goes without add_categories and remove_categories";
            all.push(wrong(at, "categories", detail));
        }
        if self.delete && changes {
            all.push(wrong(at, "delete", "goes with no other change"));
        }
        if !self.delete && !changes {
            all.push(wrong(at, "id", "has nothing beside it that is to be changed"));
        }
        all
    }

    /// Changes the product; returns its version, unless it is deleted.
    async fn write(self, app: &App, known: &mut Known) -> Result<Option<i64>> {
        let tree = app.tree().await?;
        let mut tx = app.db.begin().await?;
        let found = store::find_in(&mut tx, &self.id.to_string()).await?;
        let old = found.ok_or_else(problems::product_not_found)?;
        check_version(self.if_version, &old)?;
        let mut books = app.books(&mut tx);
        let version = if self.delete {
            products::delete(&mut books, &old).await?;
            None
        } else {
            let new = self.onto(&old, (&mut books, &tree), known).await?;
            let Some(new) = products::replace(&mut books, &old, new).await? else {
                return Ok(Some(old.revision));
            };
            Some(new.revision)
        };
        let changed = books.close();
        app.commit(tx, changed).await?;
        Ok(version)
    }

    /// The product with these changes.
    async fn onto(
        self,
        old: &Product,
        (books, tree): (&mut StockTx<'_>, &Tree),
        known: &mut Known,
    ) -> Result<NewProduct> {
        let mut new = NewProduct::from(old);
        new.status = self.status.unwrap_or(new.status);
        new.vendor = self.vendor.unwrap_or(new.vendor);
        new.product_type = self.product_type.unwrap_or(new.product_type);
        new.tags = self.tags.unwrap_or(new.tags);
        let gone: HashSet<String> =
            self.remove_tags.iter().map(|it| it.trim().to_lowercase()).collect();
        new.tags.retain(|it| !gone.contains(&it.to_lowercase()));
        new.tags.extend(self.add_tags);
        if let Some(all) = &self.categories {
            new.category_ids.clear();
            let all = ("categories", all.as_slice());
            known.put_in((&mut *books, tree), all, &mut new.category_ids).await?;
        }
        for (at, key) in self.remove_categories.iter().enumerate() {
            let Some(id) = known.find(tree, key) else {
                let field = format!("remove_categories[{at}]");
                return Err(Problem::field(field, "there is no such category"));
            };
            new.category_ids.retain(|it| *it != id);
        }
        let added = ("add_categories", self.add_categories.as_slice());
        known.put_in((books, tree), added, &mut new.category_ids).await?;
        Ok(new)
    }
}

/// Categories that were found by what a request calls them: rows name the same ones again.
#[derive(Default)]
struct Known(HashMap<String, Uuid>);

impl Known {
    /// The category with this id, slug or name.
    fn find(&mut self, tree: &Tree, key: &str) -> Option<Uuid> {
        if let Some(id) = self.0.get(key) {
            return Some(*id);
        }
        let id = tree.find_named(key.trim())?.id;
        self.0.insert(key.to_owned(), id);
        Some(id)
    }

    /// Adds the categories that a field names to `ids`; those that there are not are made.
    async fn put_in(
        &mut self,
        (books, tree): (&mut StockTx<'_>, &Tree),
        (field, keys): (&str, &[String]),
        ids: &mut Vec<Uuid>,
    ) -> Result<()> {
        for (at, key) in keys.iter().enumerate() {
            if let Some(id) = self.find(tree, key) {
                ids.push(id);
                continue;
            }
            let named = categories::named(books, std::slice::from_ref(key)).await;
            ids.extend(named.map_err(|problem| {
                let field = format!("{field}[{at}]");
                match problem.errors.first() {
                    Some(error) => Problem::field(field, error.detail.clone()),
                    None => problem,
                }
            })?);
        }
        Ok(())
    }
}
