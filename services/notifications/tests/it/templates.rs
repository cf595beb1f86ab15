use chassis::testing::{Answer, Database, User, call, databases};
use serde_json::{Value, json};

use crate::{fields, service, staff};

const ALL: &str = "/api/v1/notifications/templates";

async fn put(router: &axum::Router, key: &str, body: Value) -> Answer {
    call(router, "PUT", &format!("{ALL}/{key}")).user(&staff()).json(body).await
}

#[databases]
async fn every_template_is_listed_with_what_it_can_say(database: Database) {
    let (_platform, service) = service(database).await;
    let page = call(&service.router, "GET", ALL).user(&staff()).await.expect(200);
    let items = page["items"].as_array().unwrap();
    let keys: Vec<_> = items.iter().map(|it| it["key"].as_str().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "email_changed",
            "email_changed_undo",
            "order_cancelled",
            "order_confirmed",
            "order_delivered",
            "order_refunded",
            "order_shipped",
            "order_tracking_updated",
            "password_changed",
            "password_reset",
            "payment_failed",
            "refresh_token_reused",
            "verify_email",
            "welcome"
        ]
    );
    let confirmed = &items[3];
    assert_eq!(confirmed["subject"], "Your order {{ order.number }} is confirmed");
    assert_eq!((&confirmed["channel"], &confirmed["locale"]), (&json!("email"), &json!("en")));
    let variables = confirmed["variables"].as_array().unwrap();
    assert!(variables.contains(&json!("order.lines[].title")), "{variables:?}");
    let shown = call(&service.router, "GET", &format!("{ALL}/order_confirmed")).user(&staff());
    assert_eq!(shown.await.expect(200), *confirmed);
}

#[databases]
async fn staff_change_a_template_and_go_back(database: Database) {
    let (_platform, service) = service(database).await;
    let path = format!("{ALL}/order_delivered");
    let before = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
    let text = json!({ "subject": "{{ order.number | lower }} is there",
                       "body": "{% for line in order.lines %}{{ line.title }};{% endfor %}" });
    let changed = put(&service.router, "order_delivered", text.clone()).await.expect(200);
    assert_eq!((&changed["subject"], &changed["body"]), (&text["subject"], &text["body"]));
    assert_eq!(changed["customized"], true);
    assert_eq!(changed["updated_at"], "2026-01-02T12:00:00Z");

    let preview = format!("{path}/preview");
    let preview = call(&service.router, "POST", &preview).user(&staff()).json(json!({})).await;
    assert_eq!(
        preview.expect(200),
        json!({ "subject": "cw-100001 is there", "body": "Desk lamp;Light bulb;" })
    );
    let data = json!({ "order": { "number": "CW-9", "lines": [{ "title": "Chair" }] } });
    let mail = json!({ "to": "ada@example.com", "template": "order_delivered", "data": data });
    let mail =
        call(&service.router, "POST", "/api/v1/notifications/email").user(&staff()).json(mail);
    assert_eq!(mail.await.expect(202)["body"], "Chair;");

    let restored = call(&service.router, "DELETE", &path).user(&staff()).await.expect(200);
    assert_eq!(restored, before);
    assert_eq!(call(&service.router, "GET", &path).user(&staff()).await.expect(200), before);
}

#[databases]
async fn a_broken_template_is_refused_with_field_and_line(database: Database) {
    let (_platform, service) = service(database).await;
    for (subject, body, field, says) in [
        ("Hi", "one\n{{ order.nmber }}", "body", "line 2: `order.nmber` is not known"),
        ("{{ nothing }}", "b", "subject", "line 1: `nothing` is not known"),
        ("Hi", "one\ntwo\n{{ order.number", "body", "line 3: syntax error"),
        (
            "Hi",
            "{% for x in order.lines %}\n{{ x.colour }}\n{% endfor %}",
            "body",
            "line 2: undefined",
        ),
        ("Hi", "\n{{ order.number | shout }}", "body", "line 2: unknown filter"),
        ("Hi", "{% set x = 1 %}", "body", "line 1: `set` is not allowed"),
        ("Hi", "{{ 'a' * 100000000 }}", "body", "line 1: `*` is not allowed"),
        ("Hi", "{{ token }}", "body", "line 1: `token` is not known"),
        ("a\nb", "b", "subject", "must be one line"),
        (" ", "b", "subject", "must not be blank"),
        ("Hi", " \n", "body", "must not be blank"),
    ] {
        let text = json!({ "subject": subject, "body": body });
        for preview in [false, true] {
            let answer = if preview {
                let path = format!("{ALL}/order_shipped/preview");
                call(&service.router, "POST", &path).user(&staff()).json(text.clone()).await
            } else {
                put(&service.router, "order_shipped", text.clone()).await
            };
            let problem = answer.expect(422);
            assert_eq!(fields(&problem), [field], "{text}");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.starts_with(says), "{detail} instead of {says}");
        }
    }
    let both = json!({ "subject": "{{ a }}", "body": "{{ b }}" });
    let problem = put(&service.router, "order_shipped", both).await.expect(422);
    assert_eq!(fields(&problem), ["body", "subject"]);
    let long = json!({ "subject": "s".repeat(501), "body": "b".repeat(16_385), "html": "" });
    let problem = put(&service.router, "order_shipped", long).await.expect(422);
    assert_eq!(fields(&problem), ["html"]);
    let shown = call(&service.router, "GET", &format!("{ALL}/order_shipped")).user(&staff());
    assert_eq!(shown.await.expect(200)["customized"], false);
}

#[databases]
async fn a_template_that_does_not_exist_is_not_found(database: Database) {
    let (_platform, service) = service(database).await;
    let text = json!({ "subject": "s", "body": "b" });
    assert_eq!(put(&service.router, "nonsense", text).await.problem(404), "template_not_found");
    for (method, path) in
        [("GET", "nonsense"), ("DELETE", "nonsense"), ("POST", "nonsense/preview")]
    {
        let call = call(&service.router, method, &format!("{ALL}/{path}")).user(&staff());
        assert_eq!(call.json(json!({})).await.problem(404), "template_not_found");
    }
}

#[databases]
async fn a_template_with_a_secret_needs_a_right_over_accounts(database: Database) {
    let (_platform, service) = service(database).await;
    let text = json!({ "subject": "New password", "body": "{{ link }} {{ token }}" });
    let path = format!("{ALL}/password_reset");
    let refused = put(&service.router, "password_reset", text.clone()).await.expect(403);
    assert_eq!(refused["permission"], "users:write");
    let refused = call(&service.router, "DELETE", &path).user(&staff()).await.expect(403);
    assert_eq!(refused["permission"], "users:write");

    let admin = User::with(&["notifications:send", "users:write"]);
    call(&service.router, "PUT", &path).user(&admin).json(text).await.expect(200);
    let preview = call(&service.router, "POST", &format!("{path}/preview")).user(&admin);
    assert_eq!(
        preview.json(json!({})).await.expect(200)["body"],
        "http://127.0.0.1:8080/reset-password?token=**** ****"
    );
}

#[databases]
async fn a_preview_takes_other_data(database: Database) {
    let (_platform, service) = service(database).await;
    let path = format!("{ALL}/order_shipped/preview");
    let body = json!({ "body": "{{ order.name }} {{ order.number }}",
                       "data": { "order": { "name": "<Bob>" } } });
    let preview = call(&service.router, "POST", &path).user(&staff()).json(body).await;
    // Bodies are plain text, so nothing is escaped.
    assert_eq!(preview.expect(200)["body"], "<Bob> CW-100001");
    let body = json!({ "data": { "order": { "lines": 5 } } });
    let preview = call(&service.router, "POST", &path).user(&staff()).json(body).await;
    assert_eq!(fields(&preview.expect(422)), ["data"]);
}
