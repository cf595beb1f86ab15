//! What memory, RabbitMQ and Redis have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use chassis::context::Trace;
use chassis::db::Session;
use chassis::testing::{eventually, on};

use super::shop::{BELLS, BOTH, Consumer, DOORS, Kind, Process, all, opened, publish_all, rang};

#[on(memory, rabbitmq, redis)]
async fn every_consumer_gets_every_event_of_its_types_once_and_in_order(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let both = Consumer::new("test.both", BOTH).await;
    let doors = Consumer::new("test.doors", DOORS).await;
    let everybody = [&bells, &both, &doors];
    let inboxes = everybody.iter().map(|it| it.inbox()).collect();
    let process = engine.process(&all(&everybody), inboxes);
    let events: Vec<_> = (1..=300).map(|it| rang(it, 1)).collect();
    process.publish(&events).await;
    process.publish(&[opened(1000)]).await;
    // Again, as after a relay that was killed before it had noted what it sent.
    process.publish(&events).await;
    process.publish(&[opened(1001), rang(1002, 1)]).await;
    let done = async || (bells.count().await, both.count().await) == (301, 303);
    eventually(&format!("{}: all are there", engine.kind), done).await;
    let told: Vec<_> = events.iter().map(|it| (it.subject.clone(), 1)).collect();
    assert_eq!(bells.inbox_holds().await[..300], told, "{}", engine.kind);
    let heard = doors.inbox_holds().await;
    let expected = [opened(1000), opened(1001)].map(|it| (it.subject, 1));
    assert_eq!(heard, expected, "{}", engine.kind);
    process.end().await;
    engine.clean(&["test.bells", "test.both", "test.doors"]).await;
}

#[on(memory, rabbitmq, redis)]
async fn an_event_that_nobody_wants_holds_up_no_other(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
    process.publish(&[opened(1), rang(2, 1), opened(3)]).await;
    let done = async || bells.count().await == 1;
    eventually(&format!("{}: the bell is heard", engine.kind), done).await;
    process.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(memory, rabbitmq, redis)]
async fn a_consumer_whose_database_is_away_gets_it_later_and_holds_up_no_other(kind: Kind) {
    let engine = kind.engine().await;
    let away = Consumer::new("test.away", BELLS).await;
    let there = Consumer::new("test.there", BELLS).await;
    let inboxes = vec![away.inbox(), there.inbox()];
    let process = engine.process(&all(&[&away, &there]), inboxes);
    let locked = away.db.begin().await.unwrap();
    let events: Vec<_> = (1..=10).map(|it| rang(it, 1)).collect();
    // The bus of one process only has it when all have stored it; the relay tries again.
    drop(process.bus.publish(&events).await);
    let publishing = async {
        eventually("taken", async || process.bus.publish(&events).await.is_ok()).await;
    };
    let waiting = async {
        let done = async || there.count().await == 10;
        eventually(&format!("{}: the other one has it", engine.kind), done).await;
        locked.rollback().await.unwrap();
    };
    tokio::join!(publishing, waiting);
    let done = async || away.count().await == 10;
    eventually(&format!("{}: it has it later", engine.kind), done).await;
    process.end().await;
    engine.clean(&["test.away", "test.there"]).await;
}

#[on(memory, rabbitmq, redis)]
async fn every_message_five_times_and_out_of_order_gives_the_same_end(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
    let mut events = vec![];
    for time in 0..5 {
        for bell in 1..=8 {
            // Each time another order of the versions.
            events.extend((0..5).map(|it| rang(bell, 1 + (it * 2 + time) % 5)));
        }
    }
    let batches: Vec<_> = events.rchunks(7).map(<[_]>::to_vec).collect();
    publish_all(&process, &batches).await;
    let done = async || bells.count().await == 40;
    eventually(&format!("{}: all are there", engine.kind), done).await;
    let expected: BTreeMap<_, _> = (1..=8).map(|it| (rang(it, 1).subject, 5)).collect();
    assert_eq!(bells.versions().await, expected, "{}", engine.kind);
    process.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(memory, rabbitmq, redis)]
async fn a_handler_continues_the_trace_of_its_event(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
    let trace = Trace::begin();
    let mut event = rang(1, 1);
    event.traceparent = Some(trace.to_string());
    process.publish(&[event]).await;
    let done = async || bells.count().await == 1;
    eventually(&format!("{}: it is there", engine.kind), done).await;
    bells.versions().await;
    let heard: (String,) = bells.db.query("SELECT trace FROM heard").one().await.unwrap();
    assert_eq!(heard.0, trace.id(), "{}", engine.kind);
    process.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(rabbitmq, redis)]
async fn what_a_consumer_wants_is_kept_until_it_starts_for_the_first_time(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let publisher = engine.process(&all(&[&bells]), vec![]);
    publisher.publish(&[rang(1, 1)]).await;
    publisher.end().await;
    let late = engine.process(&[], vec![bells.inbox()]);
    let done = async || bells.count().await == 1;
    eventually(&format!("{}: it is there", engine.kind), done).await;
    late.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(rabbitmq, redis)]
async fn two_processes_of_a_consumer_share_its_work(kind: Kind) {
    let engine = kind.engine().await;
    // Databases of their own show who got what.
    let one = Consumer::new("test.bells", BELLS).await;
    let two = Consumer::new("test.bells", BELLS).await;
    let processes = [
        engine.process(&all(&[&one]), vec![one.inbox()]),
        engine.process(&all(&[&two]), vec![two.inbox()]),
    ];
    eventually("both listen", async || processes.iter().all(|it| it.bus.is_ready())).await;
    let mut told = 0;
    let done = async || {
        // Until both have had a share; a batch may go to one of them as a whole.
        let batch: Vec<_> = (0..50).map(|it| rang(told + it, 1)).collect();
        processes[0].publish(&batch).await;
        told += 50;
        one.count().await > 0 && two.count().await > 0
    };
    eventually(&format!("{}: both have some", engine.kind), done).await;
    let done = async || one.count().await + two.count().await == told as usize;
    eventually(&format!("{}: each is at one of them", engine.kind), done).await;
    for process in processes {
        process.end().await;
    }
    engine.clean(&["test.bells"]).await;
}

#[on(rabbitmq, redis)]
async fn what_a_process_had_in_hand_when_it_stopped_goes_to_another(kind: Kind) {
    goes_to_another(kind, async |first| first.end().await).await;
}

#[on(rabbitmq, redis)]
async fn what_a_process_had_in_hand_when_it_died_goes_to_another(kind: Kind) {
    goes_to_another(kind, async |first| first.task.abort()).await;
}

/// A process that cannot store what it was given comes to its end.
async fn goes_to_another(kind: Kind, end: impl AsyncFn(Process)) {
    let engine = kind.engine().await;
    let stuck = Consumer::new("test.bells", BELLS).await;
    let other = Consumer::new("test.bells", BELLS).await;
    let locked = stuck.db.begin().await.expect("the only writer");
    let first = engine.process(&all(&[&stuck]), vec![stuck.inbox()]);
    first.publish(&[rang(1, 1), rang(2, 1)]).await;
    // For the first one to have them in hand; the same if it has not.
    tokio::time::sleep(Duration::from_millis(200)).await;
    end(first).await;
    drop(locked);
    let second = engine.process(&all(&[&other]), vec![other.inbox()]);
    let done = async || other.count().await == 2;
    eventually(&format!("{}: the other one has them", engine.kind), done).await;
    second.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(rabbitmq, redis)]
async fn what_cannot_be_decoded_goes_to_the_dead_letters_and_blocks_nobody(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let process = engine.process(&all(&[&bells]), vec![bells.inbox()]);
    process.publish(&[rang(1, 1)]).await;
    let mut bad = rang(4, 1);
    bad.data = serde_json::json!({ "bell": "\0" });
    let unstorable = serde_json::to_vec(&bad).unwrap();
    engine.send_nonsense(b"{\"no\": \"event\"}").await;
    engine.send_nonsense(&[0xff, 0x00]).await;
    engine.send_nonsense(&unstorable).await;
    process.publish(&[rang(2, 1)]).await;
    let done = async || bells.count().await == 2;
    eventually(&format!("{}: the others are there", engine.kind), done).await;
    let mut letters = vec![];
    let done = async || {
        letters.extend(engine.dead_letters().await);
        letters.len() >= 3
    };
    eventually(&format!("{}: the dead letters are there", engine.kind), done).await;
    letters.sort();
    let mut expected = vec![b"{\"no\": \"event\"}".to_vec(), vec![0xff, 0x00], unstorable.clone()];
    expected.sort();
    assert_eq!(letters, expected, "{}", engine.kind);
    process.end().await;
    engine.clean(&["test.bells"]).await;
}

#[on(redis)]
async fn a_stream_is_cut_where_all_have_read_it_and_not_before(kind: Kind) {
    let engine = kind.engine().await;
    let bells = Consumer::new("test.bells", BELLS).await;
    let late = Consumer::new("test.late", BELLS).await;
    let process = engine.process(&all(&[&bells, &late]), vec![bells.inbox()]);
    let events: Vec<_> = (1..=1_000).map(|it| rang(it, 1)).collect();
    process.publish(&events).await;
    eventually("one has all", async || bells.count().await == 1_000).await;
    // Two rounds of cutting.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(engine.length().await, 1_000);
    let other = engine.process(&[], vec![late.inbox()]);
    eventually("the other one, too", async || late.count().await == 1_000).await;
    eventually("the stream is cut", async || engine.length().await <= 100).await;
    process.end().await;
    other.end().await;
    engine.clean(&[]).await;
}
