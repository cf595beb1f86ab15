//! Cart: what a buyer has put aside.

use chassis::channel::{CallError, Channel};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalog::StockLine;

/// The most lines a cart or an order may have.
pub const MAX_LINES: usize = 100;

/// Whose cart: the user's, else the guest's who holds the token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    User(Uuid),
    /// The value of `X-Cart-Token`.
    Guest(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Show {
    pub owner: Owner,
}

/// A cart as the checkout needs it: without prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    pub id: Uuid,
    /// Rises with every change.
    pub version: i64,
    pub lines: Vec<StockLine>,
}

/// Asks cart.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// The cart, or none where there is none yet.
    pub async fn show(&self, owner: Owner) -> Result<Option<Cart>, CallError> {
        self.0.post("/internal/carts/show", &Show { owner }).await
    }
}
