//! `/auth/password` and `/auth/email`: what is done with the tokens of a mail.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{email, is_email};
use crate::passwords::{Password, is_new_password};
use crate::tokens::Secret;
use crate::{App, email_changes, problems, recovery};

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

/// Request an e-mail to reset a password.
///
/// The response does not reveal whether there is an account.
#[utoipa::path(
    post,
    path = "/auth/password/forgot", operation_id = "auth.forgot_password",
    tag = "identity",
    request_body = ForgotPassword,
    responses(
        (status = 202, description = "An e-mail is sent if there is such an account."),
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
    /// The token from the e-mail. Can be used once, within an hour.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
    /// The new password.
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: Password,
}

/// Reset a password with the token from the e-mail. All sessions of the account end.
#[utoipa::path(
    post,
    path = "/auth/password/reset", operation_id = "auth.reset_password",
    tag = "identity",
    request_body = ResetPassword,
    responses(
        (status = 204, description = "The password is changed."),
        problems::one_time_token_invalid,
        problems::busy,
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
    /// The token from the e-mail. Can be used once, within three days.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
}

/// Verify an e-mail address with the token from the e-mail.
#[utoipa::path(
    post,
    path = "/auth/email/verify", operation_id = "auth.verify_email",
    tag = "identity",
    request_body = VerifyEmail,
    responses(
        (status = 204, description = "The address is verified."),
        problems::one_time_token_invalid,
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

/// Request another e-mail to verify your e-mail address.
#[utoipa::path(
    post,
    path = "/auth/email/verify/resend", operation_id = "auth.resend_verification",
    tag = "identity",
    responses(
        (status = 202, description = "An e-mail is sent unless the address is verified."),
        problems::too_many_attempts,
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
    /// The token from the e-mail to the previous address. Can be used once, within seven days of the
    /// change.
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    token: Secret,
}

/// Undo a change of an e-mail address, with the token from the e-mail to the previous address.
///
/// All sessions of the account end and its password becomes invalid. An e-mail to set a new one is
/// sent to the restored address.
#[utoipa::path(
    post,
    path = "/auth/email/undo", operation_id = "auth.undo_email_change",
    tag = "identity",
    request_body = UndoEmailChange,
    responses(
        (status = 204, description = "The previous address is restored."),
        problems::one_time_token_invalid,
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
