//! RabbitMQ goes away in the middle of the day.

use std::time::Duration;

use chassis::db::Session;
use chassis::outbox;
use chassis::testing::on;
use serde_json::{Value, json};

use crate::load::{Load, buying};
use crate::servers::Own;
use crate::shop::{Live, Shape, eventually_answers};

/// How long the broker is away: for many tries to reach it.
const AWAY: Duration = Duration::from_secs(30);

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_costs_no_order_and_no_mail(shape: Shape) {
    let mut place = shape.place().await;
    let mut broker = Own::rabbitmq().await;
    place.config.bus.url = format!("amqp://guest:guest@127.0.0.1:{}", broker.port);
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000_000).await;
    let orders = Load::start(2, buying(&shop.http));
    orders.goes_on(10).await;
    broker.kill();
    tokio::time::sleep(AWAY).await;
    orders.goes_on(20).await;
    // Every one of them was answered well.
    let bought = orders.stop().await;
    let waiting = waiting(&shop).await;
    assert!(waiting["events"].as_i64() > Some(10), "{waiting}: did they go another way?");
    broker.start().await;
    eventually_answers(async || self::waiting(&shop).await, |it| it["events"] == 0).await;
    let mails = async || mails(&shop).await;
    let mails = eventually_answers(mails, |it| it["mails"].as_u64() >= Some(bought)).await;
    assert_eq!(mails, json!({ "mails": bought, "recipients": bought }));
    shop.check().await;
    shop.stop().await;
}

/// Events that no broker has taken.
async fn waiting(shop: &Live) -> Value {
    let mut events = 0;
    for store in shop.stores().all() {
        let (_, db, _) = store.expect("a database");
        events += outbox::backlog(db).await.expect("a count").0;
    }
    json!({ "events": events })
}

/// Confirmations, and to how many buyers; each buyer has bought once.
async fn mails(shop: &Live) -> Value {
    let db = shop.stores().get("notifications").expect("a database");
    let (mails, recipients): (i64, i64) = db
        .query(
            "SELECT count(*), count(DISTINCT recipient) FROM messages
             WHERE template = 'order_confirmed'",
        )
        .one()
        .await
        .expect("a count");
    json!({ "mails": mails, "recipients": recipients })
}
