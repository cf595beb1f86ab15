//! Copies that accept what is sent and say nothing: a stopped process, a black hole on the way.

use super::*;

#[tokio::test]
async fn a_copy_that_gives_no_sign_of_life_is_not_waited_for() {
    let copy = Instance::start(Mode::Hang).await;
    let remote = remote(&[&copy]);
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let remote = remote.clone();
        callers.spawn(async move { ask(&remote, Method::POST, CallOptions::call(FOREVER)).await });
    }
    while let Some(ended) = callers.join_next().await {
        assert_eq!(ended.unwrap(), Err(Error::DeadlineExceeded));
    }
    assert_eq!(copy.requests(), 20);
    assert!((1..=2).contains(&copy.probes()), "{} for 20 callers", copy.probes());
    let status = remote.status();
    assert!(status.failures[0].what.ends_with("gives no sign of life"), "{status:?}");
    assert_eq!(status.circuit, Circuit::Open, "the next ones do not wait at all");
    assert_eq!(ask(&remote, Method::GET, call()).await, Err(Error::Unavailable));

    // Not for longer than a probe takes either.
    until("the next try", || remote.status().circuit == Circuit::HalfOpen).await;
    let before = copy.probes();
    assert_eq!(
        ask(&remote, Method::GET, CallOptions::call(FOREVER)).await,
        Err(Error::Unavailable)
    );
    assert_eq!((copy.requests(), copy.probes()), (20, before + 1));
}

#[tokio::test]
async fn a_get_at_a_copy_that_gives_no_sign_of_life_goes_to_another_one() {
    let (frozen, well) = (Instance::start(Mode::Hang).await, Instance::start(Mode::Well).await);
    let remote = remote(&[&frozen, &well]);
    while frozen.requests() == 0 {
        let answer = ask(&remote, Method::GET, CallOptions::call(FOREVER)).await;
        assert_eq!(answer.map(|it| it.0), Ok(200));
    }
    let healthy = remote.status().copies.iter().map(|it| it.healthy).collect::<Vec<_>>();
    assert_eq!(healthy, [false, true], "it is left out");
    assert_eq!(remote.status().recent.failures, 0, "the service did not fail");
}

#[tokio::test]
async fn a_copy_that_is_busy_but_alive_is_waited_for() {
    let copy = Instance::start(Mode::Busy(LONG_PAUSE)).await;
    let remote = remote(&[&copy]);
    for method in [Method::GET, Method::POST] {
        assert_eq!(ask(&remote, method, CallOptions::call(FOREVER)).await.map(|it| it.0), Ok(200));
    }
    assert!(copy.probes() >= 2, "{}", copy.probes());
    assert_eq!(copy.requests(), 2, "each was asked once");
    let copy = &remote.status().copies[0];
    assert_eq!((copy.failures_in_a_row, copy.healthy), (0, true));
}

#[tokio::test]
async fn a_copy_that_takes_no_new_connections_still_answers_what_it_was_asked() {
    let copy = Instance::start(Mode::Slow(LONG_PAUSE)).await;
    let remote = remote(&[&copy]);
    let asked = tokio::spawn({
        let remote = remote.clone();
        async move { ask(&remote, Method::POST, CallOptions::call(FOREVER)).await }
    });
    until("the request", || copy.requests() == 1).await;
    copy.refuse();
    assert_eq!(asked.await.unwrap().map(|it| it.0), Ok(200));
    assert_eq!(copy.probes(), 0);
}

/// Longer than any of these tests takes: what ends does not end because of it.
const FOREVER: Duration = Duration::from_secs(300);
/// Longer than a copy is waited for without a sign of life.
const LONG_PAUSE: Duration = Duration::from_millis(2_500);
