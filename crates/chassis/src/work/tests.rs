use std::cell::Cell;
use std::io;
use std::time::Instant;

use futures::FutureExt;

use super::*;

const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(100);

/// Takes turns that come to this, and stops with the last; returns how long that took.
async fn turns(it: Loop<'_>, mut outcomes: Vec<io::Result<bool>>) -> Duration {
    let (stop, began) = (CancellationToken::new(), Instant::now());
    outcomes.reverse();
    let turn = || {
        let outcome = outcomes.pop().expect("a turn");
        if outcomes.is_empty() {
            stop.cancel();
        }
        std::future::ready(outcome)
    };
    it.run(&stop, turn).await;
    assert!(outcomes.is_empty());
    began.elapsed()
}

#[tokio::test]
async fn a_turn_follows_at_once_where_there_is_more_else_after_the_pause_or_when_woken() {
    let at_once = [
        turns(Loop::new("test", LONG), vec![Ok(true), Ok(true), Ok(false)]).await,
        {
            let notify = Notify::new();
            notify.notify_one();
            turns(Loop::new("test", LONG).woken_by(&notify), vec![Ok(false), Ok(false)]).await
        },
        {
            let (changes, seen) = watch::channel(0);
            changes.send_replace(1);
            turns(Loop::new("test", LONG).following(seen), vec![Ok(false), Ok(false)]).await
        },
    ];
    assert!(at_once.iter().all(|it| *it < LONG / 2));
    assert!(turns(Loop::new("test", SHORT), vec![Ok(false), Ok(false)]).await >= SHORT);
}

#[tokio::test]
async fn what_fails_is_not_woken_before_the_pause_is_over() {
    let notify = Notify::new();
    notify.notify_one();
    let woken = Loop::new("test", SHORT).woken_by(&notify);
    assert!(turns(woken, vec![Err(io::Error::other("no")), Ok(true)]).await >= SHORT);
}

#[tokio::test]
async fn a_turn_is_cut_off_where_it_is_said_so() {
    let hangs = || std::future::pending::<io::Result<bool>>();
    for grace in [SHORT, Duration::ZERO] {
        let (stop, began) = (CancellationToken::new(), Instant::now());
        let cut_off = Loop::new("test", LONG).cut_off_after(grace).run(&stop, hangs);
        tokio::join!(cut_off, async { stop.cancel() });
        assert!(began.elapsed() >= grace);
    }
}

#[tokio::test]
async fn what_is_done_every_so_often_is_not_broken_off_by_the_end() {
    let (stop, go_on) = (CancellationToken::new(), Notify::new());
    let ended = Cell::new(0);
    let job = async || {
        stop.cancel();
        go_on.notified().await;
        ended.set(ended.get() + 1);
        Ok::<_, io::Error>(false)
    };
    let done = every(LONG, ("test", &stop), job);
    tokio::join!(done, async {
        stop.cancelled().await;
        tokio::task::yield_now().await;
        go_on.notify_one();
    });
    assert_eq!(ended.get(), 1);
}

#[tokio::test]
async fn no_outcome_comes_before_the_floor_and_none_before_the_work_is_done() {
    for outcome in [Ok(()), Err("wrong")] {
        let done = Cell::new(false);
        let work = async {
            done.set(true);
            outcome
        };
        let mut early = std::pin::pin!(no_sooner(LONG, work));
        assert!(early.as_mut().now_or_never().is_none() && done.get(), "{outcome:?}");
        assert_eq!(no_sooner(Duration::ZERO, async { outcome }).await, outcome);
    }
    let work = std::future::pending::<()>();
    assert!(no_sooner(Duration::ZERO, work).now_or_never().is_none());
}
