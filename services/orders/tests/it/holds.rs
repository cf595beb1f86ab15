//! Stock is held while a payment is asked for; who is declined or has to do something first does
//! not keep it from others.

use chassis::clock::Clock;
use chassis::db::Session;
use chassis::testing::{Answer, Database, User, databases, noon};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{
    AWAIT_ACTION, Buyer, COMMIT, END_HOLD, QUOTE, RESERVE, Reserve, StockLine,
};
use contracts::payments::{AUTHORIZE, CAPTURE, SHOW, Status};
use serde_json::{Value, json};

use crate::world::{LAMP, World, checkout, living_world, start, world};

async fn pay(world: &World, user: &User, order: &str, token: &str, key: &str) -> Answer {
    world
        .call("POST", &format!("/orders/{order}/payments"))
        .user(user)
        .header("idempotency-key", key)
        .json(json!({ "payment": { "provider": "sandbox", "token": token } }))
        .await
}

async fn declined(world: &World, user: &User) -> String {
    let declined = world.buy(user, "k-1", "tok_declined").await;
    assert_eq!(declined.body["attempts_left"], 3);
    let id = declined.body["order_id"].as_str().expect("an id").to_owned();
    assert_eq!(declined.problem(402), "payment_declined");
    id
}

async fn shown(world: &World, user: &User, order: &str) -> Value {
    world.call("GET", &format!("/orders/{order}")).user(user).await.expect(200)
}

#[databases]
async fn a_declined_order_holds_nothing_and_can_be_paid_otherwise(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = declined(&world, &user).await;
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
    let again = pay(&world, &user, &id, "tok_declined", "p-1").await;
    assert_eq!((&again.body["attempts_left"], world.stock()), (&json!(2), 5));
    let paid = pay(&world, &user, &id, "tok_visa", "p-2").await.expect(200);
    assert_eq!((&paid["status"], &paid["payment_status"]), (&json!("confirmed"), &json!("paid")));
    assert_eq!(pay(&world, &user, &id, "tok_visa", "p-2").await.expect(200)["id"], paid["id"]);
    let more = pay(&world, &user, &id, "tok_visa", "p-3").await;
    assert_eq!(more.problem(409), "payment_not_expected");
    assert_eq!(world.others.payments.lock().payments.len(), 3);
    assert_eq!(world.stock(), 3);
}

#[databases]
async fn an_order_whose_goods_are_gone_meanwhile_waits_and_no_try_is_lost(database: Database) {
    let world = world(database).await;
    let user = User::customer();
    let id = declined(&world, &user).await;
    let first = shown(&world, &user, &id).await;
    world.set_stock(1);
    for (key, asked) in [("p-1", 2), ("p-1", 2), ("p-2", 3), ("p-1", 3)] {
        let gone = pay(&world, &user, &id, "tok_visa", key).await;
        assert_eq!(gone.body["skus"][0]["available"], 1);
        assert_eq!((&gone.body["attempts_left"], &gone.body["order_id"]), (&json!(3), &json!(id)));
        assert!(gone.body["detail"].as_str().unwrap().contains("nothing was charged"));
        assert_eq!(gone.problem(409), "out_of_stock", "{}", world.platform.kind);
        assert_eq!(world.asked(RESERVE), asked, "the same key is the same try");
    }
    let order = shown(&world, &user, &id).await;
    assert_eq!(
        (&order["status"], &order["payment_status"], &order["reason"]),
        (&json!("pending"), &json!("failed"), &json!("out_of_stock"))
    );
    assert_eq!(order["payment"], first["payment"], "the one that was declined");
    assert_eq!(world.asked(AUTHORIZE), 1);
    // They are back.
    world.set_stock(2);
    let paid = pay(&world, &user, &id, "tok_visa", "p-3").await.expect(200);
    assert_eq!((&paid["status"], &paid["reason"]), (&json!("confirmed"), &Value::Null));
    // What came of a try under an earlier key stays what it was.
    for key in ["p-1", "p-2"] {
        let early = pay(&world, &user, &id, "tok_visa", key).await;
        assert_eq!(early.problem(409), "out_of_stock");
    }
    assert_eq!((world.stock(), world.asked(AUTHORIZE)), (0, 2));
}

#[databases]
async fn a_declined_order_lets_go_also_where_the_catalog_is_away_for_a_while(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    world.fail(END_HOLD, 1_000);
    let id = declined(&world, &user).await;
    assert_eq!(world.stock(), 3);
    let early = pay(&world, &user, &id, "tok_visa", "p-1").await;
    assert_eq!(early.problem(409), "order_changed");
    world.service = start(&world.platform, &world.others).await;
    world.fail(END_HOLD, 0);
    let others = world.others.clone();
    world.settle_when(&user, &id, move |_| others.catalog.lock().held.is_empty()).await;
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
}

#[databases]
async fn a_declined_order_that_nobody_pays_is_given_up(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let id = declined(&world, &user).await;
    world.platform.platform.clock = Clock::Fixed(noon() + TimeDelta::minutes(15));
    world.service = start(&world.platform, &world.others).await;
    let order = world.settle(&user, &id).await;
    assert_eq!(
        (&order["status"], &order["reason"]),
        (&json!("cancelled"), &json!("payment_failed"))
    );
}

#[databases]
async fn a_declined_order_of_before_lets_go_when_the_shop_is_updated(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let id = declined(&world, &user).await;
    {
        let mut catalog = world.others.catalog.lock();
        let (order_id, lines) = (id.parse().unwrap(), vec![StockLine::new(LAMP, 2)]);
        catalog.held.insert(order_id, Reserve { order_id, lines, buyer: Buyer::default() });
        catalog.offer(LAMP).available = Some(3);
    }
    let update = include_str!("../../migrations/0005_declined_orders_hold_nothing.sql");
    // As the column is called since.
    let update: &'static str = update.replace("version", "fence").leak();
    world.platform.db.query(update).execute().await.unwrap();
    let others = world.others.clone();
    world.settle_when(&user, &id, move |_| others.catalog.lock().held.is_empty()).await;
    assert_eq!(world.stock(), 5, "{}", world.platform.kind);
}

#[databases]
async fn a_customer_has_a_while_for_an_action_and_a_guest_less(database: Database) {
    for (guest, asked, minutes) in
        [(false, None, 10), (true, None, 3), (true, Some(30), 30), (false, Some(5), 10)]
    {
        let mut world = world(database).await;
        world.others.payments.lock().hold_minutes = asked;
        let user = User::customer();
        let mut request = checkout("tok_3ds");
        request["email"] = json!("ada@example.com");
        let call = world.call("POST", "/orders").header("idempotency-key", "k").json(request);
        let order = if guest { call.await } else { call.user(&user).await }.expect(202);
        let until = noon() + TimeDelta::minutes(minutes);
        let said = order["payment"]["next_action"]["until"].as_str().unwrap();
        assert_eq!(said.parse::<DateTime<Utc>>().unwrap(), until);
        let awaiting: Vec<_> = world.others.catalog.lock().awaiting.values().copied().collect();
        assert_eq!((awaiting, world.stock()), (vec![until], 3));

        // A look a little earlier leaves it alone, also one that was asked for.
        let staff = User::with(&["orders:read"]);
        let id = order["id"].as_str().unwrap();
        for (seconds, ends) in [(-1, false), (0, true)] {
            let at = until + TimeDelta::seconds(seconds);
            world.platform.platform.clock = Clock::Fixed(at);
            world.service = start(&world.platform, &world.others).await;
            if !ends {
                world.payment(2, |_| {}).await;
                let (others, shown) = (world.others.clone(), world.asked(SHOW));
                let looked = move |_: &str| others.calls.asked(SHOW) > shown;
                world.settle_when(&staff, id, looked).await;
                assert_eq!(world.asked(AWAIT_ACTION), 1);
                continue;
            }
            let order = world.settle(&staff, id).await;
            assert_eq!(
                (&order["payment_status"], &order["reason"]),
                (&json!("voided"), &json!("payment_expired")),
                "{} guest: {guest} {asked:?}",
                world.platform.kind
            );
            assert_eq!(world.stock(), 5);
        }
    }
}

#[databases]
async fn an_order_without_a_hold_takes_its_goods_once_it_is_authorised(database: Database) {
    let mut world = world(database).await;
    world.others.catalog.lock().crowded = true;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    assert_eq!(order["payment_status"], "requires_action");
    assert_eq!(world.stock(), 5);
    world.payment(2, |payment| payment.status = Status::Authorized).await;
    let order = world.settle(&user, order["id"].as_str().unwrap()).await;
    assert_eq!(order["status"], "confirmed");
    assert_eq!((world.stock(), world.asked(RESERVE)), (3, 2), "{}", world.platform.kind);
}

#[databases]
async fn an_order_whose_goods_are_gone_when_it_is_authorised_is_voided(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    {
        // Freed by staff, and bought by others.
        let mut catalog = world.others.catalog.lock();
        catalog.end_reservation(id.parse().unwrap());
        catalog.offer(LAMP).available = Some(1);
    }
    world.payment(2, |payment| payment.status = Status::Authorized).await;
    let order = world.settle(&user, &id).await;
    assert_eq!(
        (&order["status"], &order["payment_status"], &order["reason"]),
        (&json!("cancelled"), &json!("voided"), &json!("out_of_stock"))
    );
    assert_eq!((world.stock(), world.asked(CAPTURE)), (1, 0));
    let again = world.buy(&user, "k", "tok_3ds").await;
    assert_eq!(again.problem(409), "out_of_stock", "{}", world.platform.kind);
}

#[databases]
async fn a_denied_action_is_a_decline_like_any_other(database: Database) {
    let mut world = world(database).await;
    let user = User::customer();
    let order = world.buy(&user, "k", "tok_3ds").await.expect(202);
    let id = order["id"].as_str().unwrap().to_owned();
    world.payment(2, |payment| payment.status = Status::Declined).await;
    let others = world.others.clone();
    world.settle_when(&user, &id, move |_| others.catalog.lock().held.is_empty()).await;
    assert_eq!(world.stock(), 5);
    assert_eq!(pay(&world, &user, &id, "tok_visa", "p").await.expect(200)["status"], "confirmed");
    assert_eq!(world.stock(), 3, "{}", world.platform.kind);
}

#[databases]
async fn the_ordinary_way_asks_nothing_more_of_anybody(database: Database) {
    let world = world(database).await;
    // The first asks which providers there are, for all that follow.
    world.buy(&User::customer(), "k-1", "tok_visa").await.expect(201);
    world.others.calls.forget();
    world.buy(&User::customer(), "k-2", "tok_visa").await.expect(201);
    let asked = world.others.calls.all();
    let ordinary = [QUOTE.path(), RESERVE.path(), AUTHORIZE.path(), COMMIT.path(), CAPTURE.path()];
    assert_eq!(asked, ordinary);
}
