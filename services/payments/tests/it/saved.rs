//! Payment methods that customers save with Stripe: against its double.

use std::time::Duration;

use chassis::bus::Bus;
use chassis::service::Background;
use chassis::testing::{Database, User, databases, deliver, event, eventually};
use contracts::identity::UserDeleted;
use contracts::payments::{Authorize, Status};
use payments::{Config, StripeConfig};
use serde_json::{Value, json};
use stripe_double::{Arm, Double, Fault, Kind, Options};

use crate::shop::{Shop, authorize, shop_with};

const LIST: &str = "/users/me/payment-methods";

/// A shop that is paid by a double of its own.
struct Paid {
    shop: Shop,
    double: Double,
}

async fn paid(database: Database) -> Paid {
    let double = Double::start(Options::default()).await.expect("a free port");
    let stripe = StripeConfig {
        secret_key: "sk_test_double".into(),
        publishable_key: "pk_test_double".to_owned(),
        api_url: double.url(),
        ..StripeConfig::default()
    };
    let config = Config { pause_ms: 0, answer_ms: 20_000, stripe, ..Config::default() };
    Paid { shop: shop_with(database, config).await, double }
}

impl Paid {
    /// Pays with what is entered in the form, which is made for saving or not.
    async fn pay(&self, buyer: &User, save: bool) -> Status {
        let mut elements = json!({
            "amount": 1_999, "currency": "usd", "capture_method": "automatic",
            "payment_method_options": { "card": { "capture_method": "manual" } },
        });
        if save {
            elements["setup_future_usage"] = json!("on_session");
        }
        let token = self.double.token("card", elements).expect("a token");
        self.asks(Authorize { save, ..authorize(buyer, &token) }).await
    }

    async fn pay_with(&self, buyer: &User, saved: &str) -> Status {
        self.asks(authorize(buyer, saved)).await
    }

    async fn asks(&self, asked: Authorize) -> Status {
        let asked = Authorize { provider: "stripe".to_owned(), ..asked };
        self.shop.client.authorize(&asked).await.expect("an answer").status
    }

    async fn saved(&self, user: &User) -> Vec<Value> {
        let shown = self.shop.get(LIST).user(user).await.expect(200);
        shown["data"].as_array().expect("a list").clone()
    }

    /// The id of the only payment method a user has saved.
    async fn only(&self, user: &User) -> String {
        let saved = self.saved(user).await;
        let [method] = &saved[..] else { panic!("{}: one: {saved:?}", self.shop.kind) };
        method["id"].as_str().expect("an id").to_owned()
    }

    async fn delete(&self, user: &User, id: &str) -> chassis::testing::Answer {
        let path = format!("/api/v1{LIST}/{id}");
        chassis::testing::call(&self.shop.service.router, "DELETE", &path).user(user).await
    }

    fn customers(&self) -> Vec<Value> {
        self.double.objects(Kind::Customer)
    }
}

#[databases]
async fn what_is_saved_is_listed_and_paid_with_by_its_customer_alone(database: Database) {
    let it = paid(database).await;
    let (ada, bob) = (User::customer(), User::customer());
    assert!(it.saved(&ada).await.is_empty());
    // Who does not want to be known again is not.
    assert_eq!(it.pay(&ada, false).await, Status::Authorized);
    assert!(it.saved(&ada).await.is_empty() && it.customers().is_empty());

    for _ in 0..2 {
        assert_eq!(it.pay(&ada, true).await, Status::Authorized);
    }
    let [customer] = &it.customers()[..] else { panic!("one customer") };
    assert_eq!(customer["metadata"], json!({ "user_id": ada.id() }));
    assert!(customer["email"].is_null() && customer["name"].is_null(), "{customer}");
    let saved = it.saved(&ada).await;
    let mut shown = saved[0].clone();
    let id = shown["id"].take().as_str().expect("an id").to_owned();
    assert!(shown["created_at"].take().is_string());
    let card = json!({
        "id": null, "provider": "stripe", "brand": "visa", "last4": "4242",
        "exp_month": 12, "exp_year": 2040, "created_at": null,
    });
    assert_eq!((saved.len(), shown), (2, card), "{}", it.shop.kind);

    assert_eq!(it.pay_with(&ada, &id).await, Status::Authorized);
    let latest = it.double.objects(Kind::PaymentIntent).pop().expect("an intent");
    assert_eq!((&latest["payment_method"], &latest["customer"]), (&json!(id), &customer["id"]));
    assert!(latest["setup_future_usage"].is_null());

    // Bob has no customer yet, then one of his own.
    assert_eq!(it.pay_with(&bob, &id).await, Status::Declined);
    assert_eq!(it.pay(&bob, true).await, Status::Authorized);
    assert_eq!(it.pay_with(&bob, &id).await, Status::Declined);
    let guest = Authorize { user_id: None, ..authorize(&bob, &id) };
    assert_eq!(it.asks(guest).await, Status::Declined);
    let others = it.only(&bob).await;
    assert_eq!(it.delete(&ada, &others).await.problem(404), "payment_method_not_found");
    assert_eq!(it.pay_with(&bob, &others).await, Status::Authorized);
    assert_eq!(it.shop.get(LIST).await.problem(401), "unauthenticated");
}

#[databases]
async fn what_was_deleted_is_neither_listed_nor_paid_with(database: Database) {
    let it = paid(database).await;
    let ada = User::customer();
    assert_eq!(it.pay(&ada, true).await, Status::Authorized);
    let id = it.only(&ada).await;
    it.delete(&ada, &id).await.expect(204);
    assert!(it.saved(&ada).await.is_empty());
    assert_eq!(it.delete(&ada, &id).await.problem(404), "payment_method_not_found");
    assert_eq!(it.pay_with(&ada, &id).await, Status::Declined);
    // Where Stripe does not answer, that is said; nothing is taken for gone.
    it.double.set_down(true);
    let answer = it.shop.get(LIST).user(&ada).await;
    assert_eq!(answer.problem(503), "payment_provider_unavailable");
    it.double.set_down(false);
    assert_eq!(it.pay(&ada, true).await, Status::Authorized);
    it.only(&ada).await;
}

#[databases]
async fn a_customer_is_made_once_though_the_answer_was_lost(database: Database) {
    let it = paid(database).await;
    let ada = User::customer();
    it.double.arm(Arm::next(Fault::CutAfter, "POST", "/v1/customers"));
    assert_eq!(it.pay(&ada, true).await, Status::Authorized);
    it.only(&ada).await;
    assert_eq!(it.customers().len(), 1, "{}", it.shop.kind);
}

#[databases]
async fn a_deleted_users_customer_is_deleted_however_often_that_fails(database: Database) {
    let mut it = paid(database).await;
    let (ada, bob) = (User::customer(), User::customer());
    for user in [&ada, &bob] {
        assert_eq!(it.pay(user, true).await, Status::Authorized);
    }
    let gone = event("identity", ada.id(), 9, &UserDeleted { user_id: ada.id() });
    deliver(&it.shop.service, &[gone.clone(), gone]).await;
    it.double.arm(Arm::next(Fault::CutAfter, "DELETE", "/v1/customers"));
    let services = std::slice::from_mut(&mut it.shop.service);
    let background = Background::start(services, &Bus::memory(), &Default::default());
    let left = eventually("one customer is left", async || {
        let customers = it.customers();
        let left: Vec<_> = customers.iter().filter(|it| it["deleted"] != true).collect();
        let [left] = &left[..] else { return None };
        Some(left["metadata"]["user_id"].clone())
    })
    .await;
    assert_eq!(left, json!(bob.id()));
    background.stop(Duration::from_secs(5)).await;
    let attached = it.double.objects(Kind::PaymentMethod);
    let attached = attached.iter().filter(|it| !it["customer"].is_null()).count();
    assert_eq!(attached, 1, "{}", it.shop.kind);
    // What was still on its way makes none of her.
    assert_eq!(it.pay(&ada, true).await, Status::Declined);
    assert_eq!(it.customers().len(), 2);
    it.only(&bob).await;
}
