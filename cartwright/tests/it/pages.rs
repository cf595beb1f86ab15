//! The web front as a browser and a crawler find it, in every shape of the shop.

use chassis::testing::on;
use serde_json::{Value, json};

use crate::client::{Http, Reply};
use crate::shop::{Shape, eventually_answers};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[on(sqlite, postgres, apart)]
async fn pages_tell_of_what_the_shop_sells_in_every_shape(shape: Shape) {
    if !gateway::Dist::embedded().expect("a manifest").is_built() {
        eprintln!("skipped: the web front is not built; run make web");
        return;
    }
    let place = shape.place().await;
    let shop = place.start().await;
    let kind = place.kind;
    let site = format!("http://{}", shop.http.address());
    let admin = shop.admin().await;
    let shelf = admin.post("/categories", json!({ "name": "Tea & Cups" })).await.expect(201);
    let product = json!({
        "title": "Cup </script><script>alert(1)</script>",
        "slug": "cup",
        "price": { "amount": 1250, "currency": "USD" },
        "on_hand": 3,
        "category_ids": [shelf["id"]],
        "status": "active",
    });
    admin.post("/products", product).await.expect(201);

    let browser = shop.http.with(BROWSER.0, BROWSER.1);
    let page = text(&browser.get("//products/cup").await, 200);
    let link = format!("<link rel=\"canonical\" href=\"{site}/products/cup\">");
    assert!(page.contains(&link), "{kind}: {page}");
    assert!(page.contains("<title>Cup &lt;/script&gt;"), "{kind}: {page}");
    assert!(!page.contains("<script>alert"), "{kind}: {page}");
    let sent = answers(&page);
    let shown = shop.http.get("/products/cup").await.expect(200);
    assert_eq!(sent["/api/v1/products/cup"]["id"], shown["id"], "{kind}");
    let tree = shop.http.get("/categories?tree=true").await.expect(200);
    assert_eq!(sent["/api/v1/categories?tree=true"], tree, "{kind}");

    let shelf = shelf["slug"].as_str().expect("a slug");
    // The index, which counts facets, follows the catalogue within moments.
    let counted = format!("/products?count=true&facets=true&category={shelf}");
    let ask = || async { shop.http.get(&counted).await.expect(200) };
    eventually_answers(ask, |it| it["total"] == 1).await;
    let page = text(&browser.get(&format!("//categories/{shelf}?sort=price")).await, 200);
    let address =
        format!("/api/v1/products?count=true&facets=true&limit=24&category={shelf}&sort=price");
    assert_eq!(answers(&page)[&address]["total"], 1, "{kind}: {page}");
    for path in ["//products/gone", "//categories/gone", "//gone"] {
        text(&browser.get(path).await, 404);
    }
    assert_eq!(shop.http.get("//gone").await.problem(404), "not_found");

    what_a_page_loads(&browser, &text(&browser.get("//").await, 200)).await;
    let map = text(&shop.http.get("//sitemap.xml").await, 200);
    for path in ["/", "/products/cup", &format!("/categories/{shelf}")] {
        assert!(map.contains(&format!("<loc>{site}{path}</loc>")), "{kind}: {path}: {map}");
    }
    let robots = text(&shop.http.get("//robots.txt").await, 200);
    assert!(robots.contains(&format!("Sitemap: {site}/sitemap.xml")), "{kind}: {robots}");
    shop.stop().await;
}

/// Everything a page names is there, to be kept.
async fn what_a_page_loads(browser: &Http, page: &str) {
    let quoted = page.split('"').filter(|it| it.starts_with("/assets/"));
    let assets: Vec<&str> = quoted.collect();
    assert!(assets.len() > 1, "{page}");
    for path in assets {
        let packed = browser.get(&format!("/{path}")).header("accept-encoding", "br").await;
        assert_eq!(packed.status, 200, "{path}");
        let kept = packed.headers["cache-control"].to_str().expect("text");
        assert!(kept.ends_with("immutable"), "{path}: {kept}");
    }
}

fn text(answer: &Reply, status: u16) -> String {
    assert_eq!(answer.status, status);
    String::from_utf8(answer.bytes.to_vec()).expect("UTF-8")
}

/// The answers sent along with a page.
fn answers(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"answers\">").expect("answers");
    serde_json::from_str(rest.split_once("</script>").expect("an end").0).expect("JSON")
}
