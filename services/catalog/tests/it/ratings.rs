//! What reviews tell shows in the catalogue.

use chassis::bus::Bus;
use chassis::db::Db;
use chassis::outbox;
use chassis::service::{Background, Service};
use chassis::testing::{Database, databases, eventually, noon};
use contracts::reviews::RatingChanged;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::{Shop, mug, nobody};

async fn publish(reviews: &Db, product_id: Uuid, version: i64, (count, sum): (i64, i64)) {
    let mut tx = reviews.begin().await.expect("a database");
    let event = RatingChanged { product_id, count, sum };
    outbox::publish(&mut tx, product_id, version, &event, noon()).await.expect("a database");
    tx.commit().await.expect("a database");
}

#[databases]
async fn a_product_shows_the_newest_rating(database: Database) {
    // The database of something that tells what reviews would.
    let reviews = database.platform(catalog::MIGRATIONS).await;
    let test = database.platform(catalog::MIGRATIONS).await;
    let index = tempfile::tempdir().unwrap();
    let index = index.path().to_owned();
    let platform = test.platform.clone();
    let service =
        catalog::start(platform, catalog::Config::default(), index, nobody()).await.unwrap();
    let shop = Shop::of(test, &service);
    let teller = Service::new("reviews", &reviews, OpenApiRouter::new());
    let stop = CancellationToken::new();
    let _background = Background::start(&mut [service, teller], &Bus::memory(), &stop);

    let product: Uuid = shop.add(mug()).await["id"].as_str().unwrap().parse().unwrap();
    let rating = async || shop.get("/products/mug").await.expect(200)["rating"].clone();
    assert_eq!(rating().await, json!({ "average": null, "count": 0 }));
    publish(&reviews.db, product, 2, (3, 13)).await;
    // Older news and news about nothing change nothing.
    publish(&reviews.db, product, 1, (1, 1)).await;
    publish(&reviews.db, Uuid::nil(), 1, (1, 1)).await;
    eventually("the rating is shown", async || rating().await["count"] != 0).await;
    let expected = json!({ "average": 4.33, "count": 3 });
    assert_eq!(rating().await, expected);
    let list = shop.get("/products?sort=rating").await.expect(200);
    assert_eq!(list["items"][0]["rating"], expected);
    publish(&reviews.db, product, 3, (0, 0)).await;
    eventually("the rating is gone", async || rating().await["count"] == 0).await;
}
