//! What becomes of messages where providers fail, are busy, or do not say.

use std::sync::Arc;

use chassis::service::Platform;
use chassis::testing::{Database, ManualClock, databases};

use super::*;
use crate::model::{Channel, State};
use crate::reports::SuppressionReason;
use crate::testing::{FakeProvider, app, history, message, sender, sender_over};
use crate::{MIGRATIONS, queue, store};

fn unknown() -> DeliveryError {
    DeliveryError::Unknown("no answer".to_owned())
}

fn down() -> DeliveryError {
    DeliveryError::unavailable("the server is down")
}

fn failing(errors: impl IntoIterator<Item = DeliveryError>) -> Arc<FakeProvider> {
    Arc::new(FakeProvider {
        errors: errors.into_iter().collect::<Vec<_>>().into(),
        ..FakeProvider::default()
    })
}

/// An app whose time can be moved on.
fn app_at(platform: &Platform, clock: ManualClock) -> App {
    app(&Platform { clock: clock.clock(), ..platform.clone() })
}

#[databases]
async fn what_may_have_been_sent_is_sent_a_second_time_and_no_third(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let app = app_at(&platform, clock);
    let provider = failing([unknown(), unknown(), unknown()]);
    store::insert(&app.db, &message()).await.unwrap();
    let sender = sender(&app, &provider);
    sender.turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.error.as_deref()), (State::Queued, Some("no answer")));
    assert_eq!(it.next_at, Some(clock.now() + UNCERTAIN_PAUSE));

    clock.advance(UNCERTAIN_PAUSE);
    sender.turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.attempts, it.next_at), (State::Failed, 2, None));
    assert!(it.error.unwrap().contains("may have arrived"));
    clock.advance(LONGEST_WAIT);
    sender.turn().await.unwrap();
    assert_eq!(provider.taken.lock().len(), 2);

    // Whoever has looked whether it arrived can have it sent again.
    assert!(store::retry(&app.db, it.id, clock.now()).await.unwrap());
    provider.errors.lock().clear();
    sender.turn().await.unwrap();
    assert_eq!(history(&app).await[0].state, State::Sent);
}

/// A failure that is known uses up none of the tries whose outcome is not.
#[databases]
async fn a_known_failure_between_leaves_one_more_uncertain_try(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let app = app_at(&platform, clock);
    let provider = failing([unknown(), down(), unknown()]);
    store::insert(&app.db, &message()).await.unwrap();
    let sender = sender(&app, &provider);
    for state in [State::Queued, State::Queued, State::Failed] {
        sender.turn().await.unwrap();
        assert_eq!(history(&app).await[0].state, state);
        clock.advance(TimeDelta::minutes(10));
    }
    assert_eq!(provider.taken.lock().len(), 3);
}

#[databases]
async fn a_message_is_sent_at_most_twice_however_often_its_sender_is_killed(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let app = app_at(&platform, clock);
    let provider = failing([]);
    store::insert(&app.db, &message()).await.unwrap();
    for _ in 0..2 {
        // It is claimed, handed over, and the process is gone.
        let claimed = MESSAGES.claim::<Message>(&app.db, clock.now(), LEASE, 1).await.unwrap();
        assert_eq!(claimed.len(), 1);
        clock.advance(LEASE);
    }
    sender(&app, &provider).turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!(it.state, State::Failed, "{}", platform.kind);
    assert!(provider.taken.lock().is_empty());
}

#[databases]
async fn the_next_provider_takes_what_the_first_cannot(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let first = failing([down()]);
    let sendgrid = FakeProvider { provider: Some(Provider::Sendgrid), ..FakeProvider::default() };
    let second = Arc::new(sendgrid);
    store::insert(&app.db, &message()).await.unwrap();
    let sender = sender_over(&app, vec![first.clone(), second.clone()]);
    sender.turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.provider), (State::Sent, Some(Provider::Sendgrid)));
    assert_eq!(it.provider_message_id, Some(format!("fake-{}", it.id)));

    // What is wrong with the message, or may have arrived, is nothing for another provider.
    for error in [unknown(), DeliveryError::Refused("no".to_owned()), DeliveryError::later("soon")]
    {
        first.errors.lock().push(error);
        store::insert(&app.db, &message()).await.unwrap();
        sender.turn().await.unwrap();
    }
    assert_eq!(second.taken.lock().len(), 1);
}

#[databases]
async fn a_provider_that_is_down_is_left_alone_for_a_while(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let app = app_at(&platform, clock);
    let provider = failing(vec![down(); 100]);
    let sender = sender(&app, &provider);
    for _ in 0..30 {
        store::insert(&app.db, &message()).await.unwrap();
    }
    while sender.turn().await.unwrap() > 0 {}
    // Those of the first batch were on their way together.
    assert!(provider.taken.lock().len() <= 20, "{}", provider.taken.lock().len());
    let asked = provider.taken.lock().len();
    for it in history(&app).await {
        assert_eq!((it.state, it.attempts), (State::Queued, 1));
        assert!(it.error.unwrap().starts_with("the server is down"));
    }
    // It is asked with one message, and when that goes out with all.
    provider.errors.lock().clear();
    clock.advance(TimeDelta::minutes(2));
    while sender.turn().await.unwrap() > 0 {}
    clock.advance(TimeDelta::minutes(10));
    while sender.turn().await.unwrap() > 0 {}
    assert_eq!(provider.taken.lock().len(), asked + 30);
    assert!(history(&app).await.iter().all(|it| it.state == State::Sent));
}

#[databases]
async fn a_provider_that_says_when_is_not_asked_before(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let clock = ManualClock::default();
    let app = app_at(&platform, clock);
    let retry_after = Some(TimeDelta::minutes(42));
    let provider = failing([DeliveryError::Later { reason: "too many".to_owned(), retry_after }]);
    store::insert(&app.db, &message()).await.unwrap();
    sender(&app, &provider).turn().await.unwrap();
    let next = history(&app).await[0].next_at;
    assert_eq!(next, Some(clock.now() + TimeDelta::minutes(42)));
}

#[databases]
async fn a_limit_postpones_messages_and_uses_up_no_try(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let provider = Arc::new(FakeProvider { per_minute: 60, ..FakeProvider::default() });
    for _ in 0..3 {
        store::insert(&app.db, &message()).await.unwrap();
    }
    sender(&app, &provider).turn().await.unwrap();
    let (sent, rest): (Vec<_>, Vec<_>) =
        history(&app).await.into_iter().partition(|it| it.state == State::Sent);
    assert_eq!((sent.len(), provider.taken.lock().len()), (1, 1));
    for it in rest {
        assert_eq!((it.state, it.attempts, it.uncertain), (State::Queued, 0, 0));
        assert!(it.next_at.unwrap() > app.clock.now());
    }
}

#[databases]
async fn an_address_that_does_not_exist_gets_no_more_mail(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let gone = DeliveryError::NoSuchRecipient("550 5.1.1 no such user".to_owned());
    store::insert(&app.db, &message()).await.unwrap();
    sender(&app, &failing([gone])).turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.provider), (State::Bounced, Some(Provider::Smtp)));
    let mut tx = app.db.begin().await.unwrap();
    let of = store::suppressions_of(&mut tx, Channel::Email, &it.recipient).await.unwrap();
    assert_eq!(of, [SuppressionReason::Bounced]);
    drop(tx);

    // Nor what was queued before.
    store::insert(&app.db, &message()).await.unwrap();
    let provider = failing([]);
    sender(&app, &provider).turn().await.unwrap();
    let states: Vec<_> = history(&app).await.into_iter().map(|it| it.state).collect();
    assert!(states.contains(&State::Skipped) && provider.taken.lock().is_empty(), "{states:?}");

    let draft = |template| queue::Draft {
        id: chassis::id::new(),
        channel: Channel::Email,
        topic: crate::model::Topic::Transactional,
        recipient: it.recipient.clone(),
        content: queue::Content {
            template,
            data: serde_json::json!({}),
            language: None,
            subject: None,
            body: "Hello".to_owned(),
            markdown: None,
        },
        about: queue::About::default(),
        skip: None,
        fingerprint: None,
        send_at: None,
    };
    // What its owner requests to get in is tried three times a day.
    for (template, state) in [
        (Some("order_confirmed"), State::Skipped),
        (Some("password_reset"), State::Queued),
        (Some("verify_email"), State::Queued),
        (Some("password_reset"), State::Queued),
        (Some("password_reset"), State::Skipped),
    ] {
        let mut tx = app.db.begin().await.unwrap();
        let queued = queue::queue(&app, &mut tx, draft(template), app.clock.now()).await;
        tx.commit().await.unwrap();
        assert_eq!(queued.unwrap().unwrap().state, state, "{template:?}");
    }
}
