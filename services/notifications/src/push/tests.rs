use std::sync::Arc;

use chassis::service::Platform;
use chassis::testing::{Database, ManualClock, databases, noon};
use chrono::TimeDelta;
use contracts::identity::UserDeleted;

use super::*;
use crate::MIGRATIONS;
use crate::model::{Message, State};
use crate::sender::Sender;
use crate::store::{Device, DevicePlatform};
use crate::testing::{app, deliver_to_users, event, history, message, sender_over};
use crate::transport::double::{Double, Play};
use crate::transport::{FcmConfig, Provider};

const GONE: Play = Play::Error(404, "UNREGISTERED", None);
/// What leaves open whether a message was taken.
const UNKNOWN: Play = Play::Error(504, "DEADLINE_EXCEEDED", None);

struct Shop {
    app: App,
    clock: ManualClock,
    double: Double,
    sender: Sender,
    ada: Uuid,
}

impl Shop {
    async fn open(platform: &Platform) -> Self {
        Self::limited(platform, 0).await
    }

    async fn limited(platform: &Platform, per_minute: u32) -> Self {
        let clock = ManualClock::default();
        let app = app(&Platform { clock: clock.clock(), ..platform.clone() });
        let double = Double::start(clock.clock()).await;
        let fcm = double.fcm_with(FcmConfig { per_minute, ..double.config() });
        let sender = sender_over(&app, vec![Arc::new(fcm)]);
        Self { app, clock, double, sender, ada: chassis::id::new() }
    }

    async fn register(&self, user: Uuid, token: &str) {
        let device = Device {
            id: chassis::id::new(),
            user_id: user,
            token: token.to_owned(),
            platform: DevicePlatform::Android,
            name: None,
            created_at: noon(),
            last_seen_at: noon(),
        };
        let mut tx = self.app.db.begin().await.unwrap();
        store::save_device(&mut tx, &device).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn tokens(&self) -> Vec<String> {
        let devices = store::devices_of(&self.app.db, self.ada).await.unwrap();
        let mut tokens: Vec<_> = devices.into_iter().map(|it| it.token).collect();
        tokens.sort();
        tokens
    }

    async fn write_to(&self, recipient: &str) -> Uuid {
        let id = chassis::id::new();
        let recipient = recipient.to_owned();
        let it = Message { id, channel: Channel::Push, recipient, ..message() };
        store::insert(&self.app.db, &it).await.unwrap();
        id
    }

    /// Sends what is due.
    async fn send(&self, id: Uuid) -> Message {
        self.sender.turn().await.unwrap();
        store::find(&self.app.db, id).await.unwrap().unwrap()
    }
}

#[databases]
async fn a_message_to_a_user_reaches_all_devices_of_that_user(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    for token in ["phone", "tablet", "browser"] {
        shop.register(shop.ada, token).await;
    }
    shop.register(chassis::id::new(), "another's").await;
    let id = shop.write_to(&to_user(shop.ada)).await;
    let it = shop.send(id).await;
    assert_eq!((it.state, it.provider), (State::Sent, Some(Provider::Fcm)));
    assert!(it.provider_message_id.unwrap().starts_with("projects/shop-1/messages/"));
    assert_eq!(it.recipient, to_user(shop.ada));
    assert_eq!(shop.double.reached(), ["browser", "phone", "tablet"]);
}

#[databases]
async fn a_device_that_is_gone_is_removed_and_the_others_get_the_message(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "old").await;
    shop.register(shop.ada, "new").await;
    shop.double.play("old", GONE);
    let id = shop.write_to(&to_user(shop.ada)).await;
    assert_eq!(shop.send(id).await.state, State::Sent);
    assert_eq!(shop.tokens().await, ["new"]);

    shop.double.play("new", GONE);
    let id = shop.write_to(&to_user(shop.ada)).await;
    let it = shop.send(id).await;
    assert_eq!((it.state, &*it.error.unwrap()), (State::Skipped, "the user has no devices"));
    assert!(shop.tokens().await.is_empty());

    let id = shop.write_to(&to_user(shop.ada)).await;
    let attempts = shop.double.attempts();
    let it = shop.send(id).await;
    assert_eq!((it.state, &*it.error.unwrap()), (State::Skipped, "the user has no devices"));
    assert_eq!(shop.double.attempts(), attempts, "nobody was asked");
}

#[databases]
async fn a_message_to_a_device_that_is_gone_bounces_and_removes_it(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "old").await;
    shop.double.play("old", GONE);
    let id = shop.write_to("old").await;
    let it = shop.send(id).await;
    assert_eq!((it.state, it.provider), (State::Bounced, Some(Provider::Fcm)));
    assert!(it.error.unwrap().contains("UNREGISTERED"));
    assert!(shop.tokens().await.is_empty());
    // The app may be installed again.
    let suppressed = store::suppressions_of(&shop.app.db, Channel::Push, "old").await.unwrap();
    assert!(suppressed.is_empty());

    let id = shop.write_to("unregistered").await;
    assert_eq!(shop.send(id).await.state, State::Sent, "a device that is nobody's");
}

#[databases]
async fn what_is_known_of_the_best_device_is_known_of_the_message(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "one").await;
    shop.register(shop.ada, "two").await;
    let down = Play::Error(503, "UNAVAILABLE", None);
    let refused = Play::Error(400, "INVALID_ARGUMENT", Some("message.data"));
    for (one, two, state) in [
        (Some(UNKNOWN), None, State::Sent),
        (Some(down), None, State::Sent),
        (Some(refused), None, State::Sent),
        (Some(UNKNOWN), Some(down), State::Queued),
        (Some(down), Some(refused), State::Queued),
        (Some(refused), Some(refused), State::Failed),
    ] {
        shop.double.recover();
        for (device, play) in [("one", one), ("two", two)] {
            if let Some(play) = play {
                shop.double.play(device, play);
            }
        }
        let id = shop.write_to(&to_user(shop.ada)).await;
        let it = shop.send(id).await;
        assert_eq!(it.state, state, "{one:?} {two:?}: {:?}", it.error);
        let uncertain = matches!(one, Some(Play::Error(504, ..))) && two.is_some();
        assert_eq!((it.state == State::Queued && it.uncertain > 0), uncertain);
        store::report(&shop.app.db, id, ("fcm", State::Skipped, None), noon()).await.unwrap();
    }
}

#[databases]
async fn what_may_have_reached_a_device_is_sent_once_more_and_no_third_time(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "phone").await;
    shop.double.play("phone", UNKNOWN);
    let id = shop.write_to(&to_user(shop.ada)).await;
    assert_eq!(shop.send(id).await.state, State::Queued);
    shop.clock.advance(TimeDelta::hours(1));
    assert_eq!(shop.send(id).await.state, State::Failed);
    shop.clock.advance(TimeDelta::days(1));
    shop.send(id).await;
    assert_eq!(shop.double.attempts(), 2);
}

#[databases]
async fn a_message_that_no_device_can_get_now_is_sent_when_fcm_says(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "phone").await;
    shop.double.play("phone", Play::RetryAfter(429, "QUOTA_EXCEEDED", "600"));
    let id = shop.write_to(&to_user(shop.ada)).await;
    let it = shop.send(id).await;
    assert_eq!((it.state, it.next_at), (State::Queued, Some(noon() + TimeDelta::minutes(10))));
    assert_eq!(it.error.as_deref(), Some("FCM: status 429, QUOTA_EXCEEDED"));
    shop.double.recover();
    shop.clock.advance(TimeDelta::minutes(9));
    assert_eq!(shop.send(id).await.state, State::Queued);
    shop.clock.advance(TimeDelta::minutes(1));
    assert_eq!(shop.send(id).await.state, State::Sent);
    assert_eq!(shop.double.reached(), ["phone"]);
}

#[databases]
async fn a_limit_per_minute_leaves_out_no_device(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::limited(&platform, 600).await;
    for number in 0..13 {
        shop.register(shop.ada, &format!("device-{number}")).await;
    }
    let id = shop.write_to(&to_user(shop.ada)).await;
    assert_eq!(shop.send(id).await.state, State::Sent);
    assert_eq!(shop.double.reached().len(), 13);
}

#[databases]
async fn without_a_provider_a_message_to_a_user_is_logged(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    let id = shop.write_to(&to_user(shop.ada)).await;
    let sender = Sender { app: shop.app.clone() };
    sender.turn().await.unwrap();
    assert_eq!(store::find(&shop.app.db, id).await.unwrap().unwrap().state, State::Logged);
}

#[databases]
async fn the_devices_of_a_deleted_account_are_forgotten(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = Shop::open(&platform).await;
    shop.register(shop.ada, "phone").await;
    let bob = chassis::id::new();
    shop.register(bob, "bobs").await;
    let deleted = event(shop.ada, 2, &UserDeleted { user_id: shop.ada });
    deliver_to_users(&shop.app, &[deleted]).await;
    assert!(shop.tokens().await.is_empty());
    assert_eq!(store::devices_of(&shop.app.db, bob).await.unwrap().len(), 1);
    assert!(history(&shop.app).await.is_empty());
}
