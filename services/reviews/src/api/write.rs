//! What authors do with their reviews.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::db::Tx;
use chassis::extract::{Json, Path};
use chassis::id;
use chassis::problem::{OnDuplicate, Result};
use chassis::service::PREFIX;
use contracts::catalog::{Buyer, Quoted, Wanted};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{View, is_author, is_moderator};
use crate::model::{Review, Status, public_name};
use crate::{App, problems, rating, store};

/// A new review. Title and body are plain text.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReview {
    #[garde(skip)]
    product_id: Uuid,
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    rating: i64,
    /// Defaults to an empty title.
    #[garde(length(chars, max = 120), inner(custom(line)))]
    #[schema(min_length = 1, max_length = 120)]
    title: Option<String>,
    #[garde(length(chars, max = 5000), custom(text))]
    #[schema(min_length = 1, max_length = 5000)]
    body: String,
}

/// Fields that are left out stay as they are.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewChange {
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    rating: Option<i64>,
    #[garde(length(chars, max = 120), inner(custom(line)))]
    #[schema(min_length = 1, max_length = 120)]
    title: Option<String>,
    #[garde(length(chars, max = 5000), inner(custom(text)))]
    #[schema(min_length = 1, max_length = 5000)]
    body: Option<String>,
}

fn line(value: &str, (): &()) -> garde::Result {
    plain(value, |it| it.is_control())
}

fn text(value: &str, (): &()) -> garde::Result {
    plain(value, |it| it.is_control() && !matches!(it, '\n' | '\r' | '\t'))
}

fn plain(value: &str, refused: impl Fn(char) -> bool) -> garde::Result {
    if value.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    if value.chars().any(refused) {
        Err(garde::Error::new("must be plain text without control characters"))
    } else {
        no_card_number(value, &())
    }
}

/// Review a product.
#[utoipa::path(
    post, path = "/reviews", operation_id = "reviews.create", tag = "reviews",
    request_body = NewReview,
    responses(
        (status = 201, description = "The review.", body = View,
         headers(("Location" = String, description = "The path of the review."))),
        problems::purchase_required,
        problems::product_not_found,
        problems::review_exists,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    principal: Principal,
    Json(request): Json<NewReview>,
) -> Result<impl IntoResponse> {
    let product_id = request.product_id;
    check_product(&app, product_id).await?;
    let verified_purchase = store::has_bought(&app.db, principal.id(), product_id).await?;
    if app.config.require_purchase && !verified_purchase {
        return Err(problems::purchase_required());
    }
    let now = app.clock.now();
    let review = Review {
        id: id::new(),
        product_id,
        user_id: principal.id(),
        author: public_name(principal.name()),
        rating: request.rating,
        title: request.title.unwrap_or_default(),
        body: request.body,
        status: Status::first(app.config.auto_approve),
        reason: None,
        version: 1,
        created_at: now,
        updated_at: now,
        verified_purchase,
    };

    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, &review).await.on_duplicate(problems::review_exists)?;
    rating::recount(&mut tx, product_id, None, review.counted(), now).await?;
    tx.commit().await?;

    let location = format!("{PREFIX}/reviews/{}", review.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(View::full(review))))
}

/// Update your own review.
///
/// It becomes `pending` again if it was rejected, or if the shop does not approve reviews
/// automatically.
#[utoipa::path(
    patch, path = "/reviews/{id}", operation_id = "reviews.update", tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    request_body = ReviewChange,
    responses(
        (status = 200, description = "The review.", body = View),
        problems::review_not_found,
        problems::review_changed,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    Json(request): Json<ReviewChange>,
) -> Result<Json<View>> {
    let mut tx = app.db.begin().await?;
    let found = store::find(&mut tx, id).await?;
    let own = found.filter(|it| is_author(Some(&principal), it));
    let before = own.ok_or_else(|| problems::review_not_found(id))?;
    let after = Review {
        rating: request.rating.unwrap_or(before.rating),
        title: request.title.unwrap_or_else(|| before.title.clone()),
        body: request.body.unwrap_or_else(|| before.body.clone()),
        ..before.clone()
    };
    if after == before {
        return Ok(Json(View::full(before)));
    }
    let status = after.status.after_edit(app.config.auto_approve);
    let after = Review { status, updated_at: app.clock.now(), ..after };
    replace(&mut tx, &before, &after).await?;
    tx.commit().await?;
    Ok(Json(View::full(after)))
}

/// Delete your own review. Moderators may delete any review.
#[utoipa::path(
    delete, path = "/reviews/{id}", operation_id = "reviews.delete", tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 204, description = "The review is deleted."),
        problems::review_not_found,
        problems::review_changed,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let principal = Some(&principal);
    let mut tx = app.db.begin().await?;
    let found = store::find(&mut tx, id).await?;
    let allowed = found.filter(|it| is_author(principal, it) || is_moderator(principal));
    let review = allowed.ok_or_else(|| problems::review_not_found(id))?;
    if !store::delete(&mut tx, &review).await? {
        return Err(problems::review_changed());
    }
    rating::recount(&mut tx, review.product_id, review.counted(), None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a changed review and counts its rating anew.
pub(super) async fn replace(tx: &mut Tx, before: &Review, after: &Review) -> Result<()> {
    if !store::update(tx, after).await? {
        return Err(problems::review_changed());
    }
    let (was, is) = (before.counted(), after.counted());
    Ok(rating::recount(tx, after.product_id, was, is, after.updated_at).await?)
}

/// 404 where the catalog sells no such product.
pub(super) async fn check_product(app: &App, product_id: Uuid) -> Result<()> {
    let wanted = vec![Wanted { sku: None, product_id: Some(product_id), variant_id: None }];
    match app.catalog.quote(wanted, Buyer::default()).await?.pop() {
        Some(Quoted::Offer(_) | Quoted::Ambiguous(_)) => Ok(()),
        Some(Quoted::Unknown) | None => Err(problems::product_not_found(product_id)),
    }
}
