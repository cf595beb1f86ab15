//! The cart of a checkout, and how it is charged only once.
//!
//! A cart has at most one undecided order, whatever has been done to the cart since: `cart_orders`
//! names the last order of each, in the transactions that accept and decide it. What a paid order
//! took is known from there and is removed from the cart before the cart is read; the event that
//! reports it to the cart may come late or never.

use chassis::problem::{Problem, Result};
use contracts::cart::{Cart, Owner, Purchase};
use contracts::catalog::StockLine;
use uuid::Uuid;

use crate::model::stock;
use crate::{App, cancel, checkout, problems, store};

/// How often a cart is read again because its last order has moved.
const TRIES: usize = 5;

/// What an order needs to be of a cart: the cart's last order is decided, and what it bought is out
/// of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) cart_id: Uuid,
    /// The state of the cart that is bought.
    pub(crate) version: i64,
    /// The paid order whose lines had left the cart when it was read.
    pub(crate) removed: Option<Uuid>,
}

/// A cart as it can be bought.
#[derive(Debug)]
pub(crate) struct OpenCart {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) lines: Vec<StockLine>,
    /// One for the cart, and one for each that went into it.
    pub(crate) claims: Vec<Claim>,
}

/// Why a cart is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// To tell what it costs.
    Quote,
    /// To order it under this key of this owner; an order that is undecided is cancelled first
    /// where the buyer says so.
    Checkout { owner: &'a str, key: &'a str, supersede: bool },
}

/// Reads the cart without what its last order has bought. Of an undecided order a checkout is told,
/// unless it may take that one's place.
pub(crate) async fn read(app: &App, owner: Owner, purpose: Purpose<'_>) -> Result<OpenCart> {
    for _ in 0..TRIES {
        let cart = app.clients.cart.show(owner.clone()).await?.ok_or_else(problems::cart_empty)?;
        let carts: Vec<_> = [cart.id].into_iter().chain(cart.merged.iter().copied()).collect();
        let last = store::last_orders(&app.db, &carts).await?;
        let mut again = false;
        for it in &last {
            match (it.state.as_str(), purpose) {
                ("paid", _) if !cart.purchases.contains(&it.order_id) => {
                    remove_purchased(app, it.order_id).await?;
                    again = true;
                }
                ("undecided", Purpose::Checkout { .. }) => {
                    make_way(app, it.order_id, purpose).await?;
                    again = true;
                }
                _ => {}
            }
        }
        if again {
            continue;
        }
        if cart.lines.is_empty() {
            return Err(empty(app, &last, purpose).await?);
        }
        return Ok(open(cart, &last));
    }
    Err(problems::order_changed())
}

fn open(cart: Cart, last: &[store::CartOrder]) -> OpenCart {
    let claim = |cart_id: Uuid, version: i64| {
        let paid = last.iter().find(|it| it.cart_id == cart_id && it.state == "paid");
        Claim { cart_id, version, removed: paid.map(|it| it.order_id) }
    };
    let own = claim(cart.id, cart.version);
    // No state of a cart that went into another can be ordered any more.
    let merged = cart.merged.iter().map(|it| claim(*it, i64::MAX));
    let mut claims: Vec<Claim> = merged.chain([own]).collect();
    // Everybody takes them in this order, so that none waits for another in a circle.
    claims.sort_by_key(|it| it.cart_id);
    OpenCart { id: cart.id, version: cart.version, lines: cart.lines, claims }
}

/// The lines of a paid order leave its cart, if they have not yet.
async fn remove_purchased(app: &App, id: Uuid) -> Result<()> {
    let Some(order) = store::find(&app.db, id).await? else { return Ok(()) };
    let Some((cart_id, cart_version)) = order.cart_id.zip(order.cart_version) else {
        return Ok(());
    };
    let lines = stock(&store::lines(&app.db, id).await?);
    let purchase = Purchase { order_id: id, cart_id, cart_version, lines };
    Ok(app.clients.cart.remove_purchased(&purchase).await?)
}

/// Sees to it that an undecided order is none any more, if the checkout may.
async fn make_way(app: &App, id: Uuid, purpose: Purpose<'_>) -> Result<()> {
    let Purpose::Checkout { owner, key, supersede } = purpose else { return Ok(()) };
    // Withdrawn meanwhile: the cart is free.
    let Some(order) = store::find(&app.db, id).await? else { return Ok(()) };
    if order.owner == owner && order.idempotency_key == key {
        // It is this very checkout, sent twice at once.
        return Err(problems::cart_already_ordered(&order));
    }
    if !order.is_placed() {
        // Another checkout of this moment: whether it becomes an order is known at once.
        checkout::wait_settled(app, id).await?;
        return match store::find(&app.db, id).await? {
            Some(order) if !order.is_placed() => Err(problems::order_undecided(&order)),
            _ => Ok(()),
        };
    }
    cancel::supersede(app, id, supersede).await
}

/// Why there is nothing to buy.
async fn empty(app: &App, last: &[store::CartOrder], purpose: Purpose<'_>) -> Result<Problem> {
    let paid = last.iter().find(|it| it.state == "paid" && purpose != Purpose::Quote);
    let order = match paid {
        Some(it) => store::find(&app.db, it.order_id).await?,
        None => None,
    };
    Ok(order.map_or_else(problems::cart_empty, |it| problems::cart_already_paid(&it)))
}
