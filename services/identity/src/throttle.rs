//! How often somebody may guess.
//!
//! An attempt is written down before the password is looked at, so that many at once cannot slip
//! through together, and struck out again if it was right. What is refused is not counted.

use chassis::id;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::client::Client;
use crate::passwords::{Password, PasswordHash, Verdict};
use crate::store::{Attempt, Kind, Login};
use crate::{App, problems, store};

/// How many mails with a reset token an account gets in an hour.
const RESETS: i64 = 5;

/// The key failures of a user are counted under.
pub fn account(user: Uuid) -> String {
    user.to_string()
}

/// The key failures of a login nobody has are counted under: its hash, as people type passwords
/// into the wrong field.
pub fn unknown_account(login: &Login) -> String {
    let (Login::Email(login) | Login::Username(login)) = login;
    Sha256::digest(login.as_bytes()).iter().map(|it| format!("{it:02x}")).collect()
}

/// Compares a password with the hash of an account, unless that was tried too often in vain.
///
/// The attempt counts as failed until the account is forgiven (`store::forgive`).
pub async fn verify(
    app: &App,
    account: String,
    client: &Client,
    password: &Password,
    hash: Option<&PasswordHash>,
) -> Result<Verdict> {
    let attempt = begin(app, account, client.network()).await?;
    match app.hasher.verify(password, hash).await {
        Ok(verdict) => Ok(verdict),
        // Nobody was told anything, so nothing was tried.
        Err(problem) => {
            store::delete_attempt(&app.db, attempt.id).await?;
            Err(problem)
        }
    }
}

/// Counts one attempt to prove a password; 429 where there were too many that failed.
async fn begin(app: &App, account: String, address: Option<String>) -> Result<Attempt> {
    let now = app.clock.now();
    let window = app.config.failure_window();
    let attempt = Attempt { id: id::new(), kind: Kind::Login, account, address, at: now };
    store::insert_attempt(&app.db, &attempt).await?;
    let since = now - window;
    let (accounts, addresses) = (app.config.failures_per_account, app.config.failures_per_address);
    let mut oldest =
        store::attempt_on_account(&app.db, &attempt, since, accounts.max(1).into()).await?;
    if oldest.is_none() && attempt.address.is_some() {
        oldest =
            store::attempt_from_address(&app.db, &attempt, since, addresses.max(1).into()).await?;
    }
    match oldest {
        None => Ok(attempt),
        Some(oldest) => {
            store::delete_attempt(&app.db, attempt.id).await?;
            Err(problems::too_many_attempts(wait(oldest + window, now)))
        }
    }
}

/// Whether one more reset mail may be sent, counting it. Anybody can ask for one, so that the
/// limit protects the mailbox.
pub async fn may_reset(
    tx: &mut chassis::db::Tx,
    account: String,
    now: DateTime<Utc>,
) -> Result<bool> {
    let attempt = Attempt { id: id::new(), kind: Kind::Reset, account, address: None, at: now };
    store::insert_attempt(&mut *tx, &attempt).await?;
    let since = now - TimeDelta::hours(1);
    let before = store::attempt_on_account(tx, &attempt, since, RESETS).await?;
    Ok(before.is_none())
}

/// Whole seconds until then, at least one.
fn wait(until: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let millis = (until - now).num_milliseconds().max(1) as u64;
    millis.div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use chassis::testing::noon;

    use super::*;

    #[test]
    fn the_wait_is_rounded_up() {
        for (millis, seconds) in [(-5, 1), (1, 1), (1000, 1), (1001, 2)] {
            assert_eq!(wait(noon() + TimeDelta::milliseconds(millis), noon()), seconds);
        }
    }

    #[test]
    fn an_unknown_login_is_not_stored_as_it_is() {
        let key = unknown_account(&Login::Email("my secret password".to_owned()));
        assert_eq!(key.len(), 64);
        assert!(!key.contains("secret"));
    }
}
