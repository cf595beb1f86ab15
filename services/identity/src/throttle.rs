//! Limits for guessing passwords.
//!
//! Only failures count, and they count where they come from: per login name and network, per
//! browser that the account knows, per session of a logged-in user. So a stranger uses up only the
//! guesses of their own network. Failures from everywhere together only slow guesses down. A login
//! name counts as it was typed, whether the account exists or not, so nothing here reveals that it
//! does, or that two names belong to one account.
//!
//! Guesses that count together take turns, each seeing the failures before it, so concurrent
//! guesses get no further than sequential ones. Turns are per process: with several processes, each
//! may let one more guess through.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chassis::db::Tx;
use chassis::id;
use chassis::problem::Result;
use chassis::work::no_sooner;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::client::Client;
use crate::model::User;
use crate::passwords::{Password, PasswordHash, Verdict};
use crate::store::{Attempt, Kind, Login};
use crate::tokens::Secret;
use crate::{App, problems, store};

/// How many mails with a reset token an account gets in an hour.
const RESETS: i64 = 5;
/// How many guesses that count together may wait for their turn.
const WAITING: usize = 100;
/// Failures on one login, from everywhere, that make each further guess a second slower.
const SLOWER_PER: i64 = 50;
/// The most seconds a guess is slowed down by.
const SLOWEST: i64 = 2;
/// No password is answered sooner while there are hashes of other shops: bcrypt takes about 0.5 s
/// and Django's PBKDF2 0.2 s where ours takes 0.04 s, so the time would tell who moved here.
const FOREIGN_FLOOR: Duration = Duration::from_millis(800);

/// The guesses being made right now, by what they count against. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<HashMap<Key, Turn>>>);

/// What counts together: an account and a network.
type Key = (String, String);

type Turn = Arc<tokio::sync::Mutex<()>>;

/// A turn, until dropped.
struct Held {
    turns: Turns,
    key: Key,
    turn: Option<OwnedMutexGuard<()>>,
}

/// What failures count against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A login as it was typed, hashed; or a browser or a session.
    account: String,
    /// Where a stranger comes from; empty where it is not known or does not matter.
    network: String,
    /// The address itself.
    address: Option<String>,
}

impl Source {
    /// Somebody who may be anybody, with the login they typed.
    pub fn stranger(login: &Login, client: &Client) -> Self {
        let network = client.network().unwrap_or_default();
        Self { account: account(login), network, address: client.host() }
    }

    /// A browser the user has logged in with before.
    pub fn device(device: &Secret, user: Uuid) -> Self {
        Self::known(format!("device:{}:{user}", hex::encode(device.hash())))
    }

    /// Somebody who is logged in.
    pub fn session(session: Uuid) -> Self {
        Self::known(format!("session:{session}"))
    }

    fn known(account: String) -> Self {
        Self { account, network: String::new(), address: None }
    }

    /// Forgets the failures, after a success.
    pub async fn forgive(&self, tx: &mut Tx) -> Result<()> {
        Ok(store::forgive(tx, &self.account, &self.network).await?)
    }
}

/// The key attempts with a login are counted under: its hash, as people type passwords into the
/// wrong field.
pub fn account(login: &Login) -> String {
    let (Login::Email(login) | Login::Username(login)) = login;
    hex::encode(Sha256::digest(login.as_bytes()))
}

/// The keys attempts with the logins of a user are counted under.
pub fn accounts(user: &User) -> Vec<String> {
    let username = user.username.clone().map(Login::Username);
    let logins = username.into_iter().chain([Login::Email(user.email.clone())]);
    logins.map(|it| account(&it)).collect()
}

/// Compares a password with the hash of an account, unless that failed too often from this source;
/// 429 then. A failure counts until it is forgiven. Whatever the outcome, and whether there is a
/// hash or not, it comes no sooner than the slowest kind of hash in the shop allows.
pub async fn verify(
    app: &App,
    source: &Source,
    password: &Password,
    hash: Option<&PasswordHash>,
) -> Result<Verdict> {
    let floor =
        if store::has_foreign_hash(&app.db).await? { FOREIGN_FLOOR } else { Duration::ZERO };
    no_sooner(floor, guess(app, source, password, hash)).await
}

async fn guess(
    app: &App,
    source: &Source,
    password: &Password,
    hash: Option<&PasswordHash>,
) -> Result<Verdict> {
    let _turn = app.turns.take(source).await?;
    check(app, source).await?;
    if !source.network.is_empty() {
        let since = app.clock.now() - app.config.failure_window();
        let most = SLOWER_PER * SLOWEST;
        let failures = store::count_attempts(&app.db, &source.account, since, most).await?;
        tokio::time::sleep(slower(failures)).await;
    }
    let verdict = app.hasher.verify(password, hash).await?;
    if verdict == Verdict::Wrong {
        let Source { account, network, address } = source.clone();
        let at = app.clock.now();
        let failure = Attempt { id: id::new(), kind: Kind::Login, account, network, address, at };
        store::insert_attempt(&app.db, &failure).await?;
    }
    Ok(verdict)
}

/// How long a guess waits, by the failures on the login from everywhere. Never long, and nobody is
/// refused for it: it may be the owner who waits.
fn slower(failures: i64) -> Duration {
    Duration::from_secs((failures / SLOWER_PER).clamp(0, SLOWEST).unsigned_abs())
}

async fn check(app: &App, source: &Source) -> Result<()> {
    let (now, window) = (app.clock.now(), app.config.failure_window());
    let since = now - window;
    let limit = app.config.failures_per_account.max(1).into();
    let Source { account, network, address } = source;
    let mut oldest = store::failure_from(&app.db, account, network, since, limit).await?;
    if let (None, Some(address)) = (oldest, address) {
        let limit = app.config.failures_per_address.max(1).into();
        oldest = store::attempt_from_address(&app.db, Kind::Login, address, since, limit).await?;
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
    let network = String::new();
    let attempt =
        Attempt { id: id::new(), kind: Kind::Reset, account, network, address: None, at: now };
    store::insert_attempt(tx, &attempt).await?;
    Ok(true)
}

impl Turns {
    async fn take(&self, source: &Source) -> Result<Held> {
        let key = (source.account.clone(), source.network.clone());
        let turn = {
            let mut turns = self.0.lock();
            let turn = turns.entry(key.clone()).or_default();
            if Arc::strong_count(turn) > WAITING {
                return Err(problems::busy());
            }
            turn.clone()
        };
        // Made before the wait, so that a caller who gives up leaves nothing behind.
        let mut held = Held { turns: self.clone(), key, turn: None };
        held.turn = Some(turn.lock_owned().await);
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.turn = None;
        let mut turns = self.turns.0.lock();
        if turns.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.key);
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
    use futures::FutureExt;

    use super::*;

    fn source(name: &str) -> Source {
        Source::known(name.to_owned())
    }

    #[test]
    fn failures_from_everywhere_slow_a_guess_down_and_no_more() {
        for (failures, seconds) in [(0, 0), (49, 0), (50, 1), (99, 1), (100, 2), (1_000_000, 2)] {
            assert_eq!(slower(failures), Duration::from_secs(seconds), "{failures}");
        }
    }

    #[test]
    fn the_wait_is_rounded_up() {
        for (millis, seconds) in [(-5, 1), (1, 1), (1000, 1), (1001, 2)] {
            assert_eq!(wait(noon() + TimeDelta::milliseconds(millis), noon()), seconds);
        }
    }

    #[tokio::test]
    async fn turns_are_taken_one_after_the_other_and_leave_nothing() {
        let turns = Turns::default();
        let held = turns.take(&source("ada")).await.unwrap();
        let other = turns.take(&source("eve")).await.unwrap();
        let ada = source("ada");
        let waiting = turns.take(&ada);
        tokio::pin!(waiting);
        let poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
        });
        assert!(poll.await);
        drop((held, other));
        drop(waiting.await.unwrap());
        assert!(turns.0.lock().is_empty());
    }

    #[tokio::test]
    async fn neighbours_take_turns_and_others_do_not_wait_for_them() {
        let from = |ip: &str| {
            let client = Client { ip: Some(ip.parse().unwrap()), ..Client::default() };
            Source::stranger(&Login::Username("ada".to_owned()), &client)
        };
        let turns = Turns::default();
        let _held = turns.take(&from("192.0.2.1")).await.unwrap();
        assert!(turns.take(&from("192.0.2.2")).now_or_never().is_none());
        assert!(turns.take(&from("198.51.100.1")).now_or_never().is_some());
        let device = Source::device(&Secret::of("known"), Uuid::nil());
        assert!(turns.take(&device).now_or_never().is_some());
    }

    #[tokio::test]
    async fn only_so_many_wait_for_a_turn() {
        let turns = Turns::default();
        let held = turns.take(&source("ada")).await.unwrap();
        let turn = turns.0.lock().values().next().unwrap().clone();
        let crowd = vec![turn; WAITING];
        assert_eq!(turns.take(&source("ada")).await.err().unwrap().code, "busy");
        drop((crowd, held));
        turns.take(&source("ada")).await.unwrap();
    }

    #[test]
    fn a_login_is_not_stored_as_it_was_typed() {
        let key = account(&Login::Email("my secret password".to_owned()));
        assert_eq!(key.len(), 64);
        assert!(!key.contains("secret"));
    }
}
