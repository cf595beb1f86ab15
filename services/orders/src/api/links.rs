//! Links to orders: asking for one, and revoking them.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chassis::auth::Principal;
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use chassis::work::no_sooner;
use contracts::email::{self, is_email};
use contracts::orders::OrderHeaders;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::access::{Opened, number};
use crate::{App, keys, problems, store};

/// No search is answered sooner, so that the time does not tell whether there is such an order.
const FLOOR: Duration = Duration::from_millis(300);

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FindOrder {
    /// The number of the order.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "CW-100001")]
    number: String,
    /// The e-mail address of the order.
    #[garde(custom(is_email))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
}

/// Request an e-mail with a link to an order.
///
/// It is sent to the order's e-mail address, at most three times in an hour. The response does not
/// reveal whether there is such an order.
#[utoipa::path(post, path = "/orders/find", operation_id = "orders.find", tag = "orders", request_body = FindOrder,
    responses((status = 202, description = "An e-mail is sent if there is such an order.")),
    security(()))]
pub(super) async fn request(
    State(app): State<App>,
    Json(request): Json<FindOrder>,
) -> Result<StatusCode> {
    let (number, email) = (number(&request.number), email::normal(&request.email));
    no_sooner(FLOOR, keys::request(&app, &number, &email)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Revoke all links to an order that were sent in e-mails.
///
/// Later e-mails about the order contain new ones.
#[utoipa::path(delete, path = "/orders/{id}/keys", operation_id = "order_keys.delete", tag = "orders",
    params(("id" = String, Path, description = "The id or the number of the order."), OrderHeaders),
    responses((status = 204, description = "The links no longer open the order."),
              problems::order_not_found),
    security((), ("bearer" = [])))]
pub(super) async fn revoke(
    State(app): State<App>,
    principal: Option<Principal>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let opened = Opened::by(&app, &id, principal.as_ref(), &headers, "orders:write").await?;
    store::delete_keys(&app.db, opened.order.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
