use chassis::testing::User;
use contracts::payments::{PaymentUpdated, Status};
use serde_json::json;

use crate::world::{living_worlds, worlds};

#[tokio::test]
async fn a_paid_order_is_refunded_and_restocked() {
    for world in worlds().await {
        let user = User::customer();
        let order = world.buy(&user, "k", "tok_visa").await.expect(201);
        let path = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
        let reason = json!({ "reason": "changed my mind" });
        let cancelled = world.call("POST", &path).user(&user).json(reason).await.expect(200);
        assert_eq!(cancelled["status"], "cancelled");
        assert_eq!(cancelled["payment_status"], "refunded");
        assert_eq!(cancelled["reason"], "changed my mind");
        assert_eq!(world.stock(), 5);
        // Once more changes nothing.
        world.call("POST", &path).user(&user).await.expect(200);
        assert_eq!((world.stock(), world.asked("refund")), (5, 1));
    }
}

#[tokio::test]
async fn an_unpaid_order_is_voided() {
    for world in worlds().await {
        let user = User::customer();
        let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
        let path = format!("/orders/{}/cancel", order["id"].as_str().unwrap());
        let cancelled = world.call("POST", &path).user(&user).await.expect(200);
        assert_eq!(cancelled["payment_status"], "voided");
        assert_eq!((world.stock(), world.asked("void")), (5, 1));
    }
}

#[tokio::test]
async fn a_capture_on_its_way_is_waited_for_and_refunded() {
    for mut world in living_worlds().await {
        let user = User::customer();
        world.fail("capture", 1_000);
        let order = world.buy(&user, "k", "tok_visa").await.expect(202);
        let id = order["id"].as_str().unwrap().to_owned();
        world.fail("refund", 2);
        let path = format!("/orders/{id}/cancel");
        world.call("POST", &path).user(&user).await.expect(202);
        world.fail("capture", 0);
        let shown = world.settle_at(&user, &id, "cancelled").await;
        assert_eq!(
            (&shown["status"], &shown["payment_status"]),
            (&json!("cancelled"), &json!("refunded"))
        );
        assert_eq!(world.stock(), 5);
    }
}

#[tokio::test]
async fn what_was_shipped_stays_sold() {
    for world in worlds().await {
        let (user, staff) = (User::customer(), User::with(&["orders:write", "orders:read"]));
        let order = world.buy(&user, "k", "tok_visa").await.expect(201);
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        let set = |status: &str| {
            let body = json!({ "status": status, "tracking_number": "1Z999" });
            world.call("PATCH", &format!("{path}/status")).json(body)
        };
        assert_eq!(set("shipped").user(&user).await.problem(403), "forbidden");
        assert_eq!(set("delivered").user(&staff).await.problem(409), "status_not_allowed");
        let shipped = set("shipped").user(&staff).await.expect(200);
        assert_eq!(shipped["tracking_number"], "1Z999");
        assert_eq!(shipped["fulfillment_status"], "fulfilled");
        let cancel = world.call("POST", &format!("{path}/cancel")).user(&user).await;
        assert_eq!(cancel.problem(409), "order_shipped");
        assert_eq!(set("delivered").user(&staff).await.expect(200)["status"], "delivered");
        assert_eq!(set("confirmed").user(&staff).await.problem(409), "status_not_allowed");
    }
}

#[tokio::test]
async fn a_refund_by_hand_shows_in_the_order() {
    for world in worlds().await {
        let user = User::customer();
        let order = world.buy(&user, "k", "tok_visa").await.expect(201);
        let mut payment = world.others.lock().unwrap().payments.values().next().cloned().unwrap();
        let path = format!("/orders/{}", order["id"].as_str().unwrap());
        for (version, refunded, status, shown) in [
            (5, 100, Status::PartiallyRefunded, ("confirmed", "partially_refunded")),
            (6, payment.amount, Status::Refunded, ("refunded", "refunded")),
            // Old news.
            (5, 100, Status::PartiallyRefunded, ("refunded", "refunded")),
        ] {
            (payment.status, payment.refunded) = (status, refunded);
            let event = PaymentUpdated { payment: payment.clone() };
            let event = chassis::testing::event("payments", payment.id, version, &event);
            chassis::testing::deliver(&world.service, &[event]).await;
            let order = world.call("GET", &path).user(&user).await.expect(200);
            assert_eq!(
                (order["status"].as_str(), order["payment_status"].as_str()),
                (Some(shown.0), Some(shown.1))
            );
        }
    }
}
