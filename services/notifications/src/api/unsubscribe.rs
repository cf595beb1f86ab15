//! `/notifications/unsubscribe`: what the links in marketing mails lead to.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chassis::extract::{Json, Path};
use chassis::problem::Result;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Channel, Topic, masked};
use crate::{App, problems, unsubscribe};

/// What no longer goes to whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unsubscribed {
    channel: Channel,
    topic: Topic,
    /// The address, masked.
    #[schema(example = "a***@example.com")]
    recipient: String,
}

/// Unsubscribe from marketing by the link of a message.
///
/// For the recipient, without logging in, and for e-mail programs (RFC 8058). The body does not
/// matter. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/notifications/unsubscribe/{token}", operation_id = "unsubscriptions.create",
    tag = "notifications",
    params(("token" = String, Path, description = "The token of the link.")),
    responses(
        (status = 200, description = "The recipient is unsubscribed.", body = Unsubscribed),
        problems::unsubscribe_token_invalid,
    ),
    security(())
)]
pub(crate) async fn create(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<Json<Unsubscribed>> {
    let message = unsubscribe::unsubscribe(&app, &token).await?;
    let message = message.ok_or_else(problems::unsubscribe_token_invalid)?;
    let recipient = masked(&message.recipient);
    Ok(Json(Unsubscribed { channel: message.channel, topic: message.topic, recipient }))
}

/// Open the page to unsubscribe on.
///
/// Some e-mail programs open the link instead of posting to it. Opening it changes nothing, since
/// scanners of mails open links, too.
#[utoipa::path(
    get, path = "/notifications/unsubscribe/{token}", operation_id = "unsubscriptions.get",
    tag = "notifications",
    params(("token" = String, Path, description = "The token of the link.")),
    responses(
        (status = 303, description = "The page of the storefront that asks for it."),
        problems::unsubscribe_token_invalid,
    ),
    security(())
)]
pub(crate) async fn get(State(app): State<App>, Path(token): Path<String>) -> Result<Response> {
    let is_token = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
    // A link that was cut off is told so by the page.
    if token.len() > 100 || !token.bytes().all(is_token) {
        return Err(problems::unsubscribe_token_invalid());
    }
    let page = format!("{}/unsubscribe#token={token}", app.shop.public_url);
    let headers = [(header::LOCATION, page), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
