//! What everybody can read.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, Path, Query};
use chassis::page::{self, Page};
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::write::check_product;
use super::{View, is_author, is_moderator};
use crate::model::{Sort, Status, Tally};
use crate::store::{Filter, Place};
use crate::{App, problems, store};

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// `newest` (the default), `oldest`, `highest` or `lowest`.
    #[garde(skip)]
    #[param(inline)]
    sort: Option<Sort>,
    /// Only reviews with this many stars.
    #[garde(range(min = 1, max = 5))]
    #[param(minimum = 1, maximum = 5)]
    rating: Option<i64>,
    /// The number of reviews per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 1000))]
    cursor: Option<String>,
    /// The number of reviews to skip, 0 to 10,000. Instead of `cursor`.
    #[garde(skip)]
    #[param(minimum = 0, maximum = 10_000)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`.
    #[garde(skip)]
    #[param(minimum = 1)]
    page: Option<i64>,
    /// Whether to count all matching reviews, as `total`.
    #[garde(skip)]
    count: Option<bool>,
}

/// A page of a product's reviews and its rating.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductReviews {
    items: Vec<View>,
    /// Send it as `cursor` to get the next page; null on the last one.
    next_cursor: Option<String>,
    /// The number of all matching reviews; with `count=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    summary: RatingSummary,
}

/// The rating of a product over all its approved reviews.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatingSummary {
    /// Rounded to two decimal places; null without reviews.
    average: Option<f64>,
    count: i64,
    distribution: RatingDistribution,
}

/// The number of reviews by stars.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatingDistribution {
    #[serde(rename = "1")]
    one: i64,
    #[serde(rename = "2")]
    two: i64,
    #[serde(rename = "3")]
    three: i64,
    #[serde(rename = "4")]
    four: i64,
    #[serde(rename = "5")]
    five: i64,
}

impl From<Tally> for RatingSummary {
    fn from(tally: Tally) -> Self {
        let Tally { one, two, three, four, five, .. } = tally;
        let distribution = RatingDistribution { one, two, three, four, five };
        Self { average: tally.average(), count: tally.count(), distribution }
    }
}

/// List the approved reviews of a product.
#[utoipa::path(
    get, path = "/products/{id}/reviews", operation_id = "product_reviews.list", tag = "reviews",
    params(("id" = Uuid, Path, description = "The product's id."), Listing),
    responses(
        (status = 200, description = "A page of approved reviews, and a summary.", body = ProductReviews),
        problems::product_not_found,
    ),
    security(()),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Path(product): Path<Uuid>,
    Query(listing): Query<Listing>,
) -> Result<Json<ProductReviews>> {
    let limit = page::limit(listing.limit)?;
    let sort = listing.sort.unwrap_or_default();
    let after = place(sort, listing.cursor.as_deref())?;
    let skip = page::skip(listing.offset, listing.page, listing.cursor.as_deref(), limit)?;
    let filter = Filter { sort, rating: listing.rating, after, skip };
    let reviews = store::of_product(&app.db, product, filter, limit + 1).await?;
    let tally = store::rated(&app.db, product).await?;
    // Who has been reviewed is a product. Of the others the catalog knows; where it does not
    // answer, there simply are no reviews.
    if tally.is_none()
        && let Err(problem) = check_product(&app, product).await
        && problem.code == "product_not_found"
    {
        return Err(problem);
    }
    let tally = tally.unwrap_or_default();
    let total = listing.count.unwrap_or(false).then(|| match listing.rating {
        None => tally.count(),
        Some(rating) => (1..).zip(tally.stars()).filter(|it| it.0 == rating).map(|it| it.1).sum(),
    });
    let page = Page::cut(reviews, limit, |it| (sort, it.rating, it.id)).map(View::public);
    Ok(Json(ProductReviews {
        items: page.items,
        next_cursor: page.next_cursor,
        total,
        summary: tally.into(),
    }))
}

/// Get a review.
#[utoipa::path(
    get, path = "/reviews/{id}", operation_id = "reviews.get", tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The review.", body = View),
        problems::review_not_found,
    ),
    security((), ("bearer" = [])),
)]
pub(crate) async fn get(
    State(app): State<App>,
    principal: Option<Principal>,
    Path(id): Path<Uuid>,
) -> Result<Json<View>> {
    let review = store::find(&app.db, id).await?.ok_or_else(|| problems::review_not_found(id))?;
    let principal = principal.as_ref();
    if is_author(principal, &review) || is_moderator(principal) {
        return Ok(Json(View::full(review)));
    }
    match review.status {
        Status::Approved => Ok(Json(View::public(review))),
        Status::Pending | Status::Rejected => Err(problems::review_not_found(id)),
    }
}

/// The place a cursor stands for; it must be from a list of the same order.
fn place(sort: Sort, cursor: Option<&str>) -> Result<Option<Place>> {
    match page::decode::<(Sort, i64, Uuid)>(cursor)? {
        None => Ok(None),
        Some((of, rating, id)) if of == sort => Ok(Some(Place { rating, id })),
        Some(_) => Err(Problem::field("cursor", "must be a `next_cursor` of the same list")),
    }
}
