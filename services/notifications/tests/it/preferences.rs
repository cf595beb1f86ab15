use chassis::testing::{Database, User, call, databases};
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::{Value, json};

use crate::{fields, service, staff};

const PATH: &str = "/api/v1/notifications/preferences";

#[databases]
async fn a_user_says_what_to_hear(database: Database) {
    let (_platform, service) = service(database).await;
    let (ada, bob) = (User::customer(), User::customer());
    let get = |user: &User| call(&service.router, "GET", PATH).user(user);
    let defaults = get(&ada).await.expect(200);
    allow_duplicates! { assert_json_snapshot!(defaults, @r#"
    {
      "email": {
        "marketing": false,
        "order_updates": true
      },
      "push": {
        "marketing": false,
        "order_updates": true
      },
      "sms": {
        "marketing": false,
        "order_updates": true
      }
    }
    "#) };
    let wish = json!({ "email": { "marketing": true }, "sms": { "order_updates": false } });
    let put = call(&service.router, "PUT", PATH).user(&ada).json(wish).await.expect(200);
    assert_eq!(put["email"], json!({ "marketing": true, "order_updates": true }));
    assert_eq!(put["sms"], json!({ "marketing": false, "order_updates": false }));
    assert_eq!(get(&ada).await.expect(200), put);
    assert_eq!(get(&bob).await.expect(200), defaults);

    let none = call(&service.router, "PUT", PATH).user(&ada).json(json!({})).await;
    assert_eq!(none.expect(200), defaults);
}

#[databases]
async fn a_wish_is_heard_when_staff_write(database: Database) {
    let (_platform, service) = service(database).await;
    let ada = User::customer();
    let send = async |topic: Value| {
        let body = json!({ "to": "ada@example.com", "subject": "Hi", "body": "Hi",
                           "user_id": ada.id(), "topic": topic });
        let path = "/api/v1/notifications/email";
        let sent = call(&service.router, "POST", path).user(&staff()).json(body).await;
        sent.expect(202)["status"].clone()
    };
    assert_eq!(send(json!("marketing")).await, "skipped");
    assert_eq!(send(json!("order_updates")).await, "queued");
    assert_eq!(send(Value::Null).await, "queued");
    let wish = json!({ "email": { "marketing": true, "order_updates": false } });
    call(&service.router, "PUT", PATH).user(&ada).json(wish).await.expect(200);
    assert_eq!(send(json!("marketing")).await, "queued");
    assert_eq!(send(json!("order_updates")).await, "skipped");
    assert_eq!(send(json!("transactional")).await, "queued");
}

#[databases]
async fn a_wrong_wish_names_the_field(database: Database) {
    let (_platform, service) = service(database).await;
    for (wish, wrong) in [
        (json!({ "fax": {} }), vec!["fax"]),
        (json!({ "email": { "marketing": "yes" }, "sms": 5 }), vec!["email.marketing", "sms"]),
        (json!([]), vec!["body"]),
        (json!("all"), vec!["body"]),
        (json!({ "push": { "news": true } }), vec!["push.news"]),
    ] {
        let call = call(&service.router, "PUT", PATH).user(&User::customer());
        assert_eq!(fields(&call.json(wish.clone()).await.expect(422)), wrong, "{wish}");
    }
}
