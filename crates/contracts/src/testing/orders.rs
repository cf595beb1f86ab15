//! Orders, as far as others ask it.

use chassis::problem::{Problem, Result};
use uuid::Uuid;

use super::{FakeRoutes, FakeState, refusal};
use crate::orders::{
    self, AccessToken, AskAccessToken, Client, LineShare, MAX_ORDERS, SharesOf, Unshipped,
};

/// Every order but the nil one is known, and is this one: a guest's.
#[derive(Debug)]
pub struct Orders {
    pub email: String,
    /// What its lines were sold for.
    pub lines: Vec<LineShare>,
    pub shipped: bool,
}

impl Orders {
    pub const TOKEN: &'static str = "s3cret-0ne-time-key";
}

impl Default for Orders {
    fn default() -> Self {
        Self { email: "ada@example.com".to_owned(), lines: vec![], shipped: false }
    }
}

impl FakeState for Orders {
    const NAME: &'static str = "orders";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(orders::SHARES, Self::shares)
            .on(orders::UNSHIPPED, Self::unshipped)
            .on(orders::ACCESS_TOKEN, Self::access_token)
    }
}

impl Orders {
    fn shares(&mut self, SharesOf { order_id }: SharesOf) -> Result<Option<Vec<LineShare>>> {
        Ok((!order_id.is_nil()).then(|| self.lines.clone()))
    }

    fn unshipped(&mut self, Unshipped { mut orders }: Unshipped) -> Result<Unshipped> {
        if orders.len() > MAX_ORDERS {
            return Err(Problem::field("orders", "too many"));
        }
        orders.retain(|it| !self.shipped && !it.is_nil());
        Ok(Unshipped { orders })
    }

    fn access_token(&mut self, request: AskAccessToken) -> Result<AccessToken> {
        if !request.order_id.is_nil() && request.email == self.email {
            Ok(AccessToken { token: Self::TOKEN.into() })
        } else {
            Err(Problem::not_found("order_not_found", "there is no such order"))
        }
    }
}

/// What callers rely on in an orders service that knows this one of a guest with this address and
/// total, which was not shipped.
pub async fn orders_suite(client: &Client, order: Uuid, (email, total): (&str, i64)) {
    assert_eq!(client.shares(Uuid::nil()).await.expect("an answer"), None);
    let shares = client.shares(order).await.expect("an answer").expect("lines");
    assert_eq!(shares.iter().map(|it| it.amount).sum::<i64>(), total);
    let asked = vec![Uuid::nil(), order];
    assert_eq!(client.unshipped(asked).await.expect("an answer"), [order]);
    let many = vec![order; MAX_ORDERS + 1];
    assert_eq!(refusal(client.unshipped(many).await), "validation_failed");
    let ask = async |order_id, email: &str| {
        client.access_token(&AskAccessToken { order_id, email: email.to_owned() }).await
    };
    assert!(!ask(order, email).await.expect("a token").token.is_empty());
    for (order, email) in [(order, "eve@example.com"), (Uuid::nil(), email)] {
        assert_eq!(refusal(ask(order, email).await), "order_not_found");
    }
}
