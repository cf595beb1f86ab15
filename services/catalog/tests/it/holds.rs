//! Holds as staff see and free them, and as other services ask for them.

use chassis::testing::{Database, User, databases};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{AwaitAction, Buyer, Quoted, Reserve, StockLine, Wanted};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Shop, mug, shirt, shop, wrong_fields};

fn lines(lines: &[(&str, i64)]) -> Vec<StockLine> {
    let line = |(sku, quantity): &(&str, i64)| StockLine::new(*sku, *quantity);
    lines.iter().map(line).collect()
}

async fn reserve(shop: &Shop, wanted: &[(&str, i64)]) -> Uuid {
    let order_id = Uuid::now_v7();
    let request = Reserve { order_id, lines: lines(wanted), buyer: Default::default() };
    shop.client().reserve(&request).await.expect("a hold");
    order_id
}

async fn holds(shop: &Shop, query: &str) -> Vec<Value> {
    let page = shop.write("GET", &format!("/holds?{query}"), Value::Null).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

async fn available(shop: &Shop, sku: &str) -> Value {
    let stock = shop.write("GET", &format!("/inventory/{sku}"), Value::Null).await.expect(200);
    stock["available"].clone()
}

async fn books_agree(shop: &Shop) {
    let found = catalog::invariants::ledger(&shop.test.db).await.expect("an audit");
    assert_eq!(found, Vec::<String>::new());
}

#[databases]
async fn staff_see_what_is_held_for_whom_and_until_when(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.add(shirt()).await;
    let now = shop.test.platform.clock.now();
    let paying = reserve(&shop, &[("MUG", 2), ("LINEN-SHIRT-M-RED", 1)]).await;
    let waiting = reserve(&shop, &[("MUG", 1)]).await;
    let until = now + TimeDelta::minutes(3);
    let request = AwaitAction { order_id: waiting, until };
    assert!(shop.client().await_action(&request).await.unwrap().held);
    let customer = User::customer();
    let own = shop.call("POST".parse().unwrap(), "/products/linen-shirt/reservations");
    let own = own.user(&customer).json(json!({ "quantity": 1, "sku": "LINEN-SHIRT-M-BLUE" }));
    own.await.expect(201);

    let all = holds(&shop, "").await;
    assert_eq!(all.len(), 3, "{}", shop.test.kind);
    // What ends first first.
    assert_eq!(
        all[0],
        json!({
            "id": waiting, "order_id": waiting, "user_id": null, "state": "awaiting_action",
            "units": 1, "lines": [{ "sku": "MUG", "quantity": 1 }],
            "since": all[0]["since"], "until": all[0]["until"],
        })
    );
    let time = |it: &Value| it.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!((time(&all[0]["since"]), time(&all[0]["until"])), (now, until));
    let of = |id: &Value| all.iter().find(|it| it["order_id"] == *id).unwrap();
    let order = of(&json!(paying));
    assert_eq!((&order["state"], &order["units"]), (&json!("paying"), &json!(3)));
    assert_eq!(order["lines"][0], json!({ "sku": "LINEN-SHIRT-M-RED", "quantity": 1 }));
    assert_eq!(time(&order["until"]), now + TimeDelta::minutes(15));
    let own = of(&Value::Null);
    assert_eq!((&own["state"], &own["user_id"]), (&json!("own"), &json!(customer.id())));

    // Of a SKU: with all lines of the orders that hold it.
    let mugs = holds(&shop, "sku=MUG").await;
    assert_eq!(mugs, [all[0].clone(), order.clone()]);
    assert_eq!(holds(&shop, "sku=NONE").await, Vec::<Value>::new());
    // In pages.
    let mut paged = Vec::new();
    let mut query = "limit=1".to_owned();
    loop {
        let page = shop.write("GET", &format!("/holds?{query}"), Value::Null).await.expect(200);
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=1&cursor={cursor}");
    }
    assert_eq!(paged, all);
    let wrong = shop.write("GET", "/holds?cursor=x", Value::Null).await.expect(422);
    assert_eq!(wrong_fields(&wrong), ["cursor"]);
}

#[databases]
async fn staff_free_what_is_held_and_the_order_may_take_it_later(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let order = reserve(&shop, &[("MUG", 5)]).await;
    assert_eq!(available(&shop, "MUG").await, 0);
    let path = format!("/holds/{order}");
    for user in [None, Some(User::customer())] {
        for (method, path) in [("DELETE", path.as_str()), ("GET", "/holds")] {
            let call = shop.call(method.parse().unwrap(), path);
            match &user {
                None => assert_eq!(call.await.problem(401), "unauthenticated"),
                Some(user) => assert_eq!(call.user(user).await.problem(403), "forbidden"),
            }
        }
    }
    for _ in 0..2 {
        shop.write("DELETE", &path, Value::Null).await.expect(204);
    }
    assert_eq!(available(&shop, "MUG").await, 5);
    assert_eq!(holds(&shop, "").await, Vec::<Value>::new());
    let ledger = shop.write("GET", "/inventory/MUG/ledger", Value::Null).await.expect(200);
    let last = &ledger["items"][0];
    let by = format!("user:{}", shop.staff.id());
    assert_eq!((&last["kind"], &last["reference"]), (&json!("release"), &json!(by)));
    // The money is there.
    let client = shop.client();
    assert!(client.commit(order).await.is_err());
    let request =
        Reserve { order_id: order, lines: lines(&[("MUG", 5)]), buyer: Default::default() };
    client.reserve(&request).await.unwrap();
    client.commit(order).await.unwrap();
    // What is sold is not freed, nor what nobody knows.
    for id in [order, Uuid::now_v7()] {
        shop.write("DELETE", &format!("/holds/{id}"), Value::Null).await.expect(204);
    }
    assert_eq!(available(&shop, "MUG").await, 0, "{}", shop.test.kind);
    books_agree(&shop).await;
}

#[databases]
async fn customers_hold_no_more_than_the_share_of_a_product_together(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 10 })).await.expect(200);
    let hold = |user: &User, key: &str, quantity: i64| {
        let call = shop.call("POST".parse().unwrap(), "/products/mug/reservations");
        call.user(user).header("idempotency-key", key).json(json!({ "quantity": quantity }))
    };
    let [ada, bob] = [User::customer(), User::customer()];
    let refused = hold(&ada, "a", 3).await;
    assert_eq!((&refused.body["limit"], &refused.body["sku"]), (&json!(2), &json!("MUG")));
    assert_eq!(refused.problem(409), "hold_limit");
    let held = hold(&ada, "b", 1).await.expect(201);
    hold(&bob, "c", 1).await.expect(201);
    assert_eq!(hold(&bob, "d", 1).await.problem(409), "hold_limit");
    assert_eq!(hold(&ada, "b", 1).await.expect(201), held, "the same hold");
    // Orders whose customer has to do something share it with them.
    let order = reserve(&shop, &[("MUG", 1)]).await;
    let until = shop.test.platform.clock.now() + TimeDelta::minutes(3);
    let waits = AwaitAction { order_id: order, until };
    assert!(!shop.client().await_action(&waits).await.unwrap().held);
    assert_eq!(available(&shop, "MUG").await, 8, "{}", shop.test.kind);
    // Staff may hold any number, and it counts as nobody's.
    hold(&shop.staff, "e", 8).await.expect(201);
    assert_eq!(available(&shop, "MUG").await, 0);
    books_agree(&shop).await;
}

async fn quoted(shop: &Shop, buyer: Buyer) -> Option<i64> {
    let wanted = Wanted { sku: Some("MUG".to_owned()), product_id: None, variant_id: None };
    match shop.client().quote(vec![wanted], buyer).await.expect("a quote").remove(0) {
        Quoted::Offer(offer) => offer.available,
        other => panic!("{other:?}"),
    }
}

#[databases]
async fn what_a_buyer_holds_is_available_to_them_alone(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let all = quoted(&shop, Buyer::default()).await.unwrap();
    let (user, cart) = (Uuid::now_v7(), Uuid::now_v7());
    let of_user = Buyer { user_id: Some(user), carts: vec![] };
    let of_cart = Buyer { user_id: None, carts: vec![cart] };
    for (buyer, quantity) in [(&of_user, 2), (&of_cart, 1)] {
        let order_id = Uuid::now_v7();
        let request =
            Reserve { order_id, lines: lines(&[("MUG", quantity)]), buyer: buyer.clone() };
        shop.client().reserve(&request).await.unwrap();
    }
    // A guest who has logged in since: their cart went into the user's.
    let both = Buyer { user_id: Some(user), carts: vec![Uuid::now_v7(), cart] };
    let stranger = Buyer { user_id: Some(Uuid::now_v7()), carts: vec![Uuid::now_v7()] };
    for (buyer, taken) in
        [(Buyer::default(), 3), (stranger, 3), (of_user, 1), (of_cart, 2), (both, 0)]
    {
        assert_eq!(quoted(&shop, buyer).await, Some(all - taken), "{}", shop.test.kind);
    }
    books_agree(&shop).await;
}

#[databases]
async fn an_order_uses_what_its_buyer_holds_outside_of_orders(database: Database) {
    let shop = shop(database).await;
    let product = shop.add(mug()).await;
    let path = format!("/products/{}/reservations", product["slug"].as_str().unwrap());
    let count = shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 2 })).await;
    count.expect(200);
    let (ada, bob) = (User::customer(), User::customer());
    let hold = |user: &User, quantity: i64| {
        let call = shop.call("POST".parse().unwrap(), &path).user(user);
        call.json(json!({ "quantity": quantity }))
    };
    let held = hold(&ada, 1).await.expect(201);
    let request = |user: &User, quantity: i64| Reserve {
        order_id: Uuid::now_v7(),
        lines: lines(&[("MUG", quantity)]),
        buyer: Buyer { user_id: Some(user.id()), carts: vec![] },
    };
    let client = shop.client();
    let refused = client.reserve(&request(&bob, 2)).await.unwrap_err();
    assert!(refused.to_string().contains("MUG"), "{refused}");
    // What was refused has used up nothing.
    assert_eq!(holds(&shop, "sku=MUG").await.len(), 1, "{}", shop.test.kind);
    client.reserve(&request(&ada, 2)).await.unwrap();
    let left = holds(&shop, "sku=MUG").await;
    assert_eq!((left.len(), &left[0]["state"]), (1, &json!("paying")), "{}", shop.test.kind);
    assert_eq!(available(&shop, "MUG").await, 0);
    // It is used up for good, and releasing it is as if it had been release.
    let gone = format!("{path}/{}", held["id"].as_str().unwrap());
    shop.call("DELETE".parse().unwrap(), &gone).user(&ada).await.expect(204);
    assert_eq!(available(&shop, "MUG").await, 0);
    books_agree(&shop).await;
}

#[databases]
async fn a_hold_takes_the_place_of_another_of_the_same_user_where_too_little_is_left(
    database: Database,
) {
    let shop = shop(database).await;
    let product = shop.add(mug()).await;
    let path = format!("/products/{}/reservations", product["slug"].as_str().unwrap());
    shop.write("PUT", "/inventory/MUG", json!({ "on_hand": 10 })).await.expect(200);
    let (ada, bob) = (User::customer(), User::customer());
    let hold = |user: &User| {
        let call = shop.call("POST".parse().unwrap(), &path).user(user);
        call.json(json!({ "quantity": 1 }))
    };
    hold(&ada).await.expect(201);
    // As long as there are others, both are held; all but one are taken then.
    hold(&ada).await.expect(201);
    let order_id = Uuid::now_v7();
    let lines = lines(&[("MUG", 8)]);
    let rest = Reserve { order_id, lines, buyer: Buyer::default() };
    shop.client().reserve(&rest).await.unwrap();
    assert_eq!(hold(&bob).await.problem(409), "out_of_stock", "{}", shop.test.kind);
    hold(&ada).await.expect(201);
    let own = holds(&shop, "sku=MUG").await;
    assert_eq!(own.iter().filter(|it| it["state"] == "own").count(), 1);
    books_agree(&shop).await;
}
