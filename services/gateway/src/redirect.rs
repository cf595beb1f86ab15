//! What plain HTTP is answered where there is HTTPS: the way there, and nothing else.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::forwarded;
use http::header::{HeaderValue, LOCATION};
use http::{Method, StatusCode};

use crate::hosts::Hosts;
use crate::problems;

/// Leads to the same address at `port` over HTTPS, for the hosts the gateway answers for.
pub(crate) fn router(hosts: Hosts, port: u16) -> Router {
    Router::new().fallback(async move |request: Request| redirect(&request, &hosts, port))
}

fn redirect(request: &Request, hosts: &Hosts, port: u16) -> Response {
    if request.method() == Method::CONNECT {
        return problems::method_not_allowed().into_response();
    }
    if let Err(problem) = hosts.check(request) {
        return problem.into_response();
    }
    let Some(host) = forwarded::asked(request) else {
        return problems::malformed_host().into_response();
    };
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    // `*` and other oddities lead to the front page.
    let path = if path.starts_with('/') { path } else { "/" };
    match HeaderValue::try_from(format!("https://{}{port}{path}", host.host())) {
        Ok(there) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, there)]).into_response(),
        Err(_) => problems::malformed_host().into_response(),
    }
}
