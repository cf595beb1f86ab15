use chassis::testing::{Database, databases};
use futures::future::join_all;
use serde_json::json;

use super::*;

#[databases]
async fn the_token_decides_what_happens(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    for (token, expected) in [
        ("tok_visa", Ok((ChargeState::Authorized, None))),
        ("tok_timeout", Ok((ChargeState::Authorized, None))),
        ("tok_3ds", Ok((ChargeState::RequiresAction, None))),
        ("tok_processing", Ok((ChargeState::Processing, None))),
        ("tok_declined", Ok((ChargeState::Declined, Some("card_declined")))),
        ("tok_insufficient_funds", Ok((ChargeState::Declined, Some("insufficient_funds")))),
        ("tok_unheard_of", Err(refused("invalid_token"))),
        ("tok_error", Err(Failure::Unknown("an error of the provider".to_owned()))),
    ] {
        let key = Uuid::now_v7();
        for _ in 0..2 {
            let answer = sandbox.authorize(key, &hold(500, token)).await;
            let answer = answer.map(|it| (it.state, it.reason));
            let expected = expected.clone().map(|(state, it)| (state, it.map(str::to_owned)));
            assert_eq!(answer, expected, "{token}");
        }
    }
}

#[databases]
async fn a_key_holds_once(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let charge = charge(&sandbox, "tok_visa").await;
    let other = sandbox.authorize(charge.key, &hold(501, "tok_visa")).await;
    assert_eq!(other, Err(refused("key_reused")));
    let keys = [0; 4].map(|_| Uuid::now_v7());
    let asked = keys.iter().flat_map(|key| [key; 3]);
    let answers =
        join_all(asked.map(async |key| sandbox.authorize(*key, &hold(500, "tok_visa")).await));
    assert!(answers.await.iter().all(Result::is_ok));
}

#[databases]
async fn a_capture_takes_once_and_not_more_than_is_held(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let charge = charge(&sandbox, "tok_visa").await;
    let more = sandbox.capture(Uuid::now_v7(), &charge, 501).await;
    assert_eq!(more, Err(refused("charge_not_capturable")));
    for _ in 0..2 {
        let answer = sandbox.capture(Uuid::now_v7(), &charge, 500).await;
        assert_eq!(state(answer), Ok(ChargeState::Captured));
    }
    let booked = store::find(&sandbox.db, charge.key).await.unwrap().unwrap();
    assert_eq!((booked.captured, booked.state), (500, ChargeState::Captured));
    let void = sandbox.void(Uuid::now_v7(), &charge).await;
    assert_eq!(state(void), Ok(ChargeState::Captured));
}

#[databases]
async fn a_capture_without_an_answer_is_found_by_a_look_up(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let (charge, key) = (charge(&sandbox, "tok_timeout").await, Uuid::now_v7());
    let found = sandbox.lookup(&charge).await.unwrap().expect("the charge");
    assert_eq!(found.state, ChargeState::Authorized);
    for _ in 0..3 {
        let answer = sandbox.capture(key, &charge, 500).await;
        assert!(matches!(answer, Err(Failure::Unknown(_))));
    }
    let found = sandbox.lookup(&charge).await.unwrap().expect("the charge");
    assert_eq!((found.state, found.captured), (ChargeState::Captured, 500));
}

#[databases]
async fn what_was_voided_cannot_come_back(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let held = charge(&sandbox, "tok_visa").await;
    let unheard_of = named(Uuid::now_v7(), None);
    assert_eq!(sandbox.lookup(&unheard_of).await, Ok(None));
    for charge in [held, unheard_of] {
        for _ in 0..2 {
            let answer = sandbox.void(Uuid::now_v7(), &charge).await;
            assert_eq!(state(answer), Ok(ChargeState::Voided));
        }
        let late = sandbox.authorize(charge.key, &hold(500, "tok_visa")).await;
        assert_eq!(state(late), Ok(ChargeState::Voided));
        let capture = sandbox.capture(Uuid::now_v7(), &charge, 500).await;
        assert_eq!(capture, Err(refused("charge_not_capturable")));
    }
}

#[databases]
async fn the_first_confirmation_counts(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let (approved, denied) = (charge(&sandbox, "tok_3ds").await, charge(&sandbox, "tok_3ds").await);
    let capture = sandbox.capture(Uuid::now_v7(), &approved, 500).await;
    assert_eq!(capture, Err(refused("charge_not_capturable")));
    let (approve, deny) = (json!({ "outcome": "approve" }), json!({ "outcome": "deny" }));
    for input in [None, Some(&deny), Some(&approve)] {
        let answer = sandbox.resume(Uuid::now_v7(), &approved, input).await;
        assert_eq!(state(answer), Ok(ChargeState::Authorized));
    }
    for input in [Some(&deny), Some(&approve), None] {
        let answer = sandbox.resume(Uuid::now_v7(), &denied, input).await;
        let charge = answer.unwrap();
        assert_eq!(charge.state, ChargeState::Declined);
        assert_eq!(charge.reason.as_deref(), Some("authentication_failed"));
    }
}

#[databases]
async fn what_a_client_sends_must_be_a_decision(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    for input in [json!({}), json!({ "outcome": "approve" }), json!({ "outcome": "deny" })] {
        assert!(sandbox.check_input(&input).is_ok(), "{input}");
    }
    for input in [json!({ "outcome": "yes" }), json!({ "outcome": 1 }), json!({ "result": "" })] {
        assert_eq!(sandbox.check_input(&input).unwrap_err().status, 422, "{input}");
    }
}

#[databases]
async fn a_refund_gives_back_once_and_never_more_than_was_taken(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let charge = charge(&sandbox, "tok_visa").await;
    let early = sandbox.refund(Uuid::now_v7(), &charge, 1).await;
    assert_eq!(early, Err(refused("refund_exceeds_charge")));
    sandbox.capture(Uuid::now_v7(), &charge, 500).await.unwrap();

    let keys = [0; 4].map(|_| Uuid::now_v7());
    let asked = keys.iter().flat_map(|key| [*key; 3]);
    let asked = asked.map(|key| {
        let (sandbox, charge) = (sandbox.clone(), charge.clone());
        tokio::spawn(async move { (key, sandbox.refund(key, &charge, 200).await) })
    });
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let done = keys.iter().filter(|key| {
        let mut of_key = answers.iter().filter(|(it, _)| it == *key).map(|(_, it)| it.is_ok());
        let first = of_key.next().unwrap();
        assert!(of_key.all(|it| it == first), "a key has one answer");
        first
    });
    assert_eq!(done.count(), 2);
    let booked = store::find(&sandbox.db, charge.key).await.unwrap().unwrap();
    assert_eq!(booked.refunded, 400);
    assert_eq!(store::refunds_that_disagree(&sandbox.db).await.unwrap(), []);
}

#[databases]
async fn a_reference_of_somebody_else_is_refused(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let charge = named(Uuid::now_v7(), Some("pi_123".to_owned()));
    let answer = sandbox.capture(Uuid::now_v7(), &charge, 500).await;
    assert_eq!(answer, Err(refused("charge_unknown")));
}

async fn sandbox(database: Database) -> (Sandbox, chassis::testing::TestPlatform) {
    let it = database.platform(MIGRATIONS).await;
    (Sandbox { db: it.db.clone(), clock: it.clock }, it)
}

async fn charge(sandbox: &Sandbox, token: &str) -> Charge {
    let key = Uuid::now_v7();
    let charge = sandbox.authorize(key, &hold(500, token)).await.unwrap();
    named(key, Some(charge.reference))
}

fn named(key: Uuid, reference: Option<String>) -> Charge {
    let (created_at, currency) = (chassis::testing::noon(), Default::default());
    Charge { key, reference, created_at, amount: 1000, currency }
}

fn state(
    answer: std::result::Result<ChargeSnapshot, Failure>,
) -> std::result::Result<ChargeState, Failure> {
    answer.map(|it| it.state)
}

fn hold(amount: i64, token: &str) -> Authorization {
    Authorization {
        amount,
        currency: Default::default(),
        token: token.into(),
        order_id: None,
        order_number: String::new(),
        customer: None,
        save: false,
        return_url: String::new(),
    }
}

#[databases]
async fn a_bank_decides_a_minute_later(database: Database) {
    let (sandbox, _files) = sandbox(database).await;
    let charge = charge(&sandbox, "tok_processing").await;
    let found = sandbox.lookup(&charge).await.unwrap().expect("the charge");
    assert_eq!(found.state, ChargeState::Processing);
    let void = sandbox.void(Uuid::now_v7(), &charge).await;
    assert!(matches!(void, Err(Failure::Unknown(_))), "{void:?}");
    let later = sandbox.clock.now() + TimeDelta::minutes(1);
    let later = Sandbox { clock: Clock::Fixed(later), ..sandbox.clone() };
    let found = later.lookup(&charge).await.unwrap().expect("the charge");
    assert_eq!((found.state, found.captured), (ChargeState::Captured, 500));
}
