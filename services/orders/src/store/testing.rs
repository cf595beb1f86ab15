//! Parts of a checkout on their own, for tests.

use chassis::db::{Db, Result, Tx};
use chassis::testing::noon;
use uuid::Uuid;

use super::{CartOrder, carts, placing};
use crate::carts::Claim;
use crate::model::{Order, OrderLine, Saga, Step};

pub async fn request(tx: &mut Tx, order: &Order, lines: &[OrderLine], saga: &Saga) -> Result<()> {
    placing::accept(tx, order, &[], lines, saga).await.map(drop)
}

pub async fn claim_carts(tx: &mut Tx, order: Uuid, claims: &[Claim]) -> Result<bool> {
    let mut batch = tx.batch();
    carts::claim_with(&mut batch, order, claims);
    batch.execute().await
}

pub async fn last_order(db: &Db, cart: Uuid) -> Result<Option<CartOrder>> {
    Ok(carts::last_orders(db, &[cart]).await?.pop())
}

/// A placed order of these SKUs, with its lines and its saga.
pub async fn placed(db: &Db, key: &str, skus: &[&str]) -> Result<(Order, Vec<OrderLine>, Saga)> {
    let order = crate::testing::order(1_000 * skus.len() as i64, 500, 0);
    let (id, key) = (order.id, key.to_owned());
    let mut order = Order { number: id.to_string(), idempotency_key: key, version: 0, ..order };
    let line = |(position, sku): (usize, &&str)| OrderLine {
        position: position as i64,
        sku: (*sku).to_owned(),
        product_id: id,
        variant_id: None,
        title: "Lamp".to_owned(),
        variant_title: None,
        image: None,
        quantity: 1,
        unit_price: 1_000,
        total: 1_000,
        taxable: true,
        requires_shipping: true,
    };
    let lines: Vec<OrderLine> = skus.iter().enumerate().map(line).collect();
    let mut saga = Saga {
        order_id: id,
        step: Step::Reserve,
        fence: 1,
        attempt: 1,
        provider: "sandbox".to_owned(),
        token: None,
        save: false,
        rereserved: false,
        cancel: None,
        refusal: None,
        tries: 0,
        hold_until: None,
        next_action: None,
        on_shipment: false,
        capture_before: None,
        due_at: noon(),
        lease_until: noon(),
        deadline: noon(),
    };
    let mut tx = db.begin().await?;
    placing::accept(&mut tx, &order, &[], &lines, &saga).await?;
    placing::place_first(&mut tx, &mut saga, &mut order, &lines, None, noon()).await?;
    tx.commit().await?;
    Ok((order, lines, saga))
}
