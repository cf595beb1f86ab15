//! What other services ask: `contracts::orders::Client` is the other end.

use axum::Router;
use chassis::problem::{Problem, Result};
use chassis::route::Routes;
use contracts::orders::{
    self, IssueOrderKey, LineShare, MAX_ORDERS, OpensOrder, OrderKey, SharesOf, Unshipped,
};

use crate::model::OrderLine;
use crate::{App, keys, problems, shares, store};

pub(crate) fn router(app: App) -> Router {
    Routes::new(app)
        .on(orders::UNSHIPPED, unshipped)
        .on(orders::SHARES, line_shares)
        .on(orders::ISSUE_KEY, issue_key)
        .on(orders::OPENS, opens)
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

/// Who has an account logs in: what is in it is opened by no link that is sent from then on.
async fn issue_key(app: App, request: IssueOrderKey) -> Result<OrderKey> {
    let order = store::find(&app.db, request.order_id).await?;
    let order = order.filter(|it| it.user_id.is_none() && it.email == request.email);
    let order = order.ok_or_else(problems::order_not_found)?;
    Ok(OrderKey { key: keys::issue(&app, order.id).await? })
}

/// Whether the user or the key may act as the buyer of an order. Nobody may for one not known.
async fn opens(app: App, request: OpensOrder) -> Result<bool> {
    let Some(order) = store::find(&app.db, request.order_id).await? else { return Ok(false) };
    if order.user_id.is_some() && order.user_id == request.user_id {
        return Ok(true);
    }
    match request.key {
        Some(key) => Ok(keys::opens(&app, &key, order.id).await?),
        None => Ok(false),
    }
}
