//! Changing the signing key, from the command line, on the database itself: a running shop reads
//! its keys every second.

use chassis::clock::Clock;
use chassis::db::{self, Db};
use chrono::{DateTime, Utc};

use crate::keys::{Error, LEAD, OVERLAP, StoredKey};
use crate::store;
use crate::tokens::REMEMBERED;

/// A key as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub kid: String,
    pub created_at: DateTime<Utc>,
    pub state: State,
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Published, so that everybody knows it when it starts to sign.
    Next {
        signs_from: DateTime<Utc>,
    },
    Signing,
    /// Signs nothing new; published for the tokens it signed.
    Verifying {
        until: DateTime<Utc>,
    },
    /// No token it signed counts any more.
    Retired,
}

/// Makes the next key and retires the others after the overlap: one transaction, so that a shop
/// never stands without a key. Returns all keys.
pub async fn rotate(db: &Db, clock: Clock) -> Result<Vec<Key>, Error> {
    let now = clock.now();
    let key = StoredKey::make(now)?;
    let mut tx = db.begin().await?;
    match store::insert_next_key(&mut tx, &key, now + OVERLAP).await {
        // Another process makes one at this moment, which is as new as this one would be.
        Err(db::Error::Duplicate(_)) => tx.rollback().await?,
        inserted => {
            inserted?;
            tx.commit().await?;
        }
    }
    list(db, now).await
}

/// Every key, oldest first.
pub async fn list(db: &Db, now: DateTime<Utc>) -> Result<Vec<Key>, Error> {
    let keys = store::all_keys(db).await?;
    let fit = |it: &&StoredKey| it.retired_at.is_none_or(|at| at > now);
    let ready = |it: &&StoredKey| it.created_at + LEAD <= now;
    let signing = keys.iter().filter(fit).rfind(ready).or(keys.iter().find(fit));
    let signing = signing.map(|it| it.kid.clone());
    let state = |key: &StoredKey| match key.retired_at {
        _ if signing.as_ref() == Some(&key.kid) => State::Signing,
        Some(at) if at + REMEMBERED <= now => State::Retired,
        Some(at) => State::Verifying { until: at + REMEMBERED },
        None => State::Next { signs_from: key.created_at + LEAD },
    };
    let shown = |key: &StoredKey| Key {
        state: state(key),
        kid: key.kid.clone(),
        created_at: key.created_at,
    };
    Ok(keys.iter().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use chassis::testing::{Database, databases, noon};
    use chrono::TimeDelta;

    use super::*;
    use crate::keys::Keys;

    #[databases]
    async fn a_key_is_next_then_signs_then_verifies_then_goes(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let db = &platform.db;
        let first = Keys::open(db, noon()).await.unwrap().signing(noon()).unwrap().kid;
        let later = noon() + TimeDelta::hours(1);
        let keys = rotate(db, Clock::Fixed(later)).await.unwrap();
        let (old, new) = (&keys[0], &keys[1]);
        assert_eq!((old.kid.as_str(), old.state), (first.as_str(), State::Signing));
        assert_eq!(new.state, State::Next { signs_from: later + LEAD });
        let at = async |time| {
            let keys = list(db, time).await.unwrap();
            (keys[0].state, keys[1].state)
        };
        let until = later + OVERLAP + REMEMBERED;
        assert_eq!(at(later + LEAD).await, (State::Verifying { until }, State::Signing));
        let last = until - TimeDelta::microseconds(1);
        assert_eq!(at(last).await, (State::Verifying { until }, State::Signing));
        assert_eq!(at(until).await, (State::Retired, State::Signing));
        // As it is published.
        for (time, published) in [(later, 2), (last, 2), (until, 1)] {
            let keys = Keys::default().read(db, time).await.unwrap();
            assert_eq!(keys.keys.len(), published, "{} at {time}", platform.kind);
        }
    }

    #[databases]
    async fn rotations_at_once_leave_one_key_after_the_other(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        Keys::open(&platform.db, noon()).await.unwrap();
        let clock = Clock::Fixed(noon() + TimeDelta::hours(1));
        let rotation = |_| {
            let db = platform.db.clone();
            tokio::spawn(async move { rotate(&db, clock).await })
        };
        for rotation in (0..4).map(rotation).collect::<Vec<_>>() {
            rotation.await.unwrap().unwrap();
        }
        let keys = list(&platform.db, clock.now() + LEAD).await.unwrap();
        let signing = keys.iter().filter(|it| it.state == State::Signing).count();
        assert_eq!(signing, 1, "{}", platform.kind);
        assert_eq!(keys.last().unwrap().state, State::Signing);
        assert!((2..=5).contains(&keys.len()), "{keys:?}");
    }
}
