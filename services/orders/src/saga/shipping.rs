//! What follows once staff have shipped an order.

use contracts::catalog::Ship;

use super::Outcome::Wait;
use super::{Outcome, Stop, Work, go};
use crate::App;
use crate::model::Step;

/// Takes the units off the shelf. The parcel is on its way, so this is tried until it is done.
pub(super) async fn ship(app: &App, work: &mut Work) -> Result<Outcome, Stop> {
    if let Err(error) = app.clients.catalog.ship(&Ship::whole(work.order.id)).await {
        tracing::warn!(order = %work.order.id, %error, "the stock does not know yet of a parcel");
        return Ok(Wait);
    }
    go(app, work, Step::Done).await
}
