//! Processes that die, and those that take over from them.

use super::*;
use crate::provider::Refusal;
use chassis::testing::{Database, databases};

#[databases]
async fn a_process_that_dies_leaves_nothing_undecided(database: Database) {
    let shop = shop(database).await;
    for dies in [Line::DiesBefore, Line::DiesAfter] {
        let asked = request("tok_visa");
        let id = asked.payment_id;
        shop.line([dies]);
        let payment = requests::authorize(&shop.hasty(), asked).await.unwrap();
        assert_eq!(payment.status, Status::Pending);
        assert_eq!(resumed(&shop, id).await, Status::Authorized, "{dies:?}");

        shop.line([dies]);
        let payment = requests::capture(&shop.hasty(), id).await.unwrap();
        assert_eq!(payment.status, Status::Capturing);
        assert_eq!(resumed(&shop, id).await, Status::Captured, "{dies:?}");

        shop.line([dies]);
        requests::refund(&shop.hasty(), refund_of(id, None)).await.unwrap();
        assert_eq!(resumed(&shop, id).await, Status::Refunded, "{dies:?}");
        assert_eq!(shop.published(id).await, ["authorized", "captured", "refunded"]);

        let id = shop.authorized("tok_visa").await;
        shop.line([dies]);
        let payment = requests::void(&shop.hasty(), id).await.unwrap();
        assert_eq!(payment.status, Status::Voiding);
        assert_eq!(resumed(&shop, id).await, Status::Voided, "{dies:?}");
    }
    shop.assert_sound().await;
}

#[databases]
async fn a_process_that_was_taken_over_writes_nothing_down(database: Database) {
    let shop = shop(database).await;
    let asked = request("tok_visa");
    let id = asked.payment_id;
    shop.line([Line::DiesBefore]);
    let payment = requests::authorize(&shop.hasty(), asked).await.unwrap();
    let stale = operation(&shop, id, Kind::Authorize).await;
    shop.restart().await;
    let app = App { clock: chassis::clock::Clock::Fixed(later(10)), ..shop.app.clone() };
    turn(&app).await.unwrap();
    // The first process wakes up and believes that the provider said no.
    let answer = Err(Refusal("card_declined".to_owned()));
    assert!(settle(&shop.app, &payment, &stale, &answer, true).await.unwrap().is_none());
    postpone(&shop.app, &stale).await;
    assert!(run(&shop.app, payment, stale).await.is_none());
    assert_eq!(shop.payment(id).await.status, Status::Authorized);
    assert_eq!(turn(&app).await.unwrap(), 0);
}

#[databases]
async fn workers_share_what_is_due(database: Database) {
    let shop = shop(database).await;
    shop.line([Line::RequestLost; 30]);
    let mut ids = Vec::new();
    for _ in 0..10 {
        let asked = request("tok_visa");
        ids.push(asked.payment_id);
        requests::authorize(&shop.app, asked).await.unwrap();
    }
    let turns = together(4, |_| {
        let app = shop.app.clone();
        async move { turn(&app).await }
    });
    let worked: usize = turns.await.into_iter().map(Result::unwrap).sum();
    assert_eq!(worked, 10, "{}", shop.platform.kind);
    for id in ids {
        assert_eq!(shop.payment(id).await.reason.as_deref(), Some("provider_error"));
    }
    shop.assert_sound().await;
}

/// A new process goes on, and this is where the payment stands then.
async fn resumed(shop: &Shop, id: Uuid) -> Status {
    let app = shop.restart().await;
    while turn(&app).await.unwrap() > 0 {}
    shop.payment(id).await.status
}
