//! Carts without an account, and what happens to them at login.

use chassis::testing::{Answer, Database, User, databases};
use serde_json::{Value, json};

use crate::{LAMP, MUG, Shop, lines, of, shop};

fn token(answer: &Answer) -> String {
    answer.headers["x-cart-token"].to_str().expect("a token").to_owned()
}

/// The token of a new guest's cart with these lines.
async fn guest(shop: &Shop, lines: &[(&str, i64)]) -> String {
    let first = shop.add(lines[0].0, lines[0].1).await;
    let token = token(&first);
    assert_eq!(first.expect(200)["token"], token);
    for (sku, quantity) in &lines[1..] {
        shop.add(sku, *quantity).header("x-cart-token", &token).await.expect(200);
    }
    token
}

async fn show(shop: &Shop, token: &str) -> Value {
    shop.call("GET", "/cart").header("X-Cart-Token", token).await.expect(200)
}

#[databases]
async fn a_guest_gets_a_token_with_the_first_item(database: Database) {
    let shop = shop(database).await;
    let token = guest(&shop, &[(LAMP, 1), (MUG, 2)]).await;
    assert_eq!(token.len(), 43);
    let cart = show(&shop, &token).await;
    assert_eq!(lines(&cart), of(&[(LAMP, 1), (MUG, 2)]));
    assert_eq!(cart["token"], token);

    let path = format!("/cart/items/{MUG}");
    let change = shop.call("PATCH", &path).header("x-cart-token", &token);
    change.json(json!({ "quantity": 5 })).await.expect(200);
    shop.call("DELETE", &format!("/cart/items/{LAMP}"))
        .header("x-cart-token", &token)
        .await
        .expect(200);
    assert_eq!(lines(&show(&shop, &token).await), of(&[(MUG, 5)]));
    shop.call("DELETE", "/cart").header("x-cart-token", &token).await.expect(204);
    assert_eq!(lines(&show(&shop, &token).await), []);
}

#[databases]
async fn a_token_that_was_never_issued_opens_nothing(database: Database) {
    let shop = shop(database).await;
    guest(&shop, &[(LAMP, 1)]).await;
    for unknown in ["A".repeat(43), "nonsense".to_owned(), "é".to_owned(), String::new()] {
        assert_eq!(show(&shop, &unknown).await["id"], Value::Null);
        let path = format!("/cart/items/{LAMP}");
        let removed = shop.call("DELETE", &path).header("x-cart-token", &unknown).await;
        assert_eq!(removed.problem(404), "item_not_found");
        let added = shop.add(MUG, 1).header("x-cart-token", &unknown).await;
        assert_ne!(token(&added), unknown);
        assert_eq!(lines(&added.expect(200)), of(&[(MUG, 1)]));
    }
}

#[databases]
async fn a_bearer_token_wins_over_a_cart_token(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let token = guest(&shop, &[(LAMP, 1)]).await;
    let added = shop.add(MUG, 1).user(&ada).header("x-cart-token", &token).await;
    assert!(added.headers.get("x-cart-token").is_none());
    let cart = added.expect(200);
    assert_eq!((lines(&cart), &cart["token"]), (of(&[(MUG, 1)]), &Value::Null));
    assert_eq!(lines(&show(&shop, &token).await), of(&[(LAMP, 1)]));
}

#[databases]
async fn a_merge_adds_up_and_voids_the_guests_token(database: Database) {
    let shop = shop(database).await;
    let (ada, eve) = (User::customer(), User::customer());
    shop.add(MUG, 998).user(&ada).await.expect(200);
    let token = guest(&shop, &[(LAMP, 2), (MUG, 5)]).await;
    let merge =
        |user: &User| shop.call("POST", "/cart/merge").user(user).header("x-cart-token", &token);
    let merged = merge(&ada).await.expect(200);
    assert_eq!(lines(&merged), of(&[(MUG, 999), (LAMP, 2)]));
    assert_eq!(show(&shop, &token).await["id"], Value::Null);

    let again = merge(&ada).await.expect(200);
    assert_eq!(lines(&again), lines(&merged));
    assert_eq!(merge(&eve).await.problem(404), "cart_not_found");
    let new = shop.add(LAMP, 1).header("x-cart-token", &token).await;
    assert_ne!(self::token(&new), token);
    assert_eq!(shop.lines(&ada).await.0, lines(&merged));
}

#[databases]
async fn a_merge_needs_both_tokens(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let token = guest(&shop, &[(LAMP, 2)]).await;
    let path = "/cart/merge";
    let alone = shop.call("POST", path).header("x-cart-token", &token).await;
    assert_eq!(alone.problem(401), "unauthenticated");
    assert_eq!(shop.call("POST", path).user(&ada).await.problem(400), "cart_token_required");
    for unknown in ["A".repeat(43), "nonsense".to_owned()] {
        let answer = shop.call("POST", path).user(&ada).header("x-cart-token", &unknown).await;
        assert_eq!(answer.problem(404), "cart_not_found");
    }
    assert_eq!(lines(&show(&shop, &token).await), of(&[(LAMP, 2)]));
}

#[databases]
async fn a_merge_into_a_full_cart_names_what_was_left_out(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    for n in 0..100 {
        let sku = format!("S-{n}");
        shop.shelf.put(&sku, 100 + n, 1, None);
        shop.add(&sku, 1).user(&ada).await.expect(200);
    }
    let token = guest(&shop, &[(LAMP, 2)]).await;
    let merge = shop.call("POST", "/cart/merge").user(&ada).header("x-cart-token", &token);
    let merged = merge.await.expect(200);
    assert_eq!(merged["notices"][0]["code"], "cart_full");
    assert_eq!(merged["notices"][0]["sku"], LAMP);
}

#[databases]
async fn parallel_merges_take_a_guests_cart_once(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let token = guest(&shop, &[(MUG, 2)]).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let call = shop.call("POST", "/cart/merge").user(&ada);
            tokio::spawn(call.header("x-cart-token", &token).send())
        })
        .collect();
    for call in calls {
        call.await.unwrap().expect(200);
    }
    assert_eq!(shop.lines(&ada).await.0, of(&[(MUG, 2)]), "{}", shop.kind);
}
