//! The headers that open a guest's order, and its payment, without an account.

use http::HeaderMap;
use utoipa::IntoParams;

use chassis::Secret;

/// What opens a guest's order.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct OrderHeaders {
    /// The `access_token` of a guest's order.
    #[param(rename = "X-Order-Token", value_type = Option<String>)]
    pub order_token: Option<Secret>,
    /// The key of a link to a guest's order, from an e-mail: what follows `#key=`.
    #[param(rename = "X-Order-Key", value_type = Option<String>)]
    pub order_key: Option<Secret>,
}

impl OrderHeaders {
    /// Those of a request. What is no text opens nothing.
    pub fn of(headers: &HeaderMap) -> Self {
        let secret = |name| headers.get(name)?.to_str().ok().map(Secret::from);
        Self { order_token: secret("x-order-token"), order_key: secret("x-order-key") }
    }
}
