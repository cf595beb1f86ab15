//! Captures and refunds that are meant for a state of a payment.

use chassis::testing::{Answer, Database, User, databases};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{Shop, authorize, shop};

fn staff() -> User {
    User::with(&["payments:read", "payments:capture", "payments:refund"])
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

fn usd(amount: i64) -> Value {
    json!({ "amount": { "amount": amount, "currency": "USD" } })
}

async fn read(shop: &Shop, id: Uuid) -> Answer {
    shop.get(&format!("/payments/{id}")).user(&staff()).await
}

async fn capture(shop: &Shop, id: Uuid, tag: &str) -> Answer {
    let call = shop.post(&format!("/payments/{id}/capture")).user(&staff());
    call.json(usd(1_500)).header("if-match", tag).await
}

async fn refund(shop: &Shop, id: Uuid, key: &str, tag: &str) -> Answer {
    let call = shop.post(&format!("/payments/{id}/refunds")).user(&staff()).json(usd(500));
    call.header("idempotency-key", key).header("if-match", tag).await
}

fn refused(answer: Answer) -> Value {
    let problem = answer.expect(412);
    assert_eq!(problem["code"], "precondition_failed", "{problem}");
    assert!(problem["updated_at"].is_string(), "{problem}");
    problem["version"].clone()
}

#[databases]
async fn money_moves_in_the_state_that_is_meant(database: Database) {
    let shop = shop(database).await;
    let asked = authorize(&User::customer(), "tok_visa");
    let id = asked.payment_id;
    shop.client.authorize(&asked).await.expect("an answer");
    let held = read(&shop, id).await;
    let seen = tag(&held);
    assert_eq!(seen, format!("\"{}\"", held.body["version"]));
    for stale in ["\"0\"", &format!("W/{seen}")] {
        assert_eq!(refused(capture(&shop, id, stale).await), held.body["version"]);
    }
    assert_eq!(read(&shop, id).await.body["status"], "authorized");
    capture(&shop, id, &seen).await.expect(200);
    // What has succeeded already is no other change.
    let again = capture(&shop, id, &seen).await;
    assert_eq!((again.status.as_u16(), &again.body["captured"]["amount"]), (200, &json!(1_500)));

    let captured = tag(&read(&shop, id).await);
    assert_ne!(captured, seen);
    refused(refund(&shop, id, "one", &seen).await);
    refund(&shop, id, "one", &captured).await.expect(201);
    // Two members of staff who have both seen that nothing was given back.
    refused(refund(&shop, id, "two", &captured).await);
    let replayed = refund(&shop, id, "one", &captured).await;
    assert_eq!(replayed.headers["idempotent-replayed"], "true");
    assert_eq!(read(&shop, id).await.body["refunded"]["amount"], 500);
    refund(&shop, id, "three", "*").await.expect(201);
    assert_eq!(read(&shop, id).await.body["refunded"]["amount"], 1_000, "{}", shop.kind);
}
