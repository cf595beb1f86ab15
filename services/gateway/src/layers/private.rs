//! Keeps private answers out of shared caches.

use axum::extract::Request;
use axum::response::Response;
use chassis::policy;
use http::header;

use super::routing::Matched;
use super::{Middleware, Refusal};

#[derive(Clone, Copy)]
pub(crate) struct Private;

impl Middleware for Private {
    /// Whether the gateway itself checks the caller, which makes even a public answer private.
    type State = bool;

    fn before(&self, request: &mut Request) -> Result<bool, Refusal> {
        let matched = Matched::of(request);
        Ok(matched.route().is_some_and(|it| it.access.is_some() || it.needs_user()))
    }

    fn after(&self, private: bool, response: &mut Response) {
        keep_private(response, private);
    }
}

/// Keeps caches from private answers, and from errors: they may depend on who asks, as a rate limit
/// does, and do not last. What a service says of its own answers stays.
fn keep_private(response: &mut Response, private: bool) {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if private {
        headers.remove(header::CACHE_CONTROL);
    }
    if private || (is_error && !headers.contains_key(header::CACHE_CONTROL)) {
        policy::keep_private(headers, policy::AUTHORIZATION);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http::{HeaderValue, StatusCode};

    use super::*;

    #[test]
    fn what_is_somebodys_and_what_went_wrong_is_kept_by_nobody() {
        const NOBODY: Option<&str> = Some("private, no-store");
        for (status, said, somebodys, kept) in [
            (200, None, false, None),
            (200, Some("public, max-age=60"), false, Some("public, max-age=60")),
            (304, Some("no-cache"), false, Some("no-cache")),
            (200, None, true, NOBODY),
            (200, Some("public, max-age=60"), true, NOBODY),
            (404, None, false, NOBODY),
            (429, None, false, NOBODY),
            (404, Some("no-cache"), false, Some("no-cache")),
            (503, None, true, NOBODY),
        ] {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            if let Some(said) = said {
                let said = HeaderValue::from_static(said);
                response.headers_mut().insert(header::CACHE_CONTROL, said);
            }
            keep_private(&mut response, somebodys);
            let headers = response.headers();
            let found = headers.get(header::CACHE_CONTROL).map(|it| it.to_str().unwrap());
            assert_eq!(found, kept, "{status} {said:?} {somebodys}");
            assert_eq!(headers.contains_key(header::VARY), kept == NOBODY);
        }
    }
}
