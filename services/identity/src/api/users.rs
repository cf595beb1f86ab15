//! `/users`: accounts as staff see them.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::extract::{Json, Path, Query, double_option};
use chassis::page::{self, Page};
use chassis::problem::Result;
use contracts::language::Language;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::accounts::{self, NewUser};
use crate::model::{
    Actor, Changes, Permission, Profile, Role, email, is_email, is_name, is_phone, is_username,
    phone, username,
};
use crate::passwords::{Password, is_new_password};
use crate::store::Filter;
use crate::{App, problems, store, trust};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, update, delete))
}

#[derive(Debug, Deserialize, IntoParams, Validate)]
struct Listing {
    /// A part of the e-mail address, name or username.
    #[garde(length(max = 200))]
    search: Option<String>,
    /// Only users with this role.
    #[garde(skip)]
    role: Option<Role>,
    /// Only active users, or only inactive ones.
    #[garde(skip)]
    active: Option<bool>,
    /// The number of items per page, 1 to 100. Defaults to 20.
    #[garde(skip)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    #[garde(length(max = 512))]
    cursor: Option<String>,
    /// The number of items to skip, 0 to 10,000. Instead of `cursor`.
    #[garde(skip)]
    offset: Option<i64>,
    /// The number of the page, from 1. Instead of `cursor`.
    #[garde(skip)]
    page: Option<i64>,
    /// Whether to count all matching users, as `total`.
    #[garde(skip)]
    count: Option<bool>,
}

/// List users, newest first.
#[utoipa::path(
    get,
    path = "/users", operation_id = "users.list",
    tag = "identity",
    params(Listing),
    responses(
        (status = 200, description = "A page of users.", body = Page<Profile>),
    ),
    security(("bearer" = ["users:read"]))
)]
async fn list(State(app): State<App>, Query(query): Query<Listing>) -> Result<Json<Page<Profile>>> {
    let limit = page::limit(query.limit)?;
    let after = page::decode(query.cursor.as_deref())?;
    let skip = page::skip(query.offset, query.page, query.cursor.as_deref(), limit)?;
    let search = query.search.filter(|it| !it.trim().is_empty());
    let search = search.as_deref().map(contracts::email::sought);
    let filter = Filter { search, role: query.role, active: query.active };
    let total = match query.count {
        Some(true) => Some(store::count_users(&app.db, &filter).await?),
        _ => None,
    };
    let users = store::list_users(&app.db, &filter, (after, skip), limit + 1).await?;
    let page = Page::cut(users, limit, |it| it.id).with_total(total);
    Ok(Json(page.map(|it| it.profile(&app.permissions))))
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct CreateUser {
    #[garde(custom(is_email))]
    #[schema(max_length = 254)]
    email: String,
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: Password,
    #[garde(custom(is_name))]
    #[schema(max_length = 200)]
    name: String,
    #[garde(inner(custom(is_username)))]
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    #[garde(inner(custom(is_phone)))]
    #[schema(max_length = 32)]
    phone: Option<String>,
    /// The language of e-mails to the user, such as `de`. Null for the shop's.
    #[garde(skip)]
    language: Option<Language>,
    /// Defaults to `customer`.
    #[serde(default = "customer")]
    #[garde(length(min = 1))]
    roles: BTreeSet<Role>,
    /// The permissions of a member of staff, instead of the default ones of staff.
    #[garde(skip)]
    permissions: Option<BTreeSet<Permission>>,
    #[serde(default = "yes")]
    #[garde(skip)]
    active: bool,
}

/// Create a user.
#[utoipa::path(
    post,
    path = "/users", operation_id = "users.create",
    tag = "identity",
    request_body = CreateUser,
    responses(
        (status = 201, description = "The user.", body = Profile),
        problems::cannot_grant,
        problems::email_taken,
        problems::username_taken,
        problems::busy,
    ),
    security(("bearer" = ["users:write"]))
)]
async fn create(
    State(app): State<App>,
    principal: Principal,
    Json(request): Json<CreateUser>,
) -> Result<(StatusCode, Json<Profile>)> {
    let email = email(&request.email);
    let username = request.username.as_deref().map(username);
    request.password.check("password", &email, username.as_deref())?;
    app.permissions.check(request.permissions.iter().flatten())?;
    accounts::check_free(&app.db, &email, username.as_deref(), app.clock.now()).await?;
    let new = NewUser {
        email,
        username,
        name: request.name.trim().to_owned(),
        phone: request.phone.as_deref().map(phone),
        language: request.language,
        roles: request.roles,
        permissions: request.permissions,
        active: request.active,
        password: app.hasher.hash(&request.password).await?,
    };

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user =
        accounts::create(&mut tx, new, Actor::User(&principal, &app.permissions), now).await?;
    tx.commit().await?;

    Ok((StatusCode::CREATED, Json(user.profile(&app.permissions))))
}

/// Get a user.
#[utoipa::path(
    get,
    path = "/users/{id}", operation_id = "users.get",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the user.")),
    responses(
        (status = 200, description = "The user.", body = Profile),
        problems::user_not_found,
    ),
    security(("bearer" = ["users:read"]))
)]
async fn get(State(app): State<App>, Path(id): Path<Uuid>) -> Result<Json<Profile>> {
    let user = store::find_user(&app.db, id).await?;
    Ok(Json(user.ok_or_else(|| problems::user_not_found(id))?.profile(&app.permissions)))
}

/// The new fields of a user. Optional fields that are left out are cleared.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ReplaceUser {
    #[garde(custom(is_email))]
    #[schema(max_length = 254)]
    email: String,
    #[garde(custom(is_name))]
    #[schema(max_length = 200)]
    name: String,
    #[garde(inner(custom(is_username)))]
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    #[garde(inner(custom(is_phone)))]
    #[schema(max_length = 32)]
    phone: Option<String>,
    /// The language of e-mails to the user, such as `de`. Null for the shop's.
    #[garde(skip)]
    language: Option<Language>,
    #[garde(length(min = 1))]
    roles: BTreeSet<Role>,
    /// The permissions of a member of staff; null for the default ones of staff.
    #[garde(skip)]
    permissions: Option<BTreeSet<Permission>>,
    #[garde(skip)]
    active: bool,
}

/// Replace the fields of a user, except the password.
#[utoipa::path(
    put,
    path = "/users/{id}", operation_id = "users.replace",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the user.")),
    request_body = ReplaceUser,
    responses(
        (status = 200, description = "The updated user.", body = Profile),
        problems::cannot_grant,
        problems::outranked,
        problems::user_not_found,
        problems::email_taken,
        problems::username_taken,
        problems::last_admin,
    ),
    security(("bearer" = ["users:write"]))
)]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    Json(request): Json<ReplaceUser>,
) -> Result<Json<Profile>> {
    let changes = Changes {
        email: Some(email(&request.email)),
        username: Some(request.username.as_deref().map(username)),
        name: Some(request.name.trim().to_owned()),
        phone: Some(request.phone.as_deref().map(phone)),
        language: Some(request.language),
        roles: Some(request.roles),
        permissions: Some(request.permissions),
        active: Some(request.active),
        password: None,
    };
    change(&app, &principal, id, changes).await
}

/// The fields to change. Fields that are left out stay as they are.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct UpdateUser {
    #[garde(inner(custom(is_email)))]
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Ends the user's sessions.
    #[garde(inner(custom(is_new_password)))]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 128)]
    password: Option<Password>,
    #[garde(inner(custom(is_name)))]
    #[schema(max_length = 200)]
    name: Option<String>,
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
    /// The language of e-mails to the user, such as `de`. Null for the shop's.
    #[serde(default, deserialize_with = "double_option")]
    #[garde(skip)]
    #[schema(value_type = Option<Language>)]
    language: Option<Option<Language>>,
    #[garde(length(min = 1))]
    roles: Option<BTreeSet<Role>>,
    /// The permissions of a member of staff; null for the default ones of staff.
    #[serde(default, deserialize_with = "double_option")]
    #[garde(skip)]
    #[schema(value_type = Option<BTreeSet<Permission>>)]
    permissions: Option<Option<BTreeSet<Permission>>>,
    /// False ends the user's sessions.
    #[garde(skip)]
    active: Option<bool>,
}

/// Update a user.
#[utoipa::path(
    patch,
    path = "/users/{id}", operation_id = "users.update",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the user.")),
    request_body = UpdateUser,
    responses(
        (status = 200, description = "The updated user.", body = Profile),
        problems::cannot_grant,
        problems::outranked,
        problems::user_not_found,
        problems::email_taken,
        problems::username_taken,
        problems::last_admin,
    ),
    security(("bearer" = ["users:write"]))
)]
async fn update(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    Json(request): Json<UpdateUser>,
) -> Result<Json<Profile>> {
    let password = match &request.password {
        None => None,
        Some(password) => {
            let user = store::find_user(&app.db, id).await?;
            let user = user.ok_or_else(|| problems::user_not_found(id))?;
            password.check("password", &user.email, user.username.as_deref())?;
            Some(app.hasher.hash(password).await?)
        }
    };
    let changes = Changes {
        email: request.email.as_deref().map(email),
        username: request.username.map(|it| it.as_deref().map(username)),
        name: request.name.map(|it| it.trim().to_owned()),
        phone: request.phone.map(|it| it.as_deref().map(phone)),
        language: request.language,
        roles: request.roles,
        permissions: request.permissions,
        active: request.active,
        password,
    };
    change(&app, &principal, id, changes).await
}

async fn change(
    app: &App,
    principal: &Principal,
    id: Uuid,
    changes: Changes,
) -> Result<Json<Profile>> {
    app.permissions.check(changes.permissions.iter().flatten().flatten())?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_admins(&mut tx).await?;
    let user = store::lock_user(&mut tx, id).await?;
    let user = user.ok_or_else(|| problems::user_not_found(id))?;
    let user =
        accounts::change_as(&mut tx, user, &changes, Actor::User(principal, &app.permissions), now)
            .await?;
    tx.commit().await?;

    trust::refresh_here(app).await;
    Ok(Json(user.profile(&app.permissions)))
}

/// Delete a user.
///
/// Personal data is erased, all sessions end, and the e-mail address can be used again.
#[utoipa::path(
    delete,
    path = "/users/{id}", operation_id = "users.delete",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the user.")),
    responses(
        (status = 204, description = "The user is deleted."),
        problems::outranked,
        problems::user_not_found,
        problems::last_admin,
    ),
    security(("bearer" = ["users:write"]))
)]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let actor = Actor::User(&principal, &app.permissions);
    let mut tx = app.db.begin().await?;
    store::lock_admins(&mut tx).await?;
    let user = store::lock_user(&mut tx, id).await?;
    let user = user.ok_or_else(|| problems::user_not_found(id))?;
    if !actor.covers(&user) {
        return Err(problems::outranked());
    }
    accounts::remove(&mut tx, user, actor, app.clock.now()).await?;
    tx.commit().await?;

    trust::refresh_here(&app).await;
    Ok(StatusCode::NO_CONTENT)
}

fn customer() -> BTreeSet<Role> {
    [Role::Customer].into()
}

fn yes() -> bool {
    true
}
