//! Where a requested order becomes one, or never was.

use chassis::problem::Problem;
use uuid::Uuid;

use super::Turn::{Moved, Wait};
use super::{Stop, Turn, Work};
use crate::{App, store};

/// How often an order is read again because it was placed or withdrawn at the same moment.
const TRIES: usize = 3;

/// Its stock is held: the order gets its number and is published.
pub(super) async fn place(app: &App, work: &mut Work) -> Result<Turn, Stop> {
    let number = store::next_number(&app.db).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Work { order, lines, saga } = &mut *work;
    if !store::place_first(&mut tx, saga, order, lines, number, now).await? {
        return Err(Stop::Lost);
    }
    tx.commit().await?;
    metrics::counter!("orders_accepted_total").increment(1);
    Ok(Moved)
}

/// There is nothing to be had, or it is not known in time: the request leaves no trace. Nobody was
/// told of an order.
pub(super) async fn withdraw(app: &App, work: &mut Work, problem: Problem) -> Result<Turn, Stop> {
    // An earlier try may have come through, or still be on its way.
    let tried_before = work.saga.tries > 0 || work.saga.fence > 1;
    if tried_before && let Err(error) = app.clients.catalog.release(&work.reservation()).await {
        tracing::warn!(order = %work.order.id, %error, "cannot release the stock; the hold will expire");
        return Ok(Wait);
    }
    let mut tx = app.db.begin().await?;
    let withdrawn = store::save_saga(&mut tx, &mut work.saga).await?
        && store::withdraw(&mut tx, work.order.id).await?;
    if !withdrawn {
        return Err(Stop::Lost);
    }
    tx.commit().await?;
    metrics::counter!("orders_withdrawn_total").increment(1);
    Err(Stop::Withdrawn(Box::new(problem)))
}

/// Places an order whose stock is not known to be held yet, because its client is about to be told
/// of it: whatever becomes of it then is told as of an order. False where it was withdrawn.
pub(crate) async fn place_anyway(app: &App, id: Uuid) -> chassis::problem::Result<bool> {
    for _ in 0..TRIES {
        let Some(mut order) = store::find(&app.db, id).await? else { return Ok(false) };
        if order.is_placed() {
            return Ok(true);
        }
        let lines = store::lines(&app.db, id).await?;
        let number = store::next_number(&app.db).await?;
        let mut tx = app.db.begin().await?;
        if store::place(&mut tx, &mut order, &lines, number, app.clock.now()).await? {
            tx.commit().await?;
            metrics::counter!("orders_accepted_total").increment(1);
            return Ok(true);
        }
    }
    Err(crate::problems::order_changed())
}
