//! What every verifier of tokens needs: the public keys, and the revocations.

use contracts::identity::Trust;

use crate::keys::Error;
use crate::tokens::REMEMBERED;
use crate::{App, store};

/// Keys and revocations as they are now.
pub async fn current(app: &App) -> Result<Trust, Error> {
    let now = app.clock.now();
    let jwks = app.keys.read(&app.db, now).await?;
    let revocations = store::revocations(&app.db, now - REMEMBERED).await?;
    Ok(Trust { jwks: serde_json::to_value(&*jwks).unwrap_or_default(), revocations })
}

/// Puts what just changed into force in this process at once; the others ask every second.
pub async fn refresh_here(app: &App) {
    let now = app.clock.now();
    let fresh = async {
        app.verifier.set_keys(&*app.keys.read(&app.db, now).await?);
        app.verifier.set_revocations(store::revocations(&app.db, now - REMEMBERED).await?);
        Ok::<_, Error>(())
    };
    if let Err(error) = fresh.await {
        tracing::warn!(%error, "cannot apply revocations here yet; they apply with the next refresh");
    }
}
