//! Browsers get the refresh token as a cookie that scripts cannot read.
//!
//! The cookie is accepted only from the shop's own pages: `SameSite=Strict` keeps other sites from
//! sending it, and `Origin` must match the scheme and host the shop was addressed by. It is sent
//! over HTTPS only, except to this machine itself.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{COOKIE, ORIGIN};
use axum::http::request::Parts;
use chassis::forwarded::ForwardedOrigin;
use chassis::problem::Result;
use chrono::TimeDelta;

use crate::devices::KNOWN;
use crate::problems;
use crate::tokens::Secret;

/// `__Host-`: browsers take it from HTTPS only, for one host and all of its paths.
const SESSION: &str = "__Host-cartwright_session";
/// What a browser is known by at its next login. It opens nothing.
const DEVICE: &str = "__Host-cartwright_device";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// What a request says about the browser it may have come from.
#[derive(Clone, Debug)]
pub struct Browser {
    site: ForwardedOrigin,
    origin: Option<HeaderValue>,
    cookie: Option<Secret>,
    device: Option<Secret>,
}

impl Browser {
    /// Refuses a client that may neither get the cookie nor use it.
    pub fn check(&self) -> Result<()> {
        if !self.site.secure && !self.site.is_local() {
            return Err(problems::https_required());
        }
        let ours = self.site.origin();
        match (&self.origin, ours) {
            (Some(origin), Some(ours)) if origin.as_bytes() == ours.as_bytes() => Ok(()),
            _ => Err(problems::origin_not_allowed()),
        }
    }

    /// The refresh token of the cookie, if there is one. That it is there does not say that it
    /// counts: [`Self::check`] does.
    pub fn cookie(&self) -> Option<&Secret> {
        self.cookie.as_ref()
    }

    /// What the browser says it is known by.
    pub fn device(&self) -> Option<&Secret> {
        self.device.as_ref()
    }
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // HTTP/2 may send a line per cookie.
        let lines = || parts.headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
        let cookie = |wanted: &str| {
            let cookies = lines().flat_map(|it| it.split(';'));
            let mut cookies = cookies.filter_map(|it| it.split_once('='));
            let found = cookies.find(|(name, _)| name.trim() == wanted);
            found.map(|(_, value)| Secret::of(value.trim()))
        };
        Ok(Self {
            // Without the gateway's header the service does not know the shop's own origin.
            site: parts.extensions.get::<ForwardedOrigin>().cloned().unwrap_or_default(),
            origin: parts.headers.get(ORIGIN).cloned(),
            cookie: cookie(SESSION),
            device: cookie(DEVICE),
        })
    }
}

/// The value of `Set-Cookie` that keeps a refresh token this long.
pub fn keep(refresh: &Secret, lifetime: TimeDelta) -> String {
    format!("{SESSION}={}; {ATTRIBUTES}; Max-Age={}", refresh.text(), lifetime.num_seconds())
}

/// The value of `Set-Cookie` that keeps what a browser is known by.
pub fn keep_device(device: &Secret) -> String {
    format!("{DEVICE}={}; {ATTRIBUTES}; Max-Age={}", device.text(), KNOWN.num_seconds())
}

/// The value of `Set-Cookie` that takes the session's away.
pub fn clear() -> String {
    format!("{SESSION}=; {ATTRIBUTES}; Max-Age=0")
}
