//! What is looked at and bought shows in the catalogue.

use catalog::Config;
use chassis::bus::Bus;
use chassis::db::{Db, Session};
use chassis::outbox;
use chassis::service::{Background, Service};
use chassis::testing::{Database, databases, eventually, noon};
use contracts::orders::{Line, Order, OrderRefunded, OrderStatusUpdated};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::{Shop, mug, nobody};

/// An order of three of a product.
fn order(product_id: Uuid) -> Order {
    let line = |sku: &str, quantity: i64| Line {
        sku: sku.to_owned(),
        product_id,
        title: "Mug".to_owned(),
        quantity,
        unit_price: 1200,
        total: 1200 * quantity,
    };
    Order {
        order_id: Uuid::from_u128(7),
        number: "CW-100001".to_owned(),
        user_id: None,
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        cart: None,
        lines: vec![line("MUG", 2), line("MUG-2", 1)],
        subtotal: 3600,
        shipping: 0,
        tax: 0,
        total: 3600,
        currency: "USD".to_owned(),
        shipping_method: Some("standard".to_owned()),
        captured: None,
        language: None,
    }
}

async fn publish(orders: &Db, product_id: Uuid, version: i64, moved: (&str, &str)) {
    tell_paid(orders, product_id, version, moved, "paid").await;
}

async fn tell_paid(
    orders: &Db,
    product_id: Uuid,
    version: i64,
    (from, to): (&str, &str),
    payment_status: &str,
) {
    let event = OrderStatusUpdated {
        order: order(product_id),
        from: from.to_owned(),
        to: to.to_owned(),
        payment_status: payment_status.to_owned(),
        fulfillment_status: "unfulfilled".to_owned(),
        reason: None,
        tracking_number: None,
        refund: None,
    };
    let mut tx = orders.begin().await.expect("a database");
    outbox::publish(&mut tx, Uuid::from_u128(7), version, &event, noon())
        .await
        .expect("a database");
    tx.commit().await.expect("a database");
}

async fn refund(orders: &Db, product_id: Uuid, version: i64, full: bool) {
    let event = OrderRefunded {
        order: order(product_id),
        refund_id: Uuid::now_v7(),
        amount: 1200,
        refunded: 1200,
        full,
        reason: None,
        payment_status: "refunded".to_owned(),
        status: "confirmed".to_owned(),
    };
    let mut tx = orders.begin().await.expect("a database");
    outbox::publish(&mut tx, Uuid::from_u128(7), version, &event, noon())
        .await
        .expect("a database");
    tx.commit().await.expect("a database");
}

#[databases]
async fn a_product_shows_how_often_it_was_looked_at_and_bought(database: Database) {
    // The database of something that tells what orders would.
    let orders = database.platform(catalog::MIGRATIONS).await;
    let test = database.platform(catalog::MIGRATIONS).await;
    let index = tempfile::tempdir().unwrap();
    let config = Config { views_seconds: 1, ..Config::default() };
    let platform = test.platform.clone();
    let service =
        catalog::start(platform, config, index.path().to_owned(), nobody()).await.unwrap();
    let shop = Shop::of(test, &service);
    let teller = Service::new("orders", &orders, OpenApiRouter::new());
    let stop = CancellationToken::new();
    let _background = Background::start(&mut [service, teller], &Bus::memory(), &stop);

    let product = shop.add(mug()).await;
    assert_eq!((&product["views"], &product["sold"]), (&0.into(), &0.into()));
    let id: Uuid = product["id"].as_str().unwrap().parse().unwrap();
    // Nobody buys what is only accepted; each other change counts once, in whatever order.
    refund(&orders.db, id, 5, true).await;
    refund(&orders.db, id, 8, false).await;
    // Counted off by its refund already.
    tell_paid(&orders.db, id, 9, ("confirmed", "cancelled"), "refunded").await;
    publish(&orders.db, id, 1, ("pending", "cancelled")).await;
    publish(&orders.db, id, 3, ("pending", "confirmed")).await;
    publish(&orders.db, id, 4, ("confirmed", "shipped")).await;
    publish(&orders.db, id, 6, ("pending", "confirmed")).await;
    publish(&orders.db, Uuid::nil(), 7, ("pending", "confirmed")).await;
    let version = product["version"].clone();
    for path in ["/products/mug".to_owned(), format!("/products/{id}")] {
        shop.get(&path).await.expect(200);
    }
    let shown = eventually("the counts are added up", async || {
        let product = shop.get("/products/mug").await.expect(200);
        let added = product["sold"] == 3 && product["views"].as_i64() >= Some(3);
        if added { Ok(product) } else { Err(product) }
    })
    .await;
    assert_eq!(shown["version"], version);
    // Editing keeps the counts.
    let body = serde_json::json!({ "title": "Cup" });
    let edited = shop.write("PATCH", "/products/mug", body).await.expect(200);
    assert_eq!(edited["sold"], 3);
    assert!(edited["views"].as_i64() >= Some(3), "{edited}");
}

#[databases]
async fn what_is_bought_most_comes_first_page_by_page(database: Database) {
    let test = database.platform(catalog::MIGRATIONS).await;
    let shop = Shop::start(test).await;
    for (n, (sold, views)) in [(0, 3), (5, 0), (0, 0), (5, 1), (0, 0)].into_iter().enumerate() {
        let title = format!("Thing {n}");
        let product = shop.add(serde_json::json!({ "title": title, "price": crate::usd(1) }));
        let id: Uuid = product.await["id"].as_str().unwrap().parse().unwrap();
        let count = "UPDATE products SET sold = $2, views = $3 WHERE id = $1";
        let count = shop.test.db.query(count).bind(id).bind(sold).bind(views);
        count.execute().await.unwrap();
    }
    for tag in ["", "&category=all"] {
        if !tag.is_empty() {
            let all = shop.add_category(serde_json::json!({ "name": "All" })).await;
            for n in 0..5 {
                let body = serde_json::json!({ "category_ids": [all["id"]] });
                let path = format!("/products/thing-{n}");
                shop.write("PATCH", &path, body).await.expect(200);
            }
        }
        let (mut found, mut cursor) = (String::new(), String::new());
        for _ in 0..3 {
            let path = format!("/products?sort=popular&limit=2&count=true{tag}&cursor={cursor}");
            let page = shop.get(&path).await.expect(200);
            assert_eq!(page["total"], 5);
            for item in page["items"].as_array().unwrap() {
                found.push_str(item["title"].as_str().unwrap().trim_start_matches("Thing "));
            }
            cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!((found.as_str(), cursor.as_str()), ("31042", ""), "{tag}");
    }
}
