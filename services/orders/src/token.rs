//! The order token of a guest: who has it may see and cancel the order.
//!
//! It derives from the order's id and a secret of this service, so it can be told again when a
//! checkout is repeated, and is stored nowhere.

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

    /// The token of an order. The secret has a fixed length, so a plain hash of secret and id
    /// with the secret on both sides cannot be extended.
    pub(crate) fn of(&self, order: Uuid) -> String {
        let digest = Sha256::new()
            .chain_update(self.0.as_slice())
            .chain_update(order.as_bytes())
            .chain_update(self.0.as_slice())
            .finalize();
        URL_SAFE_NO_PAD.encode(digest)
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
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
