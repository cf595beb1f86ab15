use std::time::Duration;

use chassis::bus::Bus;
use chassis::service::Background;
use chassis::testing::{Database, User, databases, eventually};
use contracts::payments::Status;
use contracts::testing::refusal;
use payments::{Config, SandboxMode};
use uuid::Uuid;

use crate::shop::{Shop, authorize, shop, shop_with};

#[databases]
async fn they_are_what_orders_takes_them_for(database: Database) {
    contracts::testing::payments_suite(&shop(database).await.client).await;
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
    assert_eq!(refusal(without.client.authorize(&asked).await), "validation_failed");
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
