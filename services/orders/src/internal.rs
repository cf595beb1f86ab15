//! What other services ask: `contracts::orders::Client` is the other end.

use axum::Router;
use chassis::problem::{Problem, Result};
use chassis::route::Routes;
use contracts::orders::{
    self, AccessToken, AskAccessToken, LineShare, MAX_ORDERS, SharesOf, Unshipped,
};

use crate::model::OrderLine;
use crate::{App, problems, shares, store};

pub(crate) fn router(app: App) -> Router {
    Routes::new(app)
        .on(orders::UNSHIPPED, unshipped)
        .on(orders::SHARES, line_shares)
        .on(orders::ACCESS_TOKEN, access_token)
        .router()
}

/// Those of the given orders that were not shipped. What is not known here is none of them.
async fn unshipped(app: App, Unshipped { orders }: Unshipped) -> Result<Unshipped> {
    if orders.len() > MAX_ORDERS {
        return Err(Problem::field("orders", format!("must have at most {MAX_ORDERS} entries")));
    }
    Ok(Unshipped { orders: store::unshipped(&app.db, &orders).await? })
}

/// What each line was sold for. Nothing for an order that is not known.
async fn line_shares(app: App, asked: SharesOf) -> Result<Option<Vec<LineShare>>> {
    let Some(order) = store::find(&app.db, asked.order_id).await? else { return Ok(None) };
    let lines = store::lines(&app.db, order.id).await?;
    let amounts = shares::shares(&order, &lines);
    let line = |(line, amount): (OrderLine, i64)| LineShare {
        sku: line.sku,
        quantity: line.quantity,
        amount,
    };
    Ok(Some(lines.into_iter().zip(amounts).map(line).collect()))
}

async fn access_token(app: App, request: AskAccessToken) -> Result<AccessToken> {
    let order = store::find(&app.db, request.order_id).await?;
    let order = order.filter(|it| it.user_id.is_none() && it.email == request.email);
    let order = order.ok_or_else(problems::order_not_found)?;
    Ok(AccessToken { token: app.tokens.of(order.id).into() })
}
