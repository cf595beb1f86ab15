//! What stands in the heads of pages for search engines and previews.

use serde_json::{Value, json};

use super::{Catalog, header, open, script, sent, text, visit};

const LD: &str = "type=\"application/ld+json\"";
const TREE: &str = "/api/v1/categories?tree=true";

fn tree() -> Value {
    json!({ "items": [{
        "slug": "kitchen", "name": "Kitchen & Co", "children": [
            { "slug": "cups", "name": "Cups", "children": [] },
        ],
    }, { "slug": "tea", "name": "Tea", "children": [] }] })
}

fn product(title: &str) -> Value {
    let money = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
    json!({
        "slug": "blue-cup",
        "title": title,
        "description": "<p>Holds <b>tea</b> &amp; more.</p>",
        "vendor": "Potters",
        "in_stock": true,
        "price": money(1250),
        "variants": [
            { "sku": "CUP-S", "price": money(1250) },
            { "sku": "CUP-L", "price": money(1999) },
        ],
        "images": [{ "url": "/api/v1/media/1", "alt": null }, { "url": "https://p.example/2.jpg" }],
        "categories": [{ "id": "1", "slug": "cups", "name": "Cups" }],
        "rating": { "average": 4.5, "count": 12 },
        "seo_title": null,
        "seo_description": null,
    })
}

/// The page of a product with these changes.
async fn page_of(changes: Value) -> String {
    let mut product = product("Blue cup");
    for (name, value) in changes.as_object().unwrap() {
        product[name] = value.clone();
    }
    let shop = Catalog::of(&[(TREE, tree()), ("/api/v1/products/blue-cup", product)]).open();
    let page = visit(&shop, "/products/blue-cup?utm_source=mail").await;
    assert_eq!(page.status, 200);
    text(&page)
}

#[tokio::test]
async fn a_product_is_told_to_search_engines_and_previews() {
    let page = page_of(json!({})).await;
    for part in [
        "<title>Blue cup · Tea &amp; Toast</title>",
        "<meta name=\"description\" content=\"Holds tea &amp; more.\">",
        "<link rel=\"canonical\" href=\"http://shop.example/products/blue-cup\">",
        "<meta property=\"og:type\" content=\"product\">",
        "<meta property=\"og:site_name\" content=\"Tea &amp; Toast\">",
        "<meta property=\"og:title\" content=\"Blue cup\">",
        "<meta property=\"og:description\" content=\"Holds tea &amp; more.\">",
        "<meta property=\"og:url\" content=\"http://shop.example/products/blue-cup\">",
        "<meta property=\"og:image\" content=\"http://shop.example/api/v1/media/1?width=1280\">",
        "<meta property=\"product:price:amount\" content=\"12.50\">",
        "<meta property=\"product:price:currency\" content=\"EUR\">",
        "<meta name=\"twitter:card\" content=\"summary_large_image\">",
        "<link rel=\"preload\" as=\"image\" fetchpriority=\"high\" \
         href=\"/api/v1/media/1?width=640\" imagesrcset=\"/api/v1/media/1?width=320 320w, \
         /api/v1/media/1?width=960 960w\" imagesizes=\"(min-width: 60rem) 40rem\">",
    ] {
        assert!(page.contains(part), "no {part}: {page}");
    }
    assert!(!page.contains("noindex"));
    let linked = script(&page, LD);
    assert_eq!(linked["@context"], "https://schema.org");
    assert_eq!(
        linked["@graph"],
        json!([
            {
                "@type": "Product",
                "name": "Blue cup",
                "description": "Holds tea & more.",
                "url": "http://shop.example/products/blue-cup",
                "image": [
                    "http://shop.example/api/v1/media/1?width=1280",
                    "https://p.example/2.jpg",
                ],
                "brand": { "@type": "Brand", "name": "Potters" },
                "offers": {
                    "@type": "AggregateOffer",
                    "lowPrice": "12.50",
                    "highPrice": "19.99",
                    "offerCount": 2,
                    "priceCurrency": "EUR",
                    "availability": "https://schema.org/InStock",
                    "url": "http://shop.example/products/blue-cup",
                },
                "aggregateRating": {
                    "@type": "AggregateRating", "ratingValue": 4.5, "reviewCount": 12,
                },
            },
            {
                "@type": "BreadcrumbList",
                "itemListElement": [
                    {
                        "@type": "ListItem", "position": 1, "name": "Kitchen & Co",
                        "item": "http://shop.example/categories/kitchen",
                    },
                    {
                        "@type": "ListItem", "position": 2, "name": "Cups",
                        "item": "http://shop.example/categories/cups",
                    },
                    { "@type": "ListItem", "position": 3, "name": "Blue cup" },
                ],
            },
        ])
    );
}

#[tokio::test]
async fn what_a_product_does_not_have_is_not_told() {
    let page = page_of(json!({
        "description": "",
        "vendor": "",
        "in_stock": false,
        "variants": [{ "sku": "CUP", "price": { "amount": 500, "currency": "JPY" } }],
        "images": [],
        "categories": [],
        "rating": { "average": null, "count": 0 },
        "seo_title": "Cup, blue",
        "seo_description": "A cup that is blue.",
    }));
    let page = page.await;
    assert!(page.contains("<title>Cup, blue · Tea &amp; Toast</title>"));
    assert!(page.contains("<meta name=\"description\" content=\"A cup that is blue.\">"));
    assert!(page.contains("<meta name=\"twitter:card\" content=\"summary\">"));
    assert!(!page.contains("og:image") && !page.contains("rel=\"preload\""));
    let linked = &script(&page, LD)["@graph"];
    let described = &linked[0];
    assert_eq!(described["name"], "Blue cup");
    assert_eq!(described["sku"], "CUP");
    assert_eq!(described["offers"]["@type"], "Offer");
    assert_eq!(described["offers"]["price"], "500");
    assert_eq!(described["offers"]["availability"], "https://schema.org/OutOfStock");
    for absent in ["brand", "aggregateRating"] {
        assert!(described.get(absent).is_none(), "{absent}");
    }
    assert_eq!(linked[1]["itemListElement"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_merchants_write_never_becomes_html() {
    let hostile = "</script></title><script>alert(1)</script>\"><img src=x onerror=alert(2)><!--";
    let page = page_of(json!({
        "slug": "\"><script>alert(3)</script>",
        "title": hostile,
        "description": format!("<p>&lt;script&gt;alert(4)&lt;/script&gt;</p>{hostile}"),
        "vendor": hostile,
        "images": [{ "url": format!("/api/v1/media/1{hostile}"), "alt": hostile }],
        "categories": [{ "slug": hostile, "name": hostile }],
        "seo_description": null,
    }));
    let page = page.await;
    // The page's own: its module, the shop, what is linked, the answers.
    let scripts: Vec<&str> =
        page.match_indices("<script").map(|(at, _)| &page[at..(at + 40).min(page.len())]).collect();
    assert_eq!(scripts.len(), 4, "{scripts:?}");
    assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("<!--"));
    assert_eq!(page.matches("</title>").count(), 1);
    assert_eq!(script(&page, LD)["@graph"][0]["name"], hostile);
    assert_eq!(sent(&page)["/api/v1/products/blue-cup"]["title"], hostile);
}

#[tokio::test]
async fn a_category_is_told_with_the_way_to_it() {
    let category = json!({
        "slug": "cups",
        "name": "Cups",
        "description": "<p>To drink from.</p>",
        "path": [
            { "slug": "kitchen", "name": "Kitchen & Co" },
            { "slug": "cups", "name": "Cups" },
        ],
    });
    let shop = Catalog::of(&[(TREE, tree()), ("/api/v1/categories/cups", category)]).open();
    for (query, canonical) in [
        ("", "http://shop.example/categories/cups"),
        ("?sort=price&page=1", "http://shop.example/categories/cups"),
        ("?in_stock=true&page=3", "http://shop.example/categories/cups?page=3"),
    ] {
        let page = visit(&shop, &format!("/categories/cups{query}")).await;
        assert_eq!(page.status, 200);
        let page = text(&page);
        assert!(page.contains("<title>Cups · Tea &amp; Toast</title>"));
        assert!(page.contains("<meta name=\"description\" content=\"To drink from.\">"));
        let link = format!("<link rel=\"canonical\" href=\"{canonical}\">");
        assert!(page.contains(&link), "{link}: {page}");
        let crumbs = &script(&page, LD)["@graph"][0];
        assert_eq!(crumbs["@type"], "BreadcrumbList");
        assert_eq!(crumbs["itemListElement"][1]["name"], "Cups");
    }
}

#[tokio::test]
async fn the_front_page_tells_of_the_shop_and_how_to_search_it() {
    let shop = Catalog::of(&[(TREE, tree())]).open();
    let page = text(&visit(&shop, "/?utm_source=mail").await);
    for part in [
        "<title>Tea &amp; Toast</title>",
        "<meta name=\"description\" content=\"Kitchen &amp; Co, Tea\">",
        "<link rel=\"canonical\" href=\"http://shop.example/\">",
        "<meta property=\"og:type\" content=\"website\">",
        "<meta property=\"og:title\" content=\"Tea &amp; Toast\">",
    ] {
        assert!(page.contains(part), "no {part}: {page}");
    }
    let linked = &script(&page, LD)["@graph"];
    assert_eq!(linked[0]["@type"], "WebSite");
    assert_eq!(
        linked[0]["potentialAction"]["target"]["urlTemplate"],
        "http://shop.example/search?search={search_term}"
    );
    assert_eq!(linked[1]["@type"], "Organization");
}

#[tokio::test]
async fn every_page_knows_the_shop() {
    let shop = open();
    for path in ["/", "/cart", "/products/x", "/nothing", "/admin"] {
        let page = text(&visit(&shop, path).await);
        let known = script(&page, "type=\"application/json\" id=\"shop\"");
        assert_eq!(known, json!({ "name": "Tea & Toast", "currency": "USD" }), "{path}");
    }
}

#[tokio::test]
async fn what_the_catalog_does_not_know_is_not_found() {
    let shop = Catalog::of(&[(TREE, tree()), ("/api/v1/products/suggestions", json!([]))]).open();
    for path in ["/products/gone", "/products/suggestions", "/categories/gone", "/products/a/b"] {
        let page = visit(&shop, path).await;
        assert_eq!(page.status, 404, "{path}");
        let page = text(&page);
        assert!(page.contains("<meta name=\"robots\" content=\"noindex\">"), "{path}");
        assert!(!page.contains("canonical"), "{path}");
        assert_eq!(sent(&page)[TREE], tree(), "{path}");
    }
}

#[tokio::test]
async fn a_page_is_another_one_when_what_it_shows_has_changed() {
    let tag = async |title: &str| {
        let product = ("/api/v1/products/blue-cup", product(title));
        let page = visit(&Catalog::of(&[product]).open(), "/products/blue-cup").await;
        header(&page, "etag").to_owned()
    };
    assert_eq!(tag("Blue cup").await, tag("Blue cup").await);
    assert_ne!(tag("Blue cup").await, tag("Green cup").await);
}
