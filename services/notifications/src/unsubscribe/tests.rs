use std::sync::Arc;

use axum::Router;
use chassis::service::{Platform, Service};
use chassis::testing::{Answer, Database, TestPlatform, User, call, databases, noon};
use serde_json::{Value, json};

use super::*;
use crate::model::State;
use crate::store::Suppression;
use crate::testing::{FakeProvider, app, message, sender};
use crate::{MIGRATIONS, NAME, api, queue};

const ID: Uuid = Uuid::from_u128(0x0190_e5a0_0000_7000_8000_0000_0000_0001);
const ADA: &str = "ada@example.com";
const PREFERENCES: &str = "/api/v1/notifications/preferences";

#[test]
fn a_token_is_of_one_message_and_of_one_shop() {
    let (tokens, other) = (Tokens::of(&[7; 32]), Tokens::of(&[8; 32]));
    let token = tokens.token(ID);
    assert_eq!(tokens.message(&token), Some(ID));
    assert_eq!(token.len(), 43);
    assert!(token.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)));
    assert_eq!(other.message(&token), None);
    assert_ne!(other.token(ID), token);
}

#[test]
fn what_is_not_wholly_a_token_is_none() {
    let tokens = Tokens::of(&[7; 32]);
    let token = tokens.token(ID);
    for length in 0..token.len() {
        assert_eq!(tokens.message(&token[..length]), None, "{length}");
    }
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(tokens.message(&String::from_utf8(bytes).unwrap()), None, "{at}");
    }
    for other in [format!("{token}AAAA"), format!(" {token}"), format!("{token}=")] {
        assert_eq!(tokens.message(&other), None, "{other}");
    }
}

#[databases]
async fn all_processes_of_a_shop_sign_with_the_secret_that_was_kept_first(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let first = Tokens::load(&platform.db).await.unwrap();
    let second = Tokens::load(&platform.db).await.unwrap();
    assert_eq!(second.message(&first.token(ID)), Some(ID));
    let other = Tokens::of(&[7; 32]);
    assert_eq!(other.message(&first.token(ID)), None);
}

struct Shop {
    app: App,
    router: Router,
    _platform: TestPlatform,
}

impl Shop {
    async fn open(database: Database) -> Self {
        let platform = database.platform(MIGRATIONS).await;
        let app = app(&platform);
        Self { router: router(&platform, &app), app, _platform: platform }
    }

    /// The id of a message to Ada, and the token in it.
    async fn write(&self, change: impl FnOnce(&mut Message)) -> (Uuid, String) {
        let mut it = Message { topic: Topic::Marketing, id: chassis::id::new(), ..message() };
        change(&mut it);
        store::insert(&self.app.db, &it).await.unwrap();
        (it.id, self.app.unsubscribe.token(it.id))
    }

    async fn post(&self, token: &str) -> Answer {
        call(&self.router, "POST", &path(token)).await
    }

    async fn preferences(&self, user: &User) -> Value {
        call(&self.router, "GET", PREFERENCES).user(user).await.expect(200)
    }

    async fn prefer(&self, user: &User, preferences: Value) {
        let put = call(&self.router, "PUT", PREFERENCES).user(user).json(preferences);
        put.await.expect(200);
    }

    async fn suppressed(&self) -> Vec<Suppression> {
        store::list_suppressions(&self.app.db, None, (None, 0), 100).await.unwrap()
    }

    /// What becomes of another message to Ada.
    async fn status(&self, topic: Topic, user_id: Option<Uuid>) -> State {
        let content = queue::Content {
            template: None,
            data: json!({}),
            language: None,
            subject: Some("Sale".to_owned()),
            body: "Today".to_owned(),
            markdown: None,
        };
        let draft = queue::Draft {
            id: chassis::id::new(),
            channel: Channel::Email,
            topic,
            recipient: ADA.to_owned(),
            content,
            about: queue::About { user_id, ..queue::About::default() },
            skip: None,
            fingerprint: None,
            send_at: None,
        };
        let mut tx = self.app.db.begin().await.unwrap();
        let queued = queue::queue(&self.app, &mut tx, draft, noon()).await.unwrap();
        tx.commit().await.unwrap();
        queued.expect("a new message").state
    }
}

fn router(platform: &Platform, app: &App) -> Router {
    Service::new(NAME, platform, api::router().with_state(app.clone())).router
}

fn path(token: &str) -> String {
    format!("/api/v1/notifications/unsubscribe/{token}")
}

#[databases]
async fn one_click_ends_marketing_to_an_address_and_nothing_else(database: Database) {
    let shop = Shop::open(database).await;
    let (id, token) = shop.write(|_| {}).await;
    assert_eq!(shop.status(Topic::Marketing, None).await, State::Queued);
    let done = json!({ "channel": "email", "topic": "marketing", "recipient": "a***@example.com" });
    // By an e-mail program, by the shop's page, by anything.
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("application/json", "{}"),
        ("multipart/form-data; boundary=x", "--x\r\n\r\nList-Unsubscribe=One-Click\r\n--x--\r\n"),
        ("text/plain", "{"),
    ] {
        let post = call(&shop.router, "POST", &path(&token)).header("content-type", kind);
        assert_eq!(post.body(body).await.expect(200), done, "{kind}");
    }
    assert_eq!(shop.post(&token).await.expect(200), done);

    let [it] = &shop.suppressed().await[..] else { panic!("one suppression") };
    assert_eq!((it.reason, &*it.recipient), (SuppressionReason::Unsubscribed, ADA));
    assert_eq!(it.message_id, Some(id));
    assert_eq!(shop.status(Topic::Marketing, None).await, State::Skipped);
    assert_eq!(shop.status(Topic::OrderUpdates, None).await, State::Queued);
    assert_eq!(shop.status(Topic::Transactional, None).await, State::Queued);
}

#[databases]
async fn marketing_that_waits_is_not_sent_any_more(database: Database) {
    let shop = Shop::open(database).await;
    let (id, token) = shop.write(|it| it.state = State::Sent).await;
    let (waiting, _) = shop.write(|_| {}).await;
    let (order, _) = shop.write(|it| it.topic = Topic::OrderUpdates).await;
    let (bobs, _) = shop.write(|it| it.recipient = "bob@example.com".to_owned()).await;
    shop.post(&token).await.expect(200);
    for (id, state) in [
        (id, State::Sent),
        (waiting, State::Skipped),
        (order, State::Queued),
        (bobs, State::Queued),
    ] {
        assert_eq!(store::find(&shop.app.db, id).await.unwrap().unwrap().state, state);
    }
}

#[databases]
async fn a_user_who_unsubscribes_has_it_in_the_preferences_and_can_turn_it_on_again(
    database: Database,
) {
    let shop = Shop::open(database).await;
    let ada = User::customer();
    let wanted = json!({ "email": { "marketing": true, "order_updates": false },
                         "push": { "marketing": true } });
    shop.prefer(&ada, wanted.clone()).await;
    let (_, token) = shop.write(|it| it.user_id = Some(ada.id())).await;
    shop.post(&token).await.expect(200);
    let left = shop.preferences(&ada).await;
    assert_eq!(left["email"], json!({ "marketing": false, "order_updates": false }));
    assert_eq!(left["push"]["marketing"], true);
    assert_eq!(shop.status(Topic::Marketing, Some(ada.id())).await, State::Skipped);

    // Other channels say nothing of e-mail.
    shop.prefer(&ada, json!({ "push": { "marketing": true } })).await;
    assert_eq!(shop.suppressed().await.len(), 1);
    shop.prefer(&ada, wanted).await;
    assert!(shop.suppressed().await.is_empty());
    assert_eq!(shop.status(Topic::Marketing, Some(ada.id())).await, State::Queued);
}

#[databases]
async fn nobody_undoes_the_unsubscription_of_another_with_an_account(database: Database) {
    let shop = Shop::open(database).await;
    let (_, token) = shop.write(|_| {}).await;
    shop.post(&token).await.expect(200);
    // An account of somebody else, made with Ada's address.
    let eve = User::customer();
    shop.write(|it| it.user_id = Some(eve.id())).await;
    shop.prefer(&eve, json!({ "email": { "marketing": true } })).await;
    assert_eq!(shop.suppressed().await.len(), 1);
    assert_eq!(shop.status(Topic::Marketing, Some(eve.id())).await, State::Skipped);
}

#[databases]
async fn a_deleted_account_leaves_no_address_behind(database: Database) {
    let shop = Shop::open(database).await;
    let ada = User::customer();
    let (_, token) = shop.write(|it| it.user_id = Some(ada.id())).await;
    shop.post(&token).await.expect(200);
    let (other, token) = shop.write(|it| it.recipient = "bob@example.com".to_owned()).await;
    shop.post(&token).await.expect(200);
    let mut tx = shop.app.db.begin().await.unwrap();
    store::forget(&mut tx, ada.id(), noon()).await.unwrap();
    tx.commit().await.unwrap();
    let left: Vec<_> = shop.suppressed().await.into_iter().map(|it| it.message_id).collect();
    assert_eq!(left, [Some(other)]);
}

#[databases]
async fn marketing_pushes_end_by_the_preferences_alone(database: Database) {
    let shop = Shop::open(database).await;
    let ada = User::customer();
    shop.prefer(&ada, json!({ "push": { "marketing": true } })).await;
    let recipient = crate::push::to_user(ada.id());
    let (_, token) = shop
        .write(|it| {
            (it.channel, it.recipient, it.user_id) = (Channel::Push, recipient, Some(ada.id()));
        })
        .await;
    let done = shop.post(&token).await.expect(200);
    assert_eq!((&done["channel"], &done["recipient"]), (&json!("push"), &json!("use***")));
    assert_eq!(shop.preferences(&ada).await["push"]["marketing"], false);
    assert!(shop.suppressed().await.is_empty());
}

#[databases]
async fn a_link_that_is_opened_leads_to_the_page_and_changes_nothing(database: Database) {
    let shop = Shop::open(database).await;
    let (_, token) = shop.write(|_| {}).await;
    let opened = call(&shop.router, "GET", &path(&token)).await;
    assert_eq!(opened.status, 303);
    let page = format!("http://127.0.0.1:8080/unsubscribe#token={token}");
    assert_eq!(opened.headers["location"], page);
    assert_eq!(opened.headers["cache-control"], "no-store");
    assert!(shop.suppressed().await.is_empty());
    for odd in ["a%0D%0Ab", "a%23b", &"a".repeat(101)] {
        let opened = call(&shop.router, "GET", &path(odd)).await;
        assert_eq!(opened.problem(404), "unsubscribe_token_invalid", "{odd}");
    }
}

#[databases]
async fn a_token_of_nothing_unsubscribes_nobody(database: Database) {
    let shop = Shop::open(database).await;
    let (id, _) = shop.write(|_| {}).await;
    let forged = Tokens::of(&[8; 32]).token(id);
    let missing = shop.app.unsubscribe.token(ID);
    let gone = User::customer();
    let (_, deleted) = shop.write(|it| it.user_id = Some(gone.id())).await;
    let mut tx = shop.app.db.begin().await.unwrap();
    store::forget(&mut tx, gone.id(), noon()).await.unwrap();
    tx.commit().await.unwrap();
    for token in [&*forged, &*missing, &*deleted, "x", "%20"] {
        assert_eq!(shop.post(token).await.problem(404), "unsubscribe_token_invalid", "{token}");
    }
    assert!(shop.suppressed().await.is_empty());
}

#[databases]
async fn only_marketing_goes_out_with_a_link_to_unsubscribe(database: Database) {
    let shop = Shop::open(database).await;
    let provider = Arc::new(FakeProvider::default());
    let (marketing, token) = shop.write(|_| {}).await;
    shop.write(|it| it.topic = Topic::OrderUpdates).await;
    shop.write(|it| it.topic = Topic::Transactional).await;
    sender(&shop.app, &provider).turn().await.unwrap();
    let sent = provider.taken.lock().clone();
    assert_eq!(sent.len(), 3);
    for it in sent {
        let url = (it.id == marketing).then(|| format!("http://127.0.0.1:8080{}", path(&token)));
        assert_eq!(it.unsubscribe, url);
    }
}
