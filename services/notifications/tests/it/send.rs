use chassis::testing::{Answer, Database, User, call, databases};
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};

use crate::{fields, service, staff};

const EMAIL: &str = "/api/v1/notifications/email";
const SMS: &str = "/api/v1/notifications/sms";
const PUSH: &str = "/api/v1/notifications/push";

async fn post(router: &axum::Router, path: &str, body: Value) -> Answer {
    call(router, "POST", path).user(&staff()).json(body).await
}

#[databases]
async fn an_email_is_queued_and_can_be_looked_up(database: Database) {
    let (_platform, service) = service(database).await;
    let body = json!({ "to": "ada@example.com", "subject": "Hello", "body": "Good day.\nBye." });
    let answer = post(&service.router, EMAIL, body).await;
    assert_eq!(answer.headers["idempotent-replayed"], "false");
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let queued = answer.expect(202);
    allow_duplicates! { assert_json_snapshot!(queued, { ".id" => "[id]" }, @r#"
    {
      "attempts": 0,
      "body": "Good day.\nBye.",
      "channel": "email",
      "created_at": "2026-01-02T12:00:00Z",
      "delivered_at": null,
      "error": null,
      "id": "[id]",
      "language": null,
      "next_attempt_at": "2026-01-02T12:00:00Z",
      "order_id": null,
      "order_number": null,
      "provider": null,
      "provider_message_id": null,
      "recipient": "ada@example.com",
      "segments": null,
      "sent_at": null,
      "status": "queued",
      "subject": "Hello",
      "template": null,
      "topic": "transactional",
      "user_id": null
    }
    "#) };
    assert_eq!(location, format!("/api/v1/notifications/{}", queued["id"].as_str().unwrap()));
    let mut shown = call(&service.router, "GET", &location).user(&staff()).await.expect(200);
    let html = shown.as_object_mut().unwrap().remove("html").expect("the HTML");
    assert!(html.as_str().unwrap().contains("Good day.<br>\nBye.</p>"), "{html}");
    assert_eq!(shown, queued);
}

#[databases]
async fn text_and_push_messages_are_queued(database: Database) {
    let (_platform, service) = service(database).await;
    let sms = post(&service.router, SMS, json!({ "to": "+4915112345678", "body": "Hi" })).await;
    let sms = sms.expect(202);
    assert_eq!((&sms["channel"], &sms["subject"]), (&json!("sms"), &Value::Null));

    // Recipients are kept in one form, however they are written.
    for (path, mut body, kept) in [
        (SMS, json!({ "to": "+49 (0)151 1234-5678", "body": "Hi" }), "+4915112345678"),
        (EMAIL, json!({ "to": " Ada@BÜCHER.example" }), "ada@xn--bcher-kva.example"),
    ] {
        if path == EMAIL {
            body["subject"] = json!("Hello");
            body["body"] = json!("Good day.");
        }
        let queued = post(&service.router, path, body).await.expect(202);
        assert_eq!(queued["recipient"], kept);
    }
    for to in ["0151 12345678", "+49 151", "+49 151 12345678 x1"] {
        let wrong = post(&service.router, SMS, json!({ "to": to, "body": "Hi" })).await;
        assert_eq!(fields(&wrong.expect(422)), ["to"], "{to}");
    }

    let body = json!({ "to": "token-1", "title": "Sale", "body": "Today" });
    let push = post(&service.router, PUSH, body).await.expect(202);
    assert_eq!((&push["recipient"], &push["subject"]), (&json!("token-1"), &json!("Sale")));

    let user = chassis::id::new();
    let body = json!({ "user_id": user, "title": "Sale", "body": "Today" });
    let push = post(&service.router, PUSH, body).await.expect(202);
    assert_eq!(push["recipient"], format!("user:{user}"));
    assert_eq!(push["user_id"], user.to_string());

    let nobody = post(&service.router, PUSH, json!({ "title": "Sale", "body": "Today" })).await;
    assert_eq!(fields(&nobody.expect(422)), ["to"]);
}

#[databases]
async fn an_email_can_be_made_from_a_template(database: Database) {
    let (_platform, service) = service(database).await;
    let data = json!({ "order": { "name": "Ada", "number": "CW-7" } });
    let body = json!({ "to": "ada@example.com", "template": "order_delivered", "data": data });
    let sent = post(&service.router, EMAIL, body).await.expect(202);
    assert_eq!(sent["subject"], "Your order CW-7 has been delivered");
    assert_eq!(sent["template"], "order_delivered");

    let body = json!({ "to": "ada@example.com", "template": "order_delivered" });
    let problem = post(&service.router, EMAIL, body).await.expect(422);
    assert_eq!(fields(&problem), ["data"]);
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("subject: line 1"));
}

#[databases]
async fn a_template_with_a_secret_is_not_sent_by_staff(database: Database) {
    let (_platform, service) = service(database).await;
    for template in ["password_reset", "welcome", "nonsense"] {
        let body = json!({ "to": "eve@example.com", "template": template,
                           "data": { "user": { "name": "Eve" } } });
        let problem = post(&service.router, EMAIL, body).await.expect(422);
        assert_eq!(fields(&problem), ["template"]);
    }
}

#[databases]
async fn the_same_request_with_a_key_is_one_message(database: Database) {
    let (_platform, service) = service(database).await;
    let (staff, other) = (staff(), staff());
    let body = |text: &str| json!({ "to": "ada@example.com", "subject": "Hi", "body": text });
    let send = |user: &User, path: &str, body: Value| {
        call(&service.router, "POST", path).user(user).header("idempotency-key", "k1").json(body)
    };
    let first = send(&staff, EMAIL, body("one")).await;
    assert_eq!(first.headers["idempotent-replayed"], "false");
    let again = send(&staff, EMAIL, body("one")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(first.expect(202), again.expect(202));
    assert_eq!(send(&staff, EMAIL, body("two")).await.problem(422), "idempotency_key_reused");
    let sms = json!({ "to": "+4915112345678", "body": "one" });
    assert_eq!(send(&staff, SMS, sms).await.problem(422), "idempotency_key_reused");
    // Another's key is another key.
    assert_eq!(send(&other, EMAIL, body("two")).await.headers["idempotent-replayed"], "false");
    let bad = call(&service.router, "POST", EMAIL)
        .user(&staff)
        .header("idempotency-key", "a b")
        .json(body("one"));
    assert_eq!(bad.await.problem(400), "idempotency_key_invalid");
}

#[databases]
async fn wrong_emails_name_every_wrong_field(database: Database) {
    let (_platform, service) = service(database).await;
    for (body, wrong) in [
        (json!({}), vec!["to"]),
        (json!({ "to": "ada@example.com" }), vec!["body", "subject"]),
        (
            json!({ "to": "ada", "subject": "", "body": "" }),
            vec!["body", "body", "subject", "subject", "to"],
        ),
        (json!({ "to": "a@b.c\r\nBcc: d@e.f", "subject": "s", "body": "b" }), vec!["to"]),
        (
            json!({ "to": "ada@example.com", "subject": "a\r\nBcc: d@e.f", "body": "b" }),
            vec!["subject"],
        ),
        (
            json!({ "to": "ada@example.com", "subject": "a\u{2028}b\n", "body": "b" }),
            vec!["subject"],
        ),
        (
            json!({ "to": "ada@example.com", "subject": "s".repeat(201), "body": "b" }),
            vec!["subject"],
        ),
        (
            json!({ "to": "ada@example.com", "subject": "s", "body": "b".repeat(50_001) }),
            vec!["body"],
        ),
        (
            json!({ "to": format!("{}@example.com", "a".repeat(300)), "subject": "s", "body": "b" }),
            vec!["to"],
        ),
        (json!({ "to": "ada@example.com", "subject": "s", "body": "b", "cc": "x" }), vec!["cc"]),
        (json!({ "to": "ada@example.com", "subject": 5, "body": [] }), vec!["body", "subject"]),
        (json!({ "to": "ada@example.com", "subject": "s", "body": "b", "data": {} }), vec!["data"]),
        (
            json!({ "to": "ada@example.com", "subject": "s", "body": "b", "template": "welcome" }),
            vec!["template"],
        ),
        (
            json!({ "to": "ada@example.com", "template": "order_delivered", "data": { "x": "y".repeat(20_000) } }),
            vec!["data"],
        ),
        (
            json!({ "to": "ada@example.com", "template": "order_delivered", "data": [] }),
            vec!["data"],
        ),
        (
            json!({ "to": "ada@example.com", "subject": "s", "body": "b", "topic": "spam" }),
            vec!["topic"],
        ),
        (
            json!({ "to": "ada@example.com", "subject": "s", "body": "b", "user_id": "me" }),
            vec!["user_id"],
        ),
    ] {
        let problem = post(&service.router, EMAIL, body.clone()).await.expect(422);
        assert_eq!(fields(&problem), wrong, "{body}");
    }
    let nul = call(&service.router, "POST", EMAIL).user(&staff());
    let nul = nul.text(r#"{"to":"a@b.cd","subject":"\u0000","body":"b"}"#).await;
    assert_eq!(nul.problem(400), "malformed_json");
}

#[databases]
async fn wrong_text_and_push_messages_name_every_wrong_field(database: Database) {
    let (_platform, service) = service(database).await;
    for (path, body, wrong) in [
        (SMS, json!({ "to": "0151 123", "body": " " }), vec!["body", "to"]),
        (SMS, json!({ "to": "+4915112345678", "body": "x".repeat(1601) }), vec!["body"]),
        (PUSH, json!({ "to": "a b", "title": "a\nb", "body": "c" }), vec!["title", "to"]),
        (PUSH, json!({ "to": "x".repeat(4097), "title": "a", "body": "c" }), vec!["to"]),
    ] {
        let problem = post(&service.router, path, body.clone()).await.expect(422);
        assert_eq!(fields(&problem), wrong, "{body}");
    }
}

#[databases]
async fn files_go_with_an_email(database: Database) {
    let (_platform, service) = service(database).await;
    let file = json!({ "filename": "Rechnung Nº 7.pdf", "content_type": "application/pdf",
                       "content": "JVBERi0xLjc=" });
    let with = |files: Value| json!({ "to": "ada@example.com", "subject": "Hi", "body": "Hi.", "attachments": files });
    post(&service.router, EMAIL, with(json!([file, file]))).await.expect(202);
    let changed = |key: &str, value: &str| {
        let mut file = file.clone();
        file[key] = json!(value);
        json!([file])
    };
    for (files, wrong) in [
        (changed("filename", ""), "attachments[0].filename"),
        (changed("filename", "../etc/passwd"), "attachments[0].filename"),
        (changed("filename", "a\r\nBcc: b"), "attachments[0].filename"),
        (changed("filename", &"x".repeat(101)), "attachments[0].filename"),
        (changed("content_type", "pdf"), "attachments[0].content_type"),
        (changed("content_type", "text/plain\r\nBcc: b"), "attachments[0].content_type"),
        (changed("content_type", "multipart/mixed"), "attachments[0].content_type"),
        (changed("content", "%%%"), "attachments[0].content"),
        (changed("content", ""), "attachments[0].content"),
        (json!(vec![file.clone(); 11]), "attachments"),
    ] {
        let problem = post(&service.router, EMAIL, with(files.clone())).await.expect(422);
        assert_eq!(fields(&problem), [wrong], "{files}");
    }
    let large = changed("content", &"A".repeat(256 * 1024));
    assert_eq!(post(&service.router, EMAIL, with(large)).await.problem(413), "body_too_large");
}
