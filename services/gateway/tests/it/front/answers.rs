//! The answers a page is sent along with.

use chassis::testing::{User, call};
use serde_json::json;

use super::{BROWSER, Catalog, sent, text, visit};

const CATEGORIES: &str = "/api/v1/categories?tree=true";

#[tokio::test]
async fn every_page_has_the_answers_it_would_ask_for_first() {
    let list = "/api/v1/products?count=true&facets=true&limit=24";
    let shop = Catalog::of(&[]);
    let open = shop.open();
    let on_category = format!("{list}&category=tea&sort=-price&option=Size%3AL&option=Size%3AM");
    let on_search = format!("{list}&search=green%20tea&category=pots&page=2");
    for (path, addresses) in [
        (
            "/",
            vec!["/api/v1/products?sort=popular&limit=8", "/api/v1/products?sort=newest&limit=8"],
        ),
        ("/products/blue%2Fcup%C3%A4", vec!["/api/v1/products/blue%2Fcup%C3%A4"]),
        ("/products/blue:cup", vec!["/api/v1/products/blue%3Acup"]),
        ("/cart", vec![]),
        (
            "/categories/tea?sort=-price&option=Size:L&option=Size%3AM&utm_source=x&vendor=\
             &category=other",
            vec!["/api/v1/categories/tea", &on_category],
        ),
        ("/search?search=green+tea&category=pots&page=2&limit=100", vec![&on_search]),
        ("/nothing", vec![]),
        ("/login", vec![]),
        ("/account", vec![]),
    ] {
        visit(&open, path).await;
        let mut expected: Vec<&str> = [CATEGORIES].into_iter().chain(addresses).collect();
        expected.sort_unstable();
        assert_eq!(shop.asked(), expected, "{path}");
    }
    visit(&open, "/admin").await;
    assert!(shop.asked().is_empty(), "the admin asks itself");
}

#[tokio::test]
async fn only_good_answers_are_sent_along() {
    let tree = json!({ "items": [] });
    let newest = json!({ "items": [{ "title": "</script><script>alert(1)</script><!-- x" }] });
    let shop = Catalog::of(&[
        (CATEGORIES, tree.clone()),
        ("/api/v1/products?sort=popular&limit=8", json!(422)),
        ("/api/v1/products?sort=newest&limit=8", newest.clone()),
    ]);
    let page = visit(&shop.open(), "/").await;
    let expected = json!({ CATEGORIES: tree, "/api/v1/products?sort=newest&limit=8": newest });
    let text = text(&page);
    assert_eq!(sent(&text), expected);
    assert!(!text.contains("<script>alert") && !text.contains("<!-- x"));
    assert!(text.ends_with("</script></body></html>"), "after everything that is seen");
}

#[tokio::test]
async fn nobody_is_sent_what_another_may_see() {
    let shop = Catalog::of(&[(CATEGORIES, json!({ "items": [] }))]);
    // The catalog that stands in fails if it is told who asks.
    let page = call(&shop.open(), "GET", "/cart")
        .header("accept", BROWSER)
        .header("cookie", "__Host-cartwright_session=secret")
        .user(&User::customer())
        .await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn a_catalog_that_is_away_or_broken_costs_the_page_only_its_answers() {
    let all = [
        CATEGORIES,
        "/api/v1/products/cup",
        "/api/v1/categories/tea",
        "/api/v1/products?count=true&facets=true&limit=24&category=tea",
    ];
    let broken = Catalog::of(&all.map(|it| (it, json!(503))));
    let shop = broken.open();
    for path in ["/products/cup", "/categories/tea", "/"] {
        let page = visit(&shop, path).await;
        assert_eq!(page.status, 200, "{path}");
        let text = text(&page);
        assert!(text.contains("<title>Tea &amp; Toast</title>"), "{path}: {text}");
        assert!(!text.contains("noindex"), "{path}");
        assert_eq!(sent(&text), json!({}), "{path}");
    }
}

#[tokio::test]
async fn a_page_does_not_wait_long() {
    // This catalog never tells of a category.
    let page = visit(&super::open(), "/categories/tea").await;
    assert_eq!(page.status, 200);
    let sent = sent(&text(&page));
    assert!(sent.get("/api/v1/categories/tea").is_none());
    let list = "/api/v1/products?count=true&facets=true&limit=24&category=tea";
    assert!(sent.get(list).is_some(), "{sent}");
}
