//! Browsers that have logged in to an account. A stranger who guesses passwords uses up the guesses
//! of their own network, never those of a browser the owner has used before.
//!
//! A browser is recognized by a cookie with a random token, set when a login opens a cookie
//! session. It opens nothing: it gives the browser a failure count of its own, and a user who has
//! used other browsers gets a mail about one that is new. Several people may use one browser, and
//! one person several.

use chassis::db::{Db, Tx};
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store;
use crate::tokens::Secret;

/// How long after its last login a browser is known.
pub const KNOWN: TimeDelta = TimeDelta::days(180);
/// How many browsers of a user are known; the longest unused ones are forgotten.
const MOST: i64 = 20;

/// A browser that a user has logged in with.
#[derive(Debug)]
pub struct Device {
    /// What it is known by from now on.
    pub token: Secret,
    /// Whether the user was known by other browsers, and not by this one.
    pub is_new: bool,
}

/// Notes that the user has logged in with a browser.
pub async fn remember(
    tx: &mut Tx,
    user: Uuid,
    said: Option<Secret>,
    now: DateTime<Utc>,
) -> Result<Device> {
    // Only what was given out: nobody chooses what somebody else's browser is known by.
    let token = match said {
        Some(said) if store::device_exists(tx, &said.hash(), now).await? => said,
        _ => Secret::random(),
    };
    let before = store::devices_of(tx, user, now).await?;
    let is_new = !before.is_empty() && !before.contains(&token.hash());
    store::insert_device(tx, &token.hash(), user, now + KNOWN).await?;
    store::trim_devices(tx, user, MOST).await?;
    Ok(Device { token, is_new })
}

/// Whether the user has logged in with this browser.
pub async fn is_known(db: &Db, user: Uuid, device: &Secret, now: DateTime<Utc>) -> Result<bool> {
    Ok(store::is_device_of(db, &device.hash(), user, now).await?)
}
