//! Passwords: which ones are accepted, how they are hashed, and which older hashes are understood.
//!
//! New hashes are argon2id. Hashing costs tens of milliseconds of one core on purpose, so it runs
//! beside the server's threads, a few at a time, and only so many requests may wait for it.

mod legacy;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use chassis::Secret;
use chassis::problem::{Problem, Result};
use garde::Validate;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::problems;

/// A password as somebody typed it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate)]
#[garde(transparent)]
pub struct Password(#[garde(length(chars, max = 1024))] Secret);

/// What is stored of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(Secret);

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0.into()
    }
}

chassis::stored_as!(PasswordHash as String);

/// What became of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but the hash is of an older kind and should be replaced.
    Outdated,
}

/// Hashes and verifies, within limits. Clones share them.
#[derive(Clone, Debug)]
pub struct Hasher {
    /// Those being worked on.
    running: Arc<Semaphore>,
    /// Those being worked on and those that wait.
    places: Arc<Semaphore>,
}

/// How long a new password may be, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// Passwords everybody tries first, in lower case, one per line.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// The hash of a password nobody knows: verifying against it takes as long as against a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y2FydHdyaWdodC5ub2JvZHk\
                      $Y4KzzIgUErd7/K7tAmABwA2eMCXmbCD25+kvB5hRRio";

impl Password {
    /// 422 naming `field` unless this is good enough as a new password of the account.
    pub fn check(&self, field: &str, email: &str, username: Option<&str>) -> Result<()> {
        is_new_password(self, &()).map_err(|error| Problem::field(field, error.to_string()))?;
        let lower = self.0.trim().to_lowercase();
        if lower == email || username.is_some_and(|it| it == lower) {
            return Err(Problem::field(field, "must not be your e-mail address or username"));
        }
        Ok(())
    }
}

/// For `#[garde(custom(..))]`: long enough and not one that everybody tries first.
pub fn is_new_password(password: &Password, (): &()) -> garde::Result {
    let length = password.0.chars().count();
    if !LENGTH.contains(&length) {
        let (min, max) = (LENGTH.start(), LENGTH.end());
        return Err(garde::Error::new(format!("must have {min} to {max} characters")));
    }
    if COMMON.contains(password.0.to_lowercase().as_str()) {
        Err(garde::Error::new("is one of the most common passwords; choose another"))
    } else {
        Ok(())
    }
}

impl Hasher {
    /// At most `running` hashes at a time (0: one per core), and at most `waiting` requests
    /// waiting for one.
    pub fn new(running: usize, waiting: usize) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let running = if running == 0 { cores() } else { running };
        Self {
            running: Arc::new(Semaphore::new(running)),
            places: Arc::new(Semaphore::new(running.saturating_add(waiting).min(100_000))),
        }
    }

    pub async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let password = password.clone();
        let hash = self.run(move || Argon2::default().hash_password(password.0.as_bytes())).await?;
        hash.map(|it: phc::PasswordHash| PasswordHash(it.to_string().into()))
            .map_err(Problem::internal)
    }

    /// Compares. Without a hash the answer is no, after the same time.
    pub async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verdict> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.map_or_else(|| NOBODY.into(), |it| it.0.clone());
        let verdict = self.run(move || verify(&password.0, &hash)).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| problems::busy())?;
        let turn = self.running.clone().acquire_owned().await.map_err(Problem::internal)?;
        // The permits go along: a caller that gives up does not stop the work.
        let work = move || {
            let _held = (place, turn);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
    }
}

fn verify(password: &str, hash: &str) -> Verdict {
    if !hash.starts_with("$argon2") {
        return if legacy::verify(password, hash) { Verdict::Outdated } else { Verdict::Wrong };
    }
    let Ok(parsed) = phc::PasswordHash::new(hash) else { return Verdict::Wrong };
    if Argon2::default().verify_password(password.as_bytes(), &parsed).is_err() {
        return Verdict::Wrong;
    }
    if hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") {
        Verdict::Right
    } else {
        Verdict::Outdated
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<String> for PasswordHash {
    /// A hash made elsewhere: argon2, bcrypt or Django's PBKDF2.
    fn from(hash: String) -> Self {
        Self(hash.into())
    }
}

#[cfg(test)]
mod tests;
