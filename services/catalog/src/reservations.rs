//! Holding stock for orders, making holds final and letting go. Each can be asked for again: what is
//! done already is not done twice. `fulfillment` is what comes after.
//!
//! A hold lasts while a payment is asked for. One that waits for a customer is without money for
//! now, and anybody can have such: together they take no more than a share of each SKU, and an
//! order beyond it goes on without a hold. What it needs is taken when its money is there.

use chassis::outbox;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{AwaitAction, Reservation, ReservationExpired, Reserve, StockLine};
use uuid::Uuid;

use crate::books::{self, Books};
use crate::model::{Policy, Stock};
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
        if let Some(stock) = stock::reserve(books.tx, line, books.now).await? {
            let change = Change {
                kind: Kind::Reserve,
                on_hand: 0,
                allocated: 0,
                reserved: quantity,
                reference: &reference,
            };
            // Once a line is short all of this is undone.
            if short.is_empty() {
                name_variant(books, order, line, &stock).await?;
                books.write(&stock, change).await?;
            }
            continue;
        }
        // A SKU that another variant has taken over is not what was wanted.
        let wanted = |it: &Stock| line.variant_id.is_none() || it.variant_id == line.variant_id;
        let stock = stock::find(&mut *books.tx, sku).await?.filter(wanted);
        if let Some(stock) = stock.as_ref().filter(|it| it.policy == Policy::Untracked) {
            name_variant(books, order, line, stock).await?;
            store::uncount(books.tx, order, sku).await?;
            continue;
        }
        let available = books::left(stock.as_ref());
        short.push(Short { sku: sku.clone(), requested: quantity, available });
    }
    if short.is_empty() { Ok(()) } else { Err(problems::out_of_stock(&short)) }
}

/// Notes of which variant a line is that was asked for by its SKU alone.
async fn name_variant(
    books: &mut Books<'_>,
    order: Uuid,
    line: &StockLine,
    stock: &Stock,
) -> Result<()> {
    match line.variant_id {
        Some(_) => Ok(()),
        None => Ok(store::set_variant(books.tx, order, &line.sku, stock.variant_id).await?),
    }
}

/// Makes a hold final: the units are sold.
pub(crate) async fn commit(books: &mut Books<'_>, order: Uuid) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    // Of a sold order some lines may have been put back.
    if lines.iter().all(|it| matches!(it.state, State::Released | State::Expired)) {
        return Err(problems::reservation_gone());
    }
    if lines.iter().any(|it| it.state == State::Held) {
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
    let lines = lines_or_tombstone(books, request.order_id).await?;
    end(books, request.order_id, &lines).await
}

/// Lets go of a hold for good, if there is one.
pub(crate) async fn let_go(books: &mut Books<'_>, order: Uuid) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    end(books, order, &lines).await
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
pub(crate) async fn lines_or_tombstone(books: &mut Books<'_>, order: Uuid) -> Result<Vec<Line>> {
    let lines = store::lock(books.tx, order).await?;
    if !lines.is_empty() {
        return Ok(lines);
    }
    let (tombstone, released) = (StockLine::new("", 1), (State::Released, books.now, books.now));
    if store::insert(books.tx, order, &tombstone, released, true).await? {
        return Ok(vec![]);
    }
    // On PostgreSQL somebody held it in this very moment.
    Ok(store::lock(books.tx, order).await?)
}

/// Lets go of what is held, for good. What was sold stays so.
pub(crate) async fn end(books: &mut Books<'_>, order: Uuid, lines: &[Line]) -> Result<()> {
    match lines.first().map(|it| it.state) {
        None | Some(State::Released | State::Committed) => Ok(()),
        Some(State::Held) => {
            let let_go = (Kind::Release, State::Released);
            settle(books, order, lines, let_go, &reference(order)).await
        }
        Some(State::Expired) => {
            Ok(store::change(books.tx, order, State::Expired, State::Released).await?)
        }
    }
}

/// How a hold ends that is not let go for good.
const ENDED: (Kind, State) = (Kind::Release, State::Expired);

/// Moves the lines an order holds on and changes the stock of those it counts. The lines are locked,
/// by SKU.
async fn settle(
    books: &mut Books<'_>,
    order: Uuid,
    lines: &[Line],
    (kind, to): (Kind, State),
    reference: &str,
) -> Result<()> {
    store::change(books.tx, order, State::Held, to).await?;
    for line in lines.iter().filter(|it| it.counted) {
        let allocated = if kind == Kind::Commit { line.quantity } else { 0 };
        let change = Change { kind, on_hand: 0, allocated, reserved: -line.quantity, reference };
        let held = stock::add_held(books.tx, &line.sku, &change, books.now).await?;
        let Some(stock) = held else { continue };
        if line.variant_id.is_none() {
            store::set_variant(books.tx, order, &line.sku, stock.variant_id).await?;
        }
        books.write(&stock, change).await?;
    }
    Ok(())
}

/// What the ledger calls an order.
pub(crate) fn reference(order: Uuid) -> String {
    format!("order:{order}")
}

#[cfg(test)]
mod tests;
