//! Copies that stop in the middle of a transaction and keep their connections to PostgreSQL: what
//! they had locked is free after a few seconds, and the others go on.

use chassis::testing::{eventually, on};
use serde_json::json;

use crate::apart::second_copy;
use crate::client::Http;
use crate::program::Program;
use crate::proxy::Proxy;
use crate::shop::{Shape, checkout};

/// Orders that are placed one after the other before that counts as shown.
const ORDERS: usize = 5;

#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_frozen_or_lost_in_a_transaction_stops_nobody(shape: Shape) {
    let mut place = shape.place().await;
    let orders = second_copy(&mut place, "orders");
    let catalog = second_copy(&mut place, "catalog");
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000).await;
    let admin = shop.admin().await;
    let url = place.config.database.url.clone();
    let well = Http::new(place.ports.as_ref().expect("ports")["orders"]);
    let buy = |http: &Http| {
        let mut order = checkout("LAMP-1", "tok_visa");
        order["email"] = json!("ada@example.com");
        http.post("/orders", order).key(&uuid::Uuid::now_v7().to_string())
    };
    let placing = buy(&well.at(orders));
    // What all orders share, and what all orders of a product share.
    let stocking = admin.at(catalog).call("PUT", "/inventory/LAMP-1");
    let stocking = stocking.json(json!({ "on_hand": 900 }));
    for (service, address, doing, statement) in [
        ("orders", orders, placing, "INSERT INTO sagas"),
        ("catalog", catalog, stocking, "INSERT INTO stock_ledger"),
    ] {
        for how in ["frozen", "lost"] {
            let proxy = Proxy::to(&url).await;
            place.config.database.url = proxy.url(&url);
            let mut copy = Program::start(&place, &[service], address);
            copy.ready().await;
            proxy.silent_at(statement);
            let doing = tokio::spawn(doing.clone().attempt());
            proxy.silent().await;
            if how == "frozen" {
                copy.signal("STOP");
                proxy.open();
            }
            let mut bought = 0;
            eventually(format!("{service} {how}: customers can buy again"), async || {
                let reply = buy(&well).attempt().await;
                match &reply {
                    Ok(reply) if reply.status == 201 => bought += 1,
                    _ => bought = 0,
                }
                if bought == ORDERS { Ok(()) } else { Err(format!("{reply:?}")) }
            })
            .await;
            doing.abort();
            copy.kill();
        }
    }
    shop.check().await;
    shop.stop().await;
}
