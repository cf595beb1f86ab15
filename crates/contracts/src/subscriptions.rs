//! Who listens to what in the whole shop, wherever each service runs. A broker keeps the events a
//! consumer wants also before that consumer has started for the first time, so everybody who
//! publishes knows of everybody who listens. Tests hold it against the services and the document.

use chassis::bus::Subscription;
use chassis::outbox::EventData;

use crate::identity::{
    EmailVerificationRequested, NewDevice, PasswordResetRequested, RefreshTokenReused, UserClosed,
    UserDeleted, UserEmailChanged, UserEmailVerified, UserPasswordChanged, UserRegistered,
};
use crate::orders::{
    OrderJoined, OrderLinkRequested, OrderPaymentActionRequired, OrderRefunded, OrderStatusUpdated,
    OrderTrackingUpdated,
};
use crate::payments::PaymentUpdated;
use crate::reviews::RatingChanged;

/// Every consumer with the types it wants.
pub const SUBSCRIPTIONS: [Subscription; 10] = [
    Subscription { consumer: "cart.orders", types: &[OrderStatusUpdated::TYPE] },
    Subscription { consumer: "catalog.ratings", types: &[RatingChanged::TYPE] },
    Subscription {
        consumer: "catalog.sales",
        types: &[OrderStatusUpdated::TYPE, OrderRefunded::TYPE],
    },
    Subscription {
        consumer: "notifications.orders",
        types: &[
            OrderStatusUpdated::TYPE,
            OrderTrackingUpdated::TYPE,
            OrderRefunded::TYPE,
            OrderLinkRequested::TYPE,
            OrderPaymentActionRequired::TYPE,
        ],
    },
    Subscription {
        consumer: "notifications.users",
        types: &[
            UserRegistered::TYPE,
            EmailVerificationRequested::TYPE,
            PasswordResetRequested::TYPE,
            UserEmailChanged::TYPE,
            UserPasswordChanged::TYPE,
            RefreshTokenReused::TYPE,
            NewDevice::TYPE,
            UserDeleted::TYPE,
            UserClosed::TYPE,
        ],
    },
    Subscription { consumer: "orders.payments", types: &[PaymentUpdated::TYPE] },
    Subscription {
        consumer: "orders.users",
        types: &[UserEmailVerified::TYPE, UserEmailChanged::TYPE, UserDeleted::TYPE],
    },
    Subscription { consumer: "payments.users", types: &[UserDeleted::TYPE] },
    Subscription {
        consumer: "reviews.orders",
        types: &[OrderStatusUpdated::TYPE, OrderRefunded::TYPE, OrderJoined::TYPE],
    },
    Subscription { consumer: "reviews.users", types: &[UserDeleted::TYPE] },
];
