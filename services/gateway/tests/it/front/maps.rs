//! `sitemap.xml` and `robots.txt`.

use chassis::testing::call;
use serde_json::json;

use super::{Catalog, header, open, text, visit};

const FIRST: &str = "/api/v1/catalog/addresses?limit=5000";
const CATEGORIES: &str = "/api/v1/categories";
const SPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

fn address(slug: &str) -> serde_json::Value {
    json!({ "slug": slug, "updated_at": "2026-01-02T12:00:00Z", "name": "left out" })
}

#[tokio::test]
async fn a_small_shop_has_one_map_of_everything() {
    let catalog = Catalog::of(&[
        (CATEGORIES, json!({ "items": [address("tea & more")] })),
        (FIRST, json!({ "items": [address("cup"), address("pot/ä")], "next_cursor": null })),
    ]);
    let shop = catalog.open();
    let map = visit(&shop, "/sitemap.xml").await;
    assert_eq!(map.status, 200);
    assert_eq!(header(&map, "content-type"), "application/xml; charset=utf-8");
    let line = |path: &str| {
        format!(
            "<url><loc>http://shop.example{path}</loc>\
             <lastmod>2026-01-02T12:00:00Z</lastmod></url>\n"
        )
    };
    assert_eq!(
        text(&map),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"{SPACE}\">\n\
             <url><loc>http://shop.example/</loc></url>\n{}{}{}</urlset>\n",
            line("/categories/tea%20%26%20more"),
            line("/products/cup"),
            line("/products/pot%2F%C3%A4"),
        )
    );
    catalog.asked();
    let again = call(&shop, "GET", "/sitemap.xml")
        .header("host", "shop.example")
        .header("if-none-match", header(&map, "etag"))
        .await;
    assert_eq!(again.status, 304);
    assert!(catalog.asked().is_empty(), "it is kept for some minutes");
}

#[tokio::test]
async fn a_large_shop_has_a_map_of_maps() {
    let catalog = Catalog::of(&[
        (CATEGORIES, json!({ "items": [address("tea")] })),
        (FIRST, json!({ "items": [address("a")], "next_cursor": "Mg" })),
        (
            "/api/v1/catalog/addresses?limit=5000&cursor=Mg",
            json!({ "items": [address("b")], "next_cursor": "Mw" }),
        ),
        (
            "/api/v1/catalog/addresses?limit=5000&cursor=Mw",
            json!({ "items": [address("c")], "next_cursor": null }),
        ),
    ]);
    let shop = catalog.open();
    let map = text(&visit(&shop, "/sitemap.xml").await);
    let parts: Vec<&str> =
        map.split("<loc>").skip(1).map(|it| it.split('<').next().unwrap()).collect();
    let site = "http://shop.example";
    let names = ["pages", "products", "Mg", "Mw"];
    assert_eq!(parts, names.map(|it| format!("{site}/sitemap/{it}")));
    assert!(map.contains("<sitemapindex"));
    for (part, pages) in parts.iter().zip([
        &["/", "/categories/tea"][..],
        &["/products/a"],
        &["/products/b"],
        &["/products/c"],
    ]) {
        let part = text(&visit(&shop, part.strip_prefix(site).unwrap()).await);
        let found: Vec<&str> =
            part.split("<loc>").skip(1).map(|it| it.split('<').next().unwrap()).collect();
        let expected: Vec<String> = pages.iter().map(|it| format!("{site}{it}")).collect();
        assert_eq!(found, expected);
    }
    assert_eq!(visit(&shop, "/sitemap/nonsense").await.status, 404);
}

#[tokio::test]
async fn a_map_that_cannot_be_made_is_tried_again() {
    let away = Catalog::of(&[(FIRST, json!(503))]);
    let shop = away.open();
    assert_eq!(visit(&shop, "/sitemap.xml").await.problem(503), "service_unavailable");
    assert_eq!(away.asked().len(), 1);
    assert_eq!(visit(&shop, "/sitemap.xml").await.status, 503);
    assert_eq!(away.asked().len(), 1, "nothing was kept");
}

#[tokio::test]
async fn crawlers_are_kept_from_pages_of_one_visitor() {
    let robots = visit(&open(), "/robots.txt").await;
    assert_eq!(robots.status, 200);
    assert_eq!(header(&robots, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        text(&robots),
        "User-agent: *\nAllow: /api/v1/media/\nDisallow: /api/\nDisallow: /admin\n\
         Disallow: /account\nDisallow: /cart\nDisallow: /checkout\n\
         Sitemap: http://shop.example/sitemap.xml\n"
    );
}
