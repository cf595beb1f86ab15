use chassis::db::Session;
use chassis::testing::{Answer, Database, User, databases};
use chrono::{DateTime, Utc};
use contracts::payments::Status;
use contracts::testing::offer;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{LAMP, World, world};

fn usd(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

/// The order was placed then.
async fn placed(world: &World, order: &Value, at: &str) {
    let at: DateTime<Utc> = at.parse().expect("a time");
    let number = order["number"].as_str().expect("a number").to_owned();
    let db = &world.platform.db;
    let moved = db.query("UPDATE orders SET created_at = $2 WHERE number = $1").bind(number);
    assert_eq!(moved.bind(at).execute().await.expect("a statement"), 1);
}

async fn sales(world: &World, range: &str) -> Answer {
    let clerk = User::with(&["reports:read"]);
    world.call("GET", &format!("/reports/sales{range}")).user(&clerk).await
}

#[databases]
async fn sales_are_told_by_the_day_of_the_order(database: Database) {
    let mut world = world(database).await;
    world.set_stock(50);
    let user = User::customer();
    let first = world.buy(&user, "k-1", "tok_visa").await.expect(201);
    world
        .payment(9, |it| {
            (it.status, it.refunded) = (Status::PartiallyRefunded, 100);
        })
        .await;
    let second = world.buy(&user, "k-2", "tok_visa").await.expect(201);
    let third = world.buy(&user, "k-3", "tok_visa").await.expect(201);
    let path = format!("/orders/{}/cancel", third["id"].as_str().unwrap());
    world.call("POST", &path).user(&user).await;
    world.settle_at(&user, third["id"].as_str().unwrap(), "cancelled").await;
    world.buy(&user, "k-4", "tok_declined").await.expect(402);
    for (order, at) in [
        (&first, "2025-12-30T23:59:59.999999Z"),
        (&second, "2026-01-01T00:00:00Z"),
        (&third, "2026-01-01T23:59:59.5Z"),
    ] {
        placed(&world, order, at).await;
    }

    let report = sales(&world, "?from=2025-12-30&to=2026-01-02").await.expect(200);
    let day = |day: &str, orders: i64, units: i64, cancelled: i64, refunded: i64| {
        json!({ "day": day, "orders": orders, "revenue": usd(orders * 4_498), "units": units,
                "cancelled": cancelled, "refunded": usd(refunded) })
    };
    let expected = json!({
        "from": "2025-12-30", "to": "2026-01-02", "currency": "USD",
        "days": [
            day("2025-12-30", 1, 2, 0, 100),
            day("2025-12-31", 0, 0, 0, 0),
            day("2026-01-01", 2, 4, 1, 4_498),
            day("2026-01-02", 0, 0, 0, 0),
        ],
        "totals": { "orders": 3, "revenue": usd(13_494), "average": usd(4_498), "units": 6,
                    "cancelled": 1, "refunded": usd(4_598) },
        "top_products": [{ "product_id": offer(LAMP, 0, 0).product_id, "title": "Lamp", "units": 6,
                           "revenue": usd(11_994) }],
    });
    assert_eq!(report, expected, "{}", world.platform.kind);
    let nothing = sales(&world, "?from=2025-12-31&to=2025-12-31").await.expect(200);
    assert_eq!(nothing["totals"]["average"], usd(0));
    assert_eq!(nothing["top_products"], json!([]));
    // The last thirty days where nothing is said.
    let usual = sales(&world, "").await.expect(200);
    assert_eq!((&usual["from"], &usual["to"]), (&json!("2025-12-04"), &json!("2026-01-02")));
    assert_eq!(usual["totals"], expected["totals"]);
}

#[databases]
async fn a_report_is_for_whom_may_see_it_and_has_bounds(database: Database) {
    let world = world(database).await;
    let path = "/reports/sales";
    assert_eq!(world.call("GET", path).await.problem(401), "unauthenticated");
    let other = User::with(&["orders:read"]);
    assert_eq!(world.call("GET", path).user(&other).await.problem(403), "forbidden");
    for (range, field) in [
        ("?from=yesterday", "from"),
        ("?to=2026-13-01", "to"),
        ("?from=2026-01-02&to=2026-01-01", "to"),
        ("?from=2025-01-01&to=2026-01-02", "from"),
        ("?to=99999-01-01", "to"),
    ] {
        let refused = sales(&world, range).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], field, "{range}");
    }
    let year = sales(&world, "?from=2024-01-01&to=2024-12-31").await.expect(200);
    assert_eq!(year["days"].as_array().map(Vec::len), Some(366));
}

#[databases]
async fn staff_see_what_was_told_about_an_order(database: Database) {
    let world = world(database).await;
    let (user, staff) = (User::customer(), User::with(&["orders:read", "orders:write"]));
    let order = world.buy(&user, "k", "tok_visa").await.expect(201);
    world.buy(&user, "another", "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap();
    let shipped = json!({ "status": "shipped", "tracking_number": "1Z999" });
    let ship = world.call("PATCH", &format!("/orders/{id}/status")).user(&staff);
    ship.json(shipped).await.expect(200);

    let path = format!("/orders/{id}/events");
    assert_eq!(world.call("GET", &path).user(&user).await.problem(403), "forbidden");
    let nobody = format!("/orders/{}/events", Uuid::now_v7());
    let nobody = world.call("GET", &nobody).user(&staff).await;
    assert_eq!(nobody.problem(404), "order_not_found");
    for name in [id, order["number"].as_str().unwrap()] {
        let told = world.call("GET", &format!("/orders/{name}/events")).user(&staff);
        let told = told.await.expect(200);
        let told = told["items"].as_array().unwrap();
        let kinds: Vec<_> = told.iter().map(|it| it["type"].as_str().unwrap()).collect();
        let updated = "order.status.updated";
        assert_eq!(kinds, ["order.created", updated, updated], "{}", world.platform.kind);
        assert_eq!(told[0]["version"], 1);
        assert_eq!(told[0]["data"]["order_id"], id);
        assert_eq!(told[0]["data"]["shipping_method"], "standard");
        assert_eq!(told[0]["time"], "2026-01-02T12:00:00Z");
        assert_eq!(told[0]["sent_at"], json!(null));
        assert_eq!(told[2]["data"]["tracking_number"], "1Z999");
    }
}
