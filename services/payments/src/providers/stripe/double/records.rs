//! `cartwright check --providers`: the shop's payments compared with Stripe's own records.

use std::collections::BTreeSet;

use chassis::testing::{Database, databases};

use super::webhooks::{hearing, lives};
use super::*;
use crate::invariants::{Compared, compare_with_providers};

/// What is said of Stripe.
async fn compared(shop: &Shop) -> Compared {
    let compared = compare_with_providers(&shop.app.db, &shop.app.config, shop.app.clock).await;
    let [(NAME, compared)] = &compared.expect("an answer")[..] else { panic!("Stripe alone") };
    compared.clone()
}

async fn faults(shop: &Shop) -> BTreeSet<String> {
    match compared(shop).await {
        Compared::Faults(faults) => faults.into_iter().collect(),
        unreachable => panic!("{unreachable:?}"),
    }
}

#[databases]
async fn charges_that_the_shop_does_not_know_or_knows_otherwise_are_found(database: Database) {
    let hearing = hearing(database, |_| {}).await;
    let shop = &hearing.shop;
    assert_eq!(faults(shop).await, BTreeSet::new());
    lives(shop).await;
    hearing.hear(200).await;
    let [part, all] = [shop.paid("card").await.id, shop.paid("card").await.id];
    shop.refund(part, Some(500)).await;
    shop.refund(all, None).await;
    shop.void(shop.pay("card").await.id).await;
    shop.pay("card_3ds").await;
    assert_eq!(faults(shop).await, BTreeSet::new(), "{}", shop.platform.kind);

    // Nobody has told the shop.
    let elsewhere =
        shop.double.refund(&shop.intent(part).await, Some(99)).expect("so much is left");
    let unknown = shop.pay("card").await;
    let delete = "DELETE FROM payments WHERE id = $1";
    for table in ["DELETE FROM operations WHERE payment_id = $1", delete] {
        shop.app.db.query(table).bind(unknown.id).execute().await.expect("deleted");
    }
    let expected = [
        format!("stripe charge {} has no payment", unknown.id),
        format!(
            "payment {part} is partially_refunded with 1999 captured and 500 refunded, but stripe \
             says captured with 1999 and 599"
        ),
    ];
    assert_eq!(faults(shop).await, expected.clone().into());
    // What has failed is no longer given back.
    shop.double.fail_refund(&elsewhere).expect("it was accepted");
    assert_eq!(faults(shop).await, [expected[0].clone()].into());
}

#[tokio::test]
async fn lists_are_read_to_their_end_and_a_provider_that_does_not_answer_is_named() {
    let mut shop = shop(Database::Sqlite).await;
    for _ in 0..101 {
        shop.pay("card_declined").await;
    }
    shop.clock.advance(TimeDelta::hours(1));
    assert_eq!(faults(&shop).await, BTreeSet::new());
    let lists = shop.double.requests().into_iter().filter(|it| it.query.contains("limit=100"));
    assert_eq!(lists.filter(|it| it.path == "/v1/payment_intents").count(), 2);

    shop.double.set_down(true);
    let Compared::Unreachable(why) = compared(&shop).await else { panic!("it is down") };
    assert!(why.contains("GET /v1/payment_intents"), "{why}");
    shop.double.set_down(false);
    shop.restart_with(|it| it.stripe.secret_key = "sk_test_wrong".into());
    let Compared::Unreachable(why) = compared(&shop).await else { panic!("it refuses the key") };
    assert!(why.contains("status 401"), "{why}");
    // A shop without it asks nobody.
    let none = Config::default();
    let compared = compare_with_providers(&shop.app.db, &none, shop.app.clock).await;
    assert_eq!(compared.expect("an answer"), []);
}
