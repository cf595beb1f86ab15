//! What becomes of the units an order has bought: they leave with a parcel, or are put back. Units
//! that are sold are on hand until they leave.
//!
//! Units that were sold before that was counted have left `on_hand` when they were paid. They count
//! as if they were shipped until [`book`] finds out that they were not.

use std::collections::HashMap;

use chassis::problem::Result;
use contracts::catalog::{Restock, Ship};
use uuid::Uuid;

use crate::books::Books;
use crate::reservations::{self, reference};
use crate::store::fulfillment as store;
use crate::store::reservations::{self as lines, Line, State};
use crate::store::stock::{self, Change, Kind};

/// Takes what an order still has to get off the shelf, once.
pub(crate) async fn ship(books: &mut Books<'_>, request: &Ship) -> Result<()> {
    let order = request.order_id;
    let all = lines::lock(books.tx, order).await?;
    let leaving: Vec<&Line> = all.iter().filter(|it| is_to_leave(it)).collect();
    if leaving.is_empty() {
        return Ok(());
    }
    store::ship(books.tx, order, request.parcel_id).await?;
    for line in leaving.into_iter().filter(|it| it.allocated) {
        let (on_hand, allocated) = (-line.out(), -line.out());
        change(books, order, line, (Kind::Ship, on_hand, allocated)).await?;
    }
    Ok(())
}

/// Puts sold units back, never more than are out, once for each id. An order that has bought nothing
/// yet lets go of its hold, and one that is not known will not hold anything.
pub(crate) async fn restock(books: &mut Books<'_>, request: &Restock) -> Result<()> {
    let order = request.order_id;
    // An orders service of an older version puts all of an order back, without an id.
    let id = if request.id.is_nil() { order } else { request.id };
    if !store::begin_restock(books.tx, id, order, books.now).await? {
        return Ok(());
    }
    let all = match id == order {
        true => reservations::lines_or_tombstone(books, order).await?,
        false => lines::lock(books.tx, order).await?,
    };
    reservations::end(books, order, &all).await?;
    let asked: Option<HashMap<&str, i64>> = request
        .lines
        .as_ref()
        .map(|lines| lines.iter().map(|it| (it.sku.as_str(), it.quantity)).collect());
    for line in all.iter().filter(|it| it.state == State::Committed) {
        let quantity = match &asked {
            None => line.out(),
            Some(asked) => asked.get(line.sku.as_str()).map_or(0, |it| line.out().min(*it)),
        };
        if quantity > 0 {
            put_back(books, (id, order), line, quantity).await?;
        }
    }
    Ok(())
}

async fn put_back(
    books: &mut Books<'_>,
    (id, order): (Uuid, Uuid),
    line: &Line,
    quantity: i64,
) -> Result<()> {
    store::restock(books.tx, order, &line.sku, quantity).await?;
    let (on_hand, allocated) = if line.allocated { (0, -quantity) } else { (quantity, 0) };
    if line.counted && !change(books, order, line, (Kind::Restock, on_hand, allocated)).await? {
        tracing::warn!(%order, sku = line.sku, quantity, "put back, but the variant is gone");
        store::stray(books.tx, (id, order), line, quantity, books.now).await?;
    }
    Ok(())
}

/// Books an order that was sold before `allocated` was counted: what was not shipped is still on the
/// shelf.
pub(crate) async fn book(books: &mut Books<'_>, order: Uuid, shipped: bool) -> Result<()> {
    let all = lines::lock(books.tx, order).await?;
    let open: Vec<&Line> = all.iter().filter(|it| is_to_leave(it) && !it.allocated).collect();
    match () {
        () if open.is_empty() => return Ok(()),
        () if shipped => {
            return Ok(store::ship(books.tx, order, Ship::whole(order).parcel_id).await?);
        }
        () => store::allocate(books.tx, order).await?,
    }
    for line in open {
        change(books, order, line, (Kind::Migrated, line.out(), line.out())).await?;
    }
    Ok(())
}

fn is_to_leave(line: &Line) -> bool {
    line.state == State::Committed && line.parcel_id.is_none()
}

/// Changes the stock of a line's variant, whatever its SKU is by now; false where it is gone. What
/// is not counted changes nothing.
async fn change(
    books: &mut Books<'_>,
    order: Uuid,
    line: &Line,
    (kind, on_hand, allocated): (Kind, i64, i64),
) -> Result<bool> {
    if !line.counted {
        return Ok(true);
    }
    let Some(variant) = line.variant_id else { return Ok(false) };
    let reference = reference(order);
    let change = Change { kind, on_hand, allocated, reserved: 0, reference: &reference };
    let Some(stock) = stock::add(books.tx, variant, &change, books.now).await? else {
        return Ok(false);
    };
    books.write(&stock, change).await?;
    Ok(true)
}
