//! Every problem this service can return, one function each.

pub use chassis::auth::token_revoked as account_gone;
use chassis::problem::{Problem, problem};
use uuid::Uuid;

use crate::model::MAX_ADDRESSES;

/// The login or the password is wrong, or the account is not active.
#[problem(UNAUTHORIZED)]
pub fn invalid_credentials() -> Problem {
    invalid_credentials::problem("the login or the password is wrong")
}

/// Too many failed attempts. Try again after `Retry-After`.
#[problem(TOO_MANY_REQUESTS)]
pub fn too_many_attempts(seconds: u64) -> Problem {
    too_many_attempts::problem(format!("too many failed attempts; try again in {seconds} s"))
        .retry_after(seconds)
}

/// Too many passwords are being checked at the moment. Try again in a moment.
#[problem(SERVICE_UNAVAILABLE)]
pub fn busy() -> Problem {
    busy::problem("too many passwords are being checked at the moment; try again in a moment")
}

/// The e-mail address belongs to another account.
#[problem(CONFLICT)]
pub fn email_taken() -> Problem {
    email_taken::problem("there is already an account with this e-mail address")
}

/// The username belongs to another account.
#[problem(CONFLICT)]
pub fn username_taken() -> Problem {
    username_taken::problem("there is already an account with this username")
}

/// The refresh token is unknown. Log in again.
#[problem(UNAUTHORIZED)]
pub fn refresh_token_invalid() -> Problem {
    refresh_token_invalid::problem("the refresh token is unknown; log in again")
}

/// The refresh token has expired. Log in again.
#[problem(UNAUTHORIZED)]
pub fn refresh_token_expired() -> Problem {
    refresh_token_expired::problem("the refresh token has expired; log in again")
}

/// The refresh token was used before, so the session was ended. Log in again.
#[problem(UNAUTHORIZED)]
pub fn refresh_token_reused() -> Problem {
    refresh_token_reused::problem(
        "the refresh token was used before, so the session was ended; log in again",
    )
}

/// The session was ended. Log in again.
#[problem(UNAUTHORIZED)]
pub fn session_ended() -> Problem {
    session_ended::problem("the session was ended; log in again")
}

/// Neither a token nor a session cookie was sent.
#[problem(UNAUTHORIZED)]
pub fn no_session() -> Problem {
    no_session::problem("neither a token nor a session cookie was sent; log in")
}

/// Only the shop's own pages may use cookie sessions.
#[problem(FORBIDDEN)]
pub fn origin_not_allowed() -> Problem {
    origin_not_allowed::problem(
        "only the shop's own pages may use a cookie session: the header Origin must be the scheme \
         and host this request was sent to; other clients leave `session` out and store the \
         refresh token themselves",
    )
}

/// Cookie sessions need HTTPS, except on localhost.
///
/// Over plain HTTP, anybody on the network path could take the cookie.
#[problem(FORBIDDEN)]
pub fn https_required() -> Problem {
    https_required::problem(
        "logging in with a browser needs HTTPS: set gateway.tls, or put a proxy with TLS in front, \
         name it in gateway.trusted_proxies and let it send X-Forwarded-Proto; plain HTTP is \
         enough for localhost only",
    )
}

/// The one-time token is unknown, was used or has expired. Request a new one.
#[problem(UNPROCESSABLE_ENTITY)]
pub fn one_time_token_invalid() -> Problem {
    one_time_token_invalid::problem(
        "the token is unknown, was used or has expired; request a new one",
    )
}

pub fn wrong_password(field: &str) -> Problem {
    Problem::field(field, "is not your password")
}

/// The user does not exist.
#[problem(NOT_FOUND)]
pub fn user_not_found(id: Uuid) -> Problem {
    user_not_found::problem(format!("there is no user {id}"))
}

/// The caller has no such session.
#[problem(NOT_FOUND)]
pub fn session_not_found(id: Uuid) -> Problem {
    session_not_found::problem(format!("you have no session {id}"))
}

/// The caller has no such address.
#[problem(NOT_FOUND)]
pub fn address_not_found(id: Uuid) -> Problem {
    address_not_found::problem(format!("you have no address {id}"))
}

/// The account has the maximum number of addresses. Delete one first.
#[problem(CONFLICT)]
pub fn address_limit() -> Problem {
    let detail = format!("an account has at most {MAX_ADDRESSES} addresses; delete one first");
    address_limit::problem(detail)
}

/// The user is the last active admin. Make another user an admin first.
#[problem(CONFLICT)]
pub fn last_admin() -> Problem {
    last_admin::problem("this is the last active admin; make another user an admin first")
}

/// The caller cannot grant roles or permissions they do not have.
#[problem(FORBIDDEN)]
pub fn cannot_grant() -> Problem {
    cannot_grant::problem("you cannot grant roles or permissions you do not have")
}

/// The user has permissions the caller does not have, so the caller cannot change the user.
#[problem(FORBIDDEN)]
pub fn outranked() -> Problem {
    outranked::problem("this user has permissions you do not have, so you cannot change it")
}
