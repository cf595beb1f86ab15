//! The carts a test fills.

use std::collections::{HashMap, HashSet};

use chassis::problem::Result;
use uuid::Uuid;

use super::{FakeRoutes, FakeState};
use crate::cart::{self, Cart, Client, Owner, Purchase, Show};
use crate::catalog::StockLine;

/// It never hears of an event.
#[derive(Debug, Default)]
pub struct Carts {
    /// By a user's id or a guest's token.
    pub carts: HashMap<String, Cart>,
    /// The last order of each cart.
    last: HashMap<Uuid, Uuid>,
    bought: HashSet<Uuid>,
}

impl FakeState for Carts {
    const NAME: &'static str = "cart";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(cart::SHOW, Self::show).on(cart::REMOVE_PURCHASED, Self::remove_purchased)
    }
}

impl Carts {
    fn show(&mut self, Show { owner }: Show) -> Result<Option<Cart>> {
        let key = match owner {
            Owner::User(id) => id.to_string(),
            Owner::Guest(token) => token,
        };
        Ok(self.carts.get(&key).cloned())
    }

    /// A cart that is as it was bought is emptied, else what was bought is subtracted.
    fn remove_purchased(&mut self, bought: Purchase) -> Result<()> {
        let Purchase { order_id, cart_id, cart_version, lines } = bought;
        let holds = |it: &&mut Cart| it.id == cart_id || it.merged.contains(&cart_id);
        let Some(cart) = self.carts.values_mut().find(holds) else { return Ok(()) };
        if !self.bought.insert(order_id) {
            return Ok(());
        }
        let before = self.last.insert(cart_id, order_id);
        cart.purchases.retain(|it| Some(*it) != before);
        cart.purchases.push(order_id);
        let lines = if cart.id == cart_id && cart.version == cart_version {
            cart.lines.clone()
        } else {
            lines
        };
        let mut changed = false;
        for line in &mut cart.lines {
            if let Some(bought) = lines.iter().find(|it| it.sku == line.sku) {
                line.quantity -= bought.quantity;
                changed = true;
            }
        }
        cart.lines.retain(|it| it.quantity > 0);
        cart.version += i64::from(changed);
        Ok(())
    }
}

/// What the checkout relies on in carts of which this user's has two or more of something in it,
/// and never was bought.
pub async fn carts_suite(client: &Client, user: Uuid) {
    let show = async |owner| client.show(owner).await.expect("an answer");
    assert_eq!(show(Owner::User(chassis::id::new())).await, None);
    assert_eq!(show(Owner::Guest("nonsense".to_owned())).await, None);
    let cart = show(Owner::User(user)).await.expect("a cart");
    assert!(cart.purchases.is_empty(), "{cart:?}");
    let line = cart.lines.first().expect("a line").clone();
    let one = StockLine { quantity: 1, ..line.clone() };
    let rest = StockLine { quantity: line.quantity - 1, ..line };
    // What is bought of a cart as it was before is subtracted; what is there now is bought then.
    for (behind, left) in [(1, vec![rest]), (0, vec![])] {
        let cart = show(Owner::User(user)).await.expect("a cart");
        let (order_id, cart_version) = (chassis::id::new(), cart.version - behind);
        let lines = vec![one.clone()];
        let purchase = Purchase { order_id, cart_id: cart.id, cart_version, lines };
        for _ in 0..2 {
            client.remove_purchased(&purchase).await.expect("it is bought");
            let it = show(Owner::User(user)).await.expect("a cart");
            assert_eq!((it.id, it.version, it.lines), (cart.id, cart.version + 1, left.clone()));
            assert_eq!(it.purchases, [order_id], "the last one");
        }
    }
    // Of a cart that is gone there is nothing to do.
    let (order_id, lines) = (chassis::id::new(), vec![one]);
    let gone = Purchase { order_id, cart_id: order_id, cart_version: 1, lines };
    client.remove_purchased(&gone).await.expect("nothing");
}
