//! The tokens of guests: the one of an order, with which it may be seen and cancelled, and the cart
//! token of who checks out without one.
//!
//! They derive from a secret of this service, so that they can be made again when a checkout is
//! repeated, and are stored nowhere.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::db::{Db, Result};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::store;

/// Makes and checks order tokens.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Vec<u8>>);

impl Tokens {
    pub(crate) async fn load(db: &Db) -> Result<Self> {
        let fresh: [u8; 32] = rand::random();
        Ok(Self(Arc::new(store::secret(db, &fresh).await?)))
    }

    /// The token of an order.
    pub(crate) fn of(&self, order: Uuid) -> String {
        self.derive(&[order.as_bytes()])
    }

    /// The cart token of a guest whose checkout carries none. The same request has the same, so
    /// that one whose answer was lost finds its order; another request, also under the same key,
    /// has another.
    pub(crate) fn of_request(&self, key: &str, fingerprint: &[u8]) -> String {
        self.derive(&[b"guest", &Sha256::digest(key), fingerprint])
    }

    /// The secret and every list of parts have a fixed length, so a plain hash with the secret on
    /// both sides cannot be extended.
    fn derive(&self, parts: &[&[u8]]) -> String {
        let mut digest = Sha256::new().chain_update(self.0.as_slice());
        for part in parts {
            digest.update(part);
        }
        URL_SAFE_NO_PAD.encode(digest.chain_update(self.0.as_slice()).finalize())
    }

    pub(crate) fn is_of(&self, token: &str, order: Uuid) -> bool {
        self.of(order).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Whether a text has the form of a secret nobody can guess: 32 bytes, base64url without padding.
pub(crate) fn is_secret(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|it| it.len() == 32)
}

/// SHA-256 in lower-case hex, as payments keeps it.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
