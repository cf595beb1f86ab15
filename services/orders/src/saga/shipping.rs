//! What follows once staff have shipped an order.

use contracts::catalog::Ship;

use super::Outcome::Wait;
use super::refund::at_rest;
use super::{Outcome, Stop, Work, go};
use crate::App;

/// Takes the units off the shelf. The parcel is on its way, so this is tried until it is done.
pub(super) async fn ship(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    if let Err(error) = app.clients.catalog.ship(&Ship::whole(work.order.id)).await {
        tracing::warn!(order = %work.order.id, %error, "the stock does not know yet of a parcel");
        return Ok(Wait);
    }
    let next = at_rest(app, work).await?;
    go(app, work, next).await
}
