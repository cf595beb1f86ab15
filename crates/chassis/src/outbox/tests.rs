//! Events from the transaction that told them to the consumer that handled them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::*;
use crate::db::Sql;
use crate::feed::Feed;
use crate::inbox::{self, Failure, Handler, Inbox};
use crate::testing::{self, CHASSIS_ONLY, Database, TestPlatform, databases, eventually, noon};

#[derive(Debug, Serialize, Deserialize)]
struct Rang {
    bell: i64,
}

impl EventData for Rang {
    const TYPE: &'static str = "bell.rang";
}

/// The same, and for whom.
#[derive(Debug, Serialize, Deserialize)]
struct RangFor {
    bell: i64,
    name: String,
}

impl EventData for RangFor {
    const TYPE: &'static str = Rang::TYPE;
    const PERSONAL: bool = true;
}

/// The bell that nobody can hear without a panic.
const UNBEARABLE: i64 = 666;

/// Adds up the bells; fails on the one it does not like, or on all while it is angry.
#[derive(Clone, Default)]
struct Listener {
    sum: Arc<AtomicI64>,
    disliked: i64,
    angry: Arc<AtomicBool>,
    order: Arc<parking_lot::Mutex<Vec<i64>>>,
    traces: Arc<parking_lot::Mutex<Vec<String>>>,
}

impl Handler for Listener {
    fn types(&self) -> &'static [&'static str] {
        &[Rang::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let Rang { bell } = event.data()?;
            tx.query("INSERT INTO heard (bell) VALUES ($1)").bind(bell).execute().await?;
            assert_ne!(bell, UNBEARABLE, "nobody can hear this");
            if bell == self.disliked || self.angry.load(Ordering::SeqCst) {
                return Err(crate::problem::Problem::conflict("no", "not this one").into());
            }
            self.sum.fetch_add(bell, Ordering::SeqCst);
            self.order.lock().push(bell);
            let trace = context::current().expect("a context").trace.id();
            self.traces.lock().push(trace);
            Ok(())
        })
    }
}

#[databases]
async fn an_event_is_told_with_its_change_or_not_at_all(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let mut tx = platform.db.begin().await.unwrap();
    publish(&mut tx, Uuid::nil(), 1, &Rang { bell: 1 }, noon()).await.unwrap();
    drop(tx);
    assert_eq!(backlog(&platform.db).await.unwrap(), (0, None));
    for _ in 0..2 {
        ring(&platform, 1).await;
    }
    assert_eq!(backlog(&platform.db).await.unwrap(), (1, Some(noon())), "{}", platform.kind);
}

#[databases]
async fn every_event_has_its_effect_once(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, listener) = connected(&platform, 0).await;
    for bell in 1..=120 {
        ring(&platform, bell).await;
    }
    assert_eq!(relay.turn().await.unwrap(), 120);
    assert_eq!(relay.turn().await.unwrap(), 0);
    while inbox.turn().await.unwrap() > 0 {}
    assert_eq!(listener.sum.load(Ordering::SeqCst), 120 * 121 / 2);
    assert_eq!(heard(&platform).await, 120);
    let order = "SELECT bell FROM heard ORDER BY bell";
    let told: Vec<(i64,)> = platform.db.query(order).all().await.unwrap();
    assert_eq!(listener.order.lock().as_slice(), told.iter().map(|it| it.0).collect::<Vec<_>>());
    // The relay was killed after publishing: everything comes again, and changes nothing.
    platform.db.query("UPDATE outbox SET sent_at = NULL").execute().await.unwrap();
    relay.turn().await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    assert_eq!(heard(&platform).await, 120, "{}", platform.kind);
}

#[databases]
async fn what_an_event_says_of_a_person_is_kept_until_it_is_delivered_and_no_longer(
    database: Database,
) {
    const OUTBOX: &str = "SELECT CAST(data AS TEXT) FROM outbox ORDER BY sequence";
    const INBOX: &str = "SELECT CAST(envelope AS TEXT) FROM inbox";
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, _) = connected(&platform, 3).await;
    let held = async |sql: &'static str, word: &str| {
        let rows: Vec<(String,)> = platform.db.query(sql).all().await.unwrap();
        rows.iter().filter(|(it,)| it.contains(word)).count()
    };
    ring(&platform, 1).await;
    let mut tx = platform.db.begin().await.unwrap();
    for bell in [2, 3] {
        let event = RangFor { bell, name: "Ada".to_owned() };
        publish(&mut tx, Uuid::from_u128(bell as u128), 1, &event, noon()).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!((held(OUTBOX, "Ada").await, held(INBOX, "Ada").await), (2, 0));
    relay.turn().await.unwrap();
    assert_eq!((held(OUTBOX, "Ada").await, held(INBOX, "Ada").await), (0, 2));
    // Those that follow the outbox still find what concerns nobody.
    assert_eq!(held(OUTBOX, "bell").await, 1);
    while inbox.turn().await.unwrap() > 0 {}
    // The one that failed is tried again, and needs what it says.
    assert_eq!(held(INBOX, "Ada").await, 1, "{}", platform.kind);
    assert_eq!(heard(&platform).await, 2);
    relay.turn().await.unwrap();
    // It comes once more, as after a kill, and is known.
    let came = RangFor { bell: 2, name: "Ada".to_owned() };
    inbox.receive(&[testing::event("test", Uuid::from_u128(2), 1, &came)]).await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    assert_eq!(heard(&platform).await, 2);
    assert_eq!(held(INBOX, "Ada").await, 1);
}

#[databases]
async fn a_failing_event_blocks_nobody_and_ends_as_a_dead_letter(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, _) = connected(&platform, 3).await;
    for bell in 1..=5 {
        ring(&platform, bell).await;
    }
    relay.turn().await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    // The effect of the failing one was rolled back, the others are there.
    assert_eq!(heard(&platform).await, 4, "{}", platform.kind);
    for _ in 0..4 {
        // The clock stands still, so what waits is made due by hand.
        let due = "UPDATE inbox SET available_at = received_at";
        platform.db.query(due).execute().await.unwrap();
        while inbox.turn().await.unwrap() > 0 {}
    }
    let letters = inbox::dead_letters(&platform.db, None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].error.as_deref(), Some("no (409): not this one"));
    assert_eq!(inbox.turn().await.unwrap(), 0);
}

#[databases]
async fn what_was_sent_and_handled_long_ago_is_deleted(database: Database) {
    const SENT: Sql = Sql {
        sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                 INSERT INTO outbox (id, type, subject, version, time, data, sent_at)
                 SELECT randomblob(16), 'bell.rang', 'x', i, $1, '{}', $1 FROM n",
        postgres: "INSERT INTO outbox (id, type, subject, version, time, data, sent_at)
                   SELECT gen_random_uuid(), 'bell.rang', 'x', i, $1, '{}', $1
                   FROM generate_series(1, 12000) AS i",
    };
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    let count = async |sql: &'static str| db.query(sql).one::<(i64,)>().await.unwrap().0;
    let (relay, inbox, _) = connected(&platform, 2).await;
    for bell in 1..=3 {
        ring(&platform, bell).await;
    }
    relay.turn().await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    let long_ago = noon() - TimeDelta::days(8);
    db.query(SENT).bind(long_ago).execute().await.unwrap();
    relay.tidy().await.unwrap();
    // Three that were sent now, and the last one, which a follower may stand at.
    assert_eq!(count("SELECT count(*) FROM outbox").await, 4, "{}", platform.kind);
    assert_eq!(count("SELECT count(*) FROM inbox").await, 3);
    let age = db.query("UPDATE inbox SET received_at = $1, done_at = $1 WHERE event_id <> $2");
    let kept = id::derive(Uuid::from_u128(3), "bell.rang:1");
    age.bind(long_ago).bind(kept).execute().await.unwrap();
    relay.tidy().await.unwrap();
    // One was handled now, and one has not been handled yet.
    assert_eq!(count("SELECT count(*) FROM inbox WHERE status = 'done'").await, 1);
    assert_eq!(count("SELECT count(*) FROM inbox").await, 2);
}

#[databases]
async fn a_consumer_whose_database_is_away_keeps_no_event_from_the_others(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (_, inbox, listener) = connected(&platform, 0).await;
    let away = Database::Sqlite.platform(CHASSIS_ONLY).await;
    let deaf = Inbox::new("test.deaf", away.db.clone(), platform.clock, listener);
    away.db.close().await;
    let bus = Bus::memory();
    drop(bus.deliver(vec![deaf, inbox.clone()], CancellationToken::new()));
    let relay = Relay { service: "test", db: platform.db.clone(), bus, clock: platform.clock };
    ring(&platform, 1).await;
    assert!(relay.turn().await.is_err());
    while inbox.turn().await.unwrap() > 0 {}
    assert_eq!(heard(&platform).await, 1, "{}", platform.kind);
    // It is not marked as sent: the other one is still to hear of it.
    assert_eq!(backlog(&platform.db).await.unwrap().0, 1);
}

#[databases]
async fn an_event_does_not_wait_for_a_clock_that_was_put_back(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, listener) = connected(&platform, 0).await;
    ring(&platform, 7).await;
    let ahead = "UPDATE outbox SET lease_until = $1";
    let before = noon() + TimeDelta::hours(1);
    platform.db.query(ahead).bind(before).execute().await.unwrap();
    assert_eq!(relay.turn().await.unwrap(), 1, "{}", platform.kind);
    let ahead = "UPDATE inbox SET available_at = $1";
    platform.db.query(ahead).bind(before).execute().await.unwrap();
    assert_eq!(inbox.turn().await.unwrap(), 1, "{}", platform.kind);
    assert_eq!(listener.sum.load(Ordering::SeqCst), 7);
}

#[databases]
async fn an_event_that_makes_its_handler_panic_is_a_failed_one(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, _) = connected(&platform, 0).await;
    for bell in [1, UNBEARABLE, 2] {
        ring(&platform, bell).await;
    }
    relay.turn().await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    assert_eq!(heard(&platform).await, 2, "{}", platform.kind);
    let failed = "SELECT error FROM inbox WHERE status = 'pending' AND attempts = 1";
    let failed: Vec<(String,)> = platform.db.query(failed).all().await.unwrap();
    assert_eq!(failed, [("the handler panicked".to_owned(),)]);
}

#[databases]
async fn a_dead_letter_can_be_replayed(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, listener) = connected(&platform, 0).await;
    ring(&platform, 7).await;
    relay.turn().await.unwrap();
    listener.angry.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        let due = "UPDATE inbox SET available_at = received_at";
        platform.db.query(due).execute().await.unwrap();
        while inbox.turn().await.unwrap() > 0 {}
    }
    let letter = inbox::dead_letters(&platform.db, None, 10).await.unwrap().remove(0);
    listener.angry.store(false, Ordering::SeqCst);
    let replay =
        async || inbox::replay(&platform.db, &letter.consumer, letter.event_id, noon()).await;
    assert!(replay().await.unwrap());
    inbox.turn().await.unwrap();
    assert_eq!(listener.sum.load(Ordering::SeqCst), 7);
    assert!(!replay().await.unwrap());
}

#[databases]
async fn an_event_is_handled_in_the_trace_of_the_request_that_told_it(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let (relay, inbox, listener) = connected(&platform, 0).await;
    let request = Context::begin(None);
    context::scope(request.clone(), ring(&platform, 1)).await;
    // One that no request is behind, as all were before traces were noted.
    ring(&platform, 2).await;
    relay.turn().await.unwrap();
    while inbox.turn().await.unwrap() > 0 {}
    let traces = listener.traces.lock().clone();
    assert_eq!(traces.len(), 2, "{}", platform.kind);
    assert_eq!(traces[0], request.trace.id());
    assert_ne!(traces[1], request.trace.id());
    let told = "SELECT traceparent FROM outbox ORDER BY sequence";
    let told: Vec<(Option<String>,)> = platform.db.query(told).all().await.unwrap();
    assert_eq!(told, [(Some(request.trace.to_string()),), (None,)]);
}

#[test]
fn what_is_no_event_or_could_not_be_stored_is_not_decoded() {
    let event = crate::testing::event("test", Uuid::nil(), 1, &Rang { bell: 1 });
    let text = serde_json::to_string(&event).unwrap();
    assert!(!text.contains("traceparent"));
    assert_eq!(Envelope::decode(text.as_bytes()).unwrap().id, event.id);
    for (bad, reason) in [
        ("".to_owned(), "EOF"),
        ("{}".to_owned(), "missing field"),
        (text.replace("\"1.0\"", "\"2.0\""), "specversion is \"2.0\""),
        (text.replace("\"bell\":1", "\"bell\":[{\"a\":\"\\u0000\"}]"), "U+0000"),
        (text.replace("bell.rang", "\\u0000"), "U+0000"),
    ] {
        let error = Envelope::decode(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[databases]
async fn a_feed_sees_every_event_in_order_and_skips_no_open_transaction(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let mut feed = Feed::from_now(&platform.db).await.unwrap();
    ring(&platform, 1).await;
    assert_eq!(feed.next().await.unwrap().len(), 1);
    if platform.kind == "postgres" {
        // A transaction takes a sequence and stays open while a later one commits.
        let mut open = platform.db.begin().await.unwrap();
        publish(&mut open, Uuid::from_u128(2), 1, &Rang { bell: 2 }, noon()).await.unwrap();
        ring(&platform, 3).await;
        assert!(feed.read().await.unwrap().is_empty());
        open.commit().await.unwrap();
    } else {
        ring(&platform, 2).await;
        ring(&platform, 3).await;
    }
    let mut seen = vec![];
    while seen.len() < 2 {
        let entries = feed.next().await.unwrap();
        seen.extend(entries.into_iter().map(|it| it.data["bell"].as_i64().unwrap()));
    }
    seen.sort_unstable();
    assert_eq!(seen, [2, 3], "{}", platform.kind);
    assert_eq!(feed.position(), end(&platform, 3).await);
}

#[databases]
async fn a_follower_that_missed_events_is_told_to_start_over(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let start = crate::feed::Position::default();
    assert!(!crate::feed::has_gap_after(&platform.db, start).await.unwrap());
    ring(&platform, 1).await;
    ring(&platform, 2).await;
    assert!(!crate::feed::has_gap_after(&platform.db, start).await.unwrap());
    platform.db.query("DELETE FROM outbox WHERE subject LIKE '%1'").execute().await.unwrap();
    assert!(crate::feed::has_gap_after(&platform.db, start).await.unwrap());
    let end = end(&platform, 2).await;
    assert!(!crate::feed::has_gap_after(&platform.db, end).await.unwrap());
}

/// The end of the outbox, once it is there: PostgreSQL shows it when no older transaction, of any
/// database on the server, is open.
async fn end(platform: &TestPlatform, sequence: i64) -> crate::feed::Position {
    eventually(format!("sequence {sequence} is visible"), async || {
        let end = crate::feed::last(&platform.db).await.unwrap();
        (end.sequence == sequence).then_some(end)
    })
    .await
}

async fn ring(platform: &TestPlatform, bell: i64) {
    let mut tx = platform.db.begin().await.unwrap();
    let subject = Uuid::from_u128(bell as u128);
    publish(&mut tx, subject, 1, &Rang { bell }, noon()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn connected(platform: &TestPlatform, disliked: i64) -> (Relay, Inbox, Listener) {
    let db = platform.db.clone();
    db.query("CREATE TABLE heard (bell BIGINT NOT NULL)").execute().await.unwrap();
    let listener = Listener { disliked, ..Listener::default() };
    let inbox = Inbox::new("test.bells", db.clone(), platform.clock, listener.clone());
    let bus = Bus::memory();
    drop(bus.deliver(vec![inbox.clone()], CancellationToken::new()));
    (Relay { service: "test", db, bus, clock: platform.clock }, inbox, listener)
}

async fn heard(platform: &TestPlatform) -> i64 {
    platform.db.query("SELECT count(*) FROM heard").one::<(i64,)>().await.unwrap().0
}
