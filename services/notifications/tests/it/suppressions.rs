use chassis::db::{Session, sql};
use chassis::testing::{Database, TestPlatform, call, databases, noon};
use chrono::TimeDelta;
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{fields, send_email, service, staff};

const PATH: &str = "/api/v1/notifications/suppressions";

/// As after a mail came back, so many minutes after noon.
async fn suppress(platform: &TestPlatform, recipient: &str, reason: &str, minutes: i64) -> Uuid {
    let (id, at) = (chassis::id::new(), noon() + TimeDelta::minutes(minutes));
    let insert = sql!(
        "INSERT INTO suppressions (id, channel, recipient, reason, detail, created_at)
         VALUES ({id}, 'email', {recipient}, {reason}, '5.1.1', {at})"
    );
    platform.platform.db.query(insert).execute().await.expect("a suppression");
    id
}

fn recipients(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items").iter();
    items.map(|it| it["recipient"].as_str().expect("a recipient")).collect()
}

#[databases]
async fn staff_see_who_gets_nothing_more_and_can_lift_it(database: Database) {
    let (platform, service) = service(database).await;
    let get = |query: &str| call(&service.router, "GET", &format!("{PATH}{query}")).user(&staff());
    assert_eq!(get("?count=true").await.expect(200)["total"], 0);
    let id = suppress(&platform, "ada@example.com", "bounced", 0).await;
    let skipped = send_email(&service.router, "Hello").await;
    assert_eq!(skipped["status"], "skipped");

    let page = get("").await.expect(200);
    allow_duplicates! { assert_json_snapshot!(page["items"], { "[].id" => "[id]" }, @r#"
    [
      {
        "channel": "email",
        "created_at": "2026-01-02T12:00:00Z",
        "detail": "5.1.1",
        "id": "[id]",
        "message_id": null,
        "reason": "bounced",
        "recipient": "ada@example.com"
      }
    ]
    "#) };
    assert_eq!(page["items"][0]["id"], id.to_string());

    let path = format!("{PATH}/{id}");
    call(&service.router, "DELETE", &path).user(&staff()).await.expect(204);
    assert_eq!(recipients(&get("").await.expect(200)).len(), 0);
    let again = call(&service.router, "DELETE", &path).user(&staff()).await;
    assert_eq!(again.problem(404), "suppression_not_found");
    assert_eq!(send_email(&service.router, "Hello").await["status"], "queued");
}

#[databases]
async fn suppressions_are_found_by_address_and_listed_in_pages(database: Database) {
    let (platform, service) = service(database).await;
    let get = |query: &str| call(&service.router, "GET", &format!("{PATH}{query}")).user(&staff());
    for (recipient, reason, minutes) in [
        ("a@example.com", "bounced", 1),
        ("b@example.com", "complained", 2),
        ("c@example.com", "unsubscribed", 3),
        ("b@example.com", "unsubscribed", 4),
    ] {
        suppress(&platform, recipient, reason, minutes).await;
    }
    let all = ["b@example.com", "c@example.com", "b@example.com", "a@example.com"];
    assert_eq!(recipients(&get("").await.expect(200)), all);
    let found = get("?recipient=%20B@Example.com&count=true").await.expect(200);
    assert_eq!(recipients(&found), ["b@example.com", "b@example.com"]);
    assert_eq!(found["total"], 2);

    let first = get("?limit=3").await.expect(200);
    assert_eq!(recipients(&first), all[..3]);
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = get(&format!("?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!(recipients(&second), all[3..]);
    assert_eq!(second["next_cursor"], json!(null));
    assert_eq!(recipients(&get("?limit=2&page=2").await.expect(200)), all[2..]);
    assert_eq!(fields(&get("?reason=bounced").await.expect(422)), ["reason"]);
}
