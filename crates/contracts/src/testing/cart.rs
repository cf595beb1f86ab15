//! The carts a test fills.

use std::collections::HashMap;

use chassis::problem::Result;
use uuid::Uuid;

use super::{Desk, Mind};
use crate::cart::{self, Cart, Client, Owner, Purchase, Show};

/// By a user's id or a guest's token. It never hears of an event.
#[derive(Debug, Default)]
pub struct Carts(pub HashMap<String, Cart>);

impl Mind for Carts {
    const NAME: &'static str = "cart";

    fn routes(desk: Desk<Self>) -> Desk<Self> {
        desk.on(cart::SHOW, Self::show).on(cart::REMOVE_PURCHASED, Self::remove_purchased)
    }
}

impl Carts {
    fn show(&mut self, Show { owner }: Show) -> Result<Option<Cart>> {
        let key = match owner {
            Owner::User(id) => id.to_string(),
            Owner::Guest(token) => token,
        };
        Ok(self.0.get(&key).cloned())
    }

    fn remove_purchased(&mut self, bought: Purchase) -> Result<()> {
        let holds = |it: &&mut Cart| it.id == bought.cart_id || it.merged.contains(&bought.cart_id);
        if let Some(cart) = self.0.values_mut().find(holds)
            && !cart.purchases.contains(&bought.order_id)
        {
            cart.purchases.push(bought.order_id);
            cart.version += 1;
            for line in &mut cart.lines {
                let bought = bought.lines.iter().find(|it| it.sku == line.sku);
                line.quantity -= bought.map_or(0, |it| it.quantity);
            }
            cart.lines.retain(|it| it.quantity > 0);
        }
        Ok(())
    }
}

/// What the checkout goes by, of carts of which this user's has something in it, in version 1, and
/// never was bought.
pub async fn carts_suite(client: &Client, user: Uuid) {
    let show = async |owner| client.show(owner).await.expect("an answer");
    assert_eq!(show(Owner::User(chassis::id::new())).await, None);
    assert_eq!(show(Owner::Guest("nonsense".to_owned())).await, None);
    let cart = show(Owner::User(user)).await.expect("a cart");
    assert_eq!((cart.version, cart.purchases.as_slice()), (1, [].as_slice()));
    assert!(!cart.lines.is_empty());
    let mut lines = cart.lines.clone();
    for line in &mut lines {
        line.quantity -= 1;
    }
    lines.retain(|it| it.quantity > 0);
    let order_id = chassis::id::new();
    let one_each =
        cart.lines.iter().map(|it| crate::catalog::StockLine { quantity: 1, ..it.clone() });
    let purchase = Purchase {
        order_id,
        cart_id: cart.id,
        cart_version: cart.version,
        lines: one_each.collect(),
    };
    for _ in 0..2 {
        client.remove_purchased(&purchase).await.expect("it is bought");
        let left = show(Owner::User(user)).await.expect("a cart");
        assert_eq!((left.id, left.version), (cart.id, 2));
        assert_eq!((&left.lines, left.purchases), (&lines, vec![order_id]));
    }
    // Of a cart that is gone there is nothing to do.
    let gone = Purchase { cart_id: order_id, ..purchase };
    client.remove_purchased(&gone).await.expect("nothing");
}
