//! Ending marketing from the mail itself: the tokens of the links, and what they do.
//!
//! A token is a message's id, signed with a secret of this service. It names no address and is
//! stored nowhere, and a mail that is years old can still be unsubscribed from.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::db::{self, Db};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::model::{Channel, Message, NOBODY, Topic};
use crate::reports::{self, SuppressionReason};
use crate::{App, store};

/// Bytes of the id and of its signature.
const ID: usize = 16;
const SIGNATURE: usize = 16;

/// Makes and checks the tokens of links that unsubscribe.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<[u8]>);

impl Tokens {
    pub(crate) async fn load(db: &Db) -> db::Result<Self> {
        // Of two that are started for the first time at once, both use the one that is kept.
        let fresh: [u8; 32] = rand::random();
        Ok(Self::of(&store::unsubscribe_secret(db, &fresh).await?))
    }

    pub(crate) fn of(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    /// The token that unsubscribes the recipient of a message.
    pub(crate) fn token(&self, message: Uuid) -> String {
        let signature = self.signed(message).map(|it| it.finalize().into_bytes());
        let signature = signature.as_ref().map_or(&[][..], |it| &it[..SIGNATURE]);
        URL_SAFE_NO_PAD.encode([message.as_bytes(), signature].concat())
    }

    /// The message that a token is of.
    pub(crate) fn message(&self, token: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, signature) = bytes.split_at_checked(ID)?;
        let id = Uuid::from_slice(id).ok()?;
        let is_whole = signature.len() == SIGNATURE;
        (is_whole && self.signed(id)?.verify_truncated_left(signature).is_ok()).then_some(id)
    }

    /// A key of any length is taken, so there always is one.
    fn signed(&self, message: Uuid) -> Option<Hmac<Sha256>> {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        hmac.update(message.as_bytes());
        Some(hmac)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// Where a POST ends marketing like this message, if that is what it is.
pub(crate) fn url(app: &App, message: &Message) -> Option<String> {
    let token = || app.unsubscribe.token(message.id);
    let url = || {
        let (shop, prefix) = (&app.shop.public_url, chassis::service::PREFIX);
        format!("{shop}{prefix}/notifications/unsubscribe/{}", token())
    };
    (message.topic == Topic::Marketing).then(url)
}

/// Ends marketing to the recipient of the message that a token is of, and to its user, on its
/// channel. Returns the message; none if there is none or its recipient is gone.
pub(crate) async fn unsubscribe(app: &App, token: &str) -> db::Result<Option<Message>> {
    let Some(id) = app.unsubscribe.message(token) else { return Ok(None) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let message = store::find(&mut tx, id).await?.filter(|it| it.recipient != NOBODY);
    let Some(message) = message else { return Ok(None) };
    // Devices are their user's, whose preferences say it.
    if message.channel != Channel::Push {
        let reason = SuppressionReason::Unsubscribed;
        reports::suppress(&mut tx, &message, reason, None, now).await?;
    }
    if let Some(user) = message.user_id {
        let mut preferences = store::preferences(&mut tx, user).await?;
        let channel = preferences.channel_mut(message.channel);
        if std::mem::take(&mut channel.marketing) {
            store::set_preferences(&mut tx, user, &preferences, now).await?;
        }
    }
    store::skip_marketing(&mut tx, &message).await?;
    tx.commit().await?;
    Ok(Some(message))
}

#[cfg(test)]
mod tests;
