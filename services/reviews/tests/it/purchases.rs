//! What orders and users tell, and what it does to reviews.

use chassis::outbox::Envelope;
use chassis::testing::{Database, User, databases, deliver, event};
use contracts::identity::UserDeleted;
use contracts::orders::{Line, Order, OrderJoined, OrderRefunded, OrderStatusUpdated};
use reviews::Config;
use serde_json::json;
use uuid::Uuid;

use crate::{LAMP, SHIRT, Shop, shop};

/// An order of lamps by the user.
fn order(user: Option<Uuid>, order: u128) -> Order {
    let line = Line {
        sku: "LAMP-1".to_owned(),
        product_id: LAMP,
        title: "Lamp".to_owned(),
        quantity: 1,
        unit_price: 1999,
        total: 1999,
    };
    Order {
        order_id: Uuid::from_u128(order),
        number: "CW-100001".to_owned(),
        user_id: user,
        email: "ada@example.com".to_owned(),
        name: "Ada Example".to_owned(),
        cart: None,
        lines: vec![line.clone(), Line { sku: "LAMP-2".to_owned(), ..line }],
        subtotal: 3998,
        shipping: 0,
        tax: 0,
        total: 3998,
        currency: "USD".to_owned(),
        shipping_method: Some("standard".to_owned()),
        captured: None,
        language: None,
    }
}

/// The news that the user's order of a lamp moved on.
fn news(user: Option<Uuid>, id: u128, version: i64, to: &str) -> Envelope {
    moved(user, id, version, (to, "paid"))
}

fn moved(
    user: Option<Uuid>,
    id: u128,
    version: i64,
    (to, payment_status): (&str, &str),
) -> Envelope {
    let order = order(user, id);
    let order_id = order.order_id;
    let news = OrderStatusUpdated {
        order,
        from: "pending".to_owned(),
        to: to.to_owned(),
        payment_status: payment_status.to_owned(),
        fulfillment_status: "unfulfilled".to_owned(),
        reason: None,
        tracking_number: None,
        refund: None,
    };
    event("orders", order_id, version, &news)
}

async fn verified(shop: &Shop, path: &str) -> bool {
    let review = shop.call("GET", path).await.expect(200);
    review["verified_purchase"].as_bool().expect("a flag")
}

#[databases]
async fn who_bought_it_before_is_a_verified_buyer(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    deliver(&shop.service, &[news(Some(ada.id()), 7, 3, "confirmed")]).await;
    let review = shop.review(&ada, LAMP, 4).await.expect(201);
    assert_eq!(review["verified_purchase"], true, "{}", shop.platform.kind);
    let other = shop.review(&ada, SHIRT, 4).await.expect(201);
    assert_eq!(other["verified_purchase"], false);
}

#[databases]
async fn who_buys_it_later_becomes_a_verified_buyer(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    assert!(!verified(&shop, &path).await);
    let confirmed = news(Some(ada.id()), 7, 3, "confirmed");
    deliver(&shop.service, &[confirmed.clone(), confirmed]).await;
    assert!(verified(&shop, &path).await, "{}", shop.platform.kind);
    let edit = shop.call("PATCH", &path).user(&ada).json(json!({ "title": "Still bright" }));
    assert_eq!(edit.await.expect(200)["verified_purchase"], true);
}

#[databases]
async fn who_gives_it_back_is_no_buyer_unless_another_order_holds_it(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let user = Some(ada.id());
    let path = shop.reviewed(&ada, 4).await;
    deliver(&shop.service, &[news(user, 7, 3, "confirmed"), news(user, 8, 3, "confirmed")]).await;
    deliver(&shop.service, &[refunded(user, 7, 4, true)]).await;
    assert!(verified(&shop, &path).await);
    deliver(&shop.service, &[news(user, 8, 4, "cancelled")]).await;
    assert!(!verified(&shop, &path).await, "{}", shop.platform.kind);
}

#[databases]
async fn what_was_refunded_in_full_verifies_nobody_also_when_it_is_delivered(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let user = Some(ada.id());
    let path = shop.reviewed(&ada, 4).await;
    deliver(&shop.service, &[news(user, 7, 3, "shipped"), refunded(user, 7, 4, false)]).await;
    assert!(verified(&shop, &path).await, "part of it");
    deliver(&shop.service, &[refunded(user, 7, 5, true)]).await;
    assert!(!verified(&shop, &path).await);
    deliver(&shop.service, &[moved(user, 7, 6, ("delivered", "refunded"))]).await;
    assert!(!verified(&shop, &path).await, "{}", shop.platform.kind);
}

/// The news that money of the user's order was given back.
fn refunded(user: Option<Uuid>, id: u128, version: i64, full: bool) -> Envelope {
    let order = order(user, id);
    let order_id = order.order_id;
    let news = OrderRefunded {
        order,
        refund_id: Uuid::now_v7(),
        amount: 1999,
        refunded: 1999,
        full,
        reason: None,
        payment_status: if full { "refunded" } else { "partially_refunded" }.to_owned(),
        status: "confirmed".to_owned(),
    };
    event("orders", order_id, version, &news)
}

#[databases]
async fn news_in_the_wrong_order_end_the_same(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let user = Some(ada.id());
    let path = shop.reviewed(&ada, 4).await;
    for late in [refunded(user, 7, 5, true), news(user, 7, 3, "confirmed")] {
        deliver(&shop.service, &[late]).await;
    }
    assert!(!verified(&shop, &path).await, "{}", shop.platform.kind);
}

#[databases]
async fn what_guests_and_others_buy_verifies_nobody(database: Database) {
    let shop = shop(database, Config::default()).await;
    let path = shop.reviewed(&User::customer(), 4).await;
    let other = Some(Uuid::from_u128(99));
    let all = [news(None, 7, 3, "confirmed"), news(other, 8, 3, "confirmed")];
    deliver(&shop.service, &all).await;
    assert!(!verified(&shop, &path).await);
}

/// The news that a guest's order joined the user's account.
fn joined(user: &User, id: u128, version: i64, (status, payment_status): (&str, &str)) -> Envelope {
    let order = order(Some(user.id()), id);
    let order_id = order.order_id;
    let (status, payment_status) = (status.to_owned(), payment_status.to_owned());
    event("orders", order_id, version, &OrderJoined { order, status, payment_status })
}

#[databases]
async fn what_a_guest_bought_verifies_the_account_it_joins(database: Database) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    deliver(&shop.service, &[news(None, 7, 3, "confirmed")]).await;
    for (id, status, counts) in [
        (4, ("pending", "failed"), false),
        (5, ("cancelled", "voided"), false),
        (6, ("delivered", "refunded"), false),
        (7, ("confirmed", "paid"), true),
    ] {
        deliver(&shop.service, &[joined(&ada, id, 4, status)]).await;
        assert_eq!(verified(&shop, &path).await, counts, "{} {status:?}", shop.platform.kind);
    }
    // It goes on like any order of the account.
    deliver(&shop.service, &[refunded(Some(ada.id()), 7, 5, true)]).await;
    assert!(!verified(&shop, &path).await, "{}", shop.platform.kind);
}

#[databases]
async fn what_joined_before_it_was_given_back_counts_for_nothing_whichever_comes_first(
    database: Database,
) {
    let shop = shop(database, Config::default()).await;
    let ada = User::customer();
    let path = shop.reviewed(&ada, 4).await;
    let joined = joined(&ada, 7, 4, ("shipped", "paid"));
    deliver(&shop.service, &[refunded(Some(ada.id()), 7, 5, true), joined]).await;
    assert!(!verified(&shop, &path).await, "{}", shop.platform.kind);
}

#[databases]
async fn a_shop_may_ask_for_a_purchase(database: Database) {
    let shop = shop(database, Config { require_purchase: true, ..Config::default() }).await;
    let ada = User::customer();
    assert_eq!(shop.review(&ada, LAMP, 4).await.problem(403), "purchase_required");
    deliver(&shop.service, &[news(Some(ada.id()), 7, 3, "confirmed")]).await;
    shop.review(&ada, LAMP, 4).await.expect(201);
}

#[databases]
async fn a_deleted_users_reviews_lose_the_name(database: Database) {
    let shop = shop(database, Config::default()).await;
    let (ada, bob) = (User::customer(), User::customer());
    let (ada_s, bob_s) = (shop.reviewed(&ada, 4).await, shop.reviewed(&bob, 5).await);
    let gone = event("identity", ada.id(), 9, &UserDeleted { user_id: ada.id() });
    deliver(&shop.service, &[gone]).await;
    let review = shop.call("GET", &ada_s).await.expect(200);
    assert_eq!(review["author"], "Former customer", "{}", shop.platform.kind);
    assert_eq!(shop.call("GET", &bob_s).await.expect(200)["author"], "Ada E.");
    assert_eq!(shop.summary().await["count"], 2);
}
