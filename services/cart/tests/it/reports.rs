//! How many carts are bought.

use chassis::testing::{Database, User, databases, deliver, event};
use contracts::cart::Owner;
use contracts::orders::CartRef;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bought::{client, news};
use crate::{LAMP, MUG, Shop, shop};

async fn report(shop: &Shop) -> Value {
    let clerk = User::with(&["reports:read"]);
    let path = "/reports/carts?from=2026-01-01&to=2026-01-02";
    shop.call("GET", path).user(&clerk).await.expect(200)
}

/// The report of two days of which only the second one saw any cart.
fn expected(carts: i64, ordered: i64, conversion: Option<f64>) -> Value {
    json!({
        "days": [
            { "day": "2026-01-01", "carts": 0, "ordered": 0 },
            { "day": "2026-01-02", "carts": carts, "ordered": ordered },
        ],
        "totals": { "carts": carts, "ordered": ordered, "conversion": conversion },
    })
}

/// The cart of this owner is bought.
async fn buy(shop: &Shop, owner: Owner, order: u128) {
    let cart = client(shop).show(owner).await.unwrap_or_default().expect("a cart");
    let cart = Some(CartRef { id: cart.id, version: cart.version });
    let news = news(cart, &[(LAMP, 1)], "confirmed");
    deliver(&shop.service, &[event("orders", Uuid::from_u128(order), 2, &news)]).await;
}

#[databases]
async fn carts_are_counted_once_a_day_and_as_bought_once_they_are(database: Database) {
    let shop = shop(database).await;
    assert_eq!(report(&shop).await, expected(0, 0, None), "{}", shop.kind);
    let (ada, bob) = (User::customer(), User::customer());
    shop.add(LAMP, 1).user(&ada).await.expect(200);
    shop.add(MUG, 1).user(&ada).await.expect(200);
    shop.add(LAMP, 1).user(&bob).await.expect(200);
    shop.add(LAMP, 1).await.expect(200);
    // What is not added is no cart.
    shop.add(LAMP, 99).await.problem(409);
    assert_eq!(report(&shop).await, expected(3, 0, Some(0.0)));
    buy(&shop, Owner::User(ada.id()), 1).await;
    assert_eq!(report(&shop).await, expected(3, 1, Some(1.0 / 3.0)));
    // Another cart of the same day.
    shop.add(MUG, 1).user(&ada).await.expect(200);
    assert_eq!(report(&shop).await, expected(3, 1, Some(1.0 / 3.0)));
}

#[databases]
async fn a_guests_cart_that_went_into_a_users_is_the_users(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let guest = shop.add(LAMP, 1).await.expect(200);
    let token = guest["token"].as_str().unwrap();
    let merge = || shop.call("POST", "/cart/merge").user(&ada).header("x-cart-token", token);
    merge().await.expect(200);
    merge().await.expect(200);
    assert_eq!(report(&shop).await, expected(1, 0, Some(0.0)), "{}", shop.kind);
    buy(&shop, Owner::User(ada.id()), 1).await;
    assert_eq!(report(&shop).await, expected(1, 1, Some(1.0)));
}

#[databases]
async fn a_report_is_for_whom_may_see_it_and_has_bounds(database: Database) {
    let shop = shop(database).await;
    let path = "/reports/carts";
    assert_eq!(shop.call("GET", path).await.problem(401), "unauthenticated");
    let ada = User::customer();
    assert_eq!(shop.call("GET", path).user(&ada).await.problem(403), "forbidden");
    let clerk = User::with(&["reports:read"]);
    let long = format!("{path}?from=2024-01-01&to=2026-01-01");
    let refused = shop.call("GET", &long).user(&clerk).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "from");
}
