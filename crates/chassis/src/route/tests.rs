use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::channel::{CallError, Channel};
use crate::clock::Clock;
use crate::service_tokens::ServiceTokens;

const DOUBLE: Route<Vec<i64>, i64> = Route::post("/internal/double");

fn doubling() -> Router {
    let double = async |by: i64, numbers: Vec<i64>| Ok(numbers.iter().sum::<i64>() * by);
    Routes::new(2).on(DOUBLE, double).router()
}

async fn answer(body: &'static str) -> (u16, Value) {
    let request = Request::post(DOUBLE.path()).body(Body::from(body)).unwrap();
    let answer = doubling().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_route_is_answered_as_it_is_declared() {
    assert_eq!(answer("[1, 2]").await, (200, 6.into()));
    let channel = Channel::to("numbers");
    channel.bind(doubling());
    assert_eq!(channel.call(DOUBLE, &vec![4]).await.unwrap(), 8);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_refused_by_the_name_of_its_route() {
    for (body, wrong) in [
        ("[1, true]", "[1]: invalid type: boolean `true`, expected i64"),
        ("[1, \"a secret\"]", "[1]: invalid type: string \"…\", expected i64"),
        ("[1", "EOF while parsing a list"),
        ("", "invalid type: null, expected a sequence"),
    ] {
        let (status, problem) = answer(body).await;
        assert_eq!((status, &problem["code"]), (422, &"request_unfit".into()), "{body}");
        let told = problem["detail"].as_str().unwrap();
        assert!(told.starts_with("POST /internal/double does not take this: "), "{told}");
        assert!(told.contains(wrong), "{told}");
    }
}

/// It was not done, so nobody has to find out whether it was.
#[tokio::test]
async fn who_asked_with_what_does_not_fit_reads_a_no() {
    let older: Route<String, i64> = Route::post("/internal/double");
    let channel = Channel::to("numbers");
    channel.bind(doubling());
    match channel.call(older, &"1, 2".to_owned()).await {
        Err(CallError::Rejected(problem)) => assert_eq!(problem.code, "request_unfit"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_route_is_kept_to_those_its_declaration_names() {
    const KEPT: Route<(), ()> =
        Route::post("/internal/kept").only(Callers { services: &["orders"], unnamed: false });
    let open: Route<(), ()> = Route::post("/internal/open");
    let routes = Routes::new(()).on(KEPT, async |(), ()| Ok(())).on(open, async |(), ()| Ok(()));
    let router = routes.router();
    for (caller, kept) in [("orders", 200), ("cart", 403)] {
        let tokens = ServiceTokens::new("a secret of at least 32 bytes, really", Clock::System);
        let mut headers = HeaderMap::new();
        tokens.clone().of(&[caller]).sign("catalog", &mut headers);
        let caller = tokens.verify("catalog", &headers).unwrap();
        for (path, status) in [(KEPT.path(), kept), (open.path(), 200)] {
            let request = Request::post(path).extension(caller.clone()).body(Body::empty());
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}

#[test]
#[should_panic(expected = "begins with /internal/")]
fn a_path_that_could_be_reached_from_outside_is_none() {
    let _ = Route::<(), ()>::post("/internals/double");
}

#[test]
fn nothing_wrong_is_told_at_length_or_with_a_card_number() {
    assert_eq!(Unfit::of(&"x".repeat(1_000)).to_string().len(), SHORT);
    let number = Unfit::of("invalid type: integer `4111111111111111`").to_string();
    assert!(!number.contains("4111111111111111"), "{number}");
}
