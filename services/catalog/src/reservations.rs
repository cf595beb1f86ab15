//! Holding stock for orders, making holds final, letting go and putting back. Each can be asked
//! for again: what is done already is not done twice.
//!
//! A hold lasts while a payment is asked for. One that waits for a customer is without money for
//! now, and anybody can have such: together they take no more than a share of each SKU, and an
//! order beyond it goes on without a hold. What it needs is taken when its money is there.

use chassis::outbox;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{
    AwaitAction, Reservation, ReservationExpired, Reserve, Restock, StockLine,
};
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
        let held = (State::Held, books.now, expires_at);
        if store::insert(books.tx, order, line, held, at == 0).await? {
            continue;
        }
        let known = store::lock(books.tx, order).await?;
        match again(&known, &lines)? {
            // Lines before this one were not known.
            _ if at > 0 => return Err(problems::reservation_differs()),
            State::Committed => return Ok(Reservation { expires_at: first_end(&known) }),
            State::Held => return prolong(books, order, &known, hold).await,
            State::Expired | State::Released => {
                store::hold_again(books.tx, order, books.now, expires_at).await?;
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
        let made_final = (Kind::Commit, State::Committed);
        settle(books, order, &lines, made_final, &reference(order)).await?;
    }
    Ok(())
}

/// Keeps a hold while its customer has to do something, if such holds stay within `share` percent
/// of each SKU; else ends it. Says whether the order holds its stock from here on.
pub(crate) async fn await_action(
    books: &mut Books<'_>,
    request: &AwaitAction,
    share: i64,
) -> Result<bool> {
    let order = request.order_id;
    let lines = store::lock(books.tx, order).await?;
    if lines.is_empty() || !lines.iter().all(|it| it.state == State::Held) {
        return Ok(false);
    }
    // Asked again: it counts already.
    if !lines.iter().all(|it| it.unpaid) && beyond_share(books, &lines, share).await?.is_some() {
        settle(books, order, &lines, ENDED, &reference(order)).await?;
        return Ok(false);
    }
    store::set_unpaid(books.tx, order, request.until).await?;
    Ok(true)
}

/// A SKU of which more would be held without money than its share, were these lines among them;
/// and how many units that is. At least one is allowed. Only what can be sold out is limited.
async fn beyond_share(
    books: &mut Books<'_>,
    lines: &[Line],
    share: i64,
) -> Result<Option<(String, i64)>> {
    for line in lines.iter().filter(|it| it.counted) {
        // Locked, so that two that ask at once count each other. By SKU, as everywhere.
        let Some(stock) = stock::find_locked(books.tx, &line.sku).await? else { continue };
        if stock.policy != Policy::Deny {
            continue;
        }
        let most = (stock.on_hand.saturating_mul(share) / 100).max(1);
        let others = store::unpaid_units(books.tx, &line.sku).await?;
        if others + line.quantity > most {
            return Ok(Some((line.sku.clone(), most)));
        }
    }
    Ok(None)
}

/// Holds units for a user, outside of any order. What customers hold so is without money.
pub(crate) async fn hold_for(
    books: &mut Books<'_>,
    request: &Reserve,
    (user, staff): (Uuid, bool),
    (hold, share): (TimeDelta, i64),
) -> Result<Reservation> {
    let held = reserve(books, request, hold).await?;
    let lines = store::lock(books.tx, request.order_id).await?;
    let known = lines.iter().all(|it| it.unpaid);
    if !staff
        && !known
        && let Some((sku, most)) = beyond_share(books, &lines, share).await?
    {
        return Err(problems::share_taken(&sku, most));
    }
    store::set_holder(books.tx, request.order_id, user, !staff).await?;
    Ok(held)
}

/// Ends a hold, if there is one; its order may hold again. `reference` says for whom.
pub(crate) async fn end_hold(books: &mut Books<'_>, order: Uuid, reference: &str) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    match lines.first().map(|it| it.state) {
        Some(State::Held) => settle(books, order, &lines, ENDED, reference).await,
        _ => Ok(()),
    }
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
pub(crate) async fn restock(books: &mut Books<'_>, request: &Restock) -> Result<()> {
    let lines = store::lock(books.tx, request.order_id).await?;
    match request.lines {
        None => end(books, request.order_id, &lines, true).await,
        Some(_) => Ok(()),
    }
}

/// Ends a hold whose time is over; false where it was prolonged, made final or let go meanwhile.
pub(crate) async fn expire(books: &mut Books<'_>, order: Uuid) -> Result<bool> {
    let lines = store::lock(books.tx, order).await?;
    let over = |it: &Line| it.state == State::Held && it.expires_at <= books.now;
    if lines.is_empty() || !lines.iter().all(over) {
        return Ok(false);
    }
    settle(books, order, &lines, (Kind::Expire, State::Expired), &reference(order)).await?;
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
        let released = (State::Released, books.now, books.now);
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
    let kind = match lines.first().map(|it| it.state) {
        None | Some(State::Released) => return Ok(()),
        Some(State::Committed) if !also_committed => return Ok(()),
        Some(State::Committed) => Kind::Restock,
        Some(State::Held) => Kind::Release,
        Some(State::Expired) => {
            return Ok(store::change(books.tx, order, State::Expired, State::Released).await?);
        }
    };
    settle(books, order, lines, (kind, State::Released), &reference(order)).await
}

/// How a hold ends that is not let go for good.
const ENDED: (Kind, State) = (Kind::Release, State::Expired);

/// Moves an order's lines on and changes the stock of those it counts. The lines are locked, by
/// SKU.
async fn settle(
    books: &mut Books<'_>,
    order: Uuid,
    lines: &[Line],
    (kind, to): (Kind, State),
    reference: &str,
) -> Result<()> {
    let from = if kind == Kind::Restock { State::Committed } else { State::Held };
    store::change(books.tx, order, from, to).await?;
    for line in lines.iter().filter(|it| it.counted) {
        let (on_hand, reserved) = match kind {
            Kind::Commit => (-line.quantity, -line.quantity),
            Kind::Restock => (line.quantity, 0),
            _ => (0, -line.quantity),
        };
        // A SKU that was deleted since it was sold takes nothing back.
        if let Some(stock) = stock::add(books.tx, &line.sku, (on_hand, reserved), books.now).await?
        {
            books.write(&stock, Change { kind, on_hand, reserved, reference }).await?;
        }
    }
    Ok(())
}

/// What the ledger calls an order.
pub(crate) fn reference(order: Uuid) -> String {
    format!("order:{order}")
}

#[cfg(test)]
mod tests;
