//! Holding stock for orders, making holds final, letting go and putting back. Each can be asked
//! for again: what is done already is not done twice.

use chassis::outbox;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{Reservation, ReservationExpired, Reserve, StockLine};
use uuid::Uuid;

use crate::books::{self, Books};
use crate::model::Policy;
use crate::problems::{self, Short};
use crate::store::reservations::{self as store, Line, State};
use crate::store::stock::{self, Change, Kind};

/// Holds all lines of an order, or none. A line is held or has expired: it is held again.
pub(crate) async fn reserve(
    books: &mut Books<'_>,
    request: &Reserve,
    hold: TimeDelta,
) -> Result<Reservation> {
    let expires_at = books.now + hold;
    let order = request.order_id;
    let mut lines: Vec<&StockLine> = request.lines.iter().collect();
    lines.sort_by(|a, b| a.sku.cmp(&b.sku));
    // Nearly every order asks once, so that is tried first. On PostgreSQL this waits for
    // another transaction that is just doing the same.
    for (at, line) in lines.iter().enumerate() {
        if store::insert(books.tx, order, line, (State::Held, expires_at), at == 0).await? {
            continue;
        }
        let known = store::lock(books.tx, order).await?;
        match again(&known, &lines)? {
            // Lines before this one were not known.
            _ if at > 0 => return Err(problems::reservation_differs()),
            State::Committed => return Ok(Reservation { expires_at: first_end(&known) }),
            State::Held => return prolong(books, order, &known, hold).await,
            State::Expired | State::Released => {
                store::hold_again(books.tx, order, expires_at).await?;
                break;
            }
        }
    }
    take(books, order, &lines).await?;
    Ok(Reservation { expires_at })
}

/// What an order that asks once more has already.
fn again(known: &[Line], lines: &[&StockLine]) -> Result<State> {
    if known.iter().any(|it| it.state == State::Released) {
        return Err(problems::reservation_released());
    }
    let same = |(known, line): (&Line, &&StockLine)| {
        known.sku == line.sku && known.quantity == line.quantity
    };
    if known.len() != lines.len() || !known.iter().zip(lines).all(same) {
        return Err(problems::reservation_differs());
    }
    known.first().map(|it| it.state).ok_or_else(problems::reservation_differs)
}

/// A hold asked for again in its second half lasts its full time once more.
async fn prolong(
    books: &mut Books<'_>,
    order: Uuid,
    known: &[Line],
    hold: TimeDelta,
) -> Result<Reservation> {
    let expires_at = first_end(known);
    if expires_at > books.now + hold / 2 {
        return Ok(Reservation { expires_at });
    }
    let expires_at = books.now + hold;
    store::prolong(books.tx, order, expires_at).await?;
    Ok(Reservation { expires_at })
}

fn first_end(lines: &[Line]) -> DateTime<Utc> {
    lines.iter().map(|it| it.expires_at).min().unwrap_or_default()
}

/// Takes the units from what is available, or names every line that is short.
async fn take(books: &mut Books<'_>, order: Uuid, lines: &[&StockLine]) -> Result<()> {
    let reference = reference(order);
    let mut short = Vec::new();
    for line in lines {
        let (sku, quantity) = (&line.sku, line.quantity);
        if let Some(stock) = stock::reserve(books.tx, sku, quantity, books.now).await? {
            let change = Change {
                kind: Kind::Reserve,
                on_hand: 0,
                reserved: quantity,
                reference: &reference,
            };
            // Once a line is short all of this is undone.
            if short.is_empty() {
                books.write(&stock, change).await?;
            }
            continue;
        }
        let stock = stock::find(&mut *books.tx, sku).await?;
        if stock.as_ref().is_some_and(|it| it.policy == Policy::Untracked) {
            store::uncount(books.tx, order, sku).await?;
            continue;
        }
        let available = books::left(stock.as_ref());
        short.push(Short { sku: sku.clone(), requested: quantity, available });
    }
    if short.is_empty() { Ok(()) } else { Err(problems::out_of_stock(&short)) }
}

/// Makes a hold final: the units leave the stock.
pub(crate) async fn commit(books: &mut Books<'_>, order: Uuid) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    if lines.iter().any(|it| matches!(it.state, State::Released | State::Expired)) {
        return Err(problems::reservation_gone());
    }
    let Some(first) = lines.first() else { return Err(problems::reservation_gone()) };
    if first.state == State::Held {
        settle(books, order, &lines, Kind::Commit).await?;
    }
    Ok(())
}

/// Lets go of a hold for good. What has been committed stays so.
pub(crate) async fn release(books: &mut Books<'_>, request: &Reserve) -> Result<()> {
    let lines = lines_or_tombstone(books, request).await?;
    end(books, request.order_id, &lines, false).await
}

/// Lets go of a hold for good, if there is one.
pub(crate) async fn let_go(books: &mut Books<'_>, order: Uuid) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    end(books, order, &lines, false).await
}

/// Puts committed units back, or lets go of a hold, for good.
pub(crate) async fn restock(books: &mut Books<'_>, request: &Reserve) -> Result<()> {
    let lines = lines_or_tombstone(books, request).await?;
    end(books, request.order_id, &lines, true).await
}

/// Ends a hold whose time is over; false where it was prolonged, made final or let go meanwhile.
pub(crate) async fn expire(books: &mut Books<'_>, order: Uuid) -> Result<bool> {
    let lines = store::lock(books.tx, order).await?;
    let over = |it: &Line| it.state == State::Held && it.expires_at <= books.now;
    if lines.is_empty() || !lines.iter().all(over) {
        return Ok(false);
    }
    settle(books, order, &lines, Kind::Expire).await?;
    let holds = lines.iter().map(|it| it.holds).max().unwrap_or(1);
    let event = ReservationExpired { order_id: order };
    outbox::tell(books.tx, order, holds, &event, books.now).await?;
    Ok(true)
}

/// What an order holds. One that never held anything is marked, so that a late request to hold
/// finds that it was let go.
async fn lines_or_tombstone(books: &mut Books<'_>, request: &Reserve) -> Result<Vec<Line>> {
    let order = request.order_id;
    let lines = store::lock(books.tx, order).await?;
    if !lines.is_empty() {
        return Ok(lines);
    }
    let mut lines: Vec<&StockLine> = request.lines.iter().collect();
    lines.sort_by(|a, b| a.sku.cmp(&b.sku));
    for (at, line) in lines.into_iter().enumerate() {
        let released = (State::Released, books.now);
        if !store::insert(books.tx, order, line, released, at == 0).await? {
            // On PostgreSQL somebody held it in this very moment.
            return Ok(store::lock(books.tx, order).await?);
        }
    }
    Ok(vec![])
}

async fn end(
    books: &mut Books<'_>,
    order: Uuid,
    lines: &[Line],
    also_committed: bool,
) -> Result<()> {
    match lines.first().map(|it| it.state) {
        None | Some(State::Released) => Ok(()),
        Some(State::Committed) if !also_committed => Ok(()),
        Some(State::Committed) => settle(books, order, lines, Kind::Restock).await,
        Some(State::Held) => settle(books, order, lines, Kind::Release).await,
        Some(State::Expired) => {
            Ok(store::change(books.tx, order, State::Expired, State::Released).await?)
        }
    }
}

/// Moves an order's lines on and changes the stock of those it counts. The lines are locked, by
/// SKU.
async fn settle(books: &mut Books<'_>, order: Uuid, lines: &[Line], kind: Kind) -> Result<()> {
    let (from, to) = match kind {
        Kind::Commit => (State::Held, State::Committed),
        Kind::Expire => (State::Held, State::Expired),
        Kind::Restock => (State::Committed, State::Released),
        _ => (State::Held, State::Released),
    };
    store::change(books.tx, order, from, to).await?;
    let reference = reference(order);
    for line in lines.iter().filter(|it| it.counted) {
        let (on_hand, reserved) = match kind {
            Kind::Commit => (-line.quantity, -line.quantity),
            Kind::Restock => (line.quantity, 0),
            _ => (0, -line.quantity),
        };
        // A SKU that was deleted since it was sold takes nothing back.
        if let Some(stock) = stock::add(books.tx, &line.sku, (on_hand, reserved), books.now).await?
        {
            books.write(&stock, Change { kind, on_hand, reserved, reference: &reference }).await?;
        }
    }
    Ok(())
}

fn reference(order: Uuid) -> String {
    format!("order:{order}")
}

#[cfg(test)]
mod tests;
