//! Changes that are meant for a state of a cart.

use chassis::testing::{Answer, Call, Database, User, databases};
use serde_json::{Value, json};

use crate::{LAMP, MUG, shop};

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().expect("a tag").to_owned()
}

#[databases]
async fn a_cart_is_changed_in_the_state_that_is_meant(database: Database) {
    let shop = shop(database).await;
    let ada = User::customer();
    let item = format!("/cart/items/{LAMP}");
    let quantity = |tag: &str, quantity: i64| -> Call {
        let call = shop.call("PATCH", &item).user(&ada).json(json!({ "quantity": quantity }));
        call.header("if-match", tag)
    };
    assert_eq!(tag(&shop.call("GET", "/cart").user(&ada).await), "\"0\"");
    let first = shop.add(LAMP, 1).user(&ada).header("if-match", "\"0\"").await;
    assert_eq!((tag(&first), &first.body["version"]), ("\"1\"".to_owned(), &json!(1)));
    shop.add(MUG, 1).user(&ada).await.expect(200);
    let before = shop.call("GET", "/cart").user(&ada).await;
    for stale in ["\"1\"", "W/\"2\""] {
        let calls = [
            quantity(stale, 2),
            shop.add(MUG, 1).user(&ada).header("if-match", stale),
            shop.call("DELETE", &item).user(&ada).header("if-match", stale),
            shop.call("DELETE", "/cart").user(&ada).header("if-match", stale),
        ];
        for call in calls {
            let problem = call.await.expect(412);
            let said = (&problem["code"], &problem["version"]);
            assert_eq!(said, (&json!("precondition_failed"), &json!(2)), "{problem}");
        }
    }
    let after = shop.call("GET", "/cart").user(&ada).await;
    assert_eq!((tag(&after), &after.body), (tag(&before), &before.body));
    assert_eq!(tag(&quantity("\"2\"", 2).await), "\"3\"");
    // What changes nothing leaves the version alone.
    assert_eq!(tag(&quantity("\"3\"", 2).await), "\"3\"");
    let removed = shop.call("DELETE", &item).user(&ada).header("if-match", "*").await;
    assert_eq!(tag(&removed), "\"4\"");
    let cleared = shop.call("DELETE", "/cart").user(&ada).header("if-match", "\"4\"").await;
    assert_eq!((cleared.status.as_u16(), &cleared.body), (204, &Value::Null));
}
