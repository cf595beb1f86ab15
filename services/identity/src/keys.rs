//! The keys access tokens are signed with: Ed25519, made on the first start, kept in the
//! database.
//!
//! There may be several, so that they can be changed while the shop runs: a new key is published
//! for a while before it signs, an old one for as long as tokens signed with it count.
//!
//! ```text
//! rotation        + LEAD                    + OVERLAP                    + REMEMBERED
//! new:  published | signs                                                          ...
//! old:  signs     | signs where the new one was read late | published            | gone
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use chassis::Secret;
use chassis::db::{Db, Result};
use chassis::id;
use chassis::problem::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey};
use parking_lot::RwLock;

use crate::store;
use crate::tokens::REMEMBERED;

/// How long a key is published before it signs, so that every process knows it by then: ten
/// times the interval at which they ask.
pub const LEAD: TimeDelta = TimeDelta::seconds(10);
/// How long a replaced key may still sign: for processes that read the new one late, and for
/// clocks that differ.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub struct StoredKey {
    pub kid: String,
    pub private_pem: Secret,
    pub created_at: DateTime<Utc>,
    pub retired_at: Option<DateTime<Utc>>,
}

/// A key that signs.
pub struct SigningKey {
    pub kid: String,
    pub private: EncodingKey,
}

/// The keys as this process knows them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<RwLock<Known>>);

#[derive(Clone, Debug, Default)]
struct Known {
    stored: Vec<StoredKey>,
    public: Arc<JwkSet>,
    /// When this process read each key first. Others cannot have been told by it before, whatever
    /// the clock of who made the key says.
    since: HashMap<String, DateTime<Utc>>,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] chassis::db::Error),
    #[error("cannot create a signing key: {0}")]
    Make(#[from] ed25519_dalek::pkcs8::Error),
    #[error("cannot use a signing key: {0}")]
    Use(#[from] jsonwebtoken::errors::Error),
    #[error("there is no signing key")]
    None,
}

impl Keys {
    /// Makes the first key if there is none, and reads them all.
    pub async fn open(db: &Db, now: DateTime<Utc>) -> Result<Self, Error> {
        let keys = Self::default();
        keys.read(db, now).await?;
        if keys.known().stored.is_empty() {
            store::insert_first_key(db, &StoredKey::make(now)?).await?;
            keys.read(db, now).await?;
        }
        Ok(keys)
    }

    /// The public keys as they are in the database now.
    pub async fn read(&self, db: &Db, now: DateTime<Utc>) -> Result<Arc<JwkSet>, Error> {
        let stored = store::keys(db, now - REMEMBERED).await?;
        let known = self.known();
        if known.stored == stored {
            return Ok(known.public);
        }
        let keys = stored.iter().map(StoredKey::public).collect::<Result<_, Error>>()?;
        let public = Arc::new(JwkSet { keys });
        let since =
            |it: &StoredKey| (it.kid.clone(), known.since.get(&it.kid).copied().unwrap_or(now));
        let since = stored.iter().map(since).collect();
        *self.0.write() = Known { stored, public: public.clone(), since };
        Ok(public)
    }

    /// The key to sign with: the newest that is not retired and has been known long enough.
    pub fn signing(&self, now: DateTime<Utc>) -> Result<SigningKey, Error> {
        let known = self.known();
        let ready = |it: &&StoredKey| {
            let since = known.since.get(&it.kid).map_or(it.created_at, |at| it.created_at.max(*at));
            since + LEAD <= now
        };
        let mut fit = known.stored.iter().filter(|it| it.retired_at.is_none_or(|at| at > now));
        let oldest = fit.clone().next();
        let newest = fit.rfind(ready);
        newest.or(oldest).ok_or(Error::None)?.signing()
    }

    fn known(&self) -> Known {
        self.0.read().clone()
    }
}

impl StoredKey {
    /// A new key, used by nobody yet.
    pub fn make(now: DateTime<Utc>) -> Result<Self, Error> {
        // Without the public half: this is the form readers of PKCS#8 version 1 understand.
        let pair = KeypairBytes { secret_key: rand::random(), public_key: None };
        let pem = pair.to_pkcs8_pem(LineEnding::LF)?;
        Ok(Self {
            kid: id::new().simple().to_string(),
            private_pem: pem.to_string().into(),
            created_at: now,
            retired_at: None,
        })
    }

    fn signing(&self) -> Result<SigningKey, Error> {
        let private = EncodingKey::from_ed_pem(self.private_pem.as_bytes())?;
        Ok(SigningKey { kid: self.kid.clone(), private })
    }

    fn public(&self) -> Result<Jwk, Error> {
        let mut jwk = Jwk::from_encoding_key(&self.signing()?.private, Algorithm::EdDSA)?;
        jwk.common.key_id = Some(self.kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(jwk)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::testing::noon;

    use super::*;

    fn keys(stored: Vec<StoredKey>) -> Keys {
        Keys(Arc::new(RwLock::new(Known { stored, ..Known::default() })))
    }

    #[test]
    fn a_key_is_known_before_it_signs_and_after() {
        let old = StoredKey::make(noon()).unwrap();
        let new = StoredKey::make(noon() + TimeDelta::hours(1)).unwrap();
        let retired = StoredKey { retired_at: Some(noon() + TimeDelta::hours(2)), ..old.clone() };
        let signs = |keys: &[&StoredKey], minutes: i64| {
            let keys = self::keys(keys.iter().map(|it| (*it).clone()).collect());
            keys.signing(noon() + TimeDelta::minutes(minutes)).unwrap().kid
        };
        assert_eq!(signs(&[&old], 0), old.kid);
        assert_eq!(signs(&[&old, &new], 60), old.kid);
        assert_eq!(signs(&[&old, &new], 61), new.kid);
        assert_eq!(signs(&[&retired, &new], 61), new.kid);
        assert_eq!(signs(&[&new], 60), new.kid);
        assert!(matches!(keys(vec![]).signing(noon()), Err(Error::None)));
        assert!(matches!(
            keys(vec![retired]).signing(noon() + TimeDelta::hours(3)),
            Err(Error::None)
        ));
    }

    #[test]
    fn a_key_read_late_signs_later() {
        let old = StoredKey::make(noon() - TimeDelta::hours(1)).unwrap();
        // Made by somebody whose clock is behind.
        let new = StoredKey::make(noon() - TimeDelta::minutes(1)).unwrap();
        let since = HashMap::from([(new.kid.clone(), noon())]);
        let stored = vec![old.clone(), new.clone()];
        let keys = Keys(Arc::new(RwLock::new(Known { stored, since, ..Known::default() })));
        let signs = |seconds| keys.signing(noon() + TimeDelta::seconds(seconds)).unwrap().kid;
        assert_eq!(signs(9), old.kid);
        assert_eq!(signs(10), new.kid);
    }

    #[test]
    fn a_key_shows_only_its_public_half() {
        let key = StoredKey::make(noon()).unwrap();
        let public = serde_json::to_value(key.public().unwrap()).unwrap();
        assert_eq!((&public["kty"], &public["crv"]), (&"OKP".into(), &"Ed25519".into()));
        assert_eq!((&public["kid"], &public["use"]), (&key.kid.clone().into(), &"sig".into()));
        assert_eq!(public.get("d"), None);
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }
}
