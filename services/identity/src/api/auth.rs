//! `/auth`: register, log in, refresh, log out.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, Response};
use chassis::auth::Principal;
use chassis::extract::Json;
use chassis::problem::{Problem, Result};
use contracts::language::Language;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::accounts::{self, NewUser};
use crate::browser::{self, Browser};
use crate::client::Client;
use crate::model::{Actor, Role, email, is_email, is_name, is_username, username};
use crate::passwords::{Password, PasswordHash, Verdict, is_new_password};
use crate::sessions::{self, Kind, Tokens};
use crate::store::{Credentials, Login};
use crate::throttle::{self, Source};
use crate::tokens::Secret;
use crate::{App, devices, problems, store, trust};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(keys))
}

/// Where a client stores the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Keeping {
    /// The client stores the `refresh_token` of the response.
    #[default]
    Token,
    /// The browser stores it in a cookie that scripts cannot read. For the shop's own pages.
    Cookie,
}

/// A new customer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Register {
    #[garde(custom(is_email))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// Must not be one of the most common passwords.
    #[garde(custom(is_new_password))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128)]
    password: Password,
    #[garde(custom(is_name))]
    #[schema(max_length = 200, example = "Ada Lovelace")]
    name: String,
    /// Letters, digits, `_`, `.` and `-`. Case-insensitive.
    #[garde(inner(custom(is_username)))]
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    /// The language of e-mails to the customer, such as `de`. Defaults to the first in
    /// `Accept-Language`.
    #[garde(skip)]
    language: Option<Language>,
    #[serde(default)]
    #[garde(skip)]
    #[schema(inline)]
    session: Keeping,
}

/// Register as a customer and log in.
#[utoipa::path(
    post,
    path = "/auth/register", operation_id = "auth.register",
    tag = "identity",
    params(("Accept-Language" = Option<String>, Header,
            description = "The customer's language, where the body has none.")),
    request_body = Register,
    responses(
        (status = 201, description = "The account is created and logged in.", body = Tokens,
         headers(("set-cookie" = Option<String>, description = "With `session: cookie`."))),
        problems::https_required,
        problems::origin_not_allowed,
        problems::email_taken,
        problems::username_taken,
        problems::busy,
    ),
    security(())
)]
async fn register(
    State(app): State<App>,
    client: Client,
    browser: Browser,
    Json(request): Json<Register>,
) -> Result<Response> {
    let kind = request.session.kind(&browser)?;
    let email = email(&request.email);
    let username = request.username.as_deref().map(username);
    request.password.check("password", &email, username.as_deref())?;
    accounts::check_free(&app.db, &email, username.as_deref(), app.clock.now()).await?;
    let new = NewUser {
        email,
        username,
        name: request.name.trim().to_owned(),
        phone: None,
        language: request.language.or_else(|| client.language.clone()),
        roles: [Role::Customer].into(),
        permissions: None,
        active: true,
        password: app.hasher.hash(&request.password).await?,
    };

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = accounts::create(&mut tx, new, Actor::Shop, now).await?;
    let opened = sessions::open(&app, &mut tx, &user, &client, kind, now).await?;
    tx.commit().await?;

    Ok((StatusCode::CREATED, handed_over(opened.tokens(&app, &user, now)?)).into_response())
}

/// A login by e-mail address or by username.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct LogIn {
    #[garde(length(max = 254), custom(one_of(&self.username)))]
    #[schema(max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// Instead of `email`. An e-mail address is accepted here too.
    #[garde(length(max = 254))]
    #[schema(max_length = 254)]
    username: Option<String>,
    #[garde(dive)]
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Password,
    /// Whether the refresh token stays the same when it is used. Only for clients that cannot store
    /// a new one each time, because a stolen copy would go unnoticed.
    #[serde(default)]
    #[garde(custom(not_in_cookie(self.session)))]
    fixed_refresh_token: bool,
    #[serde(default)]
    #[garde(skip)]
    #[schema(inline)]
    session: Keeping,
}

/// Log in with an e-mail address or a username.
///
/// A new cookie session replaces that of the cookie sent, which ends.
#[utoipa::path(
    post,
    path = "/auth/login", operation_id = "auth.login",
    tag = "identity",
    params(("__Host-cartwright_device" = Option<String>, Cookie,
            description = "Identifies a browser that has logged in before: its failed attempts \
                           are counted separately.")),
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in.", body = Tokens,
         headers(("set-cookie" = Option<String>, description = "With `session: cookie`."))),
        problems::invalid_credentials,
        problems::https_required,
        problems::origin_not_allowed,
        problems::too_many_attempts,
        problems::busy,
    ),
    security(())
)]
async fn login(
    State(app): State<App>,
    client: Client,
    browser: Browser,
    Json(request): Json<LogIn>,
) -> Result<Response> {
    let login = request.login()?;
    let kind =
        if request.fixed_refresh_token { Kind::Fixed } else { request.session.kind(&browser)? };
    let found = store::credentials(&app.db, &login).await?;
    let source = source(&app, &login, found.as_ref(), &browser, &client).await?;
    // Who is not active fails like anybody else, and it counts.
    let hash = found.as_ref().filter(|it| it.user.active).and_then(|it| it.password_hash.as_ref());
    let verdict = throttle::verify(&app, &source, &request.password, hash).await?;
    let (Some(found), Verdict::Right | Verdict::Outdated) = (found, verdict) else {
        return Err(problems::invalid_credentials());
    };
    let better = match verdict {
        Verdict::Outdated => Some(app.hasher.hash(&request.password).await?),
        _ => None,
    };
    welcome(&app, found, better, kind, (&client, &source)).await.map(handed_over)
}

/// What a failed login counts against: the browser, if the user has logged in with it before.
async fn source(
    app: &App,
    login: &Login,
    found: Option<&Credentials>,
    browser: &Browser,
    client: &Client,
) -> Result<Source> {
    let Some(device) = browser.device() else { return Ok(Source::stranger(login, client)) };
    // Asked also where there is no such account, so that it takes the same time.
    let user = found.map_or_else(Uuid::nil, |it| it.user.id);
    if devices::is_known(&app.db, user, device, app.clock.now()).await? {
        Ok(Source::device(device, user))
    } else {
        Ok(Source::stranger(login, client))
    }
}

/// Opens the session of who proved to be this user.
async fn welcome(
    app: &App,
    found: Credentials,
    better: Option<PasswordHash>,
    kind: Kind,
    (client, source): (&Client, &Source),
) -> Result<Tokens> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // Whoever was deactivated or changed the password meanwhile is not let in.
    let mut user = store::lock_user(&mut tx, found.user.id)
        .await?
        .filter(|it| it.active && it.token_version == found.user.token_version)
        .ok_or_else(problems::invalid_credentials)?;
    source.forgive(&mut tx).await?;
    if let (Some(from), Some(to)) = (&found.password_hash, &better) {
        store::upgrade_password(&mut tx, user.id, from, to).await?;
    }
    store::logged_in(&mut tx, user.id, now).await?;
    user.last_login_at = Some(now);
    let opened = sessions::open(app, &mut tx, &user, client, kind, now).await?;
    tx.commit().await?;
    opened.tokens(app, &user, now)
}

#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// Leave it out in a cookie session.
    #[garde(dive)]
    #[schema(value_type = Option<String>, max_length = 512)]
    refresh_token: Option<Secret>,
}

/// Refresh an access token.
///
/// Returns a new pair of tokens. The refresh token sent becomes invalid, unless it is a fixed one.
/// Without a token in the body, the cookie's is used and replaced. If that is refused with 401, the
/// cookie is removed.
#[utoipa::path(
    post,
    path = "/auth/refresh", operation_id = "auth.refresh",
    tag = "identity",
    params(("__Host-cartwright_session" = Option<String>, Cookie,
            description = "The refresh token, if there is none in the body.")),
    request_body(content = Option<Refresh>),
    responses(
        (status = 200, description = "A new pair of tokens.", body = Tokens,
         headers(("set-cookie" = Option<String>, description = "In a cookie session."))),
        problems::no_session,
        problems::refresh_token_invalid,
        problems::refresh_token_expired,
        problems::refresh_token_reused,
        problems::session_ended,
        problems::https_required,
        problems::origin_not_allowed,
    ),
    security(())
)]
async fn refresh(
    State(app): State<App>,
    client: Client,
    browser: Browser,
    request: Option<Json<Refresh>>,
) -> Result<Response> {
    if let Some(token) = request.and_then(|Json(it)| it.refresh_token) {
        return sessions::refresh(&app, &token, false, &client).await.map(handed_over);
    }
    let token = browser.cookie().ok_or_else(problems::no_session)?;
    browser.check()?;
    match sessions::refresh(&app, token, true, &client).await {
        Err(dead) if dead.status() == StatusCode::UNAUTHORIZED => {
            Ok(([(SET_COOKIE, browser::clear())], dead).into_response())
        }
        refreshed => refreshed.map(handed_over),
    }
}

/// Log out: end the session of the access token and that of the cookie, which is removed.
#[utoipa::path(
    post,
    path = "/auth/logout", operation_id = "auth.logout",
    tag = "identity",
    params(("__Host-cartwright_session" = Option<String>, Cookie,
            description = "The session to end besides that of the access token.")),
    responses(
        (status = 204, description = "The session is ended.",
         headers(("set-cookie" = Option<String>, description = "If a cookie was sent."))),
        problems::no_session,
        problems::https_required,
        problems::origin_not_allowed,
    ),
    security((), ("bearer" = []))
)]
async fn logout(
    State(app): State<App>,
    principal: Option<Principal>,
    browser: Browser,
) -> Result<Response> {
    // Who sends a token need not be a browser, so a cookie that does not count is left alone.
    let cookie = match (browser.cookie(), browser.check()) {
        (Some(cookie), Ok(())) => Some(cookie),
        (Some(_), Err(refused)) if principal.is_none() => return Err(refused),
        (None, _) if principal.is_none() => return Err(problems::no_session()),
        _ => None,
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if let Some(principal) = principal {
        sessions::end_by_user(&mut tx, principal.id(), principal.session(), now).await?;
    }
    if let Some(cookie) = cookie {
        sessions::end_of_cookie(&mut tx, cookie, now).await?;
    }
    tx.commit().await?;
    trust::refresh_here(&app).await;
    let cleared = AppendHeaders(cookie.map(|_| (SET_COOKIE, browser::clear())));
    Ok((StatusCode::NO_CONTENT, cleared).into_response())
}

/// List the public keys that access tokens are signed with.
#[utoipa::path(
    get,
    path = "/auth/jwks", operation_id = "keys.list",
    tag = "identity",
    responses((status = 200, description = "A JWK set (RFC 7517).", body = serde_json::Value)),
    security(())
)]
async fn keys(State(app): State<App>) -> Result<impl IntoResponse> {
    let jwks = app.keys.read(&app.db, app.clock.now()).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=60")], axum::Json(jwks)))
}

/// Tokens nobody on the way may keep (RFC 6749, 5.1), and the cookies if there are any.
fn handed_over(mut tokens: Tokens) -> Response {
    let cookies = std::mem::take(&mut tokens.cookies).into_iter().map(|it| (SET_COOKIE, it));
    ([(CACHE_CONTROL, "no-store")], AppendHeaders(cookies), Json(tokens)).into_response()
}

impl Keeping {
    /// Refuses a cookie to whoever may not have one.
    fn kind(self, browser: &Browser) -> Result<Kind> {
        match self {
            Self::Token => Ok(Kind::Rotating),
            Self::Cookie => {
                browser.check()?;
                Ok(Kind::Cookie {
                    before: browser.cookie().cloned(),
                    device: browser.device().cloned(),
                })
            }
        }
    }
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
    move |email, ()| {
        if email.is_some() != username.is_some() {
            Ok(())
        } else {
            Err(garde::Error::new("send either email or username"))
        }
    }
}

/// A cookie's token changes with every use.
fn not_in_cookie(session: Keeping) -> impl Fn(&bool, &()) -> garde::Result {
    move |fixed, ()| {
        if *fixed && session == Keeping::Cookie {
            Err(garde::Error::new("is not possible in a cookie session; leave one of them out"))
        } else {
            Ok(())
        }
    }
}
