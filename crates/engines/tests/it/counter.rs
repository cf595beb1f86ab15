//! Quotas counted in Redis.

use std::num::NonZeroU32;
use std::time::Duration;

use chassis::quota::{Counter, Rate, Taken};
use chassis::testing::{eventually, in_time, on};
use engines::redis::{Config, Redis, SharedCounter};
use futures::future::join_all;

use crate::server::Server;

fn rate(per_minute: u32, burst: u32) -> Rate {
    let number = |it| NonZeroU32::new(it).expect("a number");
    Rate { per_minute: number(per_minute), burst: number(burst) }
}

/// Asks until there is an answer.
async fn take(counter: &SharedCounter, key: &str, rate: Rate) -> Taken {
    eventually("Redis answers", async || counter.take(key, rate).await).await
}

/// What so many in turn are told who take from a fresh bucket, and its key. Who is answered too
/// late may have been counted all the same: then everything starts over, with another bucket.
async fn takes(counter: &SharedCounter, rate: Rate, count: usize) -> (String, Vec<Taken>) {
    let mut bucket = 0;
    eventually("Redis answers each in time", async || {
        bucket += 1;
        let key = format!("bucket:{}:{bucket}", rate.per_minute);
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(counter.take(&key, rate).await?);
        }
        Some((key, taken))
    })
    .await
}

#[on(redis)]
async fn a_bucket_is_emptied_and_tells_when_there_is_one_again() {
    let server = Server::start().await;
    let counter = SharedCounter::new(server.open().await);
    // Sixty a minute do not divide a microsecond evenly by seven.
    for (per_minute, seconds) in [(1, 60.0), (7, 60.0 / 7.0)] {
        let (_, taken) = takes(&counter, rate(per_minute, 3), 4).await;
        let granted = [2, 1, 0].map(|remaining| Taken::Granted { remaining });
        assert_eq!(taken[..3], granted);
        let Taken::Refused { wait } = taken[3] else { panic!("granted too many") };
        assert!(wait.as_secs_f64() <= seconds && wait.as_secs_f64() > seconds - 5.0, "{wait:?}");
    }
    let (_, other) = takes(&counter, rate(2, 1), 1).await;
    assert_eq!(other, [Taken::Granted { remaining: 0 }]);
}

#[on(redis)]
async fn a_bucket_fills_again_and_is_then_forgotten() {
    let server = Server::start().await;
    let redis = server.open().await;
    let counter = SharedCounter::new(redis.clone());
    let mut admin = redis.client().get_multiplexed_async_connection().await.expect("it");
    let rate = rate(20, 1);
    let (key, taken) = takes(&counter, rate, 1).await;
    assert_eq!(taken, [Taken::Granted { remaining: 0 }]);
    let lives: i64 = redis::cmd("PTTL")
        .arg(format!("cartwright:{key}"))
        .query_async(&mut admin)
        .await
        .expect("milliseconds");
    // -2 where it is gone already, -1 where it would never be.
    assert!((1..=3_000).contains(&lives) || lives == -2, "{lives}");
    eventually("it is full again", async || {
        counter.take(&key, rate).await == Some(Taken::Granted { remaining: 0 })
    })
    .await;
}

#[on(redis)]
async fn two_processes_share_a_bucket() {
    let server = Server::start().await;
    let counters =
        [SharedCounter::new(server.open().await), SharedCounter::new(server.open().await)];
    let mut round = 0;
    // As in `takes`.
    let taken = eventually("Redis answers each in time", async || {
        round += 1;
        let key = format!("shared:{round}");
        let takes = (0..200).map(|n| counters[n % 2].take(&key, rate(1, 50)));
        join_all(takes).await.into_iter().collect::<Option<Vec<_>>>()
    });
    let granted = taken.await.iter().filter(|it| matches!(it, Taken::Granted { .. })).count();
    assert_eq!(granted, 50);
}

#[on(redis)]
async fn a_quota_made_smaller_holds_at_once() {
    let server = Server::start().await;
    let counter = SharedCounter::new(server.open().await);
    for _ in 0..100 {
        take(&counter, "changed", rate(1, 100)).await;
    }
    let Taken::Refused { wait } = take(&counter, "changed", rate(60, 2)).await else {
        panic!("granted too many")
    };
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
}

#[on(redis)]
async fn a_dead_server_is_noticed_costs_nothing_and_is_used_again() {
    let mut server = Server::start().await;
    let counter = SharedCounter::new(server.open().await);
    take(&counter, "dead", rate(60, 60)).await;
    server.kill();
    away(&counter).await;
    server.run();
    take(&counter, "dead", rate(60, 60)).await;
}

#[on(redis)]
async fn a_frozen_server_is_noticed_costs_nothing_and_is_used_again() {
    let server = Server::start().await;
    let counter = SharedCounter::new(server.open().await);
    take(&counter, "frozen", rate(60, 60)).await;
    server.signal("STOP");
    // It accepts connections still: the kernel does that for it.
    away(&counter).await;
    // It is looked for again meanwhile.
    tokio::time::sleep(Duration::from_secs(3)).await;
    away(&counter).await;
    server.signal("CONT");
    take(&counter, "frozen", rate(60, 60)).await;
}

/// After a few that wait for a moment, thousands of calls are answered with nothing at once.
async fn away(counter: &SharedCounter) {
    for _ in 0..3 {
        assert_eq!(counter.take("away", rate(60, 60)).await, None);
    }
    // Ten thousand waits of 20 ms would be 200 s.
    in_time("answers without waiting", async {
        for _ in 0..10_000 {
            assert_eq!(counter.take("away", rate(60, 60)).await, None);
        }
    })
    .await;
}

#[on(redis)]
async fn one_that_is_not_there_or_wants_a_password_is_away() {
    let server = Server::start().await;
    let mut admin =
        server.open().await.client().get_multiplexed_async_connection().await.expect("it");
    let set = redis::cmd("CONFIG").arg(&["SET", "requirepass", "secret"]).clone();
    set.exec_async(&mut admin).await.expect("a password");
    let at = |url: String| Redis::open(&Config { url, ..Config::default() }).expect("an URL");
    let port = server.port;
    assert!(at(format!("redis://:secret@127.0.0.1:{port}")).is_up().await);
    assert!(!at(format!("redis://:wrong@127.0.0.1:{port}")).is_up().await);
    let without = at(format!("redis://127.0.0.1:{port}"));
    assert!(!without.is_up().await);
    assert_eq!(SharedCounter::new(without).take("key", rate(1, 1)).await, None);
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it");
    assert!(!at(format!("redis://{free}")).is_up().await);
}
