//! What must always be true of the stock, asked of the database (`cartwright check`).

use std::collections::BTreeMap;

use chassis::db::{Db, Result, Session};
use uuid::Uuid;

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
    let wrong: Vec<(String, i64, i64)> = db
        .query(
            "SELECT sku, on_hand, reserved FROM stock
             WHERE policy = 'deny' AND (reserved < 0 OR reserved > on_hand) ORDER BY sku",
        )
        .all()
        .await?;
    let tell = |(sku, on_hand, reserved)| {
        format!("I1: {sku} has {on_hand} on hand, but {reserved} are reserved")
    };
    Ok(wrong.into_iter().map(tell).collect())
}

/// I2: the counts of every SKU are the sums of its ledger, and what is reserved is what orders
/// hold. Each violation is a sentence.
pub async fn ledger(db: &Db) -> Result<Vec<String>> {
    // One statement, so that a shop that goes on selling is seen at one moment.
    let rows: Vec<(String, String, i64, i64)> = db
        .query(
            "SELECT 'stock' AS part, sku, on_hand AS one, reserved AS two FROM stock
             UNION ALL
             SELECT 'ledger', sku, CAST(SUM(delta_on_hand) AS BIGINT),
                    CAST(SUM(delta_reserved) AS BIGINT)
             FROM stock_ledger GROUP BY sku
             UNION ALL
             SELECT 'held', sku, CAST(SUM(quantity) AS BIGINT), CAST(0 AS BIGINT)
             FROM reservation WHERE state = 'held' AND counted GROUP BY sku",
        )
        .all()
        .await?;
    let mut books: BTreeMap<String, Books> = BTreeMap::new();
    for (part, sku, one, two) in rows {
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
