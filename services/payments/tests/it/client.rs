use std::time::Duration;

use chassis::bus::Bus;
use chassis::service::Background;
use chassis::testing::{Database, User, databases, eventually};
use contracts::payments::{Authorize, Refund, Status};
use payments::{Config, SandboxMode};
use uuid::Uuid;

use crate::shop::{Shop, authorize, refused, shop, shop_with};

#[databases]
async fn orders_can_pay_capture_and_refund(database: Database) {
    let shop = shop(database).await;
    let asked = authorize(&User::customer(), "tok_visa");
    let id = asked.payment_id;
    assert_eq!(shop.client.show(id).await.unwrap(), None);
    let payment = shop.client.authorize(&asked).await.unwrap();
    assert_eq!((payment.status, payment.order_id), (Status::Authorized, asked.order_id));
    let payment = shop.client.capture(id).await.unwrap();
    assert_eq!((payment.status, payment.captured), (Status::Captured, 1999));
    let refund = Refund {
        payment_id: id,
        refund_id: Uuid::now_v7(),
        amount: None,
        reason: "customer_request".to_owned(),
    };
    for _ in 0..2 {
        let answer = shop.client.refund(&refund).await.unwrap();
        let payment = answer.payment;
        assert_eq!((payment.status, payment.refunded), (Status::Refunded, 1999));
        let given = answer.refund.expect("what was given back");
        assert_eq!((given.id, given.amount), (refund.refund_id, 1999));
        assert_eq!((given.reason.as_str(), given.staff), ("customer_request", None));
    }
    // All of it is back already.
    let again = Refund { refund_id: Uuid::now_v7(), ..refund.clone() };
    let answer = shop.client.refund(&again).await.unwrap();
    assert_eq!(answer.refund, None);
    let payment = answer.payment;
    assert_eq!((payment.status, payment.refunded), (Status::Refunded, 1999));
    let more = Refund { refund_id: Uuid::now_v7(), amount: Some(1), ..refund };
    assert_eq!(refused(shop.client.refund(&more).await), "refund_exceeds_payment");
    assert_eq!(shop.client.show(id).await.unwrap(), Some(payment));
}

#[databases]
async fn a_declined_payment_is_an_answer(database: Database) {
    let shop = shop(database).await;
    for (token, reason) in [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_unheard_of", "invalid_token"),
    ] {
        let asked = authorize(&User::customer(), token);
        let payment = shop.client.authorize(&asked).await.unwrap();
        assert_eq!((payment.status, payment.reason.as_deref()), (Status::Declined, Some(reason)));
        // It stays one, whatever is asked for.
        for payment in [
            shop.client.capture(asked.payment_id).await.unwrap(),
            shop.client.void(asked.payment_id).await.unwrap(),
        ] {
            assert_eq!((payment.status, payment.captured), (Status::Declined, 0));
        }
    }
}

#[databases]
async fn what_cannot_be_is_refused(database: Database) {
    let shop = shop(database).await;
    let nobody = Uuid::now_v7();
    assert_eq!(refused(shop.client.capture(nobody).await), "payment_not_found");
    let refund = Refund {
        payment_id: nobody,
        refund_id: Uuid::now_v7(),
        amount: None,
        reason: String::new(),
    };
    assert_eq!(refused(shop.client.refund(&refund).await), "payment_not_found");
    let asked = authorize(&User::customer(), "tok_visa");
    let bank = Authorize { provider: "bank".to_owned(), ..asked.clone() };
    assert_eq!(refused(shop.client.authorize(&bank).await), "validation_failed");
    let card = Authorize { token: "4242424242424242".into(), ..asked.clone() };
    assert_eq!(refused(shop.client.authorize(&card).await), "card_number_refused");
    assert_eq!(shop.client.show(asked.payment_id).await.unwrap(), None);
    let early = Refund { payment_id: asked.payment_id, ..refund };
    shop.client.authorize(&asked).await.unwrap();
    assert_eq!(refused(shop.client.refund(&early).await), "payment_not_captured");
}

#[databases]
async fn a_void_is_final_even_before_the_payment(database: Database) {
    let shop = shop(database).await;
    let asked = authorize(&User::customer(), "tok_visa");
    let payment = shop.client.void(asked.payment_id).await.unwrap();
    assert_eq!((payment.status, payment.order_id), (Status::Voided, Uuid::nil()));
    let payment = shop.client.authorize(&asked).await.unwrap();
    assert_eq!((payment.status, payment.order_id), (Status::Voided, asked.order_id));
    assert_eq!(refused(shop.client.capture(asked.payment_id).await), "payment_voided");
}

#[databases]
async fn an_unknown_outcome_is_found_by_the_worker(database: Database) {
    // The workers run here, by the clock of the system.
    let mut shop = shop(database).await;
    let stop = Default::default();
    let background =
        Background::start(std::slice::from_mut(&mut shop.service), &Bus::memory(), &stop);
    let asked = authorize(&User::customer(), "tok_timeout");
    shop.client.authorize(&asked).await.unwrap();
    let payment = shop.client.capture(asked.payment_id).await.unwrap();
    assert!(matches!(payment.status, Status::Capturing | Status::Captured));
    let payment = shop.until(asked.payment_id, Status::Captured).await;
    assert_eq!(payment.captured, 1999);

    let asked = authorize(&User::customer(), "tok_error");
    let payment = shop.client.authorize(&asked).await.unwrap();
    assert!(matches!(payment.status, Status::Pending | Status::Declined));
    let payment = shop.until(asked.payment_id, Status::Declined).await;
    assert_eq!(payment.reason.as_deref(), Some("provider_error"));
    background.stop(Duration::from_secs(5)).await;
}

#[databases]
async fn the_sandbox_can_be_switched_off(database: Database) {
    let config = Config { sandbox: SandboxMode::Off, ..Config::default() };
    let without = shop_with(database, config).await;
    let asked = authorize(&User::customer(), "tok_visa");
    assert_eq!(refused(without.client.authorize(&asked).await), "validation_failed");
    assert_eq!(without.client.providers().await.expect("an answer"), [""; 0]);
    let with = shop(database).await;
    assert_eq!(with.client.providers().await.expect("an answer"), ["sandbox"]);
}

impl Shop {
    /// Asks as orders would until the payment stands there.
    async fn until(&self, id: Uuid, status: Status) -> contracts::payments::Payment {
        eventually(format!("{status:?} on {}", self.kind), async || {
            let payment = self.client.show(id).await.expect("an answer").expect("the payment");
            (payment.status == status).then_some(payment)
        })
        .await
    }
}
