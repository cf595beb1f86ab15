//! What becomes of the units an order has bought: they leave with a parcel, or are put back. Units
//! that are sold are on hand until they leave.
//!
//! Units that were sold before that was counted have left `on_hand` when they were paid. They count
//! as if they were shipped until [`book`] finds out that they were not.

use std::collections::HashMap;

use chassis::problem::Result;
use contracts::catalog::{Restock, Ship};
use uuid::Uuid;

use crate::books::StockTx;
use crate::reservations::{self, reference};
use crate::store::fulfillment::{self as store, Back, Stray};
use crate::store::reservations::{self as lines, Line, State};
use crate::store::stock::{self, Kind, Step};

/// Takes what an order still has to get off the shelf, once.
pub(crate) async fn ship(books: &mut StockTx<'_>, request: &Ship) -> Result<()> {
    let order = request.order_id;
    let all = lines::lock(books.tx, order).await?;
    let leaving: Vec<&Line> = all.iter().filter(|it| is_to_leave(it)).collect();
    if leaving.is_empty() {
        return Ok(());
    }
    store::ship(books.tx, order, request.parcel_id).await?;
    let off = leaving.into_iter().filter(|it| it.allocated);
    let off = off.map(|line| Move { line, on_hand: -line.out(), allocated: -line.out() });
    change(books, order, Kind::Ship, &off.collect::<Vec<_>>()).await.map(drop)
}

/// Puts sold units back, never more than are out, once for each id. An order that has bought
/// nothing yet releases its hold, and one that is not known will not hold anything.
pub(crate) async fn restock(books: &mut StockTx<'_>, request: &Restock) -> Result<()> {
    let order = request.order_id;
    // An orders service of an older version puts all of an order back, without an id.
    let id = if request.id.is_nil() { order } else { request.id };
    if !store::begin_restock(books.tx, id, order, books.now).await? {
        return Ok(());
    }
    let all = if id == order {
        reservations::lines_or_tombstone(books, order).await?
    } else {
        lines::lock(books.tx, order).await?
    };
    reservations::end(books, order, &all).await?;
    let asked: Option<HashMap<&str, i64>> = request
        .lines
        .as_ref()
        .map(|lines| lines.iter().map(|it| (it.sku.as_str(), it.quantity)).collect());
    let mut back = Vec::new();
    for line in all.iter().filter(|it| it.state == State::Committed) {
        let quantity = match &asked {
            None => line.out(),
            Some(asked) => asked.get(line.sku.as_str()).map_or(0, |it| line.out().min(*it)),
        };
        if quantity > 0 {
            back.push((line, quantity));
        }
    }
    put_back(books, (id, order), &back).await
}

async fn put_back(
    books: &mut StockTx<'_>,
    (id, order): (Uuid, Uuid),
    lines: &[(&Line, i64)],
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let back = lines.iter().map(|(line, quantity)| Back { sku: &line.sku, quantity: *quantity });
    store::restock(books.tx, order, &back.collect::<Vec<_>>()).await?;
    let moves = lines.iter().map(|&(line, quantity)| {
        if line.allocated {
            Move { line, on_hand: 0, allocated: -quantity }
        } else {
            Move { line, on_hand: quantity, allocated: 0 }
        }
    });
    let gone = change(books, order, Kind::Restock, &moves.collect::<Vec<_>>()).await?;
    let stray = lines.iter().filter(|(line, _)| gone.contains(&line.sku.as_str()));
    let stray = stray.map(|&(line, quantity)| {
        tracing::warn!(%order, sku = line.sku, quantity, "units returned to a variant that no longer exists");
        let Line { sku, variant_id, .. } = line;
        Stray {
            restock_id: id,
            sku,
            order_id: order,
            variant_id: *variant_id,
            quantity,
            at: books.now,
        }
    });
    let stray: Vec<Stray<'_>> = stray.collect();
    Ok(books.tx.insert_all(&stray).await?)
}

/// Books an order that was sold before `allocated` was counted: what was not shipped is still on
/// the shelf.
pub(crate) async fn book(books: &mut StockTx<'_>, order: Uuid, shipped: bool) -> Result<()> {
    let all = lines::lock(books.tx, order).await?;
    let open: Vec<&Line> = all.iter().filter(|it| is_to_leave(it) && !it.allocated).collect();
    match () {
        () if open.is_empty() => return Ok(()),
        () if shipped => {
            return Ok(store::ship(books.tx, order, Ship::whole(order).parcel_id).await?);
        }
        () => store::allocate(books.tx, order).await?,
    }
    let open = open.into_iter();
    let open = open.map(|line| Move { line, on_hand: line.out(), allocated: line.out() });
    change(books, order, Kind::Migrated, &open.collect::<Vec<_>>()).await.map(drop)
}

fn is_to_leave(line: &Line) -> bool {
    line.state == State::Committed && line.parcel_id.is_none()
}

/// What becomes of a line's units.
struct Move<'a> {
    line: &'a Line,
    on_hand: i64,
    allocated: i64,
}

/// Changes the stock of the lines' variants, whatever their SKUs are by now; returns the lines
/// whose variants are gone. What is not counted changes nothing.
async fn change<'a>(
    books: &mut StockTx<'_>,
    order: Uuid,
    kind: Kind,
    moves: &[Move<'a>],
) -> Result<Vec<&'a str>> {
    let counted: Vec<&Move<'a>> = moves.iter().filter(|it| it.line.counted).collect();
    let variants: Vec<Uuid> = counted.iter().filter_map(|it| it.line.variant_id).collect();
    let found = if variants.is_empty() {
        vec![]
    } else {
        stock::lock_variants(books.tx, &variants).await?
    };
    let found: HashMap<Uuid, &str> = found.iter().map(|(id, sku)| (*id, sku.as_str())).collect();
    let (mut steps, mut gone) = (Vec::new(), Vec::new());
    for Move { line, on_hand, allocated } in counted {
        match line.variant_id.and_then(|it| found.get(&it)) {
            None => gone.push(line.sku.as_str()),
            Some(sku) => {
                steps.push(Step { sku, on_hand: *on_hand, allocated: *allocated, reserved: 0 });
            }
        }
    }
    books.add(kind, &steps, &reference(order)).await?;
    Ok(gone)
}

#[cfg(test)]
mod tests;
