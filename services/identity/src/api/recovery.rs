//! `/auth/password` and `/auth/email`: what is done with the tokens of a mail.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{email, is_email};
use crate::passwords::{Password, is_new_password};
use crate::tokens::Secret;
use crate::{App, email_changes, recovery};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(verify_email))
        .routes(routes!(resend_verification))
        .routes(routes!(undo_email_change))
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ForgotPassword {
    #[garde(custom(is_email))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
}

/// Ask for a mail to set a new password. The answer does not tell whether there is an account.
#[utoipa::path(
    post,
    path = "/auth/password/forgot", operation_id = "auth.forgot_password",
    tag = "identity",
    request_body = ForgotPassword,
    responses(
        (status = 202, description = "A mail is sent if there is such an account."),
    ),
    security(())
)]
async fn forgot_password(
    State(app): State<App>,
    Json(request): Json<ForgotPassword>,
) -> Result<StatusCode> {
    recovery::forgot(&app, email(&request.email)).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ResetPassword {
    /// From the mail; works once, within an hour.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
    /// The new password.
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: Password,
}

/// Set a new password with the token of a mail. Every session of the account ends.
#[utoipa::path(
    post,
    path = "/auth/password/reset", operation_id = "auth.reset_password",
    tag = "identity",
    request_body = ResetPassword,
    responses(
        (status = 204, description = "The new password counts."),
        (status = 422, description = "`one_time_token_invalid`, or fields are wrong.",
         body = Problem),
    ),
    security(())
)]
async fn reset_password(
    State(app): State<App>,
    Json(request): Json<ResetPassword>,
) -> Result<StatusCode> {
    recovery::reset(&app, &request.token, &request.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct VerifyEmail {
    /// From the mail; works once, within three days.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
}

/// Verify an e-mail address with the token of a mail.
#[utoipa::path(
    post,
    path = "/auth/email/verify", operation_id = "auth.verify_email",
    tag = "identity",
    request_body = VerifyEmail,
    responses(
        (status = 204, description = "The address is verified."),
        (status = 422, description = "`one_time_token_invalid`", body = Problem),
    ),
    security(())
)]
async fn verify_email(
    State(app): State<App>,
    Json(request): Json<VerifyEmail>,
) -> Result<StatusCode> {
    recovery::verify_email(&app, &request.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for another mail to verify your e-mail address.
#[utoipa::path(
    post,
    path = "/auth/email/verify/resend", operation_id = "auth.resend_verification",
    tag = "identity",
    responses(
        (status = 202, description = "A mail is sent unless the address is verified."),
        (status = 429, description = "`too_many_attempts`; see `Retry-After`.", body = Problem),
    ),
    security(("bearer" = []))
)]
async fn resend_verification(State(app): State<App>, principal: Principal) -> Result<StatusCode> {
    recovery::resend(&app, principal.id()).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct UndoEmailChange {
    /// From the mail to the address before; works once, within seven days of the change.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
}

/// Put the e-mail address back that an account had before it was changed, with the token of the
/// mail that was sent there. Every session of the account ends, its password no longer counts, and
/// a mail to set a new one is sent to that address.
#[utoipa::path(
    post,
    path = "/auth/email/undo", operation_id = "auth.undo_email_change",
    tag = "identity",
    request_body = UndoEmailChange,
    responses(
        (status = 204, description = "The address is the one before."),
        (status = 422, description = "`one_time_token_invalid`", body = Problem),
    ),
    security(())
)]
async fn undo_email_change(
    State(app): State<App>,
    Json(request): Json<UndoEmailChange>,
) -> Result<StatusCode> {
    email_changes::undo(&app, &request.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
