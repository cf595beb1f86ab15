//! The invariants of stock, for `cartwright check`.

use std::collections::BTreeMap;

use chassis::db::{Db, Result};
use uuid::Uuid;

use crate::store::invariants as store;
use crate::store::reservations::{self, State};

/// A SKU as the stock has it, beside what ledger and reservations say: on hand, allocated and
/// reserved.
#[derive(Default)]
struct StockSums {
    stock: [i64; 3],
    ledger: [i64; 3],
    sold: i64,
    held: i64,
}

/// What an order has of the stock, in units.
#[derive(Clone, Debug, Default, PartialEq, Eq, chassis::db::Record)]
pub struct OrderStock {
    pub order_id: Uuid,
    pub held: i64,
    /// Sold, still on the shelf.
    pub allocated: i64,
    /// Off the shelf, and not put back.
    pub shipped: i64,
    /// Sold before `allocated` was counted; it is not known yet whether they were shipped.
    pub unbooked: i64,
    pub restocked: i64,
}

impl OrderStock {
    /// Units it has bought and not given back.
    pub fn out(&self) -> i64 {
        self.allocated + self.shipped + self.unbooked
    }
}

/// I1: where the policy is `deny`, no more is allocated and reserved than is on hand, and nothing
/// is negative. Each violation is a sentence.
pub async fn overselling(db: &Db) -> Result<Vec<String>> {
    let wrong = store::oversold(db).await?;
    let tell = |(sku, on_hand, allocated, reserved)| {
        format!(
            "I1: {sku} has {on_hand} on hand, but {allocated} are allocated and {reserved} reserved"
        )
    };
    Ok(wrong.into_iter().map(tell).collect())
}

/// I2: the counts of every SKU are the sums of its ledger, what is allocated is what orders have
/// bought and not been sent, and what is reserved is what they hold. Each violation is a sentence.
pub async fn ledger(db: &Db) -> Result<Vec<String>> {
    let mut books: BTreeMap<String, StockSums> = BTreeMap::new();
    for (part, sku, on_hand, allocated, reserved) in store::counts(db).await? {
        let it = books.entry(sku).or_default();
        match part.as_str() {
            "stock" => it.stock = [on_hand, allocated, reserved],
            "ledger" => it.ledger = [on_hand, allocated, reserved],
            "sold" => it.sold = allocated,
            _ => it.held = reserved,
        }
    }
    let mut wrong = Vec::new();
    for (sku, it) in books {
        for (at, what) in ["on hand", "allocated", "reserved"].into_iter().enumerate() {
            let (is, ledger) = (it.stock[at], it.ledger[at]);
            if is != ledger {
                wrong.push(format!("I2: {sku} has {is} {what}, but its ledger says {ledger}"));
            }
        }
        let [_, allocated, reserved] = it.stock;
        if allocated != it.sold {
            let sold = it.sold;
            wrong.push(format!(
                "I2: {sku} has {allocated} allocated, but orders wait for {sold} of it"
            ));
        }
        if reserved != it.held {
            let held = it.held;
            wrong.push(format!("I2: {sku} has {reserved} reserved, but orders hold {held}"));
        }
    }
    Ok(wrong)
}

/// What every order has of the stock.
pub async fn of_orders(db: &Db) -> Result<Vec<OrderStock>> {
    store::of_orders(db).await
}

/// Orders that hold stock.
pub async fn held_orders(db: &Db) -> Result<Vec<Uuid>> {
    reservations::orders_in(db, State::Held).await
}

/// What is no fault, and to be known: orders of before that are not booked yet, and units that were
/// put back and belong to no stock. Each is a sentence.
pub async fn notes(db: &Db) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let unbooked = store::unbooked(db).await?;
    if unbooked > 0 {
        notes.push(format!(
            "{unbooked} orders were sold before sold units counted as on hand; until the running \
             shop has asked which of them were shipped, their units are missing from on_hand"
        ));
    }
    notes.extend(store::stray(db).await?.into_iter().map(|(sku, units, orders)| {
        format!(
            "{units} units sold as {sku} were put back ({orders} orders), but that variant is gone: \
             they are in nobody's stock; count them where they belong"
        )
    }));
    Ok(notes)
}
