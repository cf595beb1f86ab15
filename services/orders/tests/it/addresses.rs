//! Addresses are held to the rules of their country, and orders go where the shop delivers.

use chassis::address_rules::AddressRules;
use chassis::config::Settings;
use chassis::testing::{Answer, Call, Database, User, call, databases};
use orders::Config;
use serde_json::{Value, json};

use crate::world::{World, checkout, start_with, world};

impl World {
    fn order_with(&self, user: &User, key: &str, request: &Value) -> Call {
        let call = self.call("POST", "/orders/checkout").user(user);
        call.header("idempotency-key", key).json(request.clone())
    }
}

fn to(address: Value) -> Value {
    let mut request = checkout("tok_visa");
    request["shipping_address"] = address;
    request
}

fn american() -> Value {
    json!({
        "name": "Grace Hopper", "line1": "1 Harbour Street", "city": "Arlington",
        "region": "Virginia", "postal_code": "22201", "country": "US",
    })
}

fn without(mut address: Value, field: &str) -> Value {
    address.as_object_mut().expect("an address").remove(field);
    address
}

#[track_caller]
fn wrong_fields(answer: Answer) -> Vec<String> {
    let body = answer.expect(422);
    assert_eq!(body["code"], "validation_failed");
    let errors = body["errors"].as_array().expect("errors");
    errors.iter().map(|it| it["field"].as_str().expect("a field").to_owned()).collect()
}

#[databases]
async fn a_checkout_names_what_is_missing_in_its_addresses(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let mut both = to(without(american(), "region"));
    both["billing_address"] = json!({ "name": "Ada", "line1": "1 High Street", "country": "GB" });
    for (request, wrong) in [
        (to(without(american(), "postal_code")), vec!["shipping_address.postal_code"]),
        (
            both,
            vec!["shipping_address.region", "billing_address.city", "billing_address.postal_code"],
        ),
        (
            to(json!({
                "name": "Ada", "line1": "1 High Street", "city": "London",
                "postal_code": "12345", "country": "GB",
            })),
            vec!["shipping_address.postal_code"],
        ),
        (
            to(json!({
                "name": "\u{200b}", "line1": "\u{3164}", "city": "\u{200e}", "country": "DE",
            })),
            vec!["shipping_address.city", "shipping_address.line1", "shipping_address.name"],
        ),
    ] {
        let mut found = wrong_fields(world.order_with(&user, "k", &request).await);
        found.sort_by_key(|it| wrong.iter().position(|wrong| wrong == it));
        assert_eq!(found, wrong, "{} {request}", world.platform.kind);
    }
    let list = world.call("GET", "/orders").user(&user).await.expect(200);
    assert_eq!(list["items"], json!([]));
}

#[databases]
async fn an_order_keeps_its_addresses_in_one_form(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let mut request = to(american());
    request["shipping_address"]["phone"] = json!("(202) 555-0100");
    request["billing_address"] = json!({
        "name": " Ada ", "line1": "1 High Street", "city": "London",
        "postal_code": "w1a 1aa ", "country": "GB",
    });
    let order = world.order_with(&user, "k", &request).await.expect(201);
    let shipping = &order["shipping_address"];
    assert_eq!(
        (&shipping["region"], &shipping["phone"]),
        (&json!("VA"), &json!("+12025550100")),
        "{}",
        world.platform.kind
    );
    let billing = &order["billing_address"];
    assert_eq!((&billing["name"], &billing["postal_code"]), (&json!("Ada"), &json!("W1A 1AA")));
    // The same request is still the same.
    let again = world.order_with(&user, "k", &request).await;
    assert_eq!(again.headers[chassis::idempotency::REPLAYED], "true");
    assert_eq!(again.expect(201)["id"], order["id"]);
    // Where no city is asked for, none is needed.
    let request = to(json!({
        "name": "Li", "line1": "1 Queen's Road", "region": "香港島", "country": "HK",
    }));
    let order = world.order_with(&user, "hk", &request).await.expect(201);
    let shipping = &order["shipping_address"];
    assert_eq!(
        (&shipping["region"], &shipping["city"]),
        (&json!("Hong Kong Island"), &Value::Null)
    );
}

#[databases]
async fn orders_go_where_the_shop_delivers_and_bills_go_anywhere(database: Database) {
    let world = world(database).await;
    let config = Config { countries: vec!["GB".to_owned()], ..Config::default() };
    let service = start_with(&world.platform, &world.others, config).await;
    let user = User::customer();
    let buy = async |key: &str, request: Value, rules: AddressRules| {
        let call = call(&service.router, "POST", "/api/v1/orders").user(&user).extension(rules);
        call.header("idempotency-key", key).json(request).await
    };
    for rules in [AddressRules::On, AddressRules::Off] {
        let elsewhere = buy("k", to(american()), rules).await.expect(422);
        assert_eq!(
            elsewhere["errors"],
            json!([{
                "field": "shipping_address.country",
                "detail": "is US, but the shop delivers to United Kingdom",
            }])
        );
    }
    let mut request = checkout("tok_visa");
    request["billing_address"] = american();
    let order = buy("k", request, AddressRules::On).await.expect(201);
    assert_eq!(order["billing_address"]["country"], "US");

    let list = call(&service.router, "GET", "/api/v1/countries").await.expect(200);
    let british = json!({ "code": "GB", "name": "United Kingdom", "delivered": true });
    assert_eq!(list["items"], json!([british]));
    let all = call(&service.router, "GET", "/api/v1/countries?all=true").await.expect(200);
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 249);
    assert!(all.contains(&british));
    let elsewhere = json!({ "code": "US", "name": "United States", "delivered": false });
    assert!(all.contains(&elsewhere));
}

#[databases]
async fn a_country_says_how_addresses_are_written_there(database: Database) {
    let world = world(database).await;
    let answer = world.call("GET", "/countries/US").await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    let rules = answer.expect(200);
    assert_eq!(
        rules["fields"],
        json!(["name", "company", "line1", "line2", "city", "region", "postal_code"])
    );
    assert_eq!(rules["required"], json!(["name", "line1", "city", "region", "postal_code"]));
    assert_eq!(rules["delivered"], true);
    assert_eq!(rules["postal_code"]["kind"], "zip");
    assert_eq!(rules["region"]["kind"], "state");
    let california = json!({ "code": "CA", "name": "California", "latin_name": null,
                            "written": null });
    assert!(rules["region"]["states"].as_array().unwrap().contains(&california));
    let rules = world.call("GET", "/countries/HK").await.expect(200);
    assert_eq!((&rules["postal_code"], &rules["city"]["kind"]), (&Value::Null, &json!("district")));
    for code in ["XX", "us", "UK", "nonsense"] {
        let answer = world.call("GET", &format!("/countries/{code}")).await;
        assert_eq!(answer.problem(404), "country_not_found");
    }
    let list = world.call("GET", "/countries").await;
    assert_eq!(list.headers["cache-control"], "public, max-age=3600");
    assert_eq!(list.expect(200)["items"].as_array().unwrap().len(), 249);
}

#[databases]
async fn only_the_shop_itself_spares_a_client_the_rules(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let request = to(without(without(american(), "postal_code"), "region"));
    let claimed = world.order_with(&user, "k", &request).header("x-forwarded-address-rules", "off");
    assert_eq!(claimed.await.problem(422), "validation_failed", "{}", world.platform.kind);
    let spared = world.order_with(&user, "k", &request).extension(AddressRules::Off);
    let order = spared.await.expect(201);
    assert_eq!(order["shipping_address"]["postal_code"], Value::Null);
    // It has been ordered, whichever way one asks again.
    let again = world.order_with(&user, "k", &request).await.expect(201);
    assert_eq!(again["id"], order["id"]);
    // What is no address at all is none there either.
    let nothing = to(json!({ "name": "\u{200b}", "line1": "x", "country": "US" }));
    let nothing = world.order_with(&user, "n", &nothing).extension(AddressRules::Off).await;
    assert_eq!(wrong_fields(nothing), ["shipping_address.name"]);
}

#[databases]
async fn a_country_that_is_none_stops_the_service(database: Database) {
    let platform = database.platform(orders::MIGRATIONS).await;
    let config = Config { countries: vec!["UK".to_owned()], ..Config::default() };
    let said = config.check().unwrap_err().to_string();
    assert!(said.starts_with("orders.countries is [\"UK\"], but must be codes of"), "{said}");
    let channel = chassis::channel::Channel::to;
    let clients = orders::Clients {
        cart: contracts::cart::Client::new(channel("cart")),
        catalog: contracts::catalog::Client::new(channel("catalog")),
        payments: contracts::payments::Client::new(channel("payments")),
    };
    let started = orders::start(platform.platform.clone(), config, clients).await;
    assert_eq!(started.err().map(|it| it.to_string()), Some(said));
}
