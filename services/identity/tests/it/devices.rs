//! Logins with browsers that are not known.

use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use serde_json::json;

use super::browser::Browser;
use super::*;

const NEW_DEVICE: &str = "session.new_device";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

impl Browser<'_> {
    async fn register(&mut self, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body =
            json!({ "email": email, "password": PASSWORD, "name": name, "session": "cookie" });
        self.post("/auth/register", body).await
    }
}

impl Shop {
    /// Whose new browsers have been published so far.
    async fn new_devices(&self) -> Vec<Value> {
        self.of_kind(NEW_DEVICE).await.iter().map(|it| it["name"].clone()).collect()
    }
}

#[databases]
async fn a_login_with_a_new_browser_is_published_once(database: Database) {
    let shop = shop(database).await;
    let (mut home, mut work) = (Browser::new(&shop), Browser::new(&shop));
    let ada = home.register("ada").await.expect(201);
    home.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await, [""; 0], "{}", shop.kind());

    work.agent = Some(FIREFOX);
    let wrong = json!({ "email": "ada@example.com", "password": "wrong", "session": "cookie" });
    work.post("/auth/login", wrong).await.expect(401);
    assert_eq!(shop.new_devices().await, [""; 0]);
    work.log_in("ada").await.expect(200);
    let told = shop.events().await.into_iter().filter(|it| it.kind == NEW_DEVICE);
    let [told] = <[Published; 1]>::try_from(told.collect::<Vec<_>>()).unwrap();
    let expected = json!({
        "user_id": ada["user"]["id"], "email": "ada@example.com", "name": "ada", "language": null,
        "session_id": told.subject, "user_agent": "Firefox on Linux",
        "at": shop.platform.clock.now(),
    });
    assert_eq!(told.data.0, expected, "{}", shop.kind());
    let session = "SELECT count(*) FROM sessions WHERE id = $1 AND ended_at IS NULL";
    let id: Uuid = told.subject.parse().unwrap();
    let (open,): (i64,) = shop.platform.db.query(session).bind(id).one().await.unwrap();
    assert_eq!(open, 1);

    // Both are known from now on, also after a logout.
    work.refresh().await.expect(200);
    work.post("/auth/logout", Value::Null).await.expect(204);
    work.log_in("ada").await.expect(200);
    home.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await, ["ada"]);
}

#[databases]
async fn the_first_browser_of_a_user_is_no_news(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    shop.register("ada").await;
    browser.log_in("ada").await.expect(200);
    // Nor is one that somebody else has used.
    browser.register("bob").await.expect(201);
    shop.register("eve").await;
    browser.log_in("eve").await.expect(200);
    assert_eq!(shop.new_devices().await, [""; 0], "{}", shop.kind());
}

#[databases]
async fn a_client_that_keeps_its_token_is_no_browser(database: Database) {
    let shop = shop(database).await;
    let mut browser = Browser::new(&shop);
    browser.register("ada").await.expect(201);
    shop.log_in("ada", PASSWORD).await.expect(200);
    assert_eq!(shop.new_devices().await, [""; 0], "{}", shop.kind());
}

#[databases]
async fn a_browser_known_to_somebody_else_is_new_to_this_user(database: Database) {
    let shop = shop(database).await;
    let (mut hers, mut his) = (Browser::new(&shop), Browser::new(&shop));
    hers.register("ada").await.expect(201);
    his.register("bob").await.expect(201);
    his.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await, ["ada"], "{}", shop.kind());
    his.log_in("ada").await.expect(200);
    // What nobody was given makes no browser a known one.
    let mut liar = Browser { device: Some("made up".to_owned()), ..Browser::new(&shop) };
    liar.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await, ["ada", "ada"]);
}

#[databases]
async fn a_browser_that_was_not_used_for_long_is_new_again(database: Database) {
    let shop = shop(database).await;
    let (mut home, mut work) = (Browser::new(&shop), Browser::new(&shop));
    home.register("ada").await.expect(201);
    let later = shop.later(TimeDelta::days(179)).await;
    work.shop = &later;
    work.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await.len(), 1, "{}", shop.kind());
    let later = shop.later(TimeDelta::days(180)).await;
    home.shop = &later;
    home.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await.len(), 2);
    // Where none is known any more, there is nothing to compare with.
    let later = shop.later(TimeDelta::days(361)).await;
    work.shop = &later;
    work.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await.len(), 2);
}

#[databases]
async fn nothing_a_browser_says_is_repeated(database: Database) {
    let shop = shop(database).await;
    Browser::new(&shop).register("ada").await.expect(201);
    for (agent, described) in [
        ("https://evil.example", Value::Null),
        ("Firefox/1.0 https://evil.example", json!("Firefox")),
    ] {
        let mut browser = Browser { agent: Some(agent), ..Browser::new(&shop) };
        browser.log_in("ada").await.expect(200);
        let told = shop.of_kind(NEW_DEVICE).await;
        assert_eq!(told.last().unwrap()["user_agent"], described, "{} {agent}", shop.kind());
    }
}

#[databases]
async fn a_login_that_cannot_be_published_is_none(database: Database) {
    let shop = shop(database).await;
    Browser::new(&shop).register("ada").await.expect(201);
    Browser::new(&shop).log_in("ada").await.expect(200);
    shop.break_at(NEW_DEVICE).await;
    let mut browser = Browser::new(&shop);
    browser.log_in("ada").await.expect(500);
    assert_eq!((&browser.cookie, &browser.device), (&None, &None));
    let (left,): (i64,) =
        shop.platform.db.query("SELECT count(*) FROM devices").one().await.unwrap();
    assert_eq!(left, 2, "{}", shop.kind());
    shop.mend().await;
    browser.log_in("ada").await.expect(200);
    assert_eq!(shop.new_devices().await.len(), 2);
}
