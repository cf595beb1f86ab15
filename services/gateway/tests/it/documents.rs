//! The description of the API and the pages that show it.

use std::collections::HashSet;

use chassis::testing::call;
use gateway::Config;
use serde_json::{Value, json};

use crate::shop::{described, open, parts};

async fn document() -> Value {
    call(&open(Config::default()), "GET", "/openapi.json").await.expect(200)
}

#[tokio::test]
async fn one_document_describes_all_services_and_the_gateway() {
    let document = document().await;
    assert_eq!(document["info"]["title"], "Cartwright");
    assert_eq!(document["info"]["version"], "1.2.3");
    assert_eq!(document["info"]["license"]["name"], "MIT");
    assert_eq!(document["servers"], json!([{ "url": "/" }]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (path, method, tag) in [
        ("/api/v1/products", "get", "catalog"),
        ("/api/v1/products", "post", "catalog"),
        ("/api/v1/orders/checkout", "post", "orders"),
        ("/health", "get", "gateway"),
    ] {
        assert_eq!(document["paths"][path][method]["tags"], json!([tag]), "{method} {path}");
    }
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(tags, ["gateway", "catalog", "orders"]);
}

#[tokio::test]
async fn things_of_one_name_and_different_meaning_are_refused() {
    let refused = |document: Value| {
        let mut parts = parts(true);
        parts.services[1].openapi = described(document);
        gateway::openapi(&parts).unwrap_err().to_string()
    };
    let described = |id: &str, item: Value| {
        json!({
            "openapi": "3.1.0",
            "info": { "title": "orders", "version": "0" },
            "paths": { "/api/v1/orders": { "get": {
                "operationId": id, "responses": { "200": { "description": "" } } } } },
            "components": { "schemas": { "Item": item } },
        })
    };
    let other = json!({ "type": "object", "properties": { "order": { "type": "string" } } });
    let error = refused(described("orders.list", other));
    assert!(error.contains("schema Item of orders"), "{error}");
    let same = document().await["components"]["schemas"]["Item"].clone();
    let error = refused(described("products.list", same));
    assert!(error.contains("operation products.list of orders"), "{error}");
}

#[tokio::test]
async fn the_errors_of_the_gateways_own_pages_are_described() {
    let document = document().await;
    let responses = |path: &str| document["paths"][path]["get"]["responses"].clone();
    let ready = &responses("/ready")["503"];
    assert_eq!(ready["description"], "`not_ready`: The shop is starting or stopping.");
    let content = ready["content"].as_object().unwrap();
    assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"]);
    let health: Vec<_> = responses("/health").as_object().unwrap().keys().cloned().collect();
    assert_eq!(health, ["200", "401", "503", "default"]);
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_its_own_name() {
    let document = document().await;
    let mut names = HashSet::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} twice");
        }
    }
    assert!(names.contains("products.list") && names.contains("orders.list"), "{names:?}");
    check_references(&document, &document);
}

fn check_references(value: &Value, document: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let target = reference.strip_prefix('#').and_then(|it| document.pointer(it));
                assert!(target.is_some(), "{reference} leads nowhere");
            }
            fields.values().for_each(|it| check_references(it, document));
        }
        Value::Array(items) => items.iter().for_each(|it| check_references(it, document)),
        _ => {}
    }
}

/// The addresses a page loads by itself.
fn loaded(html: &str) -> Vec<String> {
    let attributes = ["src=\"", "href=\"", "spec-url=\""];
    let found = attributes.iter().flat_map(|it| html.split(it).skip(1));
    found.filter_map(|it| it.split('"').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_pages_and_all_they_load_come_from_here() {
    let shop = open(Config::default());
    for page in ["/docs", "/docs/", "/redoc", "/redoc/"] {
        let answer = call(&shop, "GET", page).await;
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        let html = String::from_utf8(answer.bytes.to_vec()).unwrap();
        assert!(!loaded(&html).is_empty());
        for address in loaded(&html) {
            assert!(address.starts_with('/'), "{page} loads {address}");
            let part = call(&shop, "GET", &address).await;
            assert_eq!(part.status, 200, "{page} loads {address}");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(!policy.contains("http"), "{policy}");
        }
    }
    let start = call(&shop, "GET", "/docs/swagger-initializer.js").await;
    let start = String::from_utf8(start.bytes.to_vec()).unwrap();
    assert!(start.contains("/openapi.json") && start.contains("\"none\""), "{start}");
    // A token somebody types in is not put into the browser's storage.
    assert!(start.contains("\"persistAuthorization\": false"), "{start}");
}

#[tokio::test]
async fn a_file_that_is_not_part_of_a_page_is_not_found() {
    let shop = open(Config::default());
    for path in ["/docs/nothing.js", "/redoc/nothing.js", "/docs/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(call(&shop, "GET", path).await.problem(404), "not_found", "{path}");
    }
}

#[tokio::test]
async fn what_is_described_but_leads_elsewhere_is_found_out() {
    let mut parts = parts(true);
    assert_eq!(gateway::unrouted(&parts), Vec::<String>::new());
    parts.services[0].openapi = described(json!({
        "openapi": "3.1.0",
        "info": { "title": "catalog", "version": "0" },
        "paths": { "/api/v1/products/{id}": {}, "/api/v1/orders/{id}": {}, "/api/v1/secrets": {} },
    }));
    assert_eq!(
        gateway::unrouted(&parts),
        [
            "catalog: /api/v1/orders/{id} leads to orders",
            "catalog: nothing leads to /api/v1/secrets",
        ]
    );
}
