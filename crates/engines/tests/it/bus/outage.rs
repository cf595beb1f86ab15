//! A broker that is away, comes back, or never was what the settings say.

use std::time::Duration;

use chassis::bus::Error;
use chassis::clock::Clock;
use chassis::outbox::{Relay, backlog, publish};
use chassis::testing::{eventually, noon, on};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::shop::{BELLS, Consumer, Engine, Kind, Rang, all, rang};
use crate::servers::Own;

#[on(rabbitmq)]
async fn delivery_goes_on_after_rabbitmq_was_stopped_and_came_back() {
    let mut server = Own::rabbitmq().await;
    let engine = Engine::at("rabbitmq", format!("amqp://127.0.0.1:{}", server.port));
    survives(&engine, &mut server).await;
}

#[on(redis)]
async fn delivery_goes_on_after_redis_was_stopped_and_came_back() {
    let mut server = Own::redis().await;
    let engine = Engine::at("redis", format!("redis://127.0.0.1:{}", server.port));
    survives(&engine, &mut server).await;
}

async fn survives(engine: &Engine, server: &mut Own) {
    let bells = Consumer::new("test.bells", BELLS).await;
    let teller = Consumer::new("test.teller", &[]).await;
    let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
    let stop = CancellationToken::new();
    let bus = process.bus.clone();
    let relay = Relay { service: "test", db: teller.db.clone(), bus, clock: Clock::System };
    let relay = tokio::spawn(relay.run(stop.clone()));
    let waiting = async || backlog(&teller.db).await.expect("a count").0;
    let tell_one = async |bell: i64| {
        let mut tx = teller.db.begin().await.expect("a transaction");
        publish(&mut tx, Uuid::from_u128(bell as u128), 1, &Rang { bell }, noon())
            .await
            .expect("it is told");
        tx.commit().await.expect("a commit");
    };
    tell_one(1).await;
    eventually("the first one is there", async || bells.count().await == 1).await;
    for (round, violently) in [(1, false), (2, true)] {
        if violently {
            server.kill()
        } else {
            server.stop()
        }
        eventually("the bus knows", async || !process.bus.is_ready()).await;
        for bell in 0..20 {
            tell_one(round * 100 + bell).await;
        }
        assert!(matches!(process.bus.publish(&[rang(7, 7)]).await, Err(Error::Away(_))));
        assert!(waiting().await >= 20);
        server.start().await;
        let expected = 1 + 20 * round as usize;
        eventually("the rest is there", async || bells.count().await == expected).await;
        eventually("the outbox is empty", async || waiting().await == 0).await;
    }
    stop.cancel();
    relay.await.expect("no panic");
    process.end().await;
}

#[tokio::test]
async fn without_a_broker_events_wait_and_stopping_is_quick() {
    let bells = Consumer::new("test.bells", BELLS).await;
    // Nothing listens on the port of discard.
    for (kind, url) in [
        ("rabbitmq", "amqp://127.0.0.1:9"),
        ("rabbitmq", "amqp://no-such-host.invalid"),
        ("redis", "redis://127.0.0.1:9"),
    ] {
        let engine = Engine::at(kind, url.to_owned());
        let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
        // It would be ready by then.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!process.bus.is_ready());
        assert!(matches!(process.bus.publish(&[rang(1, 1)]).await, Err(Error::Away(_))));
        process.end().await;
    }
}

#[on(rabbitmq, redis)]
async fn wrong_credentials_are_a_broker_that_is_away(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let wrong = engine.with_password("wrong");
    let process = wrong.process(&all(&[&bells]), vec![bells.inbox()]);
    // It would be ready by then.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!process.bus.is_ready(), "{}", engine.kind);
    process.end().await;
}

#[on(rabbitmq, redis)]
async fn a_queue_that_was_deleted_is_made_again_and_no_event_is_lost(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let publisher = engine.process(&all(&[&bells]), vec![]);
    publisher.publish(&[rang(1, 1)]).await;
    engine.drop_queue("test.bells").await;
    publisher.publish(&[rang(2, 1)]).await;
    let consumer = engine.process(&[], vec![bells.inbox()]);
    let done = async || bells.count().await == 1;
    eventually(&format!("{}: it is there", engine.kind), done).await;
    engine.drop_queue("test.bells").await;
    consumer.publish(&[rang(3, 1)]).await;
    let done = async || bells.count().await == 2;
    eventually(&format!("{}: the next one too", engine.kind), done).await;
    consumer.end().await;
    publisher.end().await;
    engine.clean(&["test.bells"]).await;
}
