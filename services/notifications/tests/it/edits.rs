//! Writes that are meant for a state of a template or of somebody's preferences.

use chassis::testing::{Answer, Call, Database, User, call, databases};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{service, staff};

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

fn code(answer: Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default().to_owned())
}

fn failed() -> (u16, String) {
    (412, "precondition_failed".to_owned())
}

#[databases]
async fn a_template_is_written_in_the_state_that_is_meant(database: Database) {
    let (_platform, service) = service(database).await;
    let path = "/api/v1/notifications/templates/welcome";
    let send = |method: &str, tag: &str, subject: &str| -> Call {
        let call = call(&service.router, method, path).user(&staff()).header("if-match", tag);
        let text = json!({ "subject": subject, "body": "Hello" });
        if method == "DELETE" { call } else { call.json(text) }
    };
    let get = async || call(&service.router, "GET", path).user(&staff()).await;
    let built_in = get().await;
    assert_eq!((tag(&built_in).as_str(), &built_in.body["version"]), ("\"0\"", &json!(0)));
    let first = send("PUT", "\"0\"", "One").await;
    let seen = tag(&first);
    assert_eq!(format!("\"{}\"", first.body["version"]), seen);
    assert_ne!(seen, "\"0\"");
    for method in ["PUT", "DELETE"] {
        for stale in ["\"0\"", &format!("W/{seen}")] {
            assert_eq!(code(send(method, stale, "Two").await), failed(), "{method} {stale}");
        }
    }
    assert_eq!(get().await.body["subject"], "One");
    // Another language is another text.
    let german = format!("{path}?language=de");
    let german = call(&service.router, "GET", &german).user(&staff()).await;
    assert_eq!(tag(&german), "\"0\"");
    let second = send("PUT", &seen, "Two").await;
    assert_eq!(second.body["subject"], "Two");
    assert_eq!(code(send("DELETE", &seen, "").await), failed());
    let restored = send("DELETE", &tag(&second), "").await;
    assert_eq!((tag(&restored).as_str(), &restored.body["customized"]), ("\"0\"", &json!(false)));
    assert_eq!(code(send("PUT", &tag(&second), "Three").await), failed());
    send("PUT", "*", "Three").await.expect(200);
}

#[databases]
async fn of_many_who_write_over_the_same_text_one_wins(database: Database) {
    let (_platform, service) = service(database).await;
    let path = "/api/v1/notifications/templates/welcome";
    for _ in 0..3 {
        let read = call(&service.router, "GET", path).user(&staff()).await;
        let put = |at: usize| {
            let text = json!({ "subject": format!("Hello {at}"), "body": "Hello" });
            let call = call(&service.router, "PUT", path).user(&staff()).json(text);
            call.header("if-match", &tag(&read)).send()
        };
        let answers = join_all((0..6).map(put)).await;
        assert_eq!(answers.iter().filter(|it| it.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|it| it.status == 412).count(), 5);
    }
}

#[databases]
async fn preferences_are_written_in_the_state_that_is_meant(database: Database) {
    const PATH: &str = "/api/v1/notifications/preferences";
    let (_platform, service) = service(database).await;
    let ada = User::customer();
    let get = async || call(&service.router, "GET", PATH).user(&ada).await;
    let put = |tag: &str, marketing: bool| {
        let wish = json!({ "email": { "marketing": marketing } });
        call(&service.router, "PUT", PATH).user(&ada).json(wish).header("if-match", tag).send()
    };
    assert_eq!(tag(&get().await), "\"0\"");
    let answers = join_all((0..6).map(|_| put("\"0\"", true))).await;
    assert_eq!(answers.iter().filter(|it| it.status == 200).count(), 1, "who says something first");
    assert_eq!(tag(&get().await), "\"1\"");
    for stale in ["\"0\"", "W/\"1\""] {
        let problem = put(stale, false).await.expect(412);
        assert_eq!(
            (&problem["code"], &problem["version"]),
            (&json!("precondition_failed"), &json!(1))
        );
        assert!(problem["updated_at"].is_string(), "{problem}");
    }
    assert_eq!(get().await.body["email"]["marketing"], true);
    assert_eq!(tag(&put("\"1\"", false).await), "\"2\"");
    assert_eq!(put("*", true).await.status, 200);
    let plain = call(&service.router, "PUT", PATH).user(&ada).json(Value::from(json!({})));
    assert_eq!(tag(&plain.await), "\"4\"");
}
