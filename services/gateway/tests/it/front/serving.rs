//! Pages and files as such: which there are, how they are kept and packed.

use std::collections::BTreeMap;

use chassis::page_sources::PageSources;
use chassis::quota::Rate;
use chassis::testing::call;
use gateway::{Config, Dist, Parts};

use super::{BROWSER, dist, header, is_store, open, text, visit};
use crate::shop::parts;

#[tokio::test]
async fn a_browser_is_shown_the_shop_and_a_program_told_about_it() {
    let shop = open();
    let page = visit(&shop, "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(is_store(&page));
    assert!(header(&page, "vary").contains("accept"));
    for accept in ["*/*", "application/json"] {
        let who = call(&shop, "GET", "/").header("accept", accept).await;
        assert_eq!(header(&who, "vary"), "accept");
        assert_eq!(who.expect(200)["name"], "Cartwright");
    }
}

#[tokio::test]
async fn every_page_of_the_manifest_is_there() {
    let shop = open();
    for path in [
        "/search?search=tea",
        "/cart",
        "/cart/",
        "/orders/018f4e9b-0000-7000-8000-000000000001",
        "/account",
        "/account/profile",
        "/login?next=/checkout",
    ] {
        let page = visit(&shop, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(is_store(&page), "{path}");
        assert!(text(&page).contains("<meta name=\"robots\" content=\"noindex\">"), "{path}");
        // A preview asks for anything.
        let page = call(&shop, "GET", path).header("accept", "*/*").await;
        assert!(is_store(&page), "{path}");
    }
}

#[tokio::test]
async fn everything_below_admin_is_the_admin() {
    let shop = open();
    for path in ["/admin", "/admin/", "/admin/orders/1"] {
        let page = visit(&shop, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(text(&page).contains("<p id=\"admin\">"), "{path}");
        assert!(!is_store(&page), "{path}");
    }
    assert_eq!(visit(&shop, "/administration").await.status, 404);
}

#[tokio::test]
async fn where_nothing_is_a_browser_gets_a_page_and_a_program_a_problem() {
    let shop = open();
    for path in [
        "/nothing",
        "/cart/x",
        "/checkout",
        "/account/nothing",
        "/assets/gone.js",
        "/index.html",
        "/index.html.br",
        "/manifest.json",
        "/manifest.json.br",
    ] {
        let page = visit(&shop, path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(is_store(&page), "{path}");
        assert!(text(&page).contains("noindex"), "{path}");
        assert!(header(&page, "vary").contains("accept"), "{path}");
        let told = call(&shop, "GET", path).header("accept", "*/*").await;
        assert_eq!(told.problem(404), "not_found", "{path}");
    }
    for path in ["/api/v1/nothing", "/api/nothing", "/api"] {
        assert_eq!(visit(&shop, path).await.problem(404), "not_found", "{path}");
    }
    for (method, path, status) in [("POST", "/nothing", 404), ("POST", "/cart", 405)] {
        let answer = call(&shop, method, path).header("accept", BROWSER).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_others_asked_for_again() {
    let shop = open();
    for (path, kind, keep) in [
        ("/assets/store-1a2b.js", "text/javascript; charset=utf-8", "immutable"),
        ("/assets/store-1a2b.css", "text/css; charset=utf-8", "immutable"),
        ("/assets/font-1a2b.woff2", "font/woff2", "immutable"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/site.webmanifest", "application/manifest+json", "no-cache"),
        ("/", "text/html; charset=utf-8", "no-cache"),
    ] {
        let answer = visit(&shop, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(header(&answer, "content-type"), kind, "{path}");
        assert!(header(&answer, "cache-control").ends_with(keep), "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        let tag = header(&answer, "etag").to_owned();
        let again = call(&shop, "GET", path)
            .header("accept", BROWSER)
            .header("host", "shop.example")
            .header("if-none-match", &tag);
        let again = again.await;
        assert_eq!(again.status, 304, "{path}");
        assert!(again.bytes.is_empty());
        assert_eq!(header(&again, "etag"), tag, "{path}");
        assert!(header(&again, "cache-control").ends_with(keep), "{path}");
    }
}

#[tokio::test]
async fn what_was_packed_beforehand_is_sent_to_who_can_unpack_it() {
    let shop = open();
    let script =
        |accept| call(&shop, "GET", "/assets/store-1a2b.js").header("accept-encoding", accept);
    let packed = script("gzip, deflate, br, zstd").await;
    assert_eq!(text(&packed), "packed");
    assert_eq!(header(&packed, "content-encoding"), "br");
    assert_eq!(header(&packed, "vary"), "accept-encoding");
    assert_eq!(header(&packed, "content-type"), "text/javascript; charset=utf-8");
    let gzip = script("gzip").await;
    assert_eq!(header(&gzip, "content-encoding"), "gzip");
    assert_eq!(header(&gzip, "vary"), "accept-encoding");
    let plain = script("identity").await;
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(header(&plain, "vary"), "accept-encoding");
    assert!(text(&plain).starts_with("console.log"));
    let tag = header(&packed, "etag");
    assert_eq!([tag, tag], [header(&gzip, "etag"), header(&plain, "etag")]);
    assert_eq!(script("br").header("if-none-match", tag).await.status, 304);
    // Nothing was packed beforehand here.
    let style = call(&shop, "GET", "/assets/store-1a2b.css").header("accept-encoding", "br").await;
    assert_eq!(header(&style, "content-encoding"), "br");
    let font = call(&shop, "GET", "/assets/font-1a2b.woff2").header("accept-encoding", "br").await;
    assert_eq!((header(&font, "content-encoding"), &*text(&font)), ("", "wOF2"));
}

#[tokio::test]
async fn a_head_is_that_of_the_answer() {
    let shop = open();
    for path in ["/", "/cart", "/admin", "/assets/store-1a2b.js", "/nothing"] {
        let whole = visit(&shop, path).await;
        let head = call(&shop, "HEAD", path)
            .header("accept", BROWSER)
            .header("host", "shop.example")
            .await;
        assert_eq!(head.status, whole.status, "{path}");
        assert!(head.bytes.is_empty(), "{path}");
        for name in ["content-type", "etag", "cache-control", "content-security-policy"] {
            assert_eq!(header(&head, name), header(&whole, name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn pages_run_their_own_scripts_only() {
    let shop = open();
    for path in ["/", "/cart", "/nothing"] {
        let page = visit(&shop, path).await;
        let policy = header(&page, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert_eq!(header(&page, "referrer-policy"), "strict-origin-when-cross-origin");
    }
    let admin = visit(&shop, "/admin").await;
    let policy = header(&admin, "content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.contains("style-src 'self' 'unsafe-inline';"), "{policy}");
    assert!(policy.contains("img-src 'self' data: https: blob:;"), "{policy}");
    let script = visit(&shop, "/assets/store-1a2b.js").await;
    assert_eq!(header(&script, "referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn only_pages_on_which_customers_pay_use_other_sites() {
    let list = |it: &str| vec![it.to_owned()];
    let sources = PageSources {
        script: list("https://js.provider.example"),
        frame: list("https://hooks.provider.example"),
        connect: list("https://api.provider.example"),
        payment: list("https://js.provider.example"),
        inline_styles: true,
    };
    let parts = |sources| Parts { front: dist(), sources, ..parts(true) };
    let shop = gateway::router(Config::default(), parts(sources)).unwrap();
    for path in ["/orders/1", "/orders/2?payment=3"] {
        let page = visit(&shop, path).await;
        let policy = header(&page, "content-security-policy");
        assert!(policy.contains("script-src 'self' https://js.provider.example;"), "{policy}");
        assert!(policy.contains("frame-src https://hooks.provider.example;"), "{policy}");
        assert!(policy.contains("connect-src 'self' https://api.provider.example;"), "{policy}");
        let payment = "payment=(self \"https://js.provider.example\")";
        assert_eq!(header(&page, "permissions-policy"), payment);
        assert_eq!(header(&page, "cross-origin-opener-policy"), "same-origin-allow-popups");
        // A browser that has the page already is told the same.
        let tag = header(&page, "etag").to_owned();
        let known =
            call(&shop, "GET", path).header("accept", BROWSER).header("if-none-match", &tag);
        let known = known.header("host", "shop.example").await;
        assert_eq!(
            (known.status.as_u16(), header(&known, "content-security-policy")),
            (304, policy)
        );
    }
    for path in ["/", "/cart", "/nothing", "/orders", "/orders/1/more", "/admin"] {
        let page = visit(&shop, path).await;
        let policy = header(&page, "content-security-policy");
        assert!(!policy.contains("provider.example"), "{path}: {policy}");
        assert_eq!(header(&page, "permissions-policy"), "payment=()", "{path}");
        assert_eq!(header(&page, "cross-origin-opener-policy"), "same-origin", "{path}");
    }
    let wrong = PageSources { script: list("js.provider.example; *"), ..Default::default() };
    let refused = gateway::router(Config::default(), parts(wrong)).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("is not an origin"), "{refused}");
}

#[tokio::test]
async fn without_a_front_a_browser_is_told_how_to_build_it() {
    let parts = || Parts { front: Dist::default(), ..parts(true) };
    let shop = gateway::router(Config::default(), parts()).unwrap();
    let page = visit(&shop, "/").await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("make web") && text(&page).contains("Node 20.19"));
    for path in ["/cart", "/products/cup", "/admin", "/nothing", "/assets/store-1a2b.js"] {
        assert_eq!(visit(&shop, path).await.status, 404, "{path}");
        let told = call(&shop, "GET", path).await;
        assert_eq!(told.problem(404), "not_found", "{path}");
    }
    assert_eq!(call(&shop, "GET", "/").await.expect(200)["name"], "Cartwright");
    assert_eq!(call(&shop, "GET", "/api/v1/products").await.status, 200);
}

#[tokio::test]
async fn a_page_counts_as_one_request_and_what_it_loads_as_none() {
    let quotas = BTreeMap::from([("read".to_owned(), Rate::new(1, 2))]);
    let config = Config { quotas, ..Config::default() };
    let shop = gateway::router(config, Parts { front: dist(), ..parts(true) }).unwrap();
    for _ in 0..2 {
        assert_eq!(visit(&shop, "/cart").await.status, 200);
        for path in ["/assets/store-1a2b.js", "/assets/font-1a2b.woff2", "/favicon.svg"] {
            assert_eq!(visit(&shop, path).await.status, 200, "{path}");
        }
    }
    assert_eq!(visit(&shop, "/cart").await.status, 429);
}
