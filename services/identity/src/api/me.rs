//! `/users/me`: one's own account.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::{Json, double_option};
use chassis::problem::{Problem, Result};
use contracts::language::Language;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{
    Actor, Changes, Profile, email, is_email, is_name, is_phone, is_username, phone, username,
};
use crate::passwords::{Password, PasswordHash, Verdict, is_new_password};
use crate::throttle::{self, Source};
use crate::tokens::{self, ACCESS_TOKEN, Secret};
use crate::{App, accounts, problems, store, trust};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, update, delete)).routes(routes!(change_password))
}

/// Get your own account.
#[utoipa::path(
    get,
    path = "/users/me", operation_id = "me.get",
    tag = "identity",
    responses(
        (status = 200, description = "Your account.", body = Profile),
    ),
    security(("bearer" = []))
)]
async fn get(State(app): State<App>, principal: Principal) -> Result<Json<Profile>> {
    let user = store::find_user(&app.db, principal.id()).await?;
    Ok(Json(user.ok_or_else(problems::account_gone)?.profile(&app.permissions)))
}

/// The fields to change. Fields that are left out stay as they are.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct UpdateMe {
    #[garde(inner(custom(is_name)))]
    #[schema(max_length = 200)]
    name: Option<String>,
    /// A new address requires `current_password`, and has to be verified.
    #[garde(inner(custom(is_email)))]
    #[schema(max_length = 254)]
    email: Option<String>,
    #[garde(dive)]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    current_password: Option<Password>,
    /// Null removes it.
    #[serde(default, deserialize_with = "double_option")]
    #[garde(inner(inner(custom(is_username))))]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 50)]
    username: Option<Option<String>>,
    /// Null removes it.
    #[serde(default, deserialize_with = "double_option")]
    #[garde(inner(inner(custom(is_phone))))]
    #[schema(value_type = Option<String>, max_length = 32)]
    phone: Option<Option<String>>,
    /// The language of e-mails to you, such as `de`. Null for the shop's.
    #[serde(default, deserialize_with = "double_option")]
    #[garde(skip)]
    #[schema(value_type = Option<Language>)]
    language: Option<Option<Language>>,
}

/// Update your own account.
#[utoipa::path(
    patch,
    path = "/users/me", operation_id = "me.update",
    tag = "identity",
    request_body = UpdateMe,
    responses(
        (status = 200, description = "Your updated account.", body = Profile),
        problems::email_taken,
        problems::username_taken,
        problems::too_many_attempts,
    ),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    principal: Principal,
    Json(request): Json<UpdateMe>,
) -> Result<Json<Profile>> {
    let changes = Changes {
        name: request.name.map(|it| it.trim().to_owned()),
        email: request.email.as_deref().map(email),
        username: request.username.map(|it| it.as_deref().map(username)),
        phone: request.phone.map(|it| it.as_deref().map(phone)),
        language: request.language,
        ..Changes::default()
    };
    let user = store::find_user(&app.db, principal.id()).await?;
    let user = user.ok_or_else(problems::account_gone)?;
    let proven = changes.email.as_ref().is_some_and(|it| *it != user.email);
    if proven {
        let password = request.current_password.ok_or_else(|| {
            Problem::field("current_password", "is required to change the e-mail address")
        })?;
        prove(&app, &principal, "current_password", &password).await?;
    }

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = store::lock_user(&mut tx, principal.id()).await?;
    let user = user.ok_or_else(problems::account_gone)?;
    if proven {
        Source::session(principal.session()).forgive(&mut tx).await?;
    }
    let actor = Actor::User(&principal, &app.permissions);
    let user = accounts::change(&mut tx, user, &changes, None, actor, now).await?;
    tx.commit().await?;

    Ok(Json(user.profile(&app.permissions)))
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = DeleteMe)]
#[serde(deny_unknown_fields)]
struct RemoveMe {
    /// Your password, because this cannot be undone.
    #[garde(dive)]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Password,
}

/// Delete your own account.
///
/// The shop keeps your orders. Your name and addresses are erased.
#[utoipa::path(
    delete,
    path = "/users/me", operation_id = "me.delete",
    tag = "identity",
    request_body = RemoveMe,
    responses(
        (status = 204, description = "The account is deleted."),
        problems::last_admin,
        problems::too_many_attempts,
    ),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Json(request): Json<RemoveMe>,
) -> Result<StatusCode> {
    prove(&app, &principal, "password", &request.password).await?;

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_admins(&mut tx).await?;
    let user = store::lock_user(&mut tx, principal.id()).await?;
    let user = user.ok_or_else(problems::account_gone)?;
    accounts::remove(&mut tx, user, Actor::User(&principal, &app.permissions), now).await?;
    tx.commit().await?;

    trust::refresh_here(&app).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    #[garde(dive)]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    current_password: Password,
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    new_password: Password,
}

/// An access token that replaces the one sent.
#[derive(Debug, Serialize, ToSchema)]
struct AccessToken {
    #[schema(value_type = String)]
    access_token: Secret,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    #[schema(example = 600)]
    expires_in: i64,
}

/// Change your password.
///
/// Your other sessions end and all access tokens become invalid: continue with the one in the
/// response. The refresh token of this session stays valid.
#[utoipa::path(
    put,
    path = "/users/me/password", operation_id = "me.change_password",
    tag = "identity",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "The password is changed.", body = AccessToken),
        problems::too_many_attempts,
        problems::busy,
    ),
    security(("bearer" = []))
)]
async fn change_password(
    State(app): State<App>,
    principal: Principal,
    Json(request): Json<ChangePassword>,
) -> Result<Json<AccessToken>> {
    let user = store::find_user(&app.db, principal.id()).await?;
    let user = user.ok_or_else(problems::account_gone)?;
    request.new_password.check("new_password", &user.email, user.username.as_deref())?;
    prove(&app, &principal, "current_password", &request.current_password).await?;
    let password: PasswordHash = app.hasher.hash(&request.new_password).await?;

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = store::lock_user(&mut tx, principal.id()).await?;
    let user = user.filter(|it| it.active).ok_or_else(problems::account_gone)?;
    Source::session(principal.session()).forgive(&mut tx).await?;
    let changes = Changes { password: Some(password), ..Changes::default() };
    let (keep, actor) = (Some(principal.session()), Actor::User(&principal, &app.permissions));
    let user = accounts::change(&mut tx, user, &changes, keep, actor, now).await?;
    tx.commit().await?;

    trust::refresh_here(&app).await;
    let key = app.keys.signing(now)?;
    Ok(Json(AccessToken {
        access_token: tokens::access_token(
            &user,
            &app.permissions,
            principal.session(),
            &key,
            now,
        )?,
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN.num_seconds(),
    }))
}

/// Goes on only where the password is the user's: a token can be stolen. Failures count against the
/// session, so nobody else's guesses keep its user from this.
async fn prove(app: &App, principal: &Principal, field: &str, password: &Password) -> Result<()> {
    let found = store::credentials_of(&app.db, principal.id()).await?;
    let found = found.ok_or_else(problems::account_gone)?;
    let source = Source::session(principal.session());
    match throttle::verify(app, &source, password, found.password_hash.as_ref()).await? {
        Verdict::Wrong => Err(problems::wrong_password(field)),
        Verdict::Right | Verdict::Outdated => Ok(()),
    }
}
