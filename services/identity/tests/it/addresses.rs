use chassis::testing::{Database, databases};
use insta::{allow_duplicates, assert_json_snapshot};
use serde_json::json;

use super::*;

pub fn home() -> Value {
    json!({
        "name": "Ada Lovelace", "line1": "12 Analytical Row", "city": "London",
        "postal_code": "W1A 1AA", "country": "GB",
    })
}

const PATH: &str = "/users/me/addresses";

impl Shop {
    async fn add_address(&self, person: &Person, default: bool) -> String {
        let mut body = home();
        body["is_default"] = json!(default);
        let added = self.by(person, "POST", PATH, body).await.expect(201);
        added["id"].as_str().unwrap().to_owned()
    }

    /// The ids of the addresses, and which is the default.
    async fn addresses(&self, person: &Person) -> (Vec<String>, Vec<String>) {
        let list = self.by(person, "GET", PATH, Value::Null).await.expect(200);
        let items = list["items"].as_array().unwrap().clone();
        let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
        let default = items.iter().filter(|it| it["is_default"] == json!(true)).map(id).collect();
        (items.iter().map(id).collect(), default)
    }
}

#[databases]
async fn an_address_is_kept_as_it_was_sent(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let added = shop.by(&ada, "POST", PATH, home()).await.expect(201);
    allow_duplicates! { assert_json_snapshot!(added, { ".id" => "[id]" }, @r#"
    {
      "city": "London",
      "company": null,
      "country": "GB",
      "created_at": "2026-01-02T12:00:00Z",
      "id": "[id]",
      "is_default": true,
      "line1": "12 Analytical Row",
      "line2": null,
      "name": "Ada Lovelace",
      "phone": null,
      "postal_code": "W1A 1AA",
      "region": null,
      "updated_at": "2026-01-02T12:00:00Z"
    }
    "#) };
    let path = format!("{PATH}/{}", added["id"].as_str().unwrap());
    assert_eq!(shop.by(&ada, "GET", &path, Value::Null).await.expect(200), added);
    let mut moved = home();
    moved["city"] = json!("Paris");
    moved["country"] = json!("FR");
    moved["postal_code"] = json!("75001");
    let replaced = shop.by(&ada, "PUT", &path, moved).await.expect(200);
    assert_eq!((&replaced["city"], &replaced["is_default"]), (&json!("Paris"), &json!(true)));
    assert_eq!(shop.by(&ada, "GET", &path, Value::Null).await.expect(200), replaced);
}

#[databases]
async fn one_address_is_the_default(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let first = shop.add_address(&ada, false).await;
    let second = shop.add_address(&ada, false).await;
    let third = shop.add_address(&ada, true).await;
    let all = vec![first.clone(), second.clone(), third.clone()];
    assert_eq!(shop.addresses(&ada).await, (all, vec![third.clone()]));
    let mut body = home();
    body["is_default"] = json!(true);
    shop.by(&ada, "PUT", &format!("{PATH}/{second}"), body).await.expect(200);
    assert_eq!(shop.addresses(&ada).await.1, vec![second.clone()]);
    shop.by(&ada, "DELETE", &format!("{PATH}/{second}"), Value::Null).await.expect(204);
    assert_eq!(shop.addresses(&ada).await.1, vec![first.clone()]);
    shop.by(&ada, "DELETE", &format!("{PATH}/{third}"), Value::Null).await.expect(204);
    assert_eq!(shop.addresses(&ada).await, (vec![first.clone()], vec![first]));
}

#[databases]
async fn addresses_of_others_do_not_exist(database: Database) {
    let shop = shop(database).await;
    let (ada, eve) = (shop.register("ada").await, shop.register("eve").await);
    let path = format!("{PATH}/{}", shop.add_address(&ada, false).await);
    for (method, body) in [("GET", Value::Null), ("PUT", home()), ("DELETE", Value::Null)] {
        let answer = shop.by(&eve, method, &path, body).await;
        assert_eq!(answer.problem(404), "address_not_found", "{method}");
    }
    assert_eq!(shop.addresses(&eve).await.0.len(), 0);
    assert_eq!(shop.addresses(&ada).await.0.len(), 1);
    let nonsense = shop.by(&ada, "GET", &format!("{PATH}/nonsense"), Value::Null).await;
    assert_eq!(nonsense.problem(404), "not_found");
}

#[databases]
async fn a_wrong_address_names_its_fields(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let body = json!({
        "name": "", "line1": "x".repeat(201), "city": "a\nb", "country": "XX", "phone": "x",
    });
    let wrong = wrong_fields(shop.by(&ada, "POST", PATH, body).await);
    assert_eq!(wrong, ["city", "country", "line1", "name", "phone"]);
}

#[databases]
async fn an_account_keeps_fifty_addresses(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for _ in 0..50 {
        shop.add_address(&ada, false).await;
    }
    let one_more = shop.by(&ada, "POST", PATH, home()).await;
    assert_eq!(one_more.problem(409), "address_limit");
    assert_eq!(shop.addresses(&ada).await.0.len(), 50);
}
