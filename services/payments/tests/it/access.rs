use chassis::testing::{Database, User, databases};
use contracts::testing::Orders;
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::json;
use uuid::Uuid;

use crate::shop::{authorize, authorize_as_guest, shop};

#[databases]
async fn a_payment_is_shown_to_its_customer(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let id = shop.captured(&buyer).await;
    let shown = shop.get(&format!("/payments/{id}")).user(&buyer).await.expect(200);
    allow_duplicates! { assert_json_snapshot!(shown, {
        ".id" => "[id]", ".order_id" => "[id]", ".operations[].id" => "[id]",
        ".reference" => "[reference]"
    }, @r#"
    {
      "amount": {
        "amount": 1999,
        "currency": "USD"
      },
      "capture": "at_once",
      "capture_before": null,
      "captured": {
        "amount": 1999,
        "currency": "USD"
      },
      "created_at": "2026-01-02T12:00:00Z",
      "disputed": false,
      "disputes": [],
      "id": "[id]",
      "operations": [
        {
          "amount": {
            "amount": 1999,
            "currency": "USD"
          },
          "created_at": "2026-01-02T12:00:00Z",
          "failed_attempts": 0,
          "id": "[id]",
          "kind": "authorize",
          "settled_at": "2026-01-02T12:00:00Z",
          "state": "done"
        },
        {
          "amount": {
            "amount": 1999,
            "currency": "USD"
          },
          "created_at": "2026-01-02T12:00:00Z",
          "failed_attempts": 0,
          "id": "[id]",
          "kind": "capture",
          "settled_at": "2026-01-02T12:00:00Z",
          "state": "done"
        }
      ],
      "order_id": "[id]",
      "order_number": "CW-100001",
      "provider": "sandbox",
      "reason": null,
      "reference": "[reference]",
      "refunded": {
        "amount": 0,
        "currency": "USD"
      },
      "status": "captured",
      "updated_at": "2026-01-02T12:00:00Z",
      "webhooks": []
    }
    "#) };
}

#[databases]
async fn a_foreign_payment_is_like_none(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let id = shop.captured(&buyer).await;
    let path = format!("/payments/{id}");
    let stranger = shop.get(&path).user(&User::customer()).await;
    let nobody = shop.get(&path).await;
    let none = shop.get(&format!("/payments/{}", Uuid::now_v7())).user(&buyer).await;
    assert_eq!(stranger.bytes, none.bytes);
    assert_eq!(nobody.bytes, none.bytes);
    assert_eq!(none.problem(404), "payment_not_found");
    for odd in ["1", "not-an-id", "%00", &"a".repeat(3000)] {
        shop.get(&format!("/payments/{odd}")).await.expect(404);
    }
    let other_staff = User::with(&["orders:write"]);
    assert_eq!(shop.get(&path).user(&other_staff).await.problem(404), "payment_not_found");
    let staff = User::with(&["payments:read"]);
    shop.get(&path).user(&staff).await.expect(200);
    let forged = shop.get(&path).header("Authorization", "Bearer forged").await;
    assert_eq!(forged.problem(401), "token_invalid");
}

#[databases]
async fn a_guest_sees_the_payment_by_the_orders_token(database: Database) {
    let shop = shop(database).await;
    let asked = authorize_as_guest("a guest's secret", "tok_visa");
    shop.client.authorize(&asked).await.unwrap();
    let path = format!("/payments/{}", asked.payment_id);
    let shown = shop.get(&path).header("X-Order-Token", "a guest's secret").await.expect(200);
    assert_eq!(shown["status"], "authorized");
    // Logged in since, with the token still available.
    let user = User::customer();
    shop.get(&path).user(&user).header("X-Order-Token", "a guest's secret").await.expect(200);
    for wrong in ["another secret", "", asked.order_token_hash.as_deref().unwrap()] {
        let answer = shop.get(&path).header("X-Order-Token", wrong).await;
        assert_eq!(answer.problem(404), "payment_not_found");
    }
    shop.get(&path).await.expect(404);
    // A payment without a guest has no token that opens it.
    let id = shop.captured(&user).await;
    let path = format!("/payments/{id}");
    shop.get(&path).header("X-Order-Token", "a guest's secret").await.expect(404);
}

#[databases]
async fn a_key_of_the_order_opens_its_payment_and_confirms_it(database: Database) {
    let shop = shop(database).await;
    let asked = authorize_as_guest("a guest's secret", "tok_3ds");
    shop.client.authorize(&asked).await.unwrap();
    let path = format!("/payments/{}", asked.payment_id);
    let confirm = format!("{path}/confirm");
    for wrong in ["another", ""] {
        let answer = shop.get(&path).header("X-Order-Key", wrong).await;
        assert_eq!(answer.problem(404), "payment_not_found", "{wrong}");
        shop.post(&confirm).header("X-Order-Key", wrong).await.expect(404);
    }
    let shown = shop.get(&path).header("X-Order-Key", Orders::KEY).await.expect(200);
    assert_eq!(shown["next_action"]["type"], "confirm");
    let confirmed = shop.post(&confirm).header("X-Order-Key", Orders::KEY).await.expect(200);
    assert_eq!(confirmed["status"], "authorized", "{}", shop.kind);
    // What an account has paid is opened by no key.
    let id = shop.captured(&User::customer()).await;
    shop.get(&format!("/payments/{id}")).header("X-Order-Key", Orders::KEY).await.expect(404);
}

#[databases]
async fn the_account_that_a_guests_order_has_joined_pays_for_it(database: Database) {
    let shop = shop(database).await;
    let asked = authorize_as_guest("a guest's secret", "tok_3ds");
    shop.client.authorize(&asked).await.unwrap();
    let path = format!("/payments/{}", asked.payment_id);
    let (user, other) = (User::customer(), User::customer());
    shop.get(&path).user(&user).await.expect(404);
    shop.orders.lock().user_id = Some(user.id());
    shop.get(&path).user(&other).await.expect(404);
    shop.get(&path).user(&user).await.expect(200);
    let confirmed = shop.post(&format!("{path}/confirm")).user(&user).await.expect(200);
    assert_eq!(confirmed["status"], "authorized", "{}", shop.kind);
}

#[databases]
async fn a_payment_that_needs_action_says_so_and_is_confirmed(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    for (body, status, reason) in [
        (None, "authorized", json!(null)),
        (Some(json!({})), "authorized", json!(null)),
        (Some(json!({ "outcome": "approve" })), "authorized", json!(null)),
        (Some(json!({ "outcome": "deny" })), "declined", json!("authentication_failed")),
    ] {
        let asked = authorize(&buyer, "tok_3ds");
        shop.client.authorize(&asked).await.unwrap();
        let path = format!("/payments/{}", asked.payment_id);
        let shown = shop.get(&path).user(&buyer).await.expect(200);
        assert_eq!(shown["status"], "requires_action");
        let href = format!("/api/v1{path}/confirm");
        let action = json!({ "type": "confirm", "method": "POST", "href": href });
        assert_eq!(shown["next_action"], action);

        let confirm = shop.post(&format!("{path}/confirm")).user(&buyer);
        let confirmed = match &body {
            Some(body) => confirm.json(body.clone()).await,
            None => confirm.await,
        };
        let confirmed = confirmed.expect(200);
        assert_eq!((&confirmed["status"], &confirmed["reason"]), (&json!(status), &reason));
        assert_eq!(confirmed["next_action"], json!(null));
    }
}

#[databases]
async fn only_who_pays_confirms(database: Database) {
    let shop = shop(database).await;
    let asked = authorize_as_guest("a guest's secret", "tok_3ds");
    shop.client.authorize(&asked).await.unwrap();
    let path = format!("/payments/{}/confirm", asked.payment_id);
    shop.post(&path).await.expect(404);
    shop.post(&path).user(&User::customer()).await.expect(404);
    shop.post(&path).user(&User::with(&["payments:read"])).await.expect(404);
    shop.post(&path).header("X-Order-Token", "a guest's secret").await.expect(200);
}

#[databases]
async fn a_confirmation_holds_no_card_number(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let asked = authorize(&buyer, "tok_3ds");
    shop.client.authorize(&asked).await.expect("an answer");
    let confirm = shop.post(&format!("/payments/{}/confirm", asked.payment_id)).user(&buyer);
    let refused = confirm.json(json!({ "outcome": "4242 4242 4242 4242" })).await.expect(422);
    assert!(refused.to_string().contains("card number"), "{refused}");
    assert!(!refused.to_string().contains("4242"), "{refused}");
}

#[databases]
async fn a_confirmation_nobody_asked_for_changes_nothing(database: Database) {
    let shop = shop(database).await;
    let buyer = User::customer();
    let id = shop.captured(&buyer).await;
    let path = format!("/payments/{id}/confirm");
    let shown = shop.post(&path).user(&buyer).await.expect(200);
    assert_eq!(shown["status"], "captured");
    for (body, status, code) in [
        ("{", 400, "malformed_json"),
        (r#"{"outcome":"maybe"}"#, 422, "validation_failed"),
        (r#"{"outcome":5}"#, 422, "validation_failed"),
        (r#"{"result":"approve"}"#, 422, "validation_failed"),
        ("[]", 422, "validation_failed"),
        ("null", 422, "validation_failed"),
    ] {
        let answer = shop.post(&path).user(&buyer).text(body).await;
        assert_eq!(answer.problem(status), code, "{body}");
    }
    let plain = shop.post(&path).user(&buyer).header("Content-Type", "text/plain");
    let plain = plain.text("approve").await;
    assert_eq!(plain.problem(415), "unsupported_media_type");
}
