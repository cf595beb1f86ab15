use chassis::testing::{Database, databases, noon};
use chrono::TimeDelta;

use chassis::db::Db;

use super::*;
use crate::MIGRATIONS;
use crate::testing::message;
use crate::transport::{Accepted, Provider};

#[databases]
async fn a_message_comes_back_as_it_went_in(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let mut it = message();
    it.template = Some("order_confirmed".to_owned());
    it.data = Json(serde_json::json!({ "order": { "number": "CW-1" } }));
    it.order_id = Some(chassis::id::new());
    it.order_number = Some("CW-1".to_owned());
    it.user_id = Some(chassis::id::new());
    it.fingerprint = Some("abc".to_owned());
    assert!(insert(db, &it).await.unwrap());
    assert_eq!(find(db, it.id).await.unwrap(), Some(it));
    assert_eq!(find(db, Uuid::nil()).await.unwrap(), None);
}

#[databases]
async fn a_message_is_inserted_once(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let it = message();
    assert!(insert(db, &it).await.unwrap());
    let other = Message { body: "Other".to_owned(), ..it.clone() };
    assert!(!insert(db, &other).await.unwrap());
    assert_eq!(find(db, it.id).await.unwrap(), Some(it));
}

#[databases]
async fn the_history_is_newest_first_in_pages_and_by_every_filter(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let order = chassis::id::new();
    let mut all = Vec::new();
    // Whole, half and micro seconds: text timestamps must still sort as times.
    for micros in [0, 500_000, 500_001, 1_000_000, 1_000_000] {
        let at = noon() + TimeDelta::microseconds(micros);
        let it = Message { created_at: at, ..message() };
        insert(db, &it).await.unwrap();
        all.push(it);
    }
    let sms = Message {
        channel: Channel::Sms,
        recipient: "+4915112345678".to_owned(),
        state: State::Failed,
        next_at: None,
        order_id: Some(order),
        created_at: noon() - TimeDelta::seconds(1),
        ..message()
    };
    insert(db, &sms).await.unwrap();
    all.push(sms.clone());
    all.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id)));

    let everything = Filter::default();
    assert_eq!(list(db, &everything, (None, 0), 10).await.unwrap(), all);
    assert_eq!(count(db, &everything).await.unwrap(), 6);
    let before = Some((all[1].created_at, all[1].id));
    assert_eq!(list(db, &everything, (before, 0), 2).await.unwrap(), all[2..4]);

    let none = Filter::default;
    for (filter, found) in [
        (Filter { channel: Some(Channel::Sms), ..none() }, 1),
        (Filter { recipient: Some("ADA@example.com".to_owned()), ..none() }, 5),
        (Filter { state: Some(State::Failed), ..none() }, 1),
        (Filter { order_id: Some(order), ..none() }, 1),
        (Filter { channel: Some(Channel::Push), ..none() }, 0),
        (Filter { template: Some("nobody.wrote.this".to_owned()), ..none() }, 0),
    ] {
        assert_eq!(list(db, &filter, (None, 0), 10).await.unwrap().len(), found, "{filter:?}");
        assert_eq!(count(db, &filter).await.unwrap(), found as i64, "{filter:?}");
    }
}

#[databases]
async fn a_message_is_claimed_by_one_sender(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = platform.db.clone();
    for _ in 0..4 {
        insert(&db, &message()).await.unwrap();
    }
    let later = Message { next_at: Some(noon() + TimeDelta::seconds(1)), ..message() };
    insert(&db, &later).await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { claim(&db, noon(), 2).await })
        })
        .collect();
    let mut ids = vec![];
    for task in tasks {
        ids.extend(task.await.unwrap().into_iter().map(|it| it.id));
    }
    // A skipped row of another's claim is left for the next turn.
    ids.extend(claim(&db, noon(), 4).await.into_iter().map(|it| it.id));
    assert_eq!(ids.len(), 4, "{}", platform.kind);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{}", platform.kind);
    assert!(!MESSAGES.any_due(&db, noon()).await.unwrap());
    assert!(MESSAGES.any_due(&db, noon() + TimeDelta::seconds(1)).await.unwrap());
}

#[databases]
async fn only_the_holder_of_the_lease_settles(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    insert(db, &message()).await.unwrap();
    let first = claim(db, noon(), 1).await.remove(0);
    assert_eq!((first.state, first.attempts), (State::Sending, 1));
    // The lease ends and another sender takes over.
    let later = noon() + TimeDelta::seconds(30);
    let second = claim(db, later, 1).await.remove(0);
    assert_eq!(second.attempts, 2);
    assert!(!settle(db, &first, &Outcome::Failed("late".to_owned()), later).await.unwrap());
    assert!(
        settle(db, &second, &Outcome::Sent(later, Provider::Smtp, Accepted::default()), later)
            .await
            .unwrap()
    );
    let sent = find(db, first.id).await.unwrap().unwrap();
    assert_eq!((sent.state, sent.sent_at, sent.next_at), (State::Sent, Some(later), None));
    assert!(!settle(db, &second, &Outcome::Failed("again".to_owned()), later).await.unwrap());
}

#[databases]
async fn an_embedded_start_ends_every_lease(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    insert(db, &message()).await.unwrap();
    claim(db, noon(), 1).await;
    assert!(!MESSAGES.any_due(db, noon()).await.unwrap());
    assert_eq!(MESSAGES.release_all(db, noon()).await.unwrap(), 1);
    assert!(MESSAGES.any_due(db, noon()).await.unwrap());
}

#[databases]
async fn only_messages_that_failed_or_wait_for_another_try_are_retried(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    for (state, attempts, queued) in [
        (State::Failed, 8, true),
        (State::Logged, 1, true),
        (State::Queued, 2, true),
        (State::Queued, 0, false),
        (State::Sent, 1, false),
        (State::Delivered, 1, false),
        (State::Bounced, 1, false),
        (State::Sending, 1, false),
        (State::Skipped, 1, false),
    ] {
        let it = Message { state, attempts, error: Some("no".to_owned()), ..message() };
        insert(db, &it).await.unwrap();
        let later = noon() + TimeDelta::hours(1);
        assert_eq!(retry(db, it.id, later).await.unwrap(), queued, "{state:?}");
        let now = find(db, it.id).await.unwrap().unwrap();
        if queued {
            assert_eq!((now.state, now.attempts, now.error), (State::Queued, 0, None));
            assert_eq!(now.next_at, Some(later));
        } else {
            assert_eq!(now, it);
        }
    }
}

#[databases]
async fn old_news_about_an_order_is_known_as_such(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let order = chassis::id::new();
    let mut tx = platform.db.begin().await.unwrap();
    for (sequence, status, later) in [
        (2, "confirmed", None),
        (4, "delivered", None),
        (3, "shipped", Some("delivered")),
        (4, "delivered", None),
        (1, "pending", Some("delivered")),
        (5, "refunded", None),
    ] {
        let heard = note_status(&mut tx, order, sequence, status).await.unwrap();
        assert_eq!(heard.as_deref(), later, "{sequence}");
    }
    assert_eq!(note_status(&mut tx, chassis::id::new(), 1, "pending").await.unwrap(), None);
}

#[databases]
async fn a_deleted_user_is_taken_out_of_the_history(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let user = chassis::id::new();
    let sent = Message {
        state: State::Sent,
        sent_at: Some(noon()),
        next_at: None,
        user_id: Some(user),
        ..message()
    };
    let waiting = Message { user_id: Some(user), ..message() };
    let dead = Message { user_id: Some(user), state: State::Failed, ..message() };
    let by_staff = message();
    let foreign = Message { user_id: Some(chassis::id::new()), ..message() };
    let other = Message { recipient: "bob@example.com".to_owned(), ..message() };
    for it in [&sent, &waiting, &dead, &by_staff, &foreign, &other] {
        insert(db, it).await.unwrap();
    }
    set_preferences(db, user, &Preferences::default(), noon()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    forget(&mut tx, user, noon()).await.unwrap();
    forget(&mut tx, user, noon()).await.unwrap();
    tx.commit().await.unwrap();

    assert!(is_deleted(db, user).await.unwrap());
    assert!(!is_deleted(db, chassis::id::new()).await.unwrap());
    for (it, state) in [
        (&sent, State::Sent),
        (&waiting, State::Skipped),
        (&dead, State::Skipped),
        (&by_staff, State::Skipped),
    ] {
        let now = find(db, it.id).await.unwrap().unwrap();
        assert_eq!((now.recipient.as_str(), now.subject, now.state), (NOBODY, None, state));
        assert_eq!((now.body.as_str(), now.next_at), ("", None));
    }
    for it in [foreign, other] {
        assert_eq!(find(db, it.id).await.unwrap(), Some(it));
    }
}

#[databases]
async fn a_message_does_not_wait_for_a_clock_that_was_put_back(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let queue = async |next_at| {
        let message = Message { next_at: Some(next_at), ..message() };
        insert(db, &message).await.unwrap();
    };
    queue(noon() + TimeDelta::hours(12)).await;
    assert!(!MESSAGES.any_due(db, noon()).await.unwrap());
    queue(noon() + TimeDelta::hours(13)).await;
    assert!(MESSAGES.any_due(db, noon()).await.unwrap());
    assert_eq!(claim(db, noon(), 9).await.len(), 1, "{}", platform.kind);
    // Not far enough to tell, but a process that starts alone knows.
    MESSAGES.release_all(db, noon()).await.unwrap();
    assert_eq!(claim(db, noon(), 9).await.len(), 2, "{}", platform.kind);
}

#[databases]
async fn preferences_are_kept_per_user(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let user = chassis::id::new();
    assert_eq!(preferences(db, user).await.unwrap(), Preferences::default());
    let mut mine = Preferences::default();
    for marketing in [true, false] {
        mine.email.marketing = marketing;
        mine.sms.order_updates = false;
        set_preferences(db, user, &mine, noon()).await.unwrap();
        assert_eq!(preferences(db, user).await.unwrap(), mine);
    }
    assert_eq!(preferences(db, chassis::id::new()).await.unwrap(), Preferences::default());
}

#[databases]
async fn a_template_is_overridden_and_restored(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let db = &platform.db;
    let key = "order_confirmed";
    assert_eq!(find_override(db, key, Channel::Email, "en").await.unwrap(), None);
    for subject in ["One", "Two"] {
        let text = Text { subject: subject.to_owned(), body: "Body".to_owned() };
        let by = chassis::id::new();
        set_override(db, (key, Channel::Email, "en"), &text, by, noon()).await.unwrap();
        let found = find_override(db, key, Channel::Email, "en").await.unwrap().unwrap();
        assert_eq!((found.subject.as_str(), found.updated_at), (subject, noon()));
        assert_eq!(overrides(db).await.unwrap(), [found]);
    }
    assert_eq!(find_override(db, key, Channel::Sms, "en").await.unwrap(), None);
    delete_override(db, key, Channel::Email, "en").await.unwrap();
    delete_override(db, key, Channel::Email, "en").await.unwrap();
    assert_eq!(overrides(db).await.unwrap(), []);
}

async fn claim(db: &Db, now: DateTime<Utc>, limit: i64) -> Vec<Message> {
    MESSAGES.claim(db, now, TimeDelta::seconds(30), limit).await.expect("messages")
}
