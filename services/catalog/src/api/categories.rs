//! `/categories`: the tree of categories.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use chassis::extract::{Json, LARGE_BODY, Path, Query, double_option};
use chassis::page;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::read;
use crate::cache::Dependencies;
use crate::categories::{self, NewCategory};
use crate::model::Category;
use crate::view::{Categories, CategoryView};
use crate::{App, problems};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, replace, update, delete))
        .routes(routes!(subcategories))
        .routes(routes!(reorder))
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TreeQuery {
    /// Whether to return a tree: the top level, each category with its `children`. Not in pages.
    #[garde(skip)]
    tree: bool,
}

#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PartQuery {
    /// The number of items per page, 1 to 100. Defaults to all.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The number of items to skip, 0 to 10,000.
    #[garde(skip)]
    #[param(minimum = 0, maximum = 10_000)]
    offset: Option<i64>,
    /// The number of the page, from 1. Needs `limit`.
    #[garde(skip)]
    #[param(minimum = 1)]
    page: Option<i64>,
    /// Whether to count all matching items, as `total`.
    #[garde(skip)]
    count: bool,
}

/// Which part of a list that is sent as a whole unless a client asks for pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    skip: usize,
    take: usize,
    count: bool,
}

impl Part {
    fn of(query: &PartQuery) -> Result<Self> {
        let PartQuery { limit, offset, page: number, count } = *query;
        let take = match limit {
            None if number.is_some() => return Err(Problem::field("page", "needs limit")),
            None => None,
            Some(_) => Some(page::limit(limit)?),
        };
        let skip = page::skip(offset, number, None, take.unwrap_or(page::MAX_LIMIT))?;
        let whole = |it: i64| usize::try_from(it).unwrap_or(usize::MAX);
        Ok(Self { skip: whole(skip), take: take.map_or(usize::MAX, whole), count })
    }

    fn is_all(self) -> bool {
        self == Self { skip: 0, take: usize::MAX, count: false }
    }

    /// The part of all, ready to be kept.
    fn cut(self, mut all: Vec<CategoryView<'_>>) -> Categories<'_> {
        let total = self.count.then_some(all.len());
        all.drain(..self.skip.min(all.len()));
        all.truncate(self.take);
        Categories { items: all, total }
    }
}

/// The fields of a category.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = NewCategory)]
#[serde(deny_unknown_fields)]
struct CategoryBody {
    /// Null for the top level.
    #[garde(skip)]
    parent_id: Option<Uuid>,
    /// Defaults to a slug of the name.
    #[garde(length(chars, min = 1, max = 255), inner(custom(is_slug)))]
    #[schema(min_length = 1, max_length = 255)]
    slug: Option<String>,
    #[garde(length(chars, min = 1, max = 255), custom(is_name))]
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// HTML. Scripts and other unsafe elements are removed.
    #[serde(default)]
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: String,
    /// The order among its siblings.
    #[serde(default)]
    #[garde(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: i64,
}

/// The fields to change. Fields that are left out stay as they are.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct CategoryPatch {
    /// Null moves it to the top level.
    #[garde(skip)]
    #[serde(deserialize_with = "double_option")]
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<Option<Uuid>>,
    #[garde(length(chars, min = 1, max = 255), inner(custom(is_slug)))]
    #[schema(min_length = 1, max_length = 255)]
    slug: Option<String>,
    #[garde(length(chars, min = 1, max = 255), inner(custom(is_name)))]
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    #[garde(length(chars, max = 20_000))]
    #[schema(max_length = 20_000)]
    description: Option<String>,
    #[garde(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: Option<i64>,
}

/// The new order of categories.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct CategoryOrder {
    /// The new parent of the categories; null for the top level.
    #[garde(skip)]
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    parent_id: Option<Uuid>,
    #[garde(length(min = 1, max = 200))]
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<Uuid>,
}

fn is_slug(slug: &str, (): &()) -> garde::Result {
    let wrong = |it: char| it.is_control() || it.is_whitespace() || it == '/';
    if slug.contains(wrong) {
        return Err(garde::Error::new("must not contain blanks or slashes"));
    }
    if slug == categories::RESERVED {
        return Err(garde::Error::new("is an address of the shop's own"));
    }
    match slug.parse::<Uuid>() {
        Ok(_) => Err(garde::Error::new("must not look like an id")),
        Err(_) => Ok(()),
    }
}

fn is_name(name: &str, (): &()) -> garde::Result {
    if name.trim().is_empty() || name.contains(char::is_control) {
        Err(garde::Error::new("must be one line of text"))
    } else {
        Ok(())
    }
}

/// List all categories.
///
/// Parents come before their children, siblings by position and name.
#[utoipa::path(
    get, path = "/categories", operation_id = "categories.list", tag = "catalog",
    params(TreeQuery, PartQuery),
    responses(
        (status = 200, description = "The categories.", body = Categories),
        (status = 304, description = "The client's cached response is current."),
    ),
    security(()),
)]
async fn list(State(app): State<App>, request: Request) -> Result<Response<Body>> {
    let (mut parts, _) = request.into_parts();
    let Query(TreeQuery { tree: nested }) = Query::from_request_parts(&mut parts, &app).await?;
    let Query(part) = Query::from_request_parts(&mut parts, &app).await?;
    let part = Part::of(&part)?;
    if nested && !part.is_all() {
        return Err(Problem::field("tree", "is sent as a whole"));
    }
    let key = if nested { "categories tree".to_owned() } else { format!("categories {part:?}") };
    if let Some(answer) = app.cache.get(&key) {
        return Ok(answer.respond(&parts.headers));
    }
    let at = app.cache.now();
    let tree = app.tree().await?;
    let items = if nested {
        tree.children(None).map(|it| CategoryView::with_children(it, &tree)).collect()
    } else {
        tree.all().iter().map(|it| CategoryView::of(it, &tree)).collect()
    };
    let body = read::json(&part.cut(items))?;
    Ok(app.cache.put(&key, body, Dependencies::Categories, at).respond(&parts.headers))
}

/// Get a category.
#[utoipa::path(
    get, path = "/categories/{id}", operation_id = "categories.get", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the category.")),
    responses(
        (status = 200, description = "The category.", body = CategoryView),
        (status = 304, description = "The client's cached response is current."),
        problems::category_not_found,
    ),
    security(()),
)]
async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response<Body>> {
    let key = format!("category {id}");
    if let Some(answer) = app.cache.get(&key) {
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    let tree = app.tree().await?;
    let category = tree.find(&id).ok_or_else(problems::category_not_found)?;
    let body = read::json(&CategoryView::of(category, &tree))?;
    Ok(app.cache.put(&key, body, Dependencies::Categories, at).respond(request.headers()))
}

/// List the direct subcategories of a category.
#[utoipa::path(
    get, path = "/categories/{id}/subcategories", operation_id = "subcategories.list", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the category."), PartQuery),
    responses(
        (status = 200, description = "The categories.", body = Categories),
        (status = 304, description = "The client's cached response is current."),
        problems::category_not_found,
    ),
    security(()),
)]
async fn subcategories(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PartQuery>,
    request: Request,
) -> Result<Response<Body>> {
    let part = Part::of(&query)?;
    let key = format!("subcategories {part:?} {id}");
    if let Some(answer) = app.cache.get(&key) {
        return Ok(answer.respond(request.headers()));
    }
    let at = app.cache.now();
    let tree = app.tree().await?;
    let category = tree.find(&id).ok_or_else(problems::category_not_found)?;
    let children = tree.children(Some(category.id));
    let items = children.map(|it| CategoryView::of(it, &tree)).collect();
    let body = read::json(&part.cut(items))?;
    Ok(app.cache.put(&key, body, Dependencies::Categories, at).respond(request.headers()))
}

/// Create a category.
#[utoipa::path(
    post, path = "/categories", operation_id = "categories.create", tag = "catalog",
    request_body = CategoryBody,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 201, description = "The category; `Location` has its path.",
         body = CategoryView),
        problems::slug_taken,
        problems::category_too_deep,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn create(State(app): State<App>, Json(body): Json<CategoryBody>) -> Result<Response<Body>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let category = categories::create(&mut books, body.into()).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    let location = format!("{}/categories/{}", chassis::service::PREFIX, category.id);
    let body = view(&app, category.id).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// Replace a category.
#[utoipa::path(
    put, path = "/categories/{id}", operation_id = "categories.replace", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the category.")),
    request_body = CategoryBody,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 200, description = "The category.", body = CategoryView),
        problems::category_not_found,
        problems::slug_taken,
        problems::category_cycle,
        problems::category_too_deep,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn replace(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(body): Json<CategoryBody>,
) -> Result<Response<Body>> {
    write(&app, &key, |_| body.into()).await
}

/// Update a category, or move it.
#[utoipa::path(
    patch, path = "/categories/{id}", operation_id = "categories.update", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the category.")),
    request_body = CategoryPatch,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 200, description = "The category.", body = CategoryView),
        problems::category_not_found,
        problems::slug_taken,
        problems::category_cycle,
        problems::category_too_deep,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn update(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(patch): Json<CategoryPatch>,
) -> Result<Response<Body>> {
    write(&app, &key, |old| patch.onto(old)).await
}

/// Put categories below a parent, in this order.
///
/// Categories below other parents are moved. Other children of the parent follow in their previous
/// order. Either all changes are made or none.
#[utoipa::path(
    post, path = "/categories/reorder", operation_id = "categories.reorder", tag = "catalog",
    request_body = CategoryOrder,
    responses(
        (status = 200, description = "All children of the parent, in order.", body = Categories),
        problems::category_cycle,
        problems::category_too_deep,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn reorder(
    State(app): State<App>,
    Json(order): Json<CategoryOrder>,
) -> Result<Response<Body>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    categories::reorder(&mut books, order.parent_id, &order.ids).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    let tree = app.tree().await?;
    let items = tree.children(order.parent_id).map(|it| CategoryView::of(it, &tree)).collect();
    let body = read::json(&Categories { items, total: None })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Delete a category without subcategories.
///
/// Its products stay and are removed from the category.
#[utoipa::path(
    delete, path = "/categories/{id}", operation_id = "categories.delete", tag = "catalog",
    params(("id" = String, Path, description = "The id or slug of the category.")),
    responses(
        (status = 204, description = "Deleted."),
        problems::category_not_found,
        problems::category_has_children,
    ),
    security(("bearer" = ["catalog:write"])),
)]
async fn delete(State(app): State<App>, Path(key): Path<String>) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    categories::delete(&mut books, &key).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn write(
    app: &App,
    key: &str,
    change: impl FnOnce(&Category) -> NewCategory,
) -> Result<Response<Body>> {
    let mut tx = app.db.begin().await?;
    let mut books = app.books(&mut tx);
    let category = categories::replace(&mut books, key, change).await?;
    let changed = books.close();
    app.commit(tx, changed).await?;
    view(app, category.id).await
}

/// The category as it is now.
async fn view(app: &App, id: Uuid) -> Result<Response<Body>> {
    let tree = app.tree().await?;
    let category = tree.get(id).ok_or_else(problems::category_not_found)?;
    let body = read::json(&CategoryView::of(category, &tree))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

impl From<CategoryBody> for NewCategory {
    fn from(body: CategoryBody) -> Self {
        Self {
            parent_id: body.parent_id,
            slug: body.slug,
            name: body.name.trim().to_owned(),
            description: body.description,
            position: body.position,
        }
    }
}

impl CategoryPatch {
    /// The category with these changes.
    fn onto(self, old: &Category) -> NewCategory {
        NewCategory {
            parent_id: self.parent_id.unwrap_or(old.parent_id),
            slug: self.slug,
            name: self.name.map_or_else(|| old.name.clone(), |it| it.trim().to_owned()),
            description: self.description.unwrap_or_else(|| old.description.clone()),
            position: self.position.unwrap_or(old.position),
        }
    }
}
