//! The language of who orders.

use chassis::testing::{Answer, Database, User, databases};
use serde_json::{Value, json};

use crate::world::{World, checkout, world};

/// A checkout with this `language` in its body and this header.
async fn buy(world: &World, user: &User, key: &str, body: Value, header: &str) -> Answer {
    let mut request = checkout("tok_visa");
    request["items"][0]["quantity"] = json!(1);
    request["language"] = body;
    let call = world.call("POST", "/orders").user(user).header("idempotency-key", key);
    call.header("accept-language", header).json(request).await
}

#[databases]
async fn an_order_has_the_language_of_its_checkout(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    for (key, body, header, language) in [
        ("1", json!("de"), "en", json!("de")),
        ("2", json!("pt-BR"), "", json!("pt")),
        ("3", json!(null), "fr-CH, en;q=0.5", json!("fr")),
        ("4", json!(null), "*", json!(null)),
        ("5", json!(null), "no language", json!(null)),
    ] {
        let order = buy(&world, &user, key, body, header).await.expect(201);
        assert_eq!(order["language"], language, "{} {header}", world.platform.kind);
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        let shown = world.call("GET", &path).user(&user).await.expect(200);
        assert_eq!(shown["language"], language);
        for kind in ["order.created", "order.status.updated"] {
            let told = world.published(kind).await.pop().expect("an event").1;
            assert_eq!(told["language"], language, "{kind}");
        }
    }
    let refused = buy(&world, &user, "6", json!("german"), "de").await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "language");
}

#[databases]
async fn a_browser_that_reads_another_language_repeats_the_same_request(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let first = buy(&world, &user, "k", json!(null), "de").await.expect(201);
    let again = buy(&world, &user, "k", json!(null), "en").await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let again = again.expect(201);
    assert_eq!((&again["id"], &again["language"]), (&first["id"], &json!("de")));
    // What the body says is part of the request.
    let other = buy(&world, &user, "k", json!("en"), "de").await;
    assert_eq!(other.problem(422), "idempotency_key_reused", "{}", world.platform.kind);
}
