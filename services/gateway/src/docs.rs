//! The documents: `/openapi.json`, `/docs` (Swagger UI) and `/redoc` (ReDoc). Everything comes
//! from this program: the pages work without a network, and load nothing from other sites.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderName, header};

use crate::problems;

const DOCS: &str = include_str!("../assets/docs.html");
const REDOC: &str = include_str!("../assets/redoc.html");
const REDOC_SCRIPT: &[u8] = include_bytes!("../assets/redoc.standalone.js");

/// Where all of it is.
pub(crate) const PATHS: [&str; 5] =
    ["/openapi.json", "/docs", "/docs/{file}", "/redoc", "/redoc/{file}"];

/// Both pages style themselves from their script; ReDoc searches in a worker it makes itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const FOR_A_DAY: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=86400");
const ASK_AGAIN: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");

/// Serves `document` and the pages that show it.
pub(crate) fn router(document: Bytes) -> Router {
    let config = utoipa_swagger_ui::Config::new(["/openapi.json"])
        // The default sends the document's address to a validator on another site.
        .validator_url("none")
        .deep_linking(true)
        // An access token stays in the memory of the page.
        .persist_authorization(false);
    let config = Arc::new(config);
    let json = [(header::CONTENT_TYPE, "application/json"), ASK_AGAIN];
    Router::new()
        .route("/openapi.json", get(async move || (json, document)))
        .route("/docs", get(async || page(DOCS)))
        .route("/docs/{file}", get(async move |Path(file): Path<String>| swagger(&file, config)))
        .route("/redoc", get(async || page(REDOC)))
        .route("/redoc/redoc.standalone.js", get(redoc_script))
}

fn page(html: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        ASK_AGAIN,
    ];
    (headers, html).into_response()
}

fn swagger(file: &str, config: Arc<utoipa_swagger_ui::Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(it)) => {
            let kind = [(header::CONTENT_TYPE, it.content_type)];
            (kind, [FOR_A_DAY], it.bytes.into_owned()).into_response()
        }
        _ => problems::not_found().into_response(),
    }
}

async fn redoc_script() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), FOR_A_DAY];
    (headers, REDOC_SCRIPT).into_response()
}
