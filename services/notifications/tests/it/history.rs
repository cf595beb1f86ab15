use chassis::testing::{Database, call, databases, eventually};
use serde_json::{Value, json};

use crate::{fields, send_email, service, staff};

const HISTORY: &str = "/api/v1/notifications/history";

#[databases]
async fn the_history_is_newest_first_and_in_pages(database: Database) {
    let (platform, service) = service(database).await;
    let mut sent = Vec::new();
    for at in 0..5 {
        sent.push(send_email(&service.router, &format!("Mail {at}")).await["id"].clone());
    }
    // The test's clock stands still, so the ids decide.
    sent.sort_by_key(|it| std::cmp::Reverse(it.as_str().unwrap().to_owned()));
    let mut seen = Vec::new();
    let mut path = format!("{HISTORY}?limit=2&count=true");
    loop {
        let page = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
        assert_eq!(page["total"], 5, "{}", platform.kind);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|it| it["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{HISTORY}?limit=2&count=true&cursor={cursor}");
    }
    assert_eq!(seen, sent, "{}", platform.kind);
}

#[databases]
async fn the_history_is_filtered(database: Database) {
    let (_platform, service) = service(database).await;
    send_email(&service.router, "Hello").await;
    let sms = json!({ "to": "+4915112345678", "body": "Hi",
                      "user_id": "0190e5a0-0000-7000-8000-000000000001" });
    call(&service.router, "POST", "/api/v1/notifications/sms")
        .user(&staff())
        .json(sms)
        .await
        .expect(202);
    for (query, found) in [
        ("", 2),
        ("?channel=sms", 1),
        ("?channel=push", 0),
        ("?recipient=ADA%40example.com", 1),
        ("?recipient=%2B4915112345678&channel=email", 0),
        ("?status=queued", 2),
        ("?status=sent", 0),
        ("?order_id=0190e5a0-0000-7000-8000-000000000001", 0),
        ("?user_id=0190e5a0-0000-7000-8000-000000000001", 1),
        ("?user_id=0190e5a0-0000-7000-8000-000000000002", 0),
        ("?provider=smtp", 0),
    ] {
        let page = call(&service.router, "GET", &format!("{HISTORY}{query}")).user(&staff()).await;
        let page = page.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
        assert_eq!(page["next_cursor"], Value::Null);
        assert!(page.get("total").is_none());
    }
}

#[databases]
async fn the_history_is_jumped_into(database: Database) {
    let (_platform, service) = service(database).await;
    for subject in ["one", "two", "three"] {
        send_email(&service.router, subject).await;
    }
    let all = call(&service.router, "GET", HISTORY).user(&staff()).await.expect(200);
    for query in ["limit=2&page=2", "limit=2&offset=2", "limit=1&offset=2"] {
        let path = format!("{HISTORY}?count=true&{query}");
        let page = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
        assert_eq!(page["items"], json!([all["items"][2]]), "{query}");
        assert_eq!((&page["total"], &page["next_cursor"]), (&json!(3), &Value::Null));
    }
}

#[databases]
async fn a_wrong_query_names_the_field(database: Database) {
    let (_platform, service) = service(database).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("channel=fax", "channel"),
        ("status=lost", "status"),
        ("order_id=1", "order_id"),
        ("user_id=1", "user_id"),
        ("provider=pigeon", "provider"),
        ("page=0", "page"),
        ("offset=10001", "offset"),
        ("offset=1&page=1", "page"),
        ("colour=red", "colour"),
        ("count=perhaps", "count"),
    ] {
        let answer = call(&service.router, "GET", &format!("{HISTORY}?{query}")).user(&staff());
        assert_eq!(fields(&answer.await.expect(422)), [field], "{query}");
    }
    let long = format!("{HISTORY}?recipient={}", "a".repeat(5000));
    let answer = call(&service.router, "GET", &long).user(&staff()).await;
    assert_eq!(fields(&answer.expect(422)), ["recipient"]);
}

#[databases]
async fn what_does_not_exist_is_not_found(database: Database) {
    let (_platform, service) = service(database).await;
    let id = "/api/v1/notifications/0190e5a0-0000-7000-8000-000000000001";
    let answer = call(&service.router, "GET", id).user(&staff()).await;
    assert_eq!(answer.problem(404), "notification_not_found");
    let answer = call(&service.router, "POST", &format!("{id}/retry")).user(&staff()).await;
    assert_eq!(answer.problem(404), "notification_not_found");
    let answer = call(&service.router, "GET", "/api/v1/notifications/7").user(&staff()).await;
    assert_eq!(answer.problem(404), "not_found");
}

#[databases]
async fn a_waiting_message_stays_as_it_is_when_retried(database: Database) {
    let (_platform, service) = service(database).await;
    let queued = send_email(&service.router, "Hello").await;
    let path = format!("/api/v1/notifications/{}/retry", queued["id"].as_str().unwrap());
    let retried = call(&service.router, "POST", &path).user(&staff()).await.expect(202);
    assert_eq!(retried, queued);
}

#[databases]
async fn only_what_did_not_go_out_is_sent_again(database: Database) {
    use chassis::db::Session;
    let (platform, service) = service(database).await;
    let queued = send_email(&service.router, "Hello").await;
    let path = format!("/api/v1/notifications/{}/retry", queued["id"].as_str().unwrap());
    let set = async |state: &'static str| {
        let sql = "UPDATE messages SET state = $1, attempts = 8, next_at = NULL, error = 'away'";
        platform.db.query(sql).bind(state).execute().await.unwrap();
        call(&service.router, "POST", &path).user(&staff()).await
    };
    assert_eq!(set("sent").await.problem(409), "notification_already_sent");
    assert_eq!(set("skipped").await.problem(409), "notification_skipped");
    assert_eq!(set("logged").await.problem(409), "notifications_not_delivered");
    for state in ["failed", "failed"] {
        assert_eq!(set(state).await.expect(202), queued, "{state}");
    }
}

#[databases]
async fn a_message_that_only_the_log_has_seen_is_not_sent(database: Database) {
    use chassis::bus::Bus;
    use chassis::service::Background;
    use std::time::Duration;
    use tokio_util::sync::CancellationToken;
    let (platform, mut service) = service(database).await;
    let queued = send_email(&service.router, "Hello").await;
    let path = format!("/api/v1/notifications/{}", queued["id"].as_str().unwrap());
    let stop = CancellationToken::new();
    let running = Background::start(std::slice::from_mut(&mut service), &Bus::memory(), &stop);
    let shown = eventually("a message that was dealt with", async || {
        let shown = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
        (shown["status"] != "queued" && shown["status"] != "sending").then_some(shown)
    })
    .await;
    running.stop(Duration::from_secs(5)).await;
    let kind = platform.kind;
    assert_eq!((&shown["status"], &shown["sent_at"]), (&json!("logged"), &Value::Null), "{kind}");
    for (status, found) in [("logged", 1), ("sent", 0)] {
        let path = format!("/api/v1/notifications/history?status={status}&count=true");
        let page = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
        assert_eq!(page["total"], found, "{status} {kind}");
    }
    let path = "/api/v1/notifications/providers";
    let providers = call(&service.router, "GET", path).user(&staff()).await.expect(200);
    let setting = "notifications.email.providers";
    let none =
        json!({ "channel": "email", "delivers": false, "setting": setting, "providers": [] });
    assert_eq!(providers["items"][0], none);
}

#[databases]
async fn what_the_log_had_before_becomes_logged_and_goes_back(database: Database) {
    use chassis::db::Session;
    let (platform, service) = service(database).await;
    let queued = send_email(&service.router, "Hello").await;
    let id: uuid::Uuid = queued["id"].as_str().unwrap().parse().unwrap();
    drop(service);
    let db = &platform.platform.db;
    let state = async || -> (String, Option<chrono::DateTime<chrono::Utc>>) {
        let found = db.query("SELECT state, sent_at FROM messages WHERE id = $1").bind(id);
        found.one().await.unwrap()
    };
    db.migrate_down(notifications::MIGRATIONS, "notifications", 1).await.unwrap();
    let sent = "UPDATE messages SET state = 'sent', sent_at = created_at";
    db.query(sent).execute().await.unwrap();
    db.migrate(notifications::MIGRATIONS).await.unwrap();
    assert_eq!(state().await, ("logged".to_owned(), None), "{}", platform.kind);
    db.migrate_down(notifications::MIGRATIONS, "notifications", 1).await.unwrap();
    let (before, at) = state().await;
    assert_eq!((before.as_str(), at.is_some()), ("sent", true), "{}", platform.kind);
    db.migrate(notifications::MIGRATIONS).await.unwrap();
}

#[databases]
async fn messages_are_counted_by_day_channel_and_status(database: Database) {
    use chassis::db::Session;
    let (platform, service) = service(database).await;
    for subject in ["one", "two", "three"] {
        send_email(&service.router, subject).await;
    }
    let sms = json!({ "to": "+4915112345678", "body": "Hi" });
    let sms = call(&service.router, "POST", "/api/v1/notifications/sms").user(&staff()).json(sms);
    sms.await.expect(202);
    let earlier = "UPDATE messages SET state = 'delivered', created_at = $1 WHERE subject = 'one'";
    let midnight = chassis::testing::noon() - chrono::TimeDelta::hours(12);
    let yesterday = midnight - chrono::TimeDelta::microseconds(1);
    platform.db.query(earlier).bind(yesterday).execute().await.unwrap();
    let stats = async |query: &str| {
        let path = format!("/api/v1/notifications/stats{query}");
        call(&service.router, "GET", &path).user(&staff()).await
    };
    let count = |channel: &str, status: &str, count: u64| json!({ "channel": channel, "status": status, "count": count });
    let two = stats("?days=2").await.expect(200);
    assert_eq!(
        two,
        json!({
            "from": "2026-01-01",
            "to": "2026-01-02",
            "days": [
                { "day": "2026-01-01", "counts": [count("email", "delivered", 1)] },
                { "day": "2026-01-02", "counts": [count("email", "queued", 2), count("sms", "queued", 1)] },
            ],
            "totals": [count("email", "delivered", 1), count("email", "queued", 2), count("sms", "queued", 1)],
        })
    );
    let one = stats("?days=1").await.expect(200);
    assert_eq!(one["days"], json!([two["days"][1]]));
    assert_eq!(stats("").await.expect(200)["days"].as_array().unwrap().len(), 30);
    for query in ["?days=0", "?days=91", "?days=x"] {
        assert_eq!(fields(&stats(query).await.expect(422)), ["days"], "{query}");
    }
}
