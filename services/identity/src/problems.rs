//! Every problem this service can return, one function each.

use chassis::problem::Problem;
use http::StatusCode;
use uuid::Uuid;

use crate::model::MAX_ADDRESSES;

/// The same for an unknown account, a wrong password and an account that is not active.
pub fn invalid_credentials() -> Problem {
    Problem::unauthenticated("invalid_credentials", "the login or the password is wrong")
}

pub fn too_many_attempts(seconds: u64) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_attempts",
        format!("too many failed attempts; try again in {seconds} s"),
    )
    .retry_after(seconds)
}

/// More passwords wait to be hashed than is reasonable.
pub fn busy() -> Problem {
    Problem::unavailable("busy", "too many logins at the moment; try again in a moment")
}

pub fn email_taken() -> Problem {
    Problem::conflict("email_taken", "there is an account with this e-mail address already")
}

pub fn username_taken() -> Problem {
    Problem::conflict("username_taken", "there is an account with this username already")
}

pub fn refresh_token_invalid() -> Problem {
    Problem::unauthenticated("refresh_token_invalid", "the refresh token is unknown; log in again")
}

pub fn refresh_token_expired() -> Problem {
    Problem::unauthenticated("refresh_token_expired", "the refresh token has expired; log in again")
}

pub fn refresh_token_reused() -> Problem {
    Problem::unauthenticated(
        "refresh_token_reused",
        "the refresh token was used before, so the session has been ended; log in again",
    )
}

pub fn session_ended() -> Problem {
    Problem::unauthenticated("session_ended", "the session has been ended; log in again")
}

/// Neither a token nor a cookie was sent.
pub fn no_session() -> Problem {
    Problem::unauthenticated("no_session", "there is no session to go on with; log in")
}

/// A cookie session was asked for or used by a page that is not the shop's own.
pub fn origin_not_allowed() -> Problem {
    Problem::forbidden(
        "origin_not_allowed",
        "only the shop's own pages may use a cookie session: the header Origin must be the scheme \
         and host this request was sent to; other clients leave `session` out and keep the \
         refresh token themselves",
    )
}

/// A cookie session over plain HTTP, where everybody on the way could take it.
pub fn https_required() -> Problem {
    Problem::forbidden(
        "https_required",
        "logging in with a browser needs HTTPS: set gateway.tls, or put a proxy with TLS in front, \
         name it in gateway.trusted_proxies and let it send X-Forwarded-Proto; plain HTTP is \
         enough for localhost only",
    )
}

/// The token verifies, but its user is gone.
pub fn account_gone() -> Problem {
    Problem::unauthenticated("token_revoked", "log in again")
}

pub fn one_time_token_invalid() -> Problem {
    Problem::invalid(
        "one_time_token_invalid",
        "the token is unknown, was used or has expired; ask for a new one",
    )
}

pub fn wrong_password(field: &str) -> Problem {
    Problem::field(field, "is not your password")
}

pub fn user_not_found(id: Uuid) -> Problem {
    Problem::not_found("user_not_found", format!("there is no user {id}"))
}

pub fn session_not_found(id: Uuid) -> Problem {
    Problem::not_found("session_not_found", format!("you have no session {id}"))
}

pub fn address_not_found(id: Uuid) -> Problem {
    Problem::not_found("address_not_found", format!("you have no address {id}"))
}

pub fn address_limit() -> Problem {
    Problem::conflict(
        "address_limit",
        format!("an account keeps up to {MAX_ADDRESSES} addresses; delete one first"),
    )
}

pub fn last_admin() -> Problem {
    Problem::conflict("last_admin", "this is the last active admin; make somebody else one first")
}

pub fn cannot_grant() -> Problem {
    Problem::forbidden("cannot_grant", "nobody can give rights they do not have themselves")
}

pub fn outranked() -> Problem {
    Problem::forbidden("outranked", "this user may do things you may not, so you cannot change it")
}
