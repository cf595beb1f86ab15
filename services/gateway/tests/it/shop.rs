//! A shop of two services that tell what reached them.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use chassis::clock::Clock;
use chassis::forwarded::ForwardedOrigin;
use chassis::page_sources::PageSources;
use chassis::quota::{Rate, RateLimit};
use chassis::telemetry::start_metrics;
use chassis::testing::{noon, verifier};
use gateway::{Config, Dist, Parts, Upstream};
use serde_json::{Value, json};
use tokio::sync::watch;
use utoipa::openapi::OpenApi;

/// A gateway with these settings before `catalog` and `orders`.
pub(crate) fn open(config: Config) -> Router {
    gateway::router(config, parts(true)).unwrap()
}

pub(crate) fn parts(ready: bool) -> Parts {
    Parts {
        services: vec![catalog(), orders()],
        engines: Vec::new(),
        verifier: verifier(),
        counter: None,
        rate_limits: rate_limits(),
        ready: watch::channel(ready).1,
        metrics: start_metrics(),
        version: "1.2.3",
        clock: Clock::Fixed(noon()),
        currency: chassis::money::Currency::default(),
        name: "Tea & Toast".to_owned(),
        front: Dist::default(),
        sources: PageSources::default(),
    }
}

fn rate_limits() -> Vec<RateLimit> {
    let per_address = ["login", "register", "reset", "find"];
    let per_address = per_address.map(|it| RateLimit::per_address(it, Rate::new(60, 60)));
    let per_user = ["checkout", "reviews"].map(|it| RateLimit::per_user(it, Rate::new(30, 30)));
    per_address.into_iter().chain(per_user).collect()
}

fn catalog() -> Upstream {
    let router = Router::new()
        .route("/api/v1/catalog/health", get(|| async { "fine" }))
        .route("/api/v1/products", get(echo).post(echo))
        .route("/api/v1/products/{id}", get(product))
        .route("/api/v1/products/{id}/images", get(text))
        .route("/api/v1/inventory", get(|| async { StatusCode::CONFLICT }))
        .route("/api/v1/inventory/{sku}", get(small))
        .route("/api/v1/categories", get(picture))
        .route("/api/v1/categories/{id}", any(std::future::pending::<()>));
    Upstream { name: "catalog", reach: router.into(), openapi: described(catalog_document()) }
}

fn orders() -> Upstream {
    let router = Router::new()
        .route("/api/v1/orders/health", get(|| async { "fine" }))
        .route("/api/v1/orders/checkout", post(echo));
    Upstream { name: "orders", reach: router.into(), openapi: described(orders_document()) }
}

pub(crate) fn described(document: Value) -> OpenApi {
    serde_json::from_value(document).unwrap()
}

/// What reached the service.
pub(crate) async fn echo(request: Request) -> axum::Json<Value> {
    let headers = request.headers().iter().map(|(name, value)| {
        (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes())))
    });
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    axum::Json(json!({
        "uri": request.uri().to_string(),
        "headers": headers.collect::<serde_json::Map<_, _>>(),
        "peer": peer.map(|it| it.0.to_string()),
        "site": request.extensions().get::<ForwardedOrigin>().and_then(ForwardedOrigin::origin),
    }))
}

/// A long JSON, with a tag; 304 for who has it.
async fn product(Path(id): Path<String>, request: Request) -> axum::response::Response {
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|it| it == "\"v1\"") {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"v1\"")]).into_response();
    }
    let description = "soft and warm ".repeat(200);
    let body = axum::Json(json!({ "id": id, "description": description }));
    ([(header::ETAG, "\"v1\"")], body).into_response()
}

async fn text() -> ([(header::HeaderName, &'static str); 2], String) {
    let headers = [(header::CONTENT_TYPE, "text/csv"), (header::CONTENT_ENCODING, "zstd")];
    (headers, "a,b\n".repeat(1000))
}

async fn small() -> axum::Json<Value> {
    axum::Json(json!({ "on_hand": 3 }))
}

async fn picture() -> ([(header::HeaderName, &'static str); 1], Vec<u8>) {
    ([(header::CONTENT_TYPE, "image/png")], vec![0; 4096])
}

fn catalog_document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "catalog", "version": "0" },
        "paths": {
            "/api/v1/products": { "get": operation("products.list", "Item"), "post": operation("products.create", "Item") },
            "/api/v1/products/{id}": { "get": operation("products.get", "Page") },
        },
        "components": { "schemas": {
            "Item": { "type": "object", "properties": { "sku": { "type": "string" } } },
            "Page": { "type": "array", "items": { "$ref": "#/components/schemas/Item" } },
            "Money": { "type": "object" },
        } },
    })
}

fn orders_document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "orders", "version": "0" },
        "paths": {
            "/api/v1/orders": { "get": operation("orders.list", "Orders") },
            "/api/v1/orders/checkout": { "post": operation("orders.checkout", "Order") },
        },
        "components": { "schemas": {
            "Order": { "type": "object", "properties": { "order": { "type": "string" } } },
            "Orders": { "type": "array", "items": { "$ref": "#/components/schemas/Order" } },
            "Money": { "type": "object" },
        } },
    })
}

fn operation(id: &str, schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({
        "operationId": id,
        "security": [{ "bearer": [] }],
        "responses": { "200": {
            "description": "",
            "content": { "application/json": { "schema": schema } },
        } },
    })
}
