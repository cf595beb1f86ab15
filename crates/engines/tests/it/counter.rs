//! Quotas counted in Redis.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use chassis::quota::{Counter, Rate, Taken};
use chassis::testing::{eventually, on};
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

#[on(redis)]
async fn a_bucket_is_emptied_and_tells_when_there_is_one_again() {
    let server = Server::start().await;
    let counter = SharedCounter::new(server.open().await);
    // Sixty a minute do not divide a microsecond evenly by seven.
    for (per_minute, seconds) in [(1, 60.0), (7, 60.0 / 7.0)] {
        let key = format!("bucket:{per_minute}");
        for remaining in [2, 1, 0] {
            let taken = take(&counter, &key, rate(per_minute, 3)).await;
            assert_eq!(taken, Taken::Granted { remaining });
        }
        let Taken::Refused { wait } = take(&counter, &key, rate(per_minute, 3)).await else {
            panic!("granted too many")
        };
        assert!(wait.as_secs_f64() <= seconds && wait.as_secs_f64() > seconds - 5.0, "{wait:?}");
    }
    let other = take(&counter, "bucket:other", rate(1, 1)).await;
    assert_eq!(other, Taken::Granted { remaining: 0 });
}

#[on(redis)]
async fn a_bucket_fills_again_and_is_then_forgotten() {
    let server = Server::start().await;
    let redis = server.open().await;
    let counter = SharedCounter::new(redis.clone());
    let mut admin = redis.client().get_multiplexed_async_connection().await.expect("it");
    let rate = rate(20, 1);
    assert_eq!(take(&counter, "filling", rate).await, Taken::Granted { remaining: 0 });
    let lives: i64 = redis::cmd("PTTL")
        .arg("cartwright:filling")
        .query_async(&mut admin)
        .await
        .expect("milliseconds");
    assert!((1..=3_000).contains(&lives), "{lives}");
    while !matches!(take(&counter, "filling", rate).await, Taken::Granted { remaining: 0 }) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[on(redis)]
async fn two_processes_share_a_bucket() {
    let server = Server::start().await;
    let counters =
        [SharedCounter::new(server.open().await), SharedCounter::new(server.open().await)];
    let takes = (0..200).map(|n| take(&counters[n % 2], "shared", rate(1, 50)));
    let granted = join_all(takes).await;
    let granted = granted.iter().filter(|it| matches!(it, Taken::Granted { .. })).count();
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
    let began = Instant::now();
    for _ in 0..5_000 {
        assert_eq!(counter.take("away", rate(60, 60)).await, None);
    }
    // Five thousand waits of 20 ms would be 100 s; without any a busy machine takes far less than half.
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
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
