//! What caches between the shop and its customers are told, and what one of them then keeps.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chassis::testing::{Engine, eventually, on};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Http, Reply};
use crate::shop::{Live, Shape, address, checkout, sqlite};

/// Reads for anybody: no credential changes what they answer where they answer.
const ALSO_PUBLIC: [&str; 4] = [
    "/api/v1/products",
    "/api/v1/products/{id}",
    "/api/v1/products/{id}/related",
    "/api/v1/products/{id}/images",
];

fn header(reply: &Reply, name: &str) -> String {
    let values = reply.headers.get_all(name).iter().filter_map(|it| it.to_str().ok());
    values.collect::<Vec<_>>().join(", ").to_ascii_lowercase()
}

/// The path of an operation, of things that may be there.
fn filled(path: &str) -> String {
    let fill = |it: &str| match it {
        "{sku}" => "LAMP-1".to_owned(),
        it if it.starts_with('{') => "00000000-0000-0000-0000-000000000000".to_owned(),
        it => it.to_owned(),
    };
    format!("/{}", path.split('/').map(fill).collect::<Vec<_>>().join("/"))
}

/// What answers of an operation that is not for everybody must vary by; none for the others.
fn credentials(operation: &Value) -> Option<Vec<String>> {
    let bearer = operation["security"] != json!([{}]);
    let mut names: Vec<String> = bearer.then(|| "authorization".to_owned()).into_iter().collect();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name").to_ascii_lowercase();
        match parameter["in"].as_str().expect("a place") {
            "cookie" => names.push("cookie".to_owned()),
            "header" if name.ends_with("-token") => names.push(name),
            _ => {}
        }
    }
    (!names.is_empty()).then_some(names)
}

#[on(sqlite, postgres, apart)]
async fn every_answer_that_is_somebodys_own_says_so(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    let mut asked = 0;
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            // Logged in again each time, as some of them end the session.
            for who in [shop.http.clone(), shop.admin().await] {
                let call = who.call(&method.to_uppercase(), &filled(path)).key("k");
                let call = if method == "get" { call } else { call.json(json!({})) };
                let reply = call.await;
                let name = format!("{method} {path} ({}) on {}", reply.status, place.kind);
                let (kept, vary) = (header(&reply, "cache-control"), header(&reply, "vary"));
                let failed = reply.status.as_u16() >= 400;
                let credentials = credentials(operation);
                if failed || credentials.is_some() {
                    let public = !failed && ALSO_PUBLIC.contains(&path.as_str());
                    let wanted = if public { "no-cache" } else { "no-store" };
                    assert!(kept.contains(wanted), "{name}: {kept}");
                    asked += 1;
                }
                for credential in credentials.into_iter().flatten() {
                    let mut names = vary.split(',').map(str::trim);
                    assert!(names.any(|it| it == credential), "{name} {credential}: {vary}");
                }
            }
        }
    }
    assert!(asked > 200, "{asked} answers");
    // What the gateway says itself.
    let long = "x".repeat(2 * 1024 * 1024);
    for reply in [
        shop.http.get("/nothing").await,
        shop.http.call("DELETE", "/products").await,
        shop.http.call("POST", "/auth/login").text(long).await,
    ] {
        assert!(reply.status.as_u16() >= 400, "{reply:?}");
        assert_eq!(header(&reply, "cache-control"), "private, no-store", "{reply:?}");
    }
    shop.stop().await;
}

#[on(sqlite, postgres, apart)]
async fn a_replay_and_a_draft_are_kept_by_nobody(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    let ada = shop.customer("ada").await;
    for replayed in [false, true] {
        let order = ada.post("/orders", checkout("LAMP-1", "tok_visa")).key("k").await;
        assert_eq!(order.headers.contains_key("idempotent-replayed"), replayed, "{order:?}");
        assert_eq!(header(&order, "cache-control"), "private, no-store");
    }
    let admin = shop.admin().await;
    let draft = json!({ "title": "Soon", "slug": "soon", "status": "draft", "price":
        { "amount": 1, "currency": "USD" }, "sku": "SOON" });
    admin.post("/products", draft).await.expect(201);
    for path in ["/products/soon", "/products?status=draft", "/products/soon/images"] {
        let reply = admin.get(path).await;
        assert_eq!(header(&reply, "cache-control"), "private, no-store", "{path} {reply:?}");
    }
    let shown = shop.http.get("/products/product-lamp-1").await;
    let etag = shown.headers["etag"].to_str().unwrap().to_owned();
    let again = shop.http.get("/products/product-lamp-1").header("if-none-match", &etag).await;
    for reply in [shown, again] {
        assert_eq!(header(&reply, "cache-control"), "no-cache", "{reply:?}");
        assert!(header(&reply, "vary").contains("authorization"));
    }
    shop.stop().await;
}

/// An nginx that keeps every answer it may for a minute, for any client.
struct Nginx {
    http: Http,
    child: Child,
    _files: TempDir,
}

fn program() -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places = path.split(':').chain(["/usr/sbin"]).map(|it| Path::new(it).join("nginx"));
    let missing = || panic!("{}", Engine::Nginx.missing("it is not installed"));
    places.find(|it| it.is_file()).unwrap_or_else(missing)
}

impl Nginx {
    async fn before(shop: &Live) -> Self {
        let program = program();
        let files = tempfile::tempdir().expect("a temporary directory");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log error.log;
             events {{ worker_connections 64; }}
             http {{
               access_log off;
               client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
               uwsgi_temp_path uwsgi; scgi_temp_path scgi;
               proxy_cache_path cache keys_zone=all:1m;
               server {{
                 listen 127.0.0.1:{port};
                 location / {{
                   proxy_pass http://{};
                   proxy_cache all;
                   proxy_cache_key $request_uri;
                   proxy_cache_valid any 60s;
                   add_header x-cache $upstream_cache_status always;
                 }}
               }}
             }}",
            shop.http.address()
        );
        std::fs::write(files.path().join("nginx.conf"), config).expect("a file");
        let mut command = Command::new(program);
        command.arg("-p").arg(files.path()).args(["-e", "error.log", "-c", "nginx.conf"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("nginx starts");
        eventually("nginx answers", async || {
            let ended = child.try_wait().expect("a status");
            let log = std::fs::read_to_string(files.path().join("error.log")).unwrap_or_default();
            assert!(ended.is_none(), "nginx ended: {log}");
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        let http = Http::new(([127, 0, 0, 1], port).into());
        Self { http, child, _files: files }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same client, asking through nginx.
fn through(nginx: &Nginx, who: &Http, headers: &[&str]) -> Http {
    headers.iter().fold(nginx.http.clone(), |http, name| {
        http.with(name, &who.header(name).expect("it has this header"))
    })
}

#[on(nginx)]
async fn a_cache_in_front_gives_nobody_what_is_somebody_elses() {
    let place = sqlite();
    let shop = place.start().await;
    let nginx = Nginx::before(&shop).await;
    shop.product("LAMP-1", 1_999, 50).await;
    let admin = through(&nginx, &shop.admin().await, &["authorization"]);
    let ada = shop.customer("ada").await;
    let order = ada.post("/orders", checkout("LAMP-1", "tok_visa")).key("a").await.expect(201);
    ada.post("/users/me/addresses", address()).await.expect(201);
    let ada = through(&nginx, &ada, &["authorization"]);
    let mut bought = checkout("LAMP-1", "tok_visa");
    bought["email"] = json!("guest@example.com");
    let bought = shop.http.post("/orders", bought).key("g").await.expect(201);
    let guest = nginx.http.with("x-order-token", bought["access_token"].as_str().unwrap());
    let basket = json!({ "sku": "LAMP-1", "quantity": 1 });
    let basket = shop.http.post("/cart/items", basket).await;
    let basket = nginx.http.with("x-cart-token", basket.headers["x-cart-token"].to_str().unwrap());

    // A cache that keeps nothing would show nothing.
    for hit in ["miss", "hit"] {
        let keys = nginx.http.get("/auth/jwks").await;
        assert_eq!(header(&keys, "x-cache"), hit, "{keys:?}");
    }
    let path = |kind: &str, it: &Value| format!("/{kind}/{}", it.as_str().unwrap());
    let mut private = vec![
        (&ada, "/users/me".to_owned()),
        (&ada, "/users/me/addresses".to_owned()),
        (&ada, "/users/me/sessions".to_owned()),
        (&ada, "/orders".to_owned()),
        (&ada, path("orders", &order["id"])),
        (&ada, path("payments", &order["payment"]["id"])),
        (&ada, "/cart".to_owned()),
        (&guest, path("orders", &bought["id"])),
        (&guest, path("orders", &bought["number"])),
        (&guest, path("payments", &bought["payment"]["id"])),
        (&basket, "/cart?guest".to_owned()),
    ];
    let described = shop.http.get("//openapi.json").await.expect(200);
    for (path, operations) in described["paths"].as_object().unwrap() {
        if operations.get("get").is_some_and(|it| credentials(it).is_some()) {
            private.push((&admin, filled(path)));
        }
    }
    for (owner, path) in private {
        for _ in 0..2 {
            let own = owner.get(&path).await;
            assert_ne!(header(&own, "x-cache"), "hit", "{path}: {own:?}");
            let other = nginx.http.get(&path).await;
            assert_ne!(header(&other, "x-cache"), "hit", "{path}: {other:?}");
        }
    }
    let stolen = nginx.http.get(&path("orders", &bought["id"])).await;
    assert!(stolen.status.as_u16() >= 400, "{stolen:?}");
    drop(nginx);
    shop.stop().await;
}
