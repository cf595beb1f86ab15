//! For this crate's tests: an app, fakes of identity and orders, events and providers that fail.

use std::sync::Arc;

use chassis::channel::Channel as Way;
use chassis::clock::Clock;
use chassis::inbox::{Handler, Inbox};
use chassis::outbox::{Envelope, EventData};
use chassis::service::Platform;
use chassis::shop::ShopProfile;
use chassis::testing::noon;
use contracts::identity::Client;
use contracts::orders::{Line, Order, OrderStatusUpdated};
use contracts::testing::{Fake, Identity, Orders};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::delivery::Delivery;
use crate::model::{Channel, Message, State, Topic};
use crate::sender::Sender;
use crate::transport::{Accepted, DeliveryError, OutgoingMessage, Provider, Transport};
use crate::unsubscribe::Tokens;
use crate::{App, Config, events, store};

pub(crate) const TOKEN: &str = contracts::testing::Identity::TOKEN;

pub(crate) fn app(platform: &Platform) -> App {
    App {
        db: platform.db.clone(),
        clock: platform.clock,
        config: Arc::new(Config::default()),
        shop: Arc::new(ShopProfile::default()),
        delivery: Arc::new(Delivery::over(vec![], platform.clock)),
        identity: identity(),
        orders: orders(),
        unsubscribe: Tokens::of(&[7; 32]),
        wake: Arc::new(Notify::new()),
    }
}

/// Knows everybody but the nil user, all by one address.
pub(crate) fn identity() -> Client {
    Client::new(Fake::<Identity>::default().channel())
}

/// Knows every order but the nil one, as a guest's with that address.
pub(crate) fn orders() -> contracts::orders::Client {
    contracts::orders::Client::new(Fake::<Orders>::default().channel())
}

/// Identity while it is away.
pub(crate) fn nobody() -> Client {
    Client::new(Way::to("identity"))
}

/// Takes messages, and fails as long as it has errors left.
#[derive(Debug, Default)]
pub(crate) struct FakeProvider {
    /// The last one comes first.
    pub(crate) errors: Mutex<Vec<DeliveryError>>,
    pub(crate) taken: Mutex<Vec<OutgoingMessage>>,
    /// A mail server unless it says otherwise.
    pub(crate) provider: Option<Provider>,
    /// 0 for any number.
    pub(crate) per_minute: u32,
}

impl Transport for FakeProvider {
    fn provider(&self) -> Provider {
        self.provider.unwrap_or(Provider::Smtp)
    }

    fn per_minute(&self) -> u32 {
        self.per_minute
    }

    fn deliver<'a>(
        &'a self,
        message: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        self.taken.lock().push(message.clone());
        let error = self.errors.lock().pop();
        let accepted =
            Accepted { provider_message_id: Some(format!("fake-{}", message.id)), segments: None };
        Box::pin(std::future::ready(error.map_or(Ok(accepted), Err)))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, DeliveryError>> {
        Box::pin(std::future::ready(Ok("a fake".to_owned())))
    }
}

/// Sends by this provider.
pub(crate) fn sender(app: &App, provider: &Arc<FakeProvider>) -> Sender {
    sender_over(app, vec![provider.clone()])
}

/// Sends by the first of these that is available.
pub(crate) fn sender_over(app: &App, providers: Vec<Arc<dyn Transport>>) -> Sender {
    let delivery = Arc::new(Delivery::over(providers, app.clock));
    Sender { app: App { delivery, ..app.clone() } }
}

/// A message that is due at noon.
pub(crate) fn message() -> Message {
    Message {
        id: chassis::id::new(),
        channel: Channel::Email,
        template: None,
        recipient: "ada@example.com".to_owned(),
        subject: Some("Hello".to_owned()),
        body: "Good day.".to_owned(),
        topic: Topic::Transactional,
        language: None,
        markdown: None,
        data: chassis::db::Json(json!({})),
        state: State::Queued,
        attempts: 0,
        uncertain: 0,
        fence: 0,
        next_at: Some(noon()),
        error: None,
        order_id: None,
        order_number: None,
        user_id: None,
        fingerprint: None,
        created_at: noon(),
        sent_at: None,
        delivered_at: None,
        provider: None,
        provider_message_id: None,
        segments: None,
    }
}

/// An event as the bus brings it.
pub(crate) fn event<E: EventData>(subject: Uuid, sequence: i64, data: &E) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: chassis::id::derive(subject, format!("{}:{sequence}", E::TYPE)),
        source: "/test".to_owned(),
        kind: E::TYPE.to_owned(),
        subject: subject.to_string(),
        time: noon(),
        datacontenttype: "application/json".to_owned(),
        traceparent: None,
        sequence,
        data: serde_json::to_value(data).unwrap(),
    }
}

pub(crate) async fn deliver_to_orders(app: &App, events: &[Envelope]) {
    deliver(app, "notifications.orders", events::Orders(app.clone()), events).await;
}

pub(crate) async fn deliver_to_users(app: &App, events: &[Envelope]) {
    deliver(app, "notifications.users", events::Users(app.clone()), events).await;
}

/// One by one, in this order.
async fn deliver(app: &App, name: &'static str, handler: impl Handler, events: &[Envelope]) {
    let inbox = Inbox::new(name, app.db.clone(), app.clock, handler);
    for event in events {
        inbox.receive(std::slice::from_ref(event)).await.unwrap();
        inbox.turn().await.unwrap();
    }
    assert!(chassis::inbox::dead_letters(&app.db, None, 10).await.unwrap().is_empty());
}

pub(crate) async fn history(app: &App) -> Vec<Message> {
    store::list(&app.db, &store::Filter::default(), (None, 0), 100).await.unwrap()
}

pub(crate) fn at(clock: chrono::DateTime<chrono::Utc>, app: &App) -> App {
    App { clock: Clock::Fixed(clock), ..app.clone() }
}

pub(crate) fn update(order: &Order, from: &str, to: &str) -> OrderStatusUpdated {
    OrderStatusUpdated {
        order: order.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
        payment_status: "paid".to_owned(),
        fulfillment_status: "unfulfilled".to_owned(),
        reason: None,
        tracking_number: None,
        refund: None,
    }
}

pub(crate) fn order() -> Order {
    Order {
        order_id: chassis::id::new(),
        number: "CW-100001".to_owned(),
        user_id: None,
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        cart: None,
        lines: vec![Line {
            sku: "LAMP-1".to_owned(),
            product_id: chassis::id::new(),
            title: "Desk lamp".to_owned(),
            quantity: 2,
            unit_price: 1999,
            total: 3998,
        }],
        subtotal: 3998,
        shipping: 500,
        tax: 0,
        total: 4498,
        currency: "USD".to_owned(),
        shipping_method: Some("standard".to_owned()),
        captured: None,
        language: None,
    }
}
