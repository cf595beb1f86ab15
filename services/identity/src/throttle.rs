//! How often somebody may guess.
//!
//! Only failures count. The guesses at one account take turns, each looking at the failures before
//! it, so that many at once get no further than one after the other. Turns are per process: with
//! several, each may let one guess more through.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chassis::db::Tx;
use chassis::id;
use chassis::problem::Result;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::client::Client;
use crate::passwords::{Password, PasswordHash, Verdict};
use crate::store::{Attempt, Kind, Login};
use crate::{App, problems, store};

/// How many mails with a reset token an account gets in an hour.
const RESETS: i64 = 5;
/// How many guesses at one account may wait for their turn.
const WAITING: usize = 100;

/// The accounts somebody is guessing at right now. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<HashMap<String, Turn>>>);

type Turn = Arc<tokio::sync::Mutex<()>>;

/// A turn, until dropped.
struct Held {
    turns: Turns,
    account: String,
    turn: Option<OwnedMutexGuard<()>>,
}

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

/// Compares a password with the hash of an account, unless that failed too often; 429 then. A
/// failure counts until the account is forgiven (`store::forgive`).
pub async fn verify(
    app: &App,
    account: String,
    client: &Client,
    password: &Password,
    hash: Option<&PasswordHash>,
) -> Result<Verdict> {
    let network = client.network();
    let _turn = app.turns.take(&account).await?;
    check(app, &account, network.as_deref()).await?;
    let verdict = app.hasher.verify(password, hash).await?;
    if verdict == Verdict::Wrong {
        let at = app.clock.now();
        let failure = Attempt { id: id::new(), kind: Kind::Login, account, address: network, at };
        store::insert_attempt(&app.db, &failure).await?;
    }
    Ok(verdict)
}

async fn check(app: &App, account: &str, network: Option<&str>) -> Result<()> {
    let (now, window) = (app.clock.now(), app.config.failure_window());
    let since = now - window;
    let limit = app.config.failures_per_account.max(1).into();
    let mut oldest = store::attempt_on_account(&app.db, Kind::Login, account, since, limit).await?;
    if let (None, Some(network)) = (oldest, network) {
        let limit = app.config.failures_per_address.max(1).into();
        oldest = store::attempt_from_address(&app.db, Kind::Login, network, since, limit).await?;
    }
    match oldest {
        None => Ok(()),
        Some(oldest) => Err(problems::too_many_attempts(wait(oldest + window, now))),
    }
}

/// Whether one more mail with a token may be sent, counting it if so. Anybody can ask for one, so
/// the limit protects the mailbox.
pub async fn may_send(tx: &mut Tx, account: String, now: DateTime<Utc>) -> Result<bool> {
    let since = now - TimeDelta::hours(1);
    let before = store::attempt_on_account(&mut *tx, Kind::Reset, &account, since, RESETS).await?;
    if before.is_some() {
        return Ok(false);
    }
    let attempt = Attempt { id: id::new(), kind: Kind::Reset, account, address: None, at: now };
    store::insert_attempt(tx, &attempt).await?;
    Ok(true)
}

impl Turns {
    async fn take(&self, account: &str) -> Result<Held> {
        let turn = {
            let mut turns = self.0.lock().expect("no panic under the lock");
            let turn = turns.entry(account.to_owned()).or_default();
            if Arc::strong_count(turn) > WAITING {
                return Err(problems::busy());
            }
            turn.clone()
        };
        // Made before the wait, so that a caller who gives up leaves nothing behind.
        let mut held = Held { turns: self.clone(), account: account.to_owned(), turn: None };
        held.turn = Some(turn.lock_owned().await);
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.turn = None;
        let mut turns = self.turns.0.lock().expect("no panic under the lock");
        if turns.get(&self.account).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.account);
        }
    }
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

    #[tokio::test]
    async fn turns_are_taken_one_after_the_other_and_leave_nothing() {
        let turns = Turns::default();
        let held = turns.take("ada").await.unwrap();
        let other = turns.take("eve").await.unwrap();
        let waiting = turns.take("ada");
        tokio::pin!(waiting);
        let poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
        });
        assert!(poll.await);
        drop((held, other));
        drop(waiting.await.unwrap());
        assert!(turns.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn only_so_many_wait_for_a_turn() {
        let turns = Turns::default();
        let held = turns.take("ada").await.unwrap();
        let turn = turns.0.lock().unwrap()["ada"].clone();
        let crowd = vec![turn; WAITING];
        assert_eq!(turns.take("ada").await.err().unwrap().code, "busy");
        drop((crowd, held));
        turns.take("ada").await.unwrap();
    }

    #[test]
    fn an_unknown_login_is_not_stored_as_it_is() {
        let key = unknown_account(&Login::Email("my secret password".to_owned()));
        assert_eq!(key.len(), 64);
        assert!(!key.contains("secret"));
    }
}
