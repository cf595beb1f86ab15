//! Reserving stock for orders, committing and releasing it. Every call is idempotent. `fulfillment`
//! is what comes after.
//!
//! A hold lasts while the payment is requested. A hold that waits for its customer is unpaid, and
//! anyone could have many: together they take at most a share of each SKU, and an order beyond that
//! continues without a hold and reserves when it is paid.

use chassis::outbox;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{AwaitAction, Buyer, Reservation, ReservationExpired, Reserve, StockLine};
use uuid::Uuid;

use crate::books::{self, StockTx};
use crate::model::{Policy, Stock};
use crate::problems::{self, Short};
use crate::store::own::{self, OwnHold};
use crate::store::reservations::{self as store, Line, State};
use crate::store::stock::{self, Change, Kind, Step};

/// Holds all lines of an order, or none. A line is held or has expired: it is held again.
/// What the buyer holds of them outside of orders is used for it.
pub(crate) async fn reserve(
    books: &mut StockTx<'_>,
    request: &Reserve,
    hold: TimeDelta,
) -> Result<Reservation> {
    hold_lines(books, request, hold, OwnHolds::Used).await
}

/// What becomes of what a buyer holds outside of orders when they ask for the same goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnHolds {
    /// It was for this.
    Used,
    /// It stays as long as there is enough without it.
    UsedIfShort,
}

async fn hold_lines(
    books: &mut StockTx<'_>,
    request: &Reserve,
    hold: TimeDelta,
    own: OwnHolds,
) -> Result<Reservation> {
    let expires_at = books.now + hold;
    let order = request.order_id;
    let mut lines: Vec<&StockLine> = request.lines.iter().collect();
    lines.sort_by(|a, b| a.sku.cmp(&b.sku));
    // Nearly every order asks once, so that is tried first. On PostgreSQL this waits for
    // another transaction that is just doing the same.
    let held = (State::Held, books.now, expires_at);
    let inserted = store::insert(books.tx, order, &lines, &request.buyer, held).await?;
    if inserted != lines.len() as u64 {
        let known = store::lock(books.tx, order).await?;
        match again(&known, &lines)? {
            // Another transaction had only some of these lines, or one is named twice.
            _ if inserted > 0 => return Err(problems::reservation_differs()),
            State::Committed => return Ok(Reservation { expires_at: first_end(&known) }),
            State::Held => return extend(books, order, &known, hold).await,
            State::Expired | State::Released => {
                store::hold_again(books.tx, order, books.now, expires_at).await?;
            }
        }
    }
    take(books, request, &lines, own).await?;
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
async fn extend(
    books: &mut StockTx<'_>,
    order: Uuid,
    known: &[Line],
    hold: TimeDelta,
) -> Result<Reservation> {
    let expires_at = first_end(known);
    if expires_at > books.now + hold / 2 {
        return Ok(Reservation { expires_at });
    }
    let expires_at = books.now + hold;
    store::extend(books.tx, order, expires_at).await?;
    Ok(Reservation { expires_at })
}

fn first_end(lines: &[Line]) -> DateTime<Utc> {
    lines.iter().map(|it| it.expires_at).min().unwrap_or_default()
}

/// Takes the units from what is available, or names every line that is short.
async fn take(
    books: &mut StockTx<'_>,
    request: &Reserve,
    lines: &[&StockLine],
    own: OwnHolds,
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let order = request.order_id;
    let reference = reference(order);
    let mut held = own_holds(books, request, lines).await?;
    if own == OwnHolds::Used && !held.is_empty() {
        // All of it first, in the order of the SKUs.
        let skus: Vec<&str> = lines.iter().map(|it| it.sku.as_str()).collect();
        stock::lock(books.tx, &skus).await?;
        for line in lines {
            use_up(books, &mut held, &line.sku, &reference).await?;
        }
    }
    let mut reserved = stock::reserve_all(books.tx, lines, books.now).await?;
    let mut again = Vec::new();
    for line in lines.iter().filter(|it| of(&reserved, it).is_none()) {
        if use_up(books, &mut held, &line.sku, &reference).await? {
            again.push(*line);
        }
    }
    if !again.is_empty() {
        reserved.extend(stock::reserve_all(books.tx, &again, books.now).await?);
    }
    let (taken, left): (Vec<&StockLine>, Vec<_>) =
        lines.iter().partition(|it| of(&reserved, it).is_some());
    leave(books, order, &left).await?;
    let mut changes = Vec::new();
    for line in taken {
        let Some(stock) = of(&reserved, line) else { continue };
        name_variant(books, order, line, stock).await?;
        let (kind, reserved, reference) = (Kind::Reserve, line.quantity, reference.as_str());
        changes.push((stock, Change { kind, on_hand: 0, allocated: 0, reserved, reference }));
    }
    books.write_all(&changes).await
}

fn of<'a>(stock: &'a [Stock], line: &StockLine) -> Option<&'a Stock> {
    stock.iter().find(|it| it.sku == line.sku)
}

/// What becomes of lines of which nothing could be taken: where the stock is not counted, that is
/// noted; the others are short.
async fn leave(books: &mut StockTx<'_>, order: Uuid, lines: &[&StockLine]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let skus: Vec<&str> = lines.iter().map(|it| it.sku.as_str()).collect();
    let known = stock::of_skus(&mut *books.tx, &skus).await?;
    let (mut short, mut uncounted) = (Vec::new(), Vec::new());
    for line in lines {
        // A SKU that another variant has taken over is not what was wanted.
        let wanted = |it: &&Stock| line.variant_id.is_none() || it.variant_id == line.variant_id;
        let stock = of(&known, line).filter(wanted);
        if let Some(stock) = stock.filter(|it| it.policy == Policy::Untracked) {
            name_variant(books, order, line, stock).await?;
            uncounted.push(line.sku.as_str());
            continue;
        }
        let (sku, requested, available) = (line.sku.clone(), line.quantity, books::left(stock));
        short.push(Short { sku, requested, available });
    }
    if short.is_empty() {
        Ok(store::uncount(books.tx, order, &uncounted).await?)
    } else {
        Err(problems::out_of_stock(&short))
    }
}

/// What the buyer holds of these SKUs outside of orders.
async fn own_holds(
    books: &mut StockTx<'_>,
    request: &Reserve,
    lines: &[&StockLine],
) -> Result<Vec<OwnHold>> {
    let Some(user) = request.buyer.user_id else { return Ok(vec![]) };
    let skus: Vec<&str> = lines.iter().map(|it| it.sku.as_str()).collect();
    Ok(own::lock(books.tx, user, request.order_id, &skus).await?)
}

/// Ends the buyer's own holds of a SKU for good, for what refers to them; says whether there were
/// any.
async fn use_up(
    books: &mut StockTx<'_>,
    held: &mut Vec<OwnHold>,
    sku: &str,
    reference: &str,
) -> Result<bool> {
    let (used, kept) = std::mem::take(held).into_iter().partition(|it| it.line.sku == sku);
    *held = kept;
    let used: Vec<OwnHold> = used;
    for OwnHold { order_id, line } in &used {
        let used_up = (Kind::Release, State::Released);
        settle(books, *order_id, std::slice::from_ref(line), used_up, reference).await?;
    }
    Ok(!used.is_empty())
}

/// Notes of which variant a line is that was asked for by its SKU alone.
async fn name_variant(
    books: &mut StockTx<'_>,
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
pub(crate) async fn commit(books: &mut StockTx<'_>, order: Uuid) -> Result<()> {
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
    books: &mut StockTx<'_>,
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
    books: &mut StockTx<'_>,
    lines: &[Line],
    share: i64,
) -> Result<Option<(String, i64)>> {
    let counted: Vec<&Line> = lines.iter().filter(|it| it.counted).collect();
    let skus: Vec<&str> = counted.iter().map(|it| it.sku.as_str()).collect();
    if skus.is_empty() {
        return Ok(None);
    }
    // Locked, so that two that ask at once count each other. By SKU, as everywhere.
    let locked = stock::lock(books.tx, &skus).await?;
    let unpaid = store::unpaid_units(books.tx, &skus).await?;
    for line in counted {
        let Some(stock) = locked.iter().find(|it| it.sku == line.sku) else { continue };
        if stock.policy != Policy::Deny {
            continue;
        }
        // Of what is not sold.
        let unsold = stock.on_hand - stock.allocated;
        let most = (unsold.saturating_mul(share) / 100).max(1);
        let others = unpaid.get(&line.sku).copied().unwrap_or_default();
        if others + line.quantity > most {
            return Ok(Some((line.sku.clone(), most)));
        }
    }
    Ok(None)
}

/// Holds units for a user, outside of any order. What customers hold so is without money.
pub(crate) async fn hold_for(
    books: &mut StockTx<'_>,
    request: &Reserve,
    (user, staff): (Uuid, bool),
    (hold, share): (TimeDelta, i64),
) -> Result<Reservation> {
    let held = hold_lines(books, request, hold, OwnHolds::UsedIfShort).await?;
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
pub(crate) async fn end_hold(books: &mut StockTx<'_>, order: Uuid, reference: &str) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    match lines.first().map(|it| it.state) {
        Some(State::Held) => settle(books, order, &lines, ENDED, reference).await,
        _ => Ok(()),
    }
}

/// Releases a hold for good. What has been committed stays so.
pub(crate) async fn release(books: &mut StockTx<'_>, request: &Reserve) -> Result<()> {
    let lines = lines_or_tombstone(books, request.order_id).await?;
    end(books, request.order_id, &lines).await
}

/// Releases a hold for good, if there is one.
pub(crate) async fn end_own_hold(books: &mut StockTx<'_>, order: Uuid) -> Result<()> {
    let lines = store::lock(books.tx, order).await?;
    end(books, order, &lines).await
}

/// Ends a hold whose time is over; false where it was extended, made final or released meanwhile.
pub(crate) async fn expire(books: &mut StockTx<'_>, order: Uuid) -> Result<bool> {
    let lines = store::lock(books.tx, order).await?;
    let over = |it: &Line| it.state == State::Held && it.expires_at <= books.now;
    if lines.is_empty() || !lines.iter().all(over) {
        return Ok(false);
    }
    settle(books, order, &lines, (Kind::Expire, State::Expired), &reference(order)).await?;
    let holds = lines.iter().map(|it| it.holds).max().unwrap_or(1);
    let event = ReservationExpired { order_id: order };
    outbox::publish(books.tx, order, holds, &event, books.now).await?;
    Ok(true)
}

/// What an order holds. One that never held anything is marked, so that a late request to hold
/// finds that it was released.
pub(crate) async fn lines_or_tombstone(books: &mut StockTx<'_>, order: Uuid) -> Result<Vec<Line>> {
    let lines = store::lock(books.tx, order).await?;
    if !lines.is_empty() {
        return Ok(lines);
    }
    let (tombstone, released) = (StockLine::new("", 1), (State::Released, books.now, books.now));
    if store::insert(books.tx, order, &[&tombstone], &Buyer::default(), released).await? == 1 {
        return Ok(vec![]);
    }
    // On PostgreSQL somebody held it in this very moment.
    Ok(store::lock(books.tx, order).await?)
}

/// Releases what is held, for good. What was sold stays so.
pub(crate) async fn end(books: &mut StockTx<'_>, order: Uuid, lines: &[Line]) -> Result<()> {
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

/// Moves the lines an order holds on and changes the stock of those it counts. The lines are
/// locked, by SKU.
async fn settle(
    books: &mut StockTx<'_>,
    order: Uuid,
    lines: &[Line],
    (kind, to): (Kind, State),
    reference: &str,
) -> Result<()> {
    store::change(books.tx, order, State::Held, to).await?;
    let counted: Vec<&Line> = lines.iter().filter(|it| it.counted).collect();
    let steps = counted.iter().map(|line| Step {
        sku: &line.sku,
        on_hand: 0,
        allocated: if kind == Kind::Commit { line.quantity } else { 0 },
        reserved: -line.quantity,
    });
    let stock = books.add(kind, &steps.collect::<Vec<_>>(), reference).await?;
    for line in counted.into_iter().filter(|it| it.variant_id.is_none()) {
        if let Some(stock) = stock.iter().find(|it| it.sku == line.sku) {
            store::set_variant(books.tx, order, &line.sku, stock.variant_id).await?;
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
