//! What payment providers tell the shop. Nothing of it is believed but which payment it is about:
//! that is looked up at the provider, as after a time-out.

use axum::http::HeaderMap;
use chassis::service::BoxError;
use chassis::webhooks::{Applied, Notice, WebhookError, WebhookHandler};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::model::Payment;
use crate::{App, operations, store};

/// Webhooks about payments.
pub(crate) struct Webhooks(pub(crate) App);

impl WebhookHandler for Webhooks {
    fn read<'a>(
        &'a self,
        provider: &'a str,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>, WebhookError>> {
        Box::pin(async move {
            let provider = self.0.providers.get(provider).ok_or(WebhookError::NotConfigured)?;
            provider.webhook(headers, body)
        })
    }

    fn apply<'a>(
        &'a self,
        provider: &'a str,
        notice: &'a Notice,
    ) -> BoxFuture<'a, Result<Applied, BoxError>> {
        Box::pin(async move {
            let subject = notice.subject.as_deref().unwrap_or_default();
            let Some(payment) = find(&self.0, provider, subject).await? else {
                // Of another shop that shares the account, or of no shop at all.
                return Ok(Applied::Ignored);
            };
            operations::observe(&self.0, &payment).await?;
            Ok(Applied::Done)
        })
    }
}

/// The payment with this id, or that the provider calls so.
async fn find(app: &App, provider: &str, subject: &str) -> Result<Option<Payment>, BoxError> {
    let payment = match Uuid::parse_str(subject) {
        Ok(id) => store::find(&app.db, id).await?,
        Err(_) => store::by_reference(&app.db, provider, subject).await?,
    };
    Ok(payment.filter(|it| it.provider == provider))
}
