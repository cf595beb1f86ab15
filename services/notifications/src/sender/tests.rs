use std::sync::Arc;

use chassis::testing::{Database, databases, eventually, noon};
use chrono::DateTime;
use chrono::Utc;
use contracts::identity::{Client, ONE_TIME_TOKENS, PasswordResetRequested, UserRegistered};
use contracts::testing::{Fake, Identity};
use uuid::Uuid;

use super::*;
use crate::model::State;
use crate::testing::{
    FakeProvider, TOKEN, app, at, deliver_to_users, event, history, message, nobody, sender,
};
use crate::transport::Attachment;
use crate::{MIGRATIONS, store};

fn later() -> DeliveryError {
    DeliveryError::later("the server is away")
}

fn registered(user: Uuid) -> UserRegistered {
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    UserRegistered { user_id: user, email, name, language: None }
}

#[databases]
async fn what_is_due_is_sent_once(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    for _ in 0..25 {
        store::insert(&app.db, &message()).await.unwrap();
    }
    let sender = sender(&app, &provider);
    assert_eq!(sender.turn().await.unwrap(), 20);
    assert_eq!(sender.turn().await.unwrap(), 5);
    assert_eq!(sender.turn().await.unwrap(), 0);
    assert_eq!(provider.taken.lock().len(), 25);
    for it in history(&app).await {
        assert_eq!((it.state, it.sent_at, it.attempts), (State::Sent, Some(noon()), 1));
    }
}

#[databases]
async fn a_failing_message_is_tried_eight_times_and_then_dead(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let provider =
        Arc::new(FakeProvider { errors: vec![later(); 8].into(), ..FakeProvider::default() });
    let mut app = app(&platform);
    let id = message().id;
    store::insert(&app.db, &Message { id, ..message() }).await.unwrap();
    let mut waits = Vec::new();
    loop {
        assert_eq!(sender(&app, &provider).turn().await.unwrap(), 1);
        // Not before its time.
        assert_eq!(sender(&app, &provider).turn().await.unwrap(), 0);
        let it = store::find(&app.db, id).await.unwrap().unwrap();
        assert_eq!(it.error.as_deref(), Some("the server is away"));
        let Some(next) = it.next_at else {
            assert_eq!((it.state, it.attempts), (State::Failed, 8));
            break;
        };
        assert_eq!(it.state, State::Queued);
        let now: DateTime<Utc> = app.clock.now();
        waits.push((next - now).num_minutes());
        app = at(next, &app);
    }
    assert_eq!(waits, [1, 5, 15, 60, 180, 360, 720]);
    assert_eq!(provider.taken.lock().len(), 8);

    // Staff give it its tries back.
    assert!(store::retry(&app.db, id, app.clock.now()).await.unwrap());
    assert_eq!(sender(&app, &provider).turn().await.unwrap(), 1);
    let it = store::find(&app.db, id).await.unwrap().unwrap();
    assert_eq!((it.state, it.attempts, it.error), (State::Sent, 1, None));
}

#[databases]
async fn a_refused_message_is_dead_at_once(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let never = DeliveryError::Refused("there is no such mailbox".to_owned());
    let provider = Arc::new(FakeProvider { errors: vec![never].into(), ..FakeProvider::default() });
    let app = app(&platform);
    store::insert(&app.db, &message()).await.unwrap();
    store::insert(&app.db, &message()).await.unwrap();
    sender(&app, &provider).turn().await.unwrap();
    let mut states = history(&app).await.into_iter().map(|it| it.state).collect::<Vec<_>>();
    states.sort_by_key(|it| *it != State::Failed);
    assert_eq!(states, [State::Failed, State::Sent], "one failure takes no other with it");
}

#[databases]
async fn a_message_whose_sender_is_gone_is_taken_over_after_its_lease(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    store::insert(&app.db, &message()).await.unwrap();
    MESSAGES.claim::<Message>(&app.db, noon(), LEASE, 1).await.unwrap();
    assert_eq!(sender(&app, &provider).turn().await.unwrap(), 0);
    let app = at(noon() + LEASE, &app);
    assert_eq!(sender(&app, &provider).turn().await.unwrap(), 1);
    assert_eq!(history(&app).await[0].state, State::Sent);
}

#[databases]
async fn secrets_go_out_and_are_masked_in_the_history(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let reset = PasswordResetRequested {
        user_id: user,
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        language: None,
    };
    deliver_to_users(&app, &[event(user, 1, &registered(user)), event(user, 2, &reset)]).await;
    assert_eq!(sender(&app, &provider).turn().await.unwrap(), 2);

    let messages = provider.taken.lock().clone();
    for (template, link) in [
        ("welcome", format!("http://127.0.0.1:8080/verify-email?token={TOKEN}-verify")),
        ("password_reset", format!("http://127.0.0.1:8080/reset-password?token={TOKEN}-reset")),
    ] {
        let it = messages.iter().find(|it| it.template.as_deref() == Some(template)).unwrap();
        assert!(it.text.contains(&link), "{}", it.text);
        assert_eq!(it.link.as_deref(), Some(link.as_str()));
        assert!(!format!("{it:?}").contains(TOKEN));
    }
    let rows = history(&app).await;
    assert_eq!(rows.len(), 2);
    for it in rows {
        assert_eq!(it.state, State::Sent);
        assert!(it.body.contains("token=****"), "{}", it.body);
        assert!(!format!("{it:?}").contains(TOKEN), "{it:?}");
    }
}

#[databases]
async fn a_secret_mail_waits_for_identity_and_dies_with_the_account(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (known, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let away = App { identity: nobody(), ..known.clone() };
    let gone = Uuid::nil();
    deliver_to_users(&known, &[event(gone, 1, &registered(gone))]).await;
    sender(&away, &provider).turn().await.unwrap();
    let it = history(&known).await.remove(0);
    assert_eq!(it.state, State::Queued);
    let next = at(it.next_at.unwrap(), &known);
    sender(&next, &provider).turn().await.unwrap();
    let it = history(&known).await.remove(0);
    assert_eq!(it.state, State::Failed);
    assert!(it.error.unwrap().contains("user_not_found"));
    assert!(provider.taken.lock().is_empty());
}

/// Every further try would only make another token.
#[databases]
async fn a_secret_mail_whose_token_cannot_be_read_is_left_to_an_operator(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (known, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let fake = Fake::<Identity>::default();
    fake.calls().misanswer(ONE_TIME_TOKENS, u32::MAX);
    let odd = App { identity: Client::new(fake.channel()), ..known.clone() };
    let user = chassis::id::new();
    deliver_to_users(&known, &[event(user, 1, &registered(user))]).await;
    sender(&odd, &provider).turn().await.unwrap();
    let it = history(&known).await.remove(0);
    assert_eq!((it.state, fake.calls().asked(ONE_TIME_TOKENS)), (State::Failed, 1));
    let error = it.error.unwrap();
    assert!(error.contains(&ONE_TIME_TOKENS.to_string()), "{error}");
    assert!(provider.taken.lock().is_empty(), "{}", platform.kind);
}

#[databases]
async fn no_token_goes_to_an_address_the_user_has_left(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let mut old = registered(user);
    old.email = "old@example.com".to_owned();
    deliver_to_users(&app, &[event(user, 1, &old)]).await;
    sender(&app, &provider).turn().await.unwrap();
    assert_eq!(history(&app).await[0].state, State::Failed);
    assert!(provider.taken.lock().is_empty());
}

#[databases]
async fn the_worker_sends_what_is_queued_and_stops_when_told(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    store::insert(&app.db, &message()).await.unwrap();
    // A lease of a process that is gone: an embedded start takes it over.
    MESSAGES.claim::<Message>(&app.db, noon(), LEASE, 1).await.unwrap();
    let expected = if app.db.is_sqlite() { 2 } else { 1 };
    store::insert(&app.db, &message()).await.unwrap();
    let stop = CancellationToken::new();
    let worker = tokio::spawn(sender(&app, &provider).run(stop.clone()));
    let all_sent = async || provider.taken.lock().len() >= expected;
    eventually("all is sent", all_sent).await;
    stop.cancel();
    worker.await.unwrap().unwrap();
    let sent = history(&app).await.iter().filter(|it| it.state == State::Sent).count();
    assert_eq!(sent, expected, "{}", platform.kind);
}

fn files() -> Vec<Attachment> {
    let file = |name: &str, content: &[u8]| Attachment {
        filename: name.to_owned(),
        content_type: "application/pdf".to_owned(),
        content: content.to_vec(),
    };
    vec![file("b.pdf", b"\0\xff"), file("a.pdf", b"two")]
}

#[databases]
async fn files_go_out_with_their_message_and_are_forgotten_with_its_user(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let theirs = Message { user_id: Some(user), ..message() };
    // Staff wrote to the same address without saying whose it is.
    let to_them = message();
    let other = Message { recipient: "bob@example.com".to_owned(), ..message() };
    let mut tx = app.db.begin().await.unwrap();
    for it in [&theirs, &to_them, &other] {
        store::insert(&mut tx, it).await.unwrap();
        store::insert_attachments(&mut tx, it.id, files()).await.unwrap();
    }
    tx.commit().await.unwrap();
    sender(&app, &provider).turn().await.unwrap();
    let taken = provider.taken.lock().clone();
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|it| it.attachments == files()), "in their order");

    let mut tx = app.db.begin().await.unwrap();
    store::forget(&mut tx, user, noon()).await.unwrap();
    tx.commit().await.unwrap();
    for (it, left) in [(&theirs, 0), (&to_them, 0), (&other, 2)] {
        assert_eq!(store::attachments(&app.db, it.id).await.unwrap().len(), left);
    }
}
