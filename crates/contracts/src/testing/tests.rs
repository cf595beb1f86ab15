use uuid::Uuid;

use super::*;
use crate::catalog::QUOTE;
use crate::orders::LineShare;

#[tokio::test]
async fn the_catalog_is_one() {
    let fake = Fake::<Catalog>::default();
    fake.lock().offers.push(offer("LAMP-1", 1_999, 5));
    catalog_suite(&crate::catalog::Client::new(fake.channel()), "LAMP-1").await;
}

#[tokio::test]
async fn the_cart_is_one() {
    let (fake, user) = (Fake::<Carts>::default(), Uuid::from_u128(7));
    let lines = vec![crate::catalog::StockLine::new("LAMP-1", 2)];
    let cart = crate::cart::Cart { id: user, version: 1, lines, ..Default::default() };
    fake.lock().carts.insert(user.to_string(), cart);
    carts_suite(&crate::cart::Client::new(fake.channel()), user).await;
}

#[tokio::test]
async fn payments_are_payments() {
    let fake = Fake::<Payments>::default();
    payments_suite(&crate::payments::Client::new(fake.channel())).await;
}

#[tokio::test]
async fn identity_is_one() {
    let fake = Fake::<Identity>::default();
    let client = crate::identity::Client::new(fake.channel());
    identity_suite(&client, Uuid::from_u128(7), "ada@example.com").await;
}

#[tokio::test]
async fn orders_are_orders() {
    let fake = Fake::<Orders>::default();
    fake.lock().lines = vec![
        LineShare { sku: "LAMP-1".to_owned(), quantity: 2, amount: 4_000 },
        LineShare { sku: "MUG".to_owned(), quantity: 1, amount: 498 },
    ];
    let client = crate::orders::Client::new(fake.channel());
    orders_suite(&client, Uuid::from_u128(7), ("ada@example.com", 4_498)).await;
}

#[tokio::test]
async fn a_fake_answers_as_it_is_told_to() {
    let fake = Fake::<Catalog>::default();
    let client = crate::catalog::Client::new(fake.channel());
    fake.calls().fail(QUOTE, 1);
    let error = client.quote(vec![], Default::default()).await.unwrap_err();
    assert!(matches!(error, CallError::Indeterminate { .. }), "{error}");
    client.quote(vec![], Default::default()).await.unwrap();
    assert_eq!((fake.calls().asked(QUOTE), fake.calls().all()), (2, vec![QUOTE.path(); 2]));
    fake.calls().misanswer(QUOTE, 1);
    let error = client.quote(vec![], Default::default()).await.unwrap_err();
    assert!(matches!(error, CallError::Malformed { .. }), "{error}");
    client.quote(vec![], Default::default()).await.unwrap();
    fake.calls().forget();
    assert_eq!(fake.calls().asked(QUOTE), 0);
}
