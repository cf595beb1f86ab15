//! `/auth`: register, log in, refresh, log out.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::{self, NewUser};
use crate::client::Client;
use crate::model::{Actor, Role, email, is_email, is_name, is_username, username};
use crate::passwords::{Password, Verdict, is_new_password};
use crate::sessions::{self, Kind, Tokens};
use crate::store::{Credentials, Login};
use crate::tokens::Secret;
use crate::{App, problems, store, throttle, trust};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(log_in))
        .routes(routes!(refresh))
        .routes(routes!(log_out))
        .routes(routes!(jwks))
}

/// A new customer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Register {
    #[garde(custom(is_email))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// Not one of the most common passwords.
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: Password,
    #[garde(custom(is_name))]
    #[schema(max_length = 200, example = "Ada Lovelace")]
    name: String,
    /// Letters, digits, `_`, `.` and `-`; small and capital letters are the same.
    #[garde(inner(custom(is_username)))]
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
}

/// Register as a customer and log in.
#[utoipa::path(
    post,
    path = "/auth/register",
    tag = "identity",
    operation_id = "register",
    request_body = Register,
    responses(
        (status = 201, description = "The account exists and is logged in.", body = Tokens),
        (status = 409, description = "`email_taken` or `username_taken`.", body = Problem),
        (status = 422, description = "Fields are wrong.", body = Problem),
        (status = 503, description = "Too many passwords wait to be hashed.", body = Problem),
    ),
    security(())
)]
async fn register(
    State(app): State<App>,
    client: Client,
    Json(request): Json<Register>,
) -> Result<(StatusCode, NotStored)> {
    let email = email(&request.email);
    let username = request.username.as_deref().map(username);
    request.password.check("password", &email, username.as_deref())?;
    accounts::check_free(&app.db, &email, username.as_deref()).await?;
    let new = NewUser {
        email,
        username,
        name: request.name.trim().to_owned(),
        phone: None,
        roles: [Role::Customer].into(),
        permissions: None,
        active: true,
        password: app.hasher.hash(&request.password).await?,
    };

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = accounts::create(&mut tx, new, Actor::Shop, now).await?;
    let opened = sessions::open(&app, &mut tx, &user, &client, Kind::Rotating, now).await?;
    tx.commit().await?;

    Ok((StatusCode::CREATED, not_stored(opened.tokens(&app, &user, now)?)))
}

/// A login by e-mail address or by username.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct LogIn {
    #[garde(length(max = 254), custom(one_of(&self.username)))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// Instead of the e-mail address, though an address is understood here too.
    #[garde(length(max = 254))]
    #[schema(max_length = 254)]
    username: Option<String>,
    #[garde(dive)]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Password,
    /// Whether the refresh token stays the same when it is used. Only for clients that cannot keep
    /// a new one each time, as nobody would notice a copy of it.
    #[serde(default)]
    #[garde(skip)]
    fixed_refresh_token: bool,
}

/// Log in with e-mail address or username.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "identity",
    operation_id = "log_in",
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in.", body = Tokens),
        (status = 401, description = "`invalid_credentials`", body = Problem),
        (status = 422, description = "Fields are wrong.", body = Problem),
        (status = 429, description = "`too_many_attempts`; see `Retry-After`.", body = Problem),
        (status = 503, description = "Too many passwords wait to be hashed.", body = Problem),
    ),
    security(())
)]
async fn log_in(
    State(app): State<App>,
    client: Client,
    Json(request): Json<LogIn>,
) -> Result<NotStored> {
    let login = request.login()?;
    let found = store::credentials(&app.db, &login).await?;
    let account = match &found {
        Some(found) => throttle::account(found.user.id),
        None => throttle::unknown_account(&login),
    };
    // Who is not active fails like anybody else, and it counts.
    let hash = found.as_ref().filter(|it| it.user.active).and_then(|it| it.password_hash.as_ref());
    let verdict = throttle::verify(&app, account, &client, &request.password, hash).await?;
    let (Some(found), Verdict::Right | Verdict::Outdated) = (found, verdict) else {
        return Err(problems::invalid_credentials());
    };
    welcome(&app, found, verdict, &request, &client).await.map(not_stored)
}

/// Opens the session of who proved to be this user.
async fn welcome(
    app: &App,
    found: Credentials,
    verdict: Verdict,
    request: &LogIn,
    client: &Client,
) -> Result<Tokens> {
    let now = app.clock.now();
    let better = match verdict {
        Verdict::Outdated => Some(app.hasher.hash(&request.password).await?),
        _ => None,
    };
    let kind = match request.fixed_refresh_token {
        true => Kind::Fixed,
        false => Kind::Rotating,
    };
    let mut tx = app.db.begin().await?;
    // Whoever was deactivated or changed the password meanwhile is not let in.
    let mut user = store::lock_user(&mut tx, found.user.id)
        .await?
        .filter(|it| it.active && it.token_version == found.user.token_version)
        .ok_or_else(problems::invalid_credentials)?;
    store::forgive(&mut tx, &throttle::account(user.id)).await?;
    if let (Some(from), Some(to)) = (&found.password_hash, &better) {
        store::upgrade_password(&mut tx, user.id, from, to).await?;
    }
    store::logged_in(&mut tx, user.id, now).await?;
    user.last_login_at = Some(now);
    let opened = sessions::open(app, &mut tx, &user, client, kind, now).await?;
    tx.commit().await?;
    opened.tokens(app, &user, now)
}

#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Refresh {
    #[garde(dive)]
    #[schema(value_type = String, max_length = 512)]
    refresh_token: Secret,
}

/// Get the next pair of tokens; the refresh token sent is spent, unless it is a fixed one.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "identity",
    operation_id = "refresh",
    request_body = Refresh,
    responses(
        (status = 200, description = "A new pair.", body = Tokens),
        (status = 401, description = "`refresh_token_invalid`, `refresh_token_expired`, \
                                      `refresh_token_reused` or `session_ended`.", body = Problem),
        (status = 422, description = "Fields are wrong.", body = Problem),
    ),
    security(())
)]
async fn refresh(
    State(app): State<App>,
    client: Client,
    Json(request): Json<Refresh>,
) -> Result<NotStored> {
    sessions::refresh(&app, &request.refresh_token, &client).await.map(not_stored)
}

/// End the session the access token belongs to.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "identity",
    operation_id = "log_out",
    responses(
        (status = 204, description = "The session has been ended."),
        (status = 401, description = "Not logged in.", body = Problem),
    ),
    security(("bearer" = []))
)]
async fn log_out(State(app): State<App>, principal: Principal) -> Result<StatusCode> {
    let now = app.clock.now();
    let (user, session) = (principal.id(), principal.session());
    let mut tx = app.db.begin().await?;
    if sessions::end(&mut tx, user, session, now).await? {
        let details = json!({ "session_id": session });
        store::note(&mut tx, Some(user), "session.ended", user, details, now).await?;
        tx.commit().await?;
        trust::refresh_here(&app).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Show the public keys access tokens are signed with.
#[utoipa::path(
    get,
    path = "/auth/jwks",
    tag = "identity",
    operation_id = "jwks",
    responses((status = 200, description = "A JWK set (RFC 7517).", body = serde_json::Value)),
    security(())
)]
async fn jwks(State(app): State<App>) -> Result<impl IntoResponse> {
    let jwks = app.keys.read(&app.db, app.clock.now()).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=60")], axum::Json(jwks)))
}

/// Tokens nobody on the way may keep (RFC 6749, 5.1).
type NotStored = ([(HeaderName, &'static str); 1], Json<Tokens>);

fn not_stored(tokens: Tokens) -> NotStored {
    ([(CACHE_CONTROL, "no-store")], Json(tokens))
}

impl LogIn {
    fn login(&self) -> Result<Login> {
        match (&self.email, &self.username) {
            (Some(text), None) => Ok(Login::Email(email(text))),
            (None, Some(text)) if text.contains('@') => Ok(Login::Email(email(text))),
            (None, Some(text)) => Ok(Login::Username(username(text))),
            _ => Err(Problem::field("email", "send either email or username")),
        }
    }
}

/// Exactly one of the two fields.
fn one_of(username: &Option<String>) -> impl Fn(&Option<String>, &()) -> garde::Result + '_ {
    move |email, ()| match email.is_some() != username.is_some() {
        true => Ok(()),
        false => Err(garde::Error::new("send either email or username")),
    }
}
