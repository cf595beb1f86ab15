//! What other services ask.

use chassis::clock::Clock;
use chassis::testing::{Database, databases, eventually, noon};
use chrono::TimeDelta;
use contracts::catalog::{Buyer, Offer, Quoted, Reserve, StockLine, Wanted};
use contracts::testing::{catalog_suite, refusal};
use serde_json::json;
use uuid::Uuid;

use crate::{Shop, mug, shirt, shop};

fn sku(sku: &str) -> Wanted {
    Wanted { sku: Some(sku.to_owned()), product_id: None, variant_id: None }
}

fn product(id: Uuid) -> Wanted {
    Wanted { sku: None, product_id: Some(id), variant_id: None }
}

fn one(sku: &str, quantity: i64) -> Reserve {
    let line = StockLine::new(sku, quantity);
    Reserve { order_id: chassis::id::new(), lines: vec![line], buyer: Default::default() }
}

#[databases]
async fn a_quote_answers_each_thing_asked_in_order(database: Database) {
    let shop = shop(database).await;
    let cup: Uuid = shop.add(mug()).await["id"].as_str().unwrap().parse().unwrap();
    let shirt: Uuid = shop.add(shirt()).await["id"].as_str().unwrap().parse().unwrap();
    let mut draft = mug();
    draft["status"] = json!("draft");
    draft["sku"] = json!("DRAFT");
    shop.add(draft).await;
    let wanted = vec![
        sku("LINEN-SHIRT-M-RED"),
        sku("none"),
        product(cup),
        product(shirt),
        product(Uuid::nil()),
        sku("MUG"),
        sku("DRAFT"),
        Wanted { sku: Some("MUG".to_owned()), product_id: Some(shirt), variant_id: None },
        Wanted { sku: None, product_id: None, variant_id: None },
        // What has the SKU now is another variant.
        Wanted { variant_id: Some(Uuid::nil()), ..sku("MUG") },
    ];
    let answers = shop.client().quote(wanted, Buyer::default()).await.unwrap();
    let Quoted::Offer(Offer { variant_id, .. }) = &answers[2] else { panic!("{answers:?}") };
    let variant_id = *variant_id;
    assert!(variant_id.is_some());
    let cup = Offer {
        sku: "MUG".to_owned(),
        product_id: cup,
        slug: "mug".to_owned(),
        title: "Mug".to_owned(),
        variant_id,
        variant_title: None,
        image: None,
        unit_price: 1200,
        available: Some(5),
        requires_shipping: true,
        taxable: true,
    };
    let [Quoted::Offer(red), Quoted::Unknown, Quoted::Offer(by_id), several, rest @ ..] =
        answers.as_slice()
    else {
        panic!("{answers:?}")
    };
    assert_eq!((red.variant_title.as_deref(), red.unit_price), (Some("M / Red"), 2900));
    assert_eq!(*by_id, cup);
    assert!(matches!(several, Quoted::Ambiguous(skus) if skus.len() == 3));
    let [Quoted::Unknown, Quoted::Offer(by_sku), unknown @ ..] = rest else { panic!("{rest:?}") };
    assert_eq!(*by_sku, cup);
    assert!(unknown.iter().all(|it| matches!(it, Quoted::Unknown)));
}

#[databases]
async fn it_is_what_others_take_it_for(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    catalog_suite(&shop.client(), "MUG").await;
}

#[databases]
async fn a_broken_request_for_stock_is_refused(database: Database) {
    let shop = shop(database).await;
    shop.add(mug()).await;
    let client = shop.client();
    for quantity in [0, -1, 1000, i64::MIN, i64::MAX] {
        assert_eq!(refusal(client.reserve(&one("MUG", quantity)).await), "validation_failed");
    }
    assert_eq!(
        refusal(client.quote(vec![sku("MUG"); 501], Buyer::default()).await),
        "validation_failed"
    );
}

#[databases]
async fn a_hold_ends_by_itself(database: Database) {
    let test = database.platform(catalog::MIGRATIONS).await;
    let shop = Shop::start(test.clone()).await;
    shop.add(mug()).await;
    let order = one("MUG", 3);
    let held = shop.client().reserve(&order).await.unwrap();
    assert_eq!(held.expires_at, noon() + TimeDelta::minutes(15));
    // The same database, a quarter of an hour later.
    let mut later = test;
    later.platform.clock = Clock::Fixed(noon() + TimeDelta::minutes(15));
    let later = Shop::start(later).await;
    let held = async || catalog::invariants::held_orders(&later.test.db).await.unwrap();
    eventually("the hold ends", async || held().await.is_empty()).await;
    let inventory = shop.write("GET", "/inventory/MUG", serde_json::Value::Null).await;
    assert_eq!(inventory.expect(200)["reserved"], 0);
    assert_eq!(refusal(shop.client().commit(order.order_id).await), "reservation_gone");
}
