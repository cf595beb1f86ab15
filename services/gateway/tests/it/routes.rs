//! Routes files: what they make of requests and answers, how they are followed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use chassis::address_rules::AddressRules;
use chassis::problem::{FieldError, Problem};
use chassis::testing::{User, call, eventually};
use futures::StreamExt;
use gateway::{Config, Dist, Gateway, Listen, Parts, Upstream};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::front::dist;
use crate::shop::{described, parts};

/// What the service behind the routes shares with a test.
#[derive(Clone, Default)]
struct Behind {
    asked: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

fn service(behind: &Behind) -> Upstream {
    let router = Router::new()
        .route("/api/v1/products", any(echo))
        .route("/api/v1/products/{id}", any(echo))
        .route("/api/v1/products/{id}/reviews", get(reviews))
        .route("/api/v1/list", get(list))
        .route("/api/v1/wrong", any(wrong))
        .route("/api/v1/text", get(async || "just text"))
        .route("/api/v1/odd", get(async || axum::Json(json!({ "items": "no list" }))))
        .route("/api/v1/nothing", any(async || StatusCode::NO_CONTENT))
        .route("/api/v1/broken", get(async || ([(header::CONTENT_TYPE, "application/json")], "{")))
        .route("/api/v1/slow", get(slow))
        .route("/api/v1/rules", get(async |rules: AddressRules| axum::Json(format!("{rules:?}"))))
        .with_state(behind.clone());
    let paths = [
        "products",
        "products/{id}",
        "products/{id}/reviews",
        "list",
        "wrong",
        "text",
        "odd",
        "nothing",
        "broken",
        "slow",
        "rules",
    ];
    let item = json!({ "get": { "responses": {} }, "post": { "responses": {} },
        "patch": { "responses": {} } });
    let paths: serde_json::Map<_, _> =
        paths.iter().map(|it| (format!("/api/v1/{it}"), item.clone())).collect();
    let document = json!({ "openapi": "3.1.0", "info": { "title": "catalog", "version": "0" },
        "paths": paths });
    Upstream { name: "catalog", reach: router.into(), openapi: described(document) }
}

/// What reached the service.
async fn echo(
    State(behind): State<Behind>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::Json<Value> {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    let headers = headers.iter().map(|(name, value)| {
        (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes())))
    });
    axum::Json(json!({
        "method": method.as_str(),
        "uri": uri.to_string(),
        "headers": headers.collect::<serde_json::Map<_, _>>(),
        "body": serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null),
    }))
}

async fn list() -> Response {
    let price = json!({ "amount": 1999, "currency": "USD" });
    let items = [
        json!({ "id": 1, "title": "Lamp", "price": price, "status": "active" }),
        json!({ "id": 2, "title": "Chair", "price": null, "status": "draft" }),
    ];
    let tags = [(header::ETAG, "\"v1\""), (header::LOCATION, "/somewhere")];
    (tags, axum::Json(json!({ "items": items, "next_cursor": "x", "total": 25 }))).into_response()
}

async fn reviews(axum::extract::Path(id): axum::extract::Path<String>) -> Response {
    match id.as_str() {
        "known" => axum::Json(json!({ "items": [1] })).into_response(),
        _ => Problem::not_found("product_not_found", "no such product").into_response(),
    }
}

async fn wrong(request: Request<Body>) -> Problem {
    match request.uri().query() {
        Some("stock") => Problem::conflict("out_of_stock", "too few").with("available", 3),
        _ => Problem::fields(vec![FieldError {
            field: "title".to_owned(),
            detail: "is required".to_owned(),
        }]),
    }
}

async fn slow(State(behind): State<Behind>) -> axum::Json<Value> {
    behind.asked.fetch_add(1, Ordering::SeqCst);
    behind.go_on.notified().await;
    axum::Json(json!({ "old": true }))
}

/// A gateway whose main listener has these routes.
struct Shop {
    router: Router,
    gateway: Gateway,
    behind: Behind,
    directory: TempDir,
}

impl Shop {
    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("routes.toml")
    }
}

fn try_open(routes: &str, listeners: &[(&str, &str)]) -> Result<Shop, String> {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let listeners = listeners.iter().map(|(name, text)| Listen {
        name: (*name).to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        routes: write(&format!("{name}.toml"), text),
    });
    let config = Config {
        listeners: listeners.collect(),
        routes: write("routes.toml", routes),
        ..Config::default()
    };
    let behind = Behind::default();
    let parts = Parts { services: vec![service(&behind)], front: dist(), ..parts(true) };
    let gateway = Gateway::new(config, parts).map_err(|error| error.to_string())?;
    let router = Router::new().fallback_service(gateway.clone());
    Ok(Shop { router, gateway, behind, directory })
}

fn open(routes: &str) -> Shop {
    try_open(routes, &[]).unwrap()
}

const REQUESTS: &str = r#"
    errors = [{ problem = "by_field" }]
    status = { 422 = 400 }

    [[routes]]
    path = ["/shop/{pk}/items/", "/store/{pk}"]
    methods = ["POST"]
    service = "catalog"
    rewrite = "/api/v1/products/{pk}"
    method = "PATCH"
    accepts = ["json", "form", "multipart"]
    request = [
        { drop = "query:user_id" },
        { move = "query:page_size", to = "query:limit" },
        { set = "query:count", value = true },
        { move = "name", to = "title" },
        { move = "price", to = "variants.0.price" },
        { convert = "variants.*.price", from = "decimal", to = "money" },
        { copy = "path:pk", to = "from" },
        { copy = "user:email", to = "by" },
        { move = "header:x-tag", to = "tag" },
        { generate = "header:idempotency-key" },
    ]

    [[routes]]
    path = "/plain"
    service = "catalog"
    rewrite = "/api/v1/products"
    request = [{ set = "query:a", value = "b c" }]

    [[routes]]
    path = "/small"
    service = "catalog"
    rewrite = "/api/v1/products"
    body_limit = 10
    request = [{ move = "a", to = "b" }]
"#;

#[tokio::test]
async fn a_request_is_made_into_what_the_service_understands() {
    let shop = open(REQUESTS);
    let user = User::customer();
    let reached = call(&shop.router, "POST", "/shop/7%20a/items/?user_id=1&page_size=5")
        .user(&user)
        .header("x-tag", "t")
        .header("x-user-id", "forged")
        .json(json!({ "name": "Lamp", "price": "19.99" }))
        .await
        .expect(200);
    assert_eq!(reached["method"], "PATCH");
    assert_eq!(reached["uri"], "/api/v1/products/7%20a?limit=5&count=true");
    let body = json!({
        "title": "Lamp", "from": "7 a", "tag": "t",
        "by": format!("{}@example.com", user.id().simple()),
        "variants": [{ "price": { "amount": 1999, "currency": "USD" } }],
    });
    assert_eq!(reached["body"], body);
    let headers = reached["headers"].as_object().unwrap();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["idempotency-key"].as_str().unwrap().len(), 36);
    assert!(!headers.contains_key("x-user-id") && !headers.contains_key("x-tag"));
    let kept = call(&shop.router, "POST", "/store/8").header("idempotency-key", "mine");
    let kept = kept.await.expect(200);
    assert_eq!(kept["headers"]["idempotency-key"], "mine");
    assert_eq!(kept["body"], json!({ "from": "8" }), "no body is an empty object");
    let plain = call(&shop.router, "POST", "/plain?x=1").text("not json").await.expect(200);
    assert_eq!(plain["uri"], "/api/v1/products?x=1&a=b+c");
}

#[tokio::test]
async fn forms_become_json() {
    let shop = open(REQUESTS);
    let form = call(&shop.router, "POST", "/store/8")
        .header("content-type", "application/x-www-form-urlencoded")
        .text("name=A+lamp&price=5");
    let body = form.await.expect(200)["body"].clone();
    let price = json!({ "amount": 500, "currency": "USD" });
    assert_eq!(body, json!({ "title": "A lamp", "from": "8", "variants": [{ "price": price }] }));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nLamp\r\n--b--\r\n";
    let multipart = call(&shop.router, "POST", "/store/8")
        .header("content-type", "multipart/form-data; boundary=b")
        .text(parts);
    assert_eq!(multipart.await.expect(200)["body"]["title"], "Lamp");
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_in_the_clients_words() {
    let shop = open(REQUESTS);
    for (kind, body, status, reason) in [
        ("application/json", "{\"price\": \"19.999\"}", 400, "{\"price\":["),
        ("application/json", "{\"price\": []}", 400, "such as 19.99"),
        ("application/json", "[1]", 400, "must be an object"),
        ("application/json", "7", 400, "must be an object"),
        ("application/json", "{", 400, "EOF"),
        ("text/plain", "{}", 415, "application/json or"),
        ("multipart/form-data; boundary=b", "x", 400, "no part"),
    ] {
        let answer = call(&shop.router, "POST", "/store/8").header("content-type", kind).text(body);
        let answer = answer.await;
        assert_eq!(answer.status, status, "{kind} {body}");
        let told = String::from_utf8(answer.bytes.to_vec()).unwrap();
        assert!(told.contains(reason) && !told.contains("\"code\""), "{body}: {told}");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    assert_eq!(shop.behind.asked.load(Ordering::SeqCst), 0);
    let deep = "[".repeat(300) + &"]".repeat(300);
    let answer = call(&shop.router, "POST", "/store/8");
    let answer = answer.header("content-type", "application/json").text(deep).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_however_it_comes() {
    let shop = open(REQUESTS);
    let pieces = futures::stream::iter([b"{\"a\": "; 9].map(|it| Ok::<_, std::io::Error>(&it[..])));
    let streamed = Body::from_stream(pieces.boxed());
    for body in [Body::from("{\"a\": 12345}"), streamed] {
        let answer = call(&shop.router, "POST", "/small").text(body).await;
        assert_eq!(answer.status, 413);
    }
    let small = call(&shop.router, "POST", "/small").json(json!({ "a": 1 }));
    assert_eq!(small.await.expect(200)["body"], json!({ "b": 1 }));
}

/// For each of what the service answers oddly.
const ODD: &str = r#"
    [[routes]]
    path = "/KIND"
    methods = ["GET", "POST"]
    service = "catalog"
    rewrite = "/api/v1/KIND"
    request = [{ move = "name", to = "title" }]
    response = [{ move = "items.*.a", to = "items.*.b" }, { set = "done", value = true }]
    errors = [{ problem = "list" }]
    status = { 204 = 200, out_of_stock = 400 }
"#;

fn odd() -> Shop {
    let routes = ["wrong", "text", "odd", "nothing", "broken"].map(|it| ODD.replace("KIND", it));
    open(&routes.concat())
}

const ANSWERS: &str = r#"
    [groups]
    product = [
        { move = "title", to = "name" },
        { convert = "price", from = "money", to = "number" },
        { map = "status", values = { active = true }, else = false },
        { move = "status", to = "is_active" },
    ]

    [[routes]]
    path = "/products/"
    methods = ["GET"]
    service = "catalog"
    rewrite = "/api/v1/list"
    response = [
        { use = "product", at = "items.*" },
        { links = "offset", size = "limit", default = 10 },
        { move = "total", to = "count" },
        { move = "items", to = "results" },
        { keep = ["count", "next", "previous", "results"] },
        { drop = "header:location" },
        { set = "header:x-shaped", value = "yes" },
    ]

    [[routes]]
    path = "/bare"
    methods = ["GET"]
    service = "catalog"
    rewrite = "/api/v1/list"
    response = [{ move = "items", to = "." }]

    [[routes]]
    path = "/gone"
    methods = ["POST"]
    service = "catalog"
    rewrite = "/api/v1/products"
    status = { 200 = 204 }
"#;

#[tokio::test]
async fn an_answer_is_made_into_what_the_client_expects() {
    let shop = open(ANSWERS);
    let asked = call(&shop.router, "GET", "/products/?limit=10&offset=10&q=a");
    let answer = asked.header("host", "shop.example.com:81").await;
    assert!(!answer.headers.contains_key("etag") && !answer.headers.contains_key("location"));
    assert_eq!(answer.headers["x-shaped"], "yes");
    let at = |rest: &str| format!("http://shop.example.com:81/products/?limit=10&q=a&{rest}");
    let expected = json!({
        "count": 25, "next": at("offset=20"), "previous": at("offset=0"),
        "results": [
            { "id": 1, "name": "Lamp", "price": 19.99, "is_active": true },
            { "id": 2, "name": "Chair", "price": null, "is_active": false },
        ],
    });
    assert_eq!(answer.expect(200), expected);
    assert_eq!(call(&shop.router, "GET", "/bare").await.expect(200)[1]["id"], 2);
    let head = call(&shop.router, "HEAD", "/bare").await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_passes_as_it_is() {
    let shop = odd();
    assert_eq!(call(&shop.router, "GET", "/odd").await.expect(200), json!({ "items": "no list" }));
    for (path, body) in [("/text", "just text"), ("/broken", "{")] {
        let answer = call(&shop.router, "GET", path).await;
        assert_eq!((answer.status, &answer.bytes[..]), (StatusCode::OK, body.as_bytes()), "{path}");
    }
}

#[tokio::test]
async fn errors_and_statuses_are_the_clients() {
    let shop = odd();
    let wrong = call(&shop.router, "POST", "/wrong").json(json!({})).await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["body", "name"]));
    let stock = call(&shop.router, "GET", "/wrong?stock").await.expect(400);
    assert_eq!(stock, json!({ "detail": "too few", "available": 3 }));
    let done = call(&shop.router, "POST", "/nothing").json(json!({})).await.expect(200);
    assert_eq!(done, json!({ "done": true }));
    let gone = call(&open(ANSWERS).router, "POST", "/gone").await;
    assert_eq!((gone.status, gone.bytes.len()), (StatusCode::NO_CONTENT, 0));
    assert!(!gone.headers.contains_key("content-type"));
}

const DOORS: &str = r#"
    errors = [{ problem = "by_field" }]

    [[routes]]
    path = "/mine"
    service = "catalog"
    rewrite = "/api/v1/products"
    auth = true

    [[routes]]
    path = "/staff"
    methods = ["GET"]
    service = "catalog"
    rewrite = "/api/v1/products"
    permissions = ["catalog:write"]

    [[routes]]
    path = "/health/"
    methods = ["GET"]
    answer = { status = 203, headers = { x-a = "b" }, body = { status = "up" } }

    [[routes]]
    path = "/reviews/{id}"
    methods = ["GET"]
    service = "catalog"
    rewrite = "/api/v1/products/{id}/reviews"
    response = [{ move = "items", to = "." }]
    [routes.else]
    service = "catalog"
    rewrite = "/api/v1/products/{id}"
    response = [{ keep = ["uri"] }]
"#;

#[tokio::test]
async fn who_may_not_come_in_does_not_reach_the_service() {
    let shop = open(DOORS);
    let refused = call(&shop.router, "GET", "/mine").await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    let told = refused.expect(401);
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["detail"]);
    let forged = call(&shop.router, "GET", "/mine").header("authorization", "Bearer x");
    forged.await.expect(401);
    call(&shop.router, "GET", "/staff").user(&User::customer()).await.expect(403);
    assert_eq!(shop.behind.asked.load(Ordering::SeqCst), 0);
    call(&shop.router, "GET", "/mine").user(&User::customer()).await.expect(200);
    call(&shop.router, "GET", "/staff").user(&User::with(&["catalog:write"])).await.expect(200);
    assert_eq!(shop.behind.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn static_answers_other_methods_and_unknown_paths() {
    let shop = open(DOORS);
    let health = call(&shop.router, "GET", "/health").await;
    assert_eq!(health.headers["x-a"], "b");
    assert_eq!(health.expect(203), json!({ "status": "up" }));
    let other = call(&shop.router, "PUT", "/health/").await;
    assert_eq!(other.headers["allow"], "GET,HEAD");
    assert!(other.expect(405).get("code").is_none());
    for path in ["/api/v1/products", "/ready", "/internal/x", "/"] {
        let told = call(&shop.router, "GET", path).await.expect(404);
        assert!(told.get("detail").is_some() && told.get("code").is_none(), "{path}");
    }
}

#[tokio::test]
async fn the_second_target_is_asked_where_the_first_knows_nothing() {
    let shop = open(DOORS);
    assert_eq!(call(&shop.router, "GET", "/reviews/known").await.expect(200), json!([1]));
    let second = call(&shop.router, "GET", "/reviews/7?a=b").await.expect(200);
    assert_eq!(second, json!({ "uri": "/api/v1/products/7?a=b" }));
}

#[tokio::test]
async fn a_listener_answers_what_its_own_file_says_and_nothing_else() {
    let shop = try_open(DOORS, &[("legacy", ANSWERS)]).unwrap();
    let listeners = shop.gateway.listeners();
    assert_eq!(listeners.len(), 1);
    assert_eq!(
        (listeners[0].name.as_str(), listeners[0].address.as_str()),
        ("legacy", "127.0.0.1:0")
    );
    let legacy = Router::new().fallback_service(listeners[0].service.clone());
    call(&legacy, "GET", "/bare").await.expect(200);
    call(&legacy, "GET", "/mine/x").await.expect(404);
    call(&shop.router, "GET", "/bare").await.expect(404);
    let views = shop.gateway.routes();
    let names: Vec<_> = views.iter().map(|it| it.listener.as_str()).collect();
    assert_eq!(names, ["main", "legacy"]);
    assert_eq!(views[0].routes[1].permissions, ["catalog:write"]);
    assert_eq!(views[1].routes[0].rewrite.as_deref(), Some("/api/v1/list"));
    for (listeners, reason) in [
        (&[("a b", DOORS)][..], "letters"),
        (&[("main", DOORS)][..], "twice"),
        (&[("a", DOORS), ("a", DOORS)][..], "twice"),
        (&[("a", "routes = 7")][..], "a.toml line 1"),
    ] {
        let error = try_open(DOORS, listeners).err().unwrap();
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn only_the_file_of_a_listener_spares_its_clients_the_rules_of_addresses() {
    const STRICT: &str =
        "[[routes]]\npath = \"/rules\"\nservice = \"catalog\"\nrewrite = \"/api/v1/rules\"";
    let spared = format!("address_rules = false\n{STRICT}");
    let shop = try_open(STRICT, &[("legacy", &spared)]).unwrap();
    let legacy = Router::new().fallback_service(shop.gateway.listeners()[0].service.clone());
    assert_eq!(call(&legacy, "GET", "/rules").await.expect(200), "Off");
    for value in ["off", "false", "Off"] {
        let asked = call(&shop.router, "GET", "/rules").header("x-forwarded-address-rules", value);
        assert_eq!(asked.await.expect(200), "On");
    }
    let error = try_open(&format!("address_rules = 7\n{STRICT}"), &[]).err().unwrap();
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn routes_that_lead_nowhere_are_refused() {
    let route = |rest: &str| format!("[[routes]]\npath = \"/a\"\n{rest}");
    for (rest, reason) in [
        (
            "service = \"katalog\"\nrewrite = \"/api/v1/x\"",
            "no service \"katalog\"; use one of cart, catalog",
        ),
        ("service = \"catalog\"\nrewrite = \"/api/v1/x\"", "catalog has no path /api/v1/x"),
        (
            "service = \"catalog\"\nrewrite = \"/api/v1/products\"\nmethods = [\"DELETE\"]",
            "no DELETE /api/v1/products",
        ),
        (
            "service = \"catalog\"\nrewrite = \"/api/v1/products\"\nmethod = \"PUT\"",
            "no PUT /api/v1/products",
        ),
        ("service = \"gateway\"\nrewrite = \"/nowhere\"", "gateway has no path"),
        (
            "service = \"catalog\"\nrewrite = \"/api/v1/list\"\nmethods = [\"GET\"]\n[routes.else]\nservice = \"catalog\"\nrewrite = \"/api/v1/y\"",
            "no path /api/v1/y",
        ),
    ] {
        let error = try_open(&route(rest), &[]).err().unwrap();
        assert!(error.contains("routes.toml line 2: /a: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
    // A service that does not run here cannot be looked at; its health is always there.
    open(&route("service = \"orders\"\nrewrite = \"/api/v1/whatever\""));
    open(&route("service = \"catalog\"\nrewrite = \"/api/v1/catalog/health\""));
    let missing = gateway::check_routes(Path::new("/nowhere/r.toml"), &[], &[], &Dist::default());
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("cannot read the routes file /nowhere/r.toml"), "{missing}");
}

#[test]
fn a_route_to_a_page_leads_to_one_the_front_has() {
    let directory = tempfile::tempdir().unwrap();
    let check = |path: &str, front: &Dist| {
        let file = directory.path().join("routes.toml");
        std::fs::write(&file, format!("[[routes]]\npath = \"{path}\"\nservice = \"gateway\"\n"))
            .unwrap();
        gateway::check_routes(&file, &[], &[], front).map_err(|error| error.to_string())
    };
    for path in ["/cart", "/account/{*page}", "/products/{id}", "/admin/orders", "/robots.txt"] {
        assert_eq!(check(path, &dist()), Ok(1), "{path}");
        assert_eq!(check(path, &Dist::default()), Ok(1), "{path}");
    }
    let error = check("/crat", &dist()).unwrap_err();
    assert!(error.contains("gateway has no path /crat"), "{error}");
    // Which pages there are, nobody knows here.
    assert_eq!(check("/crat", &Dist::default()), Ok(1));
}

#[tokio::test]
async fn a_file_is_followed_and_requests_in_flight_keep_their_table() {
    let route = |path: &str, value: &str| {
        format!(
            "[[routes]]\npath = \"{path}\"\nmethods = [\"GET\"]\nservice = \"catalog\"\n\
             rewrite = \"/api/v1/slow\"\nresponse = [{{ set = \"table\", value = \"{value}\" }}]\n"
        )
    };
    let shop = open(&route("/a", "first"));
    let stop = CancellationToken::new();
    let watching = tokio::spawn(shop.gateway.clone().watch(stop.clone()));
    let router = shop.router.clone();
    let in_flight = tokio::spawn(async move { call(&router, "GET", "/a").await.expect(200) });
    eventually("a request on its way", async || shop.behind.asked.load(Ordering::SeqCst) == 1)
        .await;

    std::fs::write(shop.file(), route("/b", "second")).unwrap();
    eventually("the new table", async || shop.gateway.routes()[0].routes[0].path == "/b").await;
    call(&shop.router, "GET", "/a").await.expect(404);
    shop.behind.go_on.notify_one();
    let answer = in_flight.await.unwrap();
    assert_eq!(answer, json!({ "old": true, "table": "first" }));

    // The same length, a moment later, and malformed.
    let good = route("/b", "second");
    std::fs::write(shop.file(), good.replace("/slow", "/slaw")).unwrap();
    eventually("an error", async || shop.gateway.routes()[0].error.is_some()).await;
    let error = shop.gateway.routes()[0].error.clone().unwrap();
    assert!(error.contains("line 2: /b: catalog has no path /api/v1/slaw"), "{error}");
    shop.behind.go_on.notify_one();
    assert_eq!(call(&shop.router, "GET", "/b").await.expect(200)["table"], "second");

    std::fs::remove_file(shop.file()).unwrap();
    let is = async |reason: &str| {
        shop.gateway.routes()[0].error.as_ref().is_some_and(|it| it.contains(reason))
    };
    eventually("an unreadable file", async || is("cannot read").await).await;
    std::fs::write(shop.file(), &good).unwrap();
    eventually("no error", async || shop.gateway.routes()[0].error.is_none()).await;
    stop.cancel();
    watching.await.unwrap();
}
