//! `/reviews` and `/products/{id}/reviews`.

mod moderate;
mod read;
mod write;

use chassis::auth::Principal;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::App;
use crate::model::{Review, Status};

/// Who has it may read, decide and delete every review.
const MODERATE: &str = "reviews:moderate";

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(write::create, moderate::list))
        .routes(routes!(read::get, write::update, write::delete))
        .routes(routes!(moderate::moderate))
        .routes(routes!(read::list))
}

/// A review of a product. Title and body are plain text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
struct View {
    id: Uuid,
    product_id: Uuid,
    /// The author's first name and initial.
    author: String,
    /// 1 to 5.
    rating: i64,
    title: String,
    body: String,
    /// Whether the author bought the product in this shop.
    verified_purchase: bool,
    status: Status,
    /// The moderator's reason. Only shown to the author and moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Only shown to the author and moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl View {
    fn public(review: Review) -> Self {
        Self { reason: None, user_id: None, ..Self::full(review) }
    }

    fn full(review: Review) -> Self {
        Self {
            id: review.id,
            product_id: review.product_id,
            author: review.author,
            rating: review.rating,
            title: review.title,
            body: review.body,
            verified_purchase: review.verified_purchase,
            status: review.status,
            reason: review.reason,
            user_id: Some(review.user_id),
            created_at: review.created_at,
            updated_at: review.updated_at,
        }
    }
}

fn is_author(principal: Option<&Principal>, review: &Review) -> bool {
    principal.is_some_and(|it| it.id() == review.user_id)
}

fn is_moderator(principal: Option<&Principal>) -> bool {
    principal.is_some_and(|it| it.may(MODERATE))
}
