use std::io;
use std::time::Instant;

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
    for (grace, least) in [(Some(SHORT), SHORT), (None, Duration::ZERO)] {
        let (stop, began) = (CancellationToken::new(), Instant::now());
        let cut_off = async {
            match grace {
                Some(grace) => Loop::new("test", LONG).cut_off_after(grace).run(&stop, hangs).await,
                None => every(LONG, ("test", &stop), hangs).await,
            }
        };
        tokio::join!(cut_off, async { stop.cancel() });
        assert!(began.elapsed() >= least);
    }
}
