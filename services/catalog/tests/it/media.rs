use std::io::Cursor;

use axum::http::Method;
use chassis::testing::{Answer, Database, User, databases};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::{Shop, mug, shop, usd, wrong_fields};

/// A picture of its own for each shade.
fn picture(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_pixel(width, height, Rgb([shade, 80, 160]));
    DynamicImage::from(image).write_to(&mut bytes, ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

async fn send(shop: &Shop, bytes: Vec<u8>) -> Answer {
    let call = shop.call(Method::POST, "/media").user(&shop.staff);
    call.header("content-type", "image/png").body(bytes).await
}

/// How wide the picture is that an address gives.
async fn width(shop: &Shop, url: &str) -> u32 {
    let shown = shop.get(url.strip_prefix("/api/v1").expect("a path of the API")).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.headers["content-type"], "image/jpeg");
    assert_eq!(shown.headers["cache-control"], "public, max-age=31536000, immutable");
    image::load_from_memory(&shown.bytes).expect("a picture").width()
}

#[databases]
async fn a_picture_is_sent_once_and_shown_in_the_size_that_is_needed(database: Database) {
    let shop = shop(database).await;
    let sent = send(&shop, picture(1500, 750, 1)).await;
    let location = sent.headers["location"].clone();
    let sent = sent.expect(201);
    let url = sent["url"].as_str().unwrap().to_owned();
    assert_eq!(location, url);
    assert_eq!(
        sent,
        json!({ "id": sent["id"], "url": url, "width": 1500, "height": 750,
                "content_type": "image/jpeg" })
    );
    for (asked, shown) in
        [(1, 320), (320, 320), (321, 640), (700, 1280), (1281, 1500), (9000, 1500)]
    {
        assert_eq!(width(&shop, &format!("{url}?width={asked}")).await, shown, "{asked}");
    }
    assert_eq!(width(&shop, &url).await, 1500);
    assert_eq!(send(&shop, picture(1500, 750, 1)).await.expect(201), sent);
    assert_ne!(send(&shop, picture(1500, 750, 2)).await.expect(201)["id"], sent["id"]);
    let refused = shop.get(&format!("{}?width=0", &url["/api/v1".len()..])).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["width"]);
    let missing = shop.get(&format!("/media/{}", chassis::id::new())).await;
    assert_eq!(missing.problem(404), "picture_not_found");
}

#[databases]
async fn what_cannot_be_a_picture_is_refused_with_words(database: Database) {
    let shop = shop(database).await;
    for (bytes, status, code) in [
        (b"<html>mug.jpg</html>".to_vec(), 415, "picture_type_unsupported"),
        (b"<svg onload='x()'/>".to_vec(), 415, "picture_type_unsupported"),
        (picture(90, 90, 3)[..60].to_vec(), 422, "picture_broken"),
        (picture(8001, 1, 3), 422, "picture_too_large"),
        (vec![0; (10 << 20) + 1], 413, "body_too_large"),
    ] {
        assert_eq!(send(&shop, bytes).await.problem(status), code);
    }
    let nobody = shop.call(Method::POST, "/media").body(picture(9, 9, 3)).await;
    assert_eq!(nobody.problem(401), "unauthenticated");
    let customer = shop.call(Method::POST, "/media").user(&User::customer());
    assert_eq!(customer.body(picture(9, 9, 3)).await.problem(403), "forbidden");
}

#[databases]
async fn a_product_takes_only_pictures_that_are_there(database: Database) {
    let shop = shop(database).await;
    let sent = send(&shop, picture(40, 30, 4)).await.expect(201);
    let (own, none) = (sent["url"].clone(), format!("/api/v1/media/{}", chassis::id::new()));
    shop.add(mug()).await;
    let add = json!({ "url": own, "alt": "A mug" });
    let images = shop.write("POST", "/products/mug/images", add).await.expect(201);
    assert_eq!(images["items"][0]["url"], own);
    let add = json!({ "url": none });
    let refused = shop.write("POST", "/products/mug/images", add).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["url"]);
    let product = json!({
        "title": "Cup",
        "images": [{ "url": own }, { "url": none }],
        "variants": [{ "price": usd(1), "image": "/api/v1/media/cup.jpg" }]
    });
    let refused = shop.write("POST", "/products", product).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["images[1].url", "variants[0].image"]);
    let patch = json!({ "images": [{ "url": none }] });
    let refused = shop.write("PATCH", "/products/mug", patch).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["images[0].url"]);
}

#[databases]
async fn what_a_picture_shows_can_be_said_later(database: Database) {
    let shop = shop(database).await;
    let mut body = mug();
    body["images"] = json!([{ "url": "https://example.com/mug.jpg", "alt": "Mug" }]);
    let product = shop.add(body).await;
    let image = product["images"][0]["id"].as_str().unwrap();
    let path = format!("/products/mug/images/{image}");
    let patch = |alt: Value| shop.write("PATCH", &path, json!({ "alt": alt }));
    let images = patch(json!(" A red mug ")).await.expect(200);
    assert_eq!(images["items"][0]["alt"], "A red mug");
    assert_eq!(images["items"][0]["id"], image);
    assert_eq!(patch(Value::Null).await.expect(200)["items"][0]["alt"], Value::Null);
    let refused = patch(json!("x".repeat(511))).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["alt"]);
    let refused = shop.write("PATCH", &path, json!({})).await.expect(422);
    assert_eq!(wrong_fields(&refused), ["alt"]);
    let other = format!("/products/mug/images/{}", chassis::id::new());
    let missing = shop.write("PATCH", &other, json!({ "alt": "x" })).await;
    assert_eq!(missing.problem(404), "image_not_found");
}
