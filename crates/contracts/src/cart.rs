//! Cart: what a buyer has put aside.

use chassis::channel::{CallError, Channel};
use chassis::route::Route;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalog::StockLine;

/// The most lines a cart or an order may have.
pub const MAX_LINES: usize = 100;

/// The most merged carts a cart names, the latest first. Nobody logs in that often while an order
/// is being decided.
pub const MAX_MERGED: i64 = 20;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    pub id: Uuid,
    /// Rises with every change.
    pub version: i64,
    pub lines: Vec<StockLine>,
    /// Guests' carts that went into this one, at most [`MAX_MERGED`].
    #[serde(default)]
    pub merged: Vec<Uuid>,
    /// The last orders whose lines have left this cart, one for itself and each merged one.
    #[serde(default)]
    pub purchases: Vec<Uuid>,
}

/// A paid order of a cart: its lines leave the cart, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    pub order_id: Uuid,
    pub cart_id: Uuid,
    /// The state of the cart that was bought.
    pub cart_version: i64,
    pub lines: Vec<StockLine>,
}

pub const SHOW: Route<Show, Option<Cart>> = Route::post("/internal/carts/show");
pub const REMOVE_PURCHASED: Route<Purchase, ()> = Route::post("/internal/carts/remove-purchased");

/// Asks cart.
#[derive(Clone, Debug)]
pub struct Client(Channel);

impl Client {
    pub fn new(channel: Channel) -> Self {
        Self(channel)
    }

    /// The cart, or none where there is none yet.
    pub async fn show(&self, owner: Owner) -> Result<Option<Cart>, CallError> {
        self.0.call(SHOW, &Show { owner }).await
    }

    /// Takes the lines of a paid order off its cart, or off the one that cart went into. Asked
    /// again, or for a cart that is gone, it changes nothing.
    pub async fn remove_purchased(&self, purchase: &Purchase) -> Result<(), CallError> {
        self.0.call(REMOVE_PURCHASED, purchase).await
    }
}
