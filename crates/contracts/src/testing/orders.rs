//! Orders, as far as others ask it.

use chassis::problem::{Problem, Result};
use uuid::Uuid;

use super::{FakeRoutes, FakeState, refusal};
use crate::orders::{
    self, Client, IssueOrderKey, LineShare, MAX_ORDERS, OpensOrder, OrderKey, SharesOf, Unshipped,
};

/// Every order but the nil one is known, and is this one: a guest's.
#[derive(Debug)]
pub struct Orders {
    pub email: String,
    /// What its lines were sold for.
    pub lines: Vec<LineShare>,
    pub shipped: bool,
    /// The account it has joined: no more keys are issued.
    pub user_id: Option<Uuid>,
}

impl Orders {
    /// The key it issues.
    pub const KEY: &'static str = "s3cret-0ne-time-key";
}

impl Default for Orders {
    fn default() -> Self {
        let email = "ada@example.com".to_owned();
        Self { email, lines: vec![], shipped: false, user_id: None }
    }
}

impl FakeState for Orders {
    const NAME: &'static str = "orders";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(orders::SHARES, Self::shares)
            .on(orders::UNSHIPPED, Self::unshipped)
            .on(orders::ISSUE_KEY, Self::issue_key)
            .on(orders::OPENS, Self::opens)
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

    fn issue_key(&mut self, request: IssueOrderKey) -> Result<OrderKey> {
        let known = !request.order_id.is_nil() && self.user_id.is_none();
        if known && request.email == self.email {
            Ok(OrderKey { key: Self::KEY.into() })
        } else {
            Err(Problem::not_found("order_not_found", "there is no such order"))
        }
    }

    fn opens(&mut self, request: OpensOrder) -> Result<bool> {
        let user = request.user_id.is_some() && request.user_id == self.user_id;
        let key = request.key.is_some_and(|it| *it == *Self::KEY);
        Ok(!request.order_id.is_nil() && (user || key))
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
    let issue = async |order_id, email: &str| {
        client.issue_key(&IssueOrderKey { order_id, email: email.to_owned() }).await
    };
    for (order, email) in [(order, "eve@example.com"), (Uuid::nil(), email)] {
        assert_eq!(refusal(issue(order, email).await), "order_not_found");
    }
    let key = issue(order, email).await.expect("a key").key;
    let stranger = Some(Uuid::max());
    for (order_id, user_id, key, opens) in [
        (order, None, Some(key.clone()), true),
        (order, stranger, Some(key.clone()), true),
        (Uuid::nil(), None, Some(key), false),
        (order, None, Some("another".into()), false),
        (order, stranger, None, false),
        (order, None, None, false),
    ] {
        let request = OpensOrder { order_id, user_id, key };
        assert_eq!(client.opens(&request).await.expect("an answer"), opens, "{request:?}");
    }
}
