//! A parcel leaves, and the catalog is told: whatever is away, and once.

use chassis::testing::{Database, User, databases};
use contracts::catalog::{SHIP, Ship};
use contracts::payments::Status;
use serde_json::{Value, json};

use crate::world::{World, living_world, start};

fn staff() -> User {
    User::with(&["orders:write", "orders:read"])
}

/// An order that was paid; its id.
async fn paid(world: &World, user: &User) -> String {
    let order = world.buy(user, "k", "tok_visa").await.expect(201);
    order["id"].as_str().expect("an id").to_owned()
}

async fn set(world: &World, id: &str, status: &str) -> Value {
    let call = world.call("PATCH", &format!("/orders/{id}/status")).user(&staff());
    call.json(json!({ "status": status })).await.expect(200)
}

/// Runs the workers until the catalog knows of a parcel.
async fn shipped(world: &mut World, user: &User, id: &str) {
    let others = world.others.clone();
    world.settle_when(user, id, |_| !others.catalog.lock().shipped.is_empty()).await;
    let parcels = world.others.catalog.lock().shipped.clone();
    assert_eq!(parcels, [Ship::whole(id.parse().expect("an id"))], "{}", world.platform.kind);
}

async fn claim(world: &World) -> orders::invariants::Claim {
    orders::invariants::claims(&world.platform.db).await.expect("an audit").remove(0)
}

#[databases]
async fn staff_ship_while_the_catalog_is_away_and_it_is_told_once_it_is_back(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let id = paid(&world, &user).await;
    world.fail(SHIP, 3);
    let shown = set(&world, &id, "shipped").await;
    assert_eq!((&shown["status"], world.asked(SHIP)), (&json!("shipped"), 0));
    assert!(claim(&world).await.ships, "it is stored together");
    shipped(&mut world, &user, &id).await;
    assert_eq!(world.asked(SHIP), 4);
    let claim = claim(&world).await;
    assert!(claim.done && !claim.ships, "{claim:?}");
    // Said again, it is not told again.
    set(&world, &id, "shipped").await;
    set(&world, &id, "delivered").await;
    assert!(!self::claim(&world).await.ships);
}

#[databases]
async fn a_process_that_ends_before_the_catalog_is_told_leaves_it_to_the_next(database: Database) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let id = paid(&world, &user).await;
    set(&world, &id, "shipped").await;
    world.service = start(&world.platform, &world.others).await;
    shipped(&mut world, &user, &id).await;
    assert_eq!(world.asked(SHIP), 1);
}

#[databases]
async fn what_happens_to_a_shipped_order_meanwhile_is_not_lost_and_neither_is_the_parcel(
    database: Database,
) {
    let mut world = living_world(database).await;
    let user = User::customer();
    let id = paid(&world, &user).await;
    world.fail(SHIP, 1_000);
    set(&world, &id, "shipped").await;
    let cancel = world.call("POST", &format!("/orders/{id}/cancel")).user(&user);
    assert_eq!(cancel.await.expect(409)["code"], "order_shipped");
    assert_eq!(set(&world, &id, "delivered").await["status"], "delivered");
    let refund = |payment: &mut contracts::payments::Payment| {
        (payment.status, payment.refunded) = (Status::PartiallyRefunded, 100);
    };
    world.payment(9, refund).await;
    let shown = world.call("GET", &format!("/orders/{id}")).user(&user).await.expect(200);
    assert_eq!(shown["payment_status"], "partially_refunded");
    world.fail(SHIP, 0);
    shipped(&mut world, &user, &id).await;
}
