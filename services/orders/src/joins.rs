//! Orders of guests join the account that has proven their address to be its own.
//!
//! Identity's events say who has proven which address (`store::set_proven_email`); that row is also
//! the work. It goes on until no order is left: one that is just being worked on joins when it has
//! come to rest, and a new one when it is confirmed (`store::wake_joins`). The token and the keys of
//! an order open it as before.

use std::time::Duration;

use chassis::db;
use chassis::work::Loop;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::model::Order;
use crate::store::{JOINS, ProvenEmail};
use crate::{App, store};

/// Accounts claimed at a time.
const ACCOUNTS: i64 = 10;
/// Orders that join one account before others have their turn.
const ORDERS: i64 = 100;
/// How long a worker may take for one account's turn.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// When an account's turn comes again because an order is being worked on.
const LATER: TimeDelta = TimeDelta::seconds(5);
/// How long the worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// Has orders join until cancelled.
pub(crate) async fn work(app: &App, stop: &CancellationToken) {
    let joins = Loop::new(JOINS.name(), POLL).woken_by(&app.proven);
    joins.run(stop, || turn(app)).await;
}

/// Takes some accounts' turns; returns whether there were any.
async fn turn(app: &App) -> db::Result<bool> {
    let proven: Vec<ProvenEmail> = JOINS.claim(&app.db, app.clock.now(), LEASE, ACCOUNTS).await?;
    for it in &proven {
        join_orders(app, it).await?;
    }
    Ok(!proven.is_empty())
}

/// Joins some of an account's orders. Where its row has changed meanwhile, that is somebody else's
/// turn.
async fn join_orders(app: &App, proven: &ProvenEmail) -> db::Result<()> {
    let Some(email) = &proven.email else {
        return JOINS.finish(&app.db, proven.held(), "state = 'done'").execute().await.map(drop);
    };
    let orders = store::joinable(&app.db, email, ORDERS).await?;
    let more = orders.len() as i64 == ORDERS;
    let mut joined = 0;
    for order in orders {
        if join(app, proven, order).await? {
            joined += 1;
        }
    }
    if joined > 0 {
        tracing::info!(user = %proven.user_id, orders = joined, "orders of a guest have joined an account");
    }
    let now = app.clock.now();
    if !more && !store::underway(&app.db, email).await? {
        return JOINS.finish(&app.db, proven.held(), "state = 'done'").execute().await.map(drop);
    }
    let again = if more { now } else { now + LATER };
    JOINS.release(&app.db, proven.held(), (now, again), "").execute().await.map(drop)
}

/// One transaction for each order, so that nothing waits for long. False where the order or the
/// account has changed.
async fn join(app: &App, proven: &ProvenEmail, mut order: Order) -> db::Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // Also locks the row: who deletes the account or takes the address back waits for this, and then
    // finds the order among the account's.
    if JOINS.renew(&mut tx, proven.held(), now + LEASE, "").execute().await? == 0 {
        return Ok(false);
    }
    let lines = store::lines(&mut tx, order.id).await?;
    if !store::join(&mut tx, &mut order, proven.user_id, &lines, now).await? {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use chassis::channel::Channel;
    use chassis::clock::Clock;
    use chassis::db::{Db, Session};
    use chassis::testing::{Database, TestPlatform, databases, noon};
    use contracts::{cart, catalog, payments};
    use uuid::Uuid;

    use super::*;
    use crate::store::testing::placed;
    use crate::{Clients, Config};

    const USER: Uuid = Uuid::from_u128(7);
    const EMAIL: &str = "ada@example.com";

    async fn app(platform: &TestPlatform) -> App {
        let clients = Clients {
            cart: cart::Client::new(Channel::to("cart")),
            catalog: catalog::Client::new(Channel::to("catalog")),
            payments: payments::Client::new(Channel::to("payments")),
        };
        App::open(&platform.platform, Config::default(), clients).await.unwrap()
    }

    /// So many orders of a guest, which are at this step.
    async fn guests(db: &Db, name: &str, count: usize, step: &'static str) {
        for number in 0..count {
            placed(db, &format!("{name}-{number}"), &["A"]).await.unwrap();
        }
        let step_of = "UPDATE sagas SET step = $1 WHERE step = 'authorize' OR step = 'reserve'";
        db.query(step_of).bind(step).execute().await.unwrap();
        let guest = "UPDATE orders SET user_id = NULL, owner = 'cart:1' WHERE owner = 'user:1'";
        db.query(guest).execute().await.unwrap();
    }

    async fn prove(db: &Db, version: i64) {
        let mut tx = db.begin().await.unwrap();
        store::set_proven_email(&mut tx, USER, EMAIL, version, noon()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn count(db: &Db, from: &'static str) -> i64 {
        db.query(from).one::<(i64,)>().await.unwrap().0
    }

    const JOINED: &str = "SELECT count(*) FROM orders WHERE user_id IS NOT NULL";
    const TOLD: &str = "SELECT count(*) FROM outbox WHERE type = 'order.joined'";
    const OPEN: &str = "SELECT count(*) FROM proven_emails WHERE state = 'waiting'";

    #[databases]
    async fn many_orders_join_in_turns_and_one_that_is_worked_on_later(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let (db, mut app) = (&platform.db, app(&platform).await);
        guests(db, "many", 205, "done").await;
        guests(db, "busy", 1, "capture").await;
        prove(db, 1).await;
        for joined in [100, 200, 205] {
            assert!(turn(&app).await.unwrap());
            assert_eq!((count(db, JOINED).await, count(db, TOLD).await), (joined, joined));
        }
        assert!(!turn(&app).await.unwrap(), "{}", platform.kind);
        db.query("UPDATE sagas SET step = 'done' WHERE step = 'capture'").execute().await.unwrap();
        app.clock = Clock::Fixed(noon() + LATER);
        assert!(turn(&app).await.unwrap() && !turn(&app).await.unwrap());
        let left = (count(db, JOINED).await, count(db, TOLD).await, count(db, OPEN).await);
        assert_eq!(left, (206, 206, 0), "{}", platform.kind);
    }

    #[databases]
    async fn no_order_joins_an_account_whose_address_was_taken_back_meanwhile(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let (db, app) = (&platform.db, app(&platform).await);
        guests(db, "k", 2, "done").await;
        prove(db, 1).await;
        let mut proven: Vec<ProvenEmail> = JOINS.claim(db, noon(), LEASE, 9).await.unwrap();
        let proven = proven.pop().unwrap();
        let orders = store::joinable(db, EMAIL, 9).await.unwrap();
        assert!(join(&app, &proven, orders[0].clone()).await.unwrap());
        // Read before it joined.
        assert!(!join(&app, &proven, orders[0].clone()).await.unwrap());
        let mut tx = db.begin().await.unwrap();
        store::forget_proven_email(&mut tx, USER, 2, noon()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!join(&app, &proven, orders[1].clone()).await.unwrap());
        join_orders(&app, &proven).await.unwrap();
        let left = (count(db, JOINED).await, count(db, TOLD).await, count(db, OPEN).await);
        assert_eq!(left, (1, 1, 0), "{}", platform.kind);
    }
}
