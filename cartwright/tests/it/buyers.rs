//! Many buyers at once: nothing is sold twice, nothing is ordered twice.

use chassis::testing::{eventually_spawned, on};
use futures::future::join_all;
use serde_json::json;

use crate::shop::{Shape, checkout};

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_buyers_of_fifty_units_make_fifty_orders(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 50).await;
    let buys = (0..200).map(|buyer| {
        let mut request = checkout("LAMP-1", "tok_visa");
        request["email"] = json!(format!("buyer-{buyer}@example.com"));
        let http = shop.http.clone();
        tokio::spawn(async move {
            let key = format!("buyer-{buyer}");
            // Who is told to come back comes back, with the same key; so does who was kept too
            // long.
            eventually_spawned(format!("a decision for {key}"), || {
                let asked = http.post("/orders/checkout", request.clone()).key(&key);
                async move {
                    let reply = asked.await;
                    let later = matches!(reply.status.as_u16(), 202 | 503 | 504);
                    if later { Err(reply.body) } else { Ok(reply) }
                }
            })
            .await
        })
    });
    let replies: Vec<_> = join_all(buys).await.into_iter().map(|it| it.unwrap()).collect();
    let sold = replies.iter().filter(|it| it.status == 201).count();
    assert_eq!(sold, 50, "{}", place.kind);
    for reply in replies.into_iter().filter(|it| it.status != 201) {
        assert_eq!(reply.problem(409), "out_of_stock");
    }
    assert_eq!(shop.on_hand("LAMP-1").await, 0);
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn twenty_equal_requests_are_one_order_with_equal_answers(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 50).await;
    let customer = shop.customer("ada").await;
    customer.post("/cart/items", json!({ "sku": "LAMP-1", "quantity": 3 })).await.expect(200);
    let mut request = checkout("LAMP-1", "tok_visa");
    request.as_object_mut().unwrap().remove("items");
    let sends = (0..20).map(|_| {
        let (customer, request) = (customer.clone(), request.clone());
        tokio::spawn(async move {
            // A busy shop says so, and who buys asks again with the same key.
            eventually_spawned("an order", || {
                let asked = customer.post("/orders", request.clone()).key("same");
                async move {
                    let reply = asked.await;
                    let later = matches!(reply.status.as_u16(), 503 | 504);
                    if later { Err(reply.body) } else { Ok(reply) }
                }
            })
            .await
        })
    });
    let bodies: Vec<_> =
        join_all(sends).await.into_iter().map(|it| it.unwrap().expect(201)).collect();
    assert!(bodies.iter().all(|it| *it == bodies[0]), "{}: {bodies:#?}", place.kind);
    let orders = customer.get("/orders?count=true").await.expect(200);
    assert_eq!(orders["total"], 1);
    assert_eq!(shop.on_hand("LAMP-1").await, 47);
    shop.check().await;
    shop.stop().await;
}
