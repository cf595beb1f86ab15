use chassis::testing::{Answer, Database, User, call, databases};
use serde_json::{Value, json};

use crate::{fields, service, staff};

const ALL: &str = "/api/v1/notifications/templates";

/// What stands below every e-mail of a shop with no further settings.
const FOOTER: &str = "\n\nCartwright\nhttp://127.0.0.1:8080\n";

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
            "account_closed",
            "email_changed",
            "email_changed_undo",
            "new_sign_in",
            "order_cancelled",
            "order_confirmed",
            "order_delivered",
            "order_link",
            "order_refunded",
            "order_shipped",
            "order_tracking_updated",
            "password_changed",
            "password_reset",
            "payment_action_required",
            "payment_failed",
            "refresh_token_reused",
            "verify_email",
            "welcome"
        ]
    );
    let confirmed = &items[5];
    assert_eq!(confirmed["subject"], "Your order {{ order.number }} is confirmed");
    assert_eq!((&confirmed["channel"], &confirmed["language"]), (&json!("email"), &json!("en")));
    assert_eq!(confirmed["languages"], json!(["en", "de"]));
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
    let preview = preview.expect(200);
    assert_eq!(preview["subject"], "cw-100001 is there");
    assert_eq!(preview["text"], format!("Desk lamp;Light bulb;{FOOTER}"));
    let html = preview["html"].as_str().unwrap();
    assert!(html.contains("Desk lamp;Light bulb;</p>"), "{html}");
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
        preview.json(json!({})).await.expect(200)["text"],
        format!("http://127.0.0.1:8080/reset-password?token=**** ****{FOOTER}")
    );
}

#[databases]
async fn a_preview_takes_other_data(database: Database) {
    let (_platform, service) = service(database).await;
    let path = format!("{ALL}/order_shipped/preview");
    let body = json!({ "body": "{{ order.name }} {{ order.number }}",
                       "data": { "order": { "name": "<Bob> *x*" } } });
    let preview = call(&service.router, "POST", &path).user(&staff()).json(body).await;
    let preview = preview.expect(200);
    // A value is text, whatever it is.
    assert_eq!(preview["text"], format!("<Bob> *x* CW-100001{FOOTER}"));
    let html = preview["html"].as_str().unwrap();
    assert!(html.contains("&lt;Bob&gt; *x* CW-100001</p>"), "{html}");
    let body = json!({ "data": { "order": { "lines": 5 } } });
    let preview = call(&service.router, "POST", &path).user(&staff()).json(body).await;
    assert_eq!(fields(&preview.expect(422)), ["data"]);
}

#[databases]
async fn a_template_has_a_text_in_each_language(database: Database) {
    let (_platform, service) = service(database).await;
    let call = |method: &'static str, path: &str| {
        call(&service.router, method, &format!("{ALL}{path}")).user(&staff())
    };
    let german = call("GET", "/order_delivered?language=de").await.expect(200);
    assert_eq!(german["subject"], "Ihre Bestellung {{ order.number }} wurde zugestellt");
    assert_eq!((&german["language"], &german["customized"]), (&json!("de"), &json!(false)));
    let page = call("GET", "?language=de-AT").await.expect(200);
    assert!(page["items"].as_array().unwrap().contains(&german));

    // One text changes no other.
    let text =
        json!({ "subject": "{{ order.number }} livrée", "body": "Bonjour {{ order.total }}" });
    let french = call("PUT", "/order_delivered?language=fr").json(text.clone()).await.expect(200);
    assert_eq!(french["languages"], json!(["en", "de", "fr"]));
    assert_eq!((&french["subject"], &french["customized"]), (&text["subject"], &json!(true)));
    for (language, customized) in [("de", false), ("en", false), ("fr", true)] {
        let path = format!("/order_delivered?language={language}");
        let shown = call("GET", &path).await.expect(200);
        assert_eq!(shown["customized"], customized, "{language}");
    }
    // One there is no text in shows what is sent instead.
    let shown = call("GET", "/order_delivered?language=it").await.expect(200);
    assert_eq!(shown["subject"], "Your order {{ order.number }} has been delivered");

    let draft = json!({ "language": "de" });
    let preview = call("POST", "/order_confirmed/preview").json(draft).await.expect(200);
    assert_eq!(preview["subject"], "Ihre Bestellung CW-100001 ist bestätigt");
    let html = preview["html"].as_str().unwrap();
    assert!(html.contains("<html lang=\"de\">") && html.contains("49,48 EUR"), "{html}");

    let mail = json!({ "to": "ada@example.com", "template": "order_delivered", "language": "fr",
                       "data": { "order": { "number": "CW-9", "total": "1 EUR" } } });
    let sent = chassis::testing::call(&service.router, "POST", "/api/v1/notifications/email");
    let sent = sent.user(&staff()).json(mail).await.expect(202);
    assert_eq!((&sent["language"], &sent["body"]), (&json!("fr"), &json!("Bonjour 1 EUR")));

    let restored = call("DELETE", "/order_delivered?language=fr").await.expect(200);
    assert_eq!(restored["languages"], json!(["en", "de"]));
    let wrong = call("GET", "/order_delivered?language=german%20please").await.expect(422);
    assert_eq!(fields(&wrong), ["language"]);
}

#[databases]
async fn a_stored_text_that_no_longer_fits_says_so(database: Database) {
    use chassis::db::Session;
    let (platform, service) = service(database).await;
    let text = json!({ "subject": "Hi", "body": "{{ order.number }}" });
    put(&service.router, "order_shipped", text).await.expect(200);
    let path = format!("{ALL}/order_shipped");
    let shown = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
    assert_eq!(shown["last_error"], Value::Null);
    // As a text that an older version took.
    let old = "UPDATE templates SET body = 'a {{ order.gone }}'";
    platform.db.query(old).execute().await.unwrap();
    let page = call(&service.router, "GET", ALL).user(&staff()).await.expect(200);
    let failed: Vec<_> =
        page["items"].as_array().unwrap().iter().filter(|it| !it["last_error"].is_null()).collect();
    assert_eq!((failed.len(), &failed[0]["key"]), (1, &json!("order_shipped")));
    let error = failed[0]["last_error"].as_str().unwrap();
    assert!(error.starts_with("body: line 1: `order.gone` is not known"), "{error}");
}

#[databases]
async fn a_test_message_is_sent_with_sample_data_and_no_secret(database: Database) {
    let (_platform, service) = service(database).await;
    let post = |key: &str, body: Value| {
        call(&service.router, "POST", &format!("{ALL}/{key}/test")).user(&staff()).json(body)
    };
    let to = "ada@example.com";
    let sent = post("password_reset", json!({ "to": to, "language": "de" })).await.expect(202);
    assert_eq!(sent["subject"], "[Test] Setzen Sie Ihr Passwort bei Cartwright zurück");
    assert_eq!((&sent["status"], &sent["recipient"]), (&json!("queued"), &json!(to)));
    assert!(sent["body"].as_str().unwrap().contains("token=****"), "{sent}");
    let path = format!("/api/v1/notifications/{}", sent["id"].as_str().unwrap());
    let shown = call(&service.router, "GET", &path).user(&staff()).await.expect(200);
    let html = shown["html"].as_str().unwrap();
    assert!(html.contains("reset-password?token=****\""), "{html}");

    let draft = json!({ "to": to, "subject": "A {{ order.number }}", "body": "B {{ order.name }}",
                        "data": { "order": { "name": "Bob" } } });
    let sent = post("order_shipped", draft).await.expect(202);
    assert_eq!((&sent["subject"], &sent["body"]), (&json!("[Test] A CW-100001"), &json!("B Bob")));

    for (body, field) in [
        (json!({ "to": "ada" }), "to"),
        (json!({ "to": to, "body": "{{ nothing }}" }), "body"),
        (json!({ "to": to, "data": { "order": { "lines": 5 } } }), "data"),
    ] {
        let problem = post("order_shipped", body.clone()).await.expect(422);
        assert_eq!(fields(&problem), [field], "{body}");
    }
    assert_eq!(post("nonsense", json!({ "to": to })).await.problem(404), "template_not_found");
}
