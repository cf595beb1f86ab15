use axum::Router;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::route::Routes;
use crate::testing::{CHASSIS_ONLY, Database};

const PING: Route<(), i32> = Route::get("/internal/ping");
const NAME: Route<(), Named> = Route::post("/internal/name");

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

fn to(way: impl CallTarget) -> Channel {
    let channel = Channel::to("orders");
    channel.bind(way);
    channel
}

fn bound() -> Channel {
    to(Routes::new(()).on(PING, async |(), ()| Ok(1)))
}

#[tokio::test]
async fn a_service_is_asked_before_a_transaction_or_after_it() {
    let platform = Database::Sqlite.platform(CHASSIS_ONLY).await;
    db::watched(async {
        assert_eq!(bound().call(PING, &()).await.unwrap(), 1);
        platform.db.begin().await.unwrap().commit().await.unwrap();
        drop(platform.db.begin().await.unwrap());
        assert_eq!(bound().call(PING, &()).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "orders is asked within a write transaction")]
async fn a_service_is_not_asked_within_a_transaction() {
    let platform = Database::Sqlite.platform(CHASSIS_ONLY).await;
    db::watched(async {
        let _tx = platform.db.begin().await.unwrap();
        let _ = bound().call(PING, &()).await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_the_route_and_what_does_not() {
    let answers = |answer: Value| {
        // Another version of the service: its route has the same path and answers otherwise.
        let route: Route<(), Value> = Route::post("/internal/name");
        to(Routes::new(answer).on(route, async |answer, ()| Ok(answer)))
    };
    let named = answers(json!({ "name": "Ada", "age": 36 })).call(NAME, &()).await.unwrap();
    assert_eq!(named.name, "Ada");
    for (answer, wrong) in [
        (json!({ "nom": "Ada" }), "missing field `name`"),
        (json!({ "name": 5 }), "name: invalid type: integer `5`, expected a string"),
        (json!("a secret"), "invalid type: string \"…\", expected struct Named"),
        (json!(null), "invalid type: null, expected struct Named"),
    ] {
        let error = answers(answer).call(NAME, &()).await.unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with("POST /internal/name of orders: "), "{told}");
        assert!(told.contains(wrong), "{told}");
        assert!(matches!(error, CallError::Malformed { .. }), "{told}");
        assert_eq!((Problem::from(error).status, told.contains("secret")), (500, false));
    }
}

#[tokio::test]
async fn no_answer_is_still_not_known() {
    for way in [Router::new(), Router::new().route(NAME.path(), axum::routing::get(|| async {}))] {
        let error = to(way).call(NAME, &()).await.unwrap_err();
        assert!(matches!(error, CallError::Indeterminate { .. }), "{error}");
    }
}
