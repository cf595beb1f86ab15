//! What other services ask: `contracts::identity::Client` is the other end.

use axum::Router;
use chassis::problem::Result;
use chassis::route::Routes;
use contracts::identity::{self, IssueToken, OneTimeToken, Trust};

use crate::{App, recovery, trust};

pub(crate) fn router(app: App) -> Router {
    Routes::new(app).on(identity::TRUST, show_trust).on(identity::ONE_TIME_TOKENS, issue).router()
}

async fn show_trust(app: App, (): ()) -> Result<Trust> {
    Ok(trust::current(&app).await?)
}

async fn issue(app: App, request: IssueToken) -> Result<OneTimeToken> {
    let token = recovery::issue(&app, &request).await?;
    Ok(OneTimeToken { token: token.into_text().into() })
}
