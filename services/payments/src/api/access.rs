//! Whose a payment is.

use axum::http::HeaderMap;
use chassis::Secret;
use chassis::auth::Principal;
use chassis::problem::Result;
use contracts::orders::OpensOrder;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::IntoParams;

use crate::App;
use crate::model::Payment;

const ORDER_TOKEN: &str = "x-order-token";
const ORDER_KEY: &str = "x-order-key";

/// What opens the payment of a guest's order.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what handlers take out of the headers")]
pub(super) struct OrderHeaders {
    /// The `access_token` of a guest's order.
    #[param(rename = "X-Order-Token")]
    order_token: Option<String>,
    /// The key of a link to a guest's order, from an e-mail: what follows `#key=`.
    #[param(rename = "X-Order-Key")]
    order_key: Option<String>,
}

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
    let token = headers.get(ORDER_TOKEN).map(|it| hex::encode(Sha256::digest(it.as_bytes())));
    if token.is_some_and(|it| hash.as_bytes().ct_eq(it.as_bytes()).into()) {
        return Ok(true);
    }
    let key = headers.get(ORDER_KEY).and_then(|it| it.to_str().ok()).map(Secret::from);
    if user_id.is_none() && key.is_none() {
        return Ok(false);
    }
    Ok(app.orders.opens(&OpensOrder { order_id, user_id, key }).await?)
}
