//! Push messages: to one device, or to all devices of a user.

use std::time::Duration;

use chassis::db;
use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::delivery::Attempt;
use crate::model::Channel;
use crate::transport::{DeliveryError, OutgoingMessage};
use crate::{App, store};

/// What the recipient of a message to all devices of a user begins with; the user's id follows.
const USER: &str = "user:";
/// Devices that a message is sent to side by side: all of a user's get it within the sender's lease.
const AT_ONCE: usize = 10;
/// How long a device waits while the provider has had as much as it may per minute.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why no device was even asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDelivered {
    #[error("the user has no devices")]
    NoDevices,
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The recipient that stands for all devices of a user.
pub(crate) fn to_user(user: Uuid) -> String {
    format!("{USER}{user}")
}

/// Whether a recipient is a user, and no device.
pub(crate) fn is_user(recipient: &str) -> bool {
    recipient.starts_with(USER)
}

/// Hands over a message to its device, or to each device of its user: it is taken if one of them is
/// reached. A device that does not exist any more is removed.
pub(crate) async fn deliver(app: &App, message: &OutgoingMessage) -> Result<Attempt, NotDelivered> {
    let Some(user) = message.recipient.strip_prefix(USER) else {
        return Ok(to_device(app, message).await);
    };
    if !app.delivery.delivers(Channel::Push) {
        return Ok(Attempt::NoProvider);
    }
    let user = Uuid::parse_str(user).map_err(|_| NotDelivered::NoDevices)?;
    let devices = store::devices_of(&app.db, user).await?;
    let patient_until = Instant::now() + PATIENCE;
    let each = devices.into_iter().map(|device| {
        let message = OutgoingMessage { recipient: device.token, ..message.clone() };
        db::watched(async move { patiently(app, &message, patient_until).await })
    });
    let attempts: Vec<_> = stream::iter(each).buffer_unordered(AT_ONCE).collect().await;
    let missed = attempts.iter().filter(|it| rank(it) > 0).count();
    // Of several equal ones the first.
    let best = attempts.into_iter().min_by_key(rank).ok_or(NotDelivered::NoDevices)?;
    if missed > 0 && rank(&best) == 0 {
        tracing::info!(message = %message.id, missed, "not all devices of the user were reached");
    }
    match best {
        Attempt::Failed(_, DeliveryError::NoSuchRecipient(_)) => Err(NotDelivered::NoDevices),
        best => Ok(best),
    }
}

/// Waits for a place where the provider is busy, so that a limit leaves out no device of several.
async fn patiently(app: &App, message: &OutgoingMessage, until: Instant) -> Attempt {
    loop {
        let attempt = to_device(app, message).await;
        let Attempt::Postponed(free_at) = attempt else { return attempt };
        let wait = (free_at - app.clock.now()).to_std().unwrap_or_default();
        let wait = wait.max(Duration::from_millis(10));
        if Instant::now() + wait > until {
            return attempt;
        }
        sleep(wait).await;
    }
}

async fn to_device(app: &App, message: &OutgoingMessage) -> Attempt {
    let attempt = app.delivery.deliver(message).await;
    if let Attempt::Failed(_, DeliveryError::NoSuchRecipient(reason)) = &attempt {
        match store::delete_gone_device(&app.db, &message.recipient).await {
            Ok(true) => tracing::info!(message = %message.id, reason, "device removed"),
            Ok(false) => {}
            // The next message to it finds out again.
            Err(error) => {
                let error = chassis::telemetry::cause(&error);
                tracing::warn!(message = %message.id, error, "device not removed");
            }
        }
    }
    attempt
}

/// Which of several devices' attempts says what becomes of the message: the lowest. That one was
/// reached counts most. That one may have been reached counts more than that others can be tried
/// again, as those would be tried without end.
fn rank(attempt: &Attempt) -> u8 {
    match attempt {
        Attempt::Accepted(..) => 0,
        Attempt::NoProvider => 1,
        Attempt::Failed(_, DeliveryError::Unknown(_)) => 2,
        Attempt::Postponed(_) => 3,
        Attempt::Failed(_, DeliveryError::Unavailable { .. } | DeliveryError::Later { .. }) => 4,
        Attempt::Failed(_, DeliveryError::Refused(_) | DeliveryError::OptedOut(_)) => 5,
        Attempt::Failed(_, DeliveryError::NoSuchRecipient(_)) => 6,
    }
}

#[cfg(test)]
mod tests;
