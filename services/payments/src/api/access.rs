//! Whose a payment is.

use axum::http::HeaderMap;
use chassis::auth::Principal;
use chassis::problem::Result;
use contracts::orders::{OpensOrder, OrderHeaders};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::App;
use crate::model::Payment;

/// Whether a payment is the caller's: the user's, or the guest's who has the order's token. Of a
/// guest's order orders knows who else may act as its buyer: who has a key, and the account that the
/// order has joined.
pub(super) async fn is_of(
    app: &App,
    payment: &Payment,
    principal: Option<&Principal>,
    headers: &HeaderMap,
) -> Result<bool> {
    let user_id = principal.map(Principal::id);
    if user_id.is_some() && payment.user_id == user_id {
        return Ok(true);
    }
    let Some((hash, order_id)) = payment.order_token_hash.as_ref().zip(payment.order_id) else {
        return Ok(false);
    };
    let OrderHeaders { order_token, order_key: key } = OrderHeaders::of(headers);
    let token = order_token.map(|it| hex::encode(Sha256::digest(it.as_bytes())));
    if token.is_some_and(|it| hash.as_bytes().ct_eq(it.as_bytes()).into()) {
        return Ok(true);
    }
    if user_id.is_none() && key.is_none() {
        return Ok(false);
    }
    Ok(app.orders.opens(&OpensOrder { order_id, user_id, key }).await?)
}
