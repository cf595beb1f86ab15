//! What must always be true of the stock, asked of the database (`cartwright check`).

use std::collections::BTreeMap;

use chassis::db::{Db, Result};
use uuid::Uuid;

use crate::store::audit as store;
use crate::store::reservations::{self, State};

/// A SKU as the stock has it, beside what ledger and reservations say.
#[derive(Default)]
struct Books {
    on_hand: i64,
    reserved: i64,
    ledger_on_hand: i64,
    ledger_reserved: i64,
    held: i64,
}

/// I1: where the policy is `deny`, no more is reserved than is on hand, and nothing is negative.
/// Each violation is a sentence.
pub async fn overselling(db: &Db) -> Result<Vec<String>> {
    let wrong = store::oversold(db).await?;
    let tell = |(sku, on_hand, reserved)| {
        format!("I1: {sku} has {on_hand} on hand, but {reserved} are reserved")
    };
    Ok(wrong.into_iter().map(tell).collect())
}

/// I2: the counts of every SKU are the sums of its ledger, and what is reserved is what orders
/// hold. Each violation is a sentence.
pub async fn ledger(db: &Db) -> Result<Vec<String>> {
    let mut books: BTreeMap<String, Books> = BTreeMap::new();
    for (part, sku, one, two) in store::counts(db).await? {
        let it = books.entry(sku).or_default();
        match part.as_str() {
            "stock" => (it.on_hand, it.reserved) = (one, two),
            "ledger" => (it.ledger_on_hand, it.ledger_reserved) = (one, two),
            _ => it.held = one,
        }
    }
    let mut wrong = Vec::new();
    for (sku, it) in books {
        for (what, is, ledger) in [
            ("on hand", it.on_hand, it.ledger_on_hand),
            ("reserved", it.reserved, it.ledger_reserved),
        ] {
            if is != ledger {
                wrong.push(format!("I2: {sku} has {is} {what}, but its ledger says {ledger}"));
            }
        }
        if it.reserved != it.held {
            let (reserved, held) = (it.reserved, it.held);
            wrong.push(format!("I2: {sku} has {reserved} reserved, but orders hold {held}"));
        }
    }
    Ok(wrong)
}

/// Orders that hold stock.
pub async fn held_orders(db: &Db) -> Result<Vec<Uuid>> {
    reservations::orders_in(db, State::Held).await
}

/// Orders whose units have left the stock and were not put back.
pub async fn committed_orders(db: &Db) -> Result<Vec<Uuid>> {
    reservations::orders_in(db, State::Committed).await
}
