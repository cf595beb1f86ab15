//! What the checkout sees, and what happens to the cart once it is paid.

use chassis::channel::Channel;
use chassis::testing::{Database, User, databases, deliver, event};
use contracts::cart::{Client, Owner, Purchase};
use contracts::orders::{CartRef, Line, Order, OrderStatusUpdated};
use uuid::Uuid;

use crate::{LAMP, MUG, Shop, lines, of, shop};

pub(crate) fn client(shop: &Shop) -> Client {
    let channel = Channel::to("cart");
    channel.bind(shop.service.internal.clone());
    Client::new(channel)
}

/// The news that an order from this cart moved on.
pub(crate) fn news(cart: Option<CartRef>, bought: &[(&str, i64)], to: &str) -> OrderStatusUpdated {
    let line = |(sku, quantity): &(&str, i64)| Line {
        sku: (*sku).to_owned(),
        product_id: Uuid::from_u128(1),
        title: "lamp".to_owned(),
        quantity: *quantity,
        unit_price: 1,
        total: *quantity,
    };
    let order = Order {
        order_id: Uuid::from_u128(77),
        number: "CW-100001".to_owned(),
        user_id: None,
        email: "ada@example.com".to_owned(),
        name: "Ada Example".to_owned(),
        cart,
        lines: bought.iter().map(line).collect(),
        subtotal: 1,
        shipping: 0,
        tax: 0,
        total: 1,
        currency: "USD".to_owned(),
        shipping_method: Some("standard".to_owned()),
        captured: None,
        language: None,
    };
    OrderStatusUpdated {
        order,
        from: "pending".to_owned(),
        to: to.to_owned(),
        payment_status: "paid".to_owned(),
        fulfillment_status: "unfulfilled".to_owned(),
        reason: None,
        tracking_number: None,
        refund: None,
    }
}

#[databases]
async fn the_checkout_sees_ids_and_quantities(database: Database) {
    let shop = shop(database).await;
    let (client, ada) = (client(&shop), User::customer());
    assert_eq!(client.show(Owner::User(ada.id())).await.unwrap(), None);
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let cart = client.show(Owner::User(ada.id())).await.unwrap().unwrap();
    assert_eq!((cart.version, cart.lines[0].quantity), (1, 2));

    let guest = shop.add(MUG, 3).await.expect(200);
    let token = guest["token"].as_str().unwrap().to_owned();
    let cart = client.show(Owner::Guest(token)).await.unwrap().unwrap();
    assert_eq!((cart.id.to_string(), cart.lines[0].quantity), (text(&guest["id"]), 3));
    for unknown in ["A".repeat(43), "nonsense".to_owned()] {
        assert_eq!(client.show(Owner::Guest(unknown)).await.unwrap(), None);
    }
}

#[databases]
async fn it_is_what_a_checkout_takes_it_for(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    contracts::testing::carts_suite(&client(&shop), ada.id()).await;
}

#[databases]
async fn a_paid_cart_is_empty(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    shop.add(MUG, 1).user(&ada).await.expect(200);
    let cart = client(&shop).show(Owner::User(ada.id())).await.unwrap().unwrap();
    let cart = Some(CartRef { id: cart.id, version: cart.version });
    let bought = [(LAMP, 2), (MUG, 1)];
    let order = Uuid::from_u128(77);

    let shipped = news(cart.clone(), &bought, "shipped");
    deliver(&shop.service, &[event("orders", order, 2, &shipped)]).await;
    assert_eq!(shop.lines(&ada).await.0, of(&bought));

    let paid = event("orders", order, 3, &news(cart, &bought, "confirmed"));
    deliver(&shop.service, std::slice::from_ref(&paid)).await;
    assert_eq!(shop.lines(&ada).await, (vec![], 3), "{}", shop.kind);

    shop.add(LAMP, 3).user(&ada).await.expect(200);
    deliver(&shop.service, &[paid.clone(), paid]).await;
    assert_eq!(shop.lines(&ada).await.0, of(&[(LAMP, 3)]), "{}", shop.kind);
}

#[databases]
async fn what_was_added_during_the_checkout_stays(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let cart = client(&shop).show(Owner::User(ada.id())).await.unwrap().unwrap();
    shop.add(LAMP, 1).user(&ada).await.expect(200);
    shop.add(MUG, 1).user(&ada).await.expect(200);
    let cart = Some(CartRef { id: cart.id, version: cart.version });
    let paid = news(cart, &[(LAMP, 2)], "confirmed");
    deliver(&shop.service, &[event("orders", Uuid::from_u128(77), 3, &paid)]).await;
    assert_eq!(shop.lines(&ada).await.0, of(&[(LAMP, 1), (MUG, 1)]), "{}", shop.kind);
}

#[databases]
async fn an_order_without_a_cart_changes_none(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let paid = news(None, &[(LAMP, 2)], "confirmed");
    deliver(&shop.service, &[event("orders", Uuid::from_u128(77), 3, &paid)]).await;
    assert_eq!(shop.lines(&ada).await, (of(&[(LAMP, 2)]), 1));
}

#[databases]
async fn what_a_guest_bought_leaves_the_cart_it_was_merged_into(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let guest = shop.add(LAMP, 2).await.expect(200);
    let token = text(&guest["token"]);
    shop.add(LAMP, 1).user(&ada).await.expect(200);
    let merge = shop.call("POST", "/cart/merge").user(&ada).header("x-cart-token", &token);
    assert_eq!(lines(&merge.await.expect(200)), of(&[(LAMP, 3)]));

    let cart = Some(CartRef { id: text(&guest["id"]).parse().unwrap(), version: 1 });
    let paid = news(cart, &[(LAMP, 2)], "confirmed");
    deliver(&shop.service, &[event("orders", Uuid::from_u128(77), 3, &paid)]).await;
    assert_eq!(shop.lines(&ada).await.0, of(&[(LAMP, 1)]), "{}", shop.kind);
}

#[databases]
async fn a_checkout_may_ask_before_the_news_comes(database: Database) {
    let shop = shop(database).await;
    let (client, ada) = (client(&shop), User::customer());
    shop.add(LAMP, 2).user(&ada).await.expect(200);
    let cart = client.show(Owner::User(ada.id())).await.unwrap().unwrap();
    assert!(cart.purchases.is_empty());
    let order = Uuid::from_u128(77);
    let purchase = Purchase {
        order_id: order,
        cart_id: cart.id,
        cart_version: cart.version,
        lines: cart.lines.clone(),
    };
    for _ in 0..2 {
        client.remove_purchased(&purchase).await.unwrap();
        let seen = client.show(Owner::User(ada.id())).await.unwrap().unwrap();
        assert_eq!((seen.version, seen.purchases, seen.lines), (2, vec![order], vec![]));
    }
    shop.add(LAMP, 1).user(&ada).await.expect(200);
    let cart = Some(CartRef { id: cart.id, version: cart.version });
    let paid = news(cart, &[(LAMP, 2)], "confirmed");
    deliver(&shop.service, &[event("orders", order, 3, &paid)]).await;
    assert_eq!(shop.lines(&ada).await, (of(&[(LAMP, 1)]), 3), "{}", shop.kind);
    // Of a cart that is gone there is nothing to do.
    client.remove_purchased(&Purchase { cart_id: order, ..purchase }).await.unwrap();
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a text").to_owned()
}
