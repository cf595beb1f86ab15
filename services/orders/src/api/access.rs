//! Who may see an order and act on it.

use axum::http::HeaderMap;
use chassis::auth::Principal;
use chassis::problem::Result;
use contracts::orders::OrderHeaders;
use uuid::Uuid;

use crate::model::{Actor, Order};
use crate::{App, keys, problems, store};

/// An order, and why its caller may see it.
pub(super) struct Opened {
    pub(super) order: Order,
    by: OpenedBy,
    /// Whether the caller sees everybody's orders.
    reads_all: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenedBy {
    /// The user whose order it is.
    Account,
    /// Whoever has its token or a key of it.
    Secret,
    /// Staff who may.
    Staff(Uuid),
}

/// Whose eyes a view of an order is for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Viewer {
    /// Sees who of the staff did what.
    pub(super) staff: bool,
    /// Sees what a payment asks of its customer.
    pub(super) customer: bool,
    /// Does not see whether the order belongs to an account: the token of a guest's order opens it
    /// also after it has joined one, and whoever ordered may have given somebody else's address.
    pub(super) guest: bool,
}

impl Opened {
    /// The order, if it is the caller's or the caller may see everybody's. Else it does not exist.
    pub(super) async fn by(
        app: &App,
        id: &str,
        principal: Option<&Principal>,
        headers: &HeaderMap,
        permission: &str,
    ) -> Result<Self> {
        let order = find(app, id).await?.ok_or_else(problems::order_not_found)?;
        let user = principal.map(Principal::id);
        let staff = principal.filter(|it| it.may(permission)).map(Principal::id);
        let by = if order.user_id.is_some() && order.user_id == user {
            OpenedBy::Account
        } else if has_secret(app, &order, headers).await? {
            OpenedBy::Secret
        } else if let Some(staff) = staff {
            OpenedBy::Staff(staff)
        } else {
            return Err(problems::order_not_found());
        };
        Ok(Self { order, by, reads_all: reads_all(principal) })
    }

    /// Who acts: the order's buyer, or staff.
    pub(super) fn actor(&self) -> Actor {
        match self.by {
            OpenedBy::Staff(id) => Actor::Staff(id),
            OpenedBy::Account | OpenedBy::Secret => Actor::Customer,
        }
    }

    pub(super) fn viewer(&self) -> Viewer {
        let customer = !matches!(self.by, OpenedBy::Staff(_));
        Viewer { staff: self.reads_all, customer, guest: self.by == OpenedBy::Secret }
    }
}

impl Viewer {
    /// Who has just ordered.
    pub(super) fn buyer(guest: bool) -> Self {
        Self { staff: false, customer: true, guest }
    }
}

/// Whether the caller has the token of a guest's order, or a key of it.
async fn has_secret(app: &App, order: &Order, headers: &HeaderMap) -> Result<bool> {
    if order.placed_by().is_some() {
        return Ok(false);
    }
    let OrderHeaders { order_token, order_key } = OrderHeaders::of(headers);
    if order_token.is_some_and(|it| app.tokens.is_of(&it, order.id)) {
        return Ok(true);
    }
    match order_key {
        Some(key) => Ok(keys::opens(app, &key, order.id).await?),
        None => Ok(false),
    }
}

/// Whether the caller sees everybody's orders, and who of the staff did what.
pub(super) fn reads_all(principal: Option<&Principal>) -> bool {
    principal.is_some_and(|it| it.may("orders:read"))
}

/// The order with this id or number, if it has been placed.
pub(super) async fn find(app: &App, id: &str) -> Result<Option<Order>> {
    let order = match id.parse::<Uuid>() {
        Ok(id) => store::find(&app.db, id).await?,
        Err(_) => store::find_by_number(&app.db, &number(id)).await?,
    };
    Ok(order.filter(Order::is_placed))
}

/// An order's number as it is stored: it is read out and typed in any case.
pub(super) fn number(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}
