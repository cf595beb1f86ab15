//! Customers of providers: users for whom a provider has saved payment methods. The shop keeps
//! which customer a user is, and nothing of what is saved.

use std::time::Duration;

use chassis::db::{self, Tx};
use chassis::inbox::{self, Handler};
use chassis::outbox::{Envelope, EventData};
use chassis::problem::Result;
use chassis::queue::Backoff;
use chassis::telemetry::cause;
use chassis::work::Loop;
use contracts::identity::UserDeleted;
use futures::future::{BoxFuture, join_all};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::model::{Operation, Payment};
use crate::provider::{Customers, Failure, Provider, ProviderCall, SavedMethod};
use crate::store::{self, CUSTOMERS, Customer};
use crate::{App, problems};

/// How often the worker looks for customers to delete.
const POLL: Duration = Duration::from_secs(5);
/// Customers deleted at the same time.
const BATCH: i64 = 8;
/// The pauses between two tries to delete a customer.
const BACKOFF: Backoff = Backoff::Doubling {
    first: Duration::from_secs(5),
    longest: Duration::from_secs(3_600),
    spread: 0.5,
};

/// The customer an authorisation is asked for: who saves the means of payment, or pays with a saved
/// one. None if it does neither, or if the user has no customer and is to get none.
pub(crate) async fn paying(
    app: &App,
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Option<String>, Failure> {
    let Some((customers, user)) = provider.customers().zip(payment.user_id) else {
        return Ok(None);
    };
    let uses = operation.input.as_ref().is_some_and(|it| customers.is_saved(it));
    if !uses && !operation.save {
        return Ok(None);
    }
    let known = find(app, user, &payment.provider).await?;
    if uses || known.as_ref().is_some_and(|it| it.reference.is_some()) {
        return Ok(known.and_then(|it| it.reference));
    }
    create(app, customers, user, &payment.provider).await
}

async fn find(app: &App, user: Uuid, provider: &str) -> Result<Option<Customer>, Failure> {
    store::customer(&app.db, user, provider).await.map_err(unstored)
}

/// Makes the customer of a user, once: it is noted before the provider is asked.
async fn create(
    app: &App,
    customers: &dyn Customers,
    user: Uuid,
    provider: &str,
) -> Result<Option<String>, Failure> {
    let now = app.clock.now();
    store::intend_customer(&app.db, user, provider, now).await.map_err(unstored)?;
    let noted = find(app, user, provider).await?;
    let Some(noted) = noted.filter(|it| it.deleted_at.is_none()) else { return Ok(None) };
    let reference = customers.create(noted.id, user).await?;
    store::name_customer(&app.db, noted.id, &reference).await.map_err(unstored)?;
    Ok(Some(reference))
}

fn unstored(error: db::Error) -> Failure {
    Failure::Unknown(cause(&error).to_string())
}

/// What a user has saved, with the names of the providers.
pub(crate) async fn saved(app: &App, user: Uuid) -> Result<Vec<(String, SavedMethod)>> {
    let mut saved = Vec::new();
    for customer in store::customers(&app.db, user).await? {
        let Some((customers, reference)) = reachable(app, &customer) else { continue };
        match ask(app, &customer, customers.saved(reference)).await? {
            Some(methods) => {
                saved.extend(methods.into_iter().map(|it| (customer.provider.clone(), it)));
            }
            // Deleted at the provider, or of another account or mode.
            None => {
                let provider = &customer.provider;
                tracing::warn!(provider, %user, "the provider does not know a customer any more; it is made anew when needed");
                store::forget_customer(&app.db, &customer).await?;
            }
        }
    }
    Ok(saved)
}

/// Removes what a user has saved. False if they have saved no such thing.
pub(crate) async fn remove(app: &App, user: Uuid, method: &str) -> Result<bool> {
    for customer in store::customers(&app.db, user).await? {
        let Some((customers, reference)) = reachable(app, &customer) else { continue };
        if ask(app, &customer, customers.remove(reference, method)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn reachable<'a>(app: &'a App, customer: &'a Customer) -> Option<(&'a dyn Customers, &'a str)> {
    let customers = app.providers.get(&customer.provider)?.customers()?;
    Some((customers, customer.reference.as_deref()?))
}

/// An answer of a provider, which a client waits for.
async fn ask<T>(app: &App, customer: &Customer, call: ProviderCall<'_, T>) -> Result<T> {
    let silent = || Failure::Unknown("no answer in time".to_owned());
    let answer = timeout(app.config.try_within(), call).await.unwrap_or_else(|_| Err(silent()));
    answer.map_err(|failure| {
        let provider = &customer.provider;
        tracing::warn!(provider, %failure, "cannot reach the saved payment methods of a customer; the client is told");
        problems::payment_provider_unavailable()
    })
}

/// Has the customers of deleted users deleted at the providers.
pub(crate) struct Users(pub(crate) App);

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[UserDeleted::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), inbox::Failure>> {
        Box::pin(async move {
            let UserDeleted { user_id } = event.data()?;
            let providers = self.0.providers.iter().filter(|(_, it)| it.customers().is_some());
            let providers: Vec<_> = providers.map(|(name, _)| name).collect();
            let now = self.0.clock.now();
            Ok(store::delete_customers(tx, user_id, &providers, now).await?)
        })
    }
}

/// Deletes customers of deleted users until stopped.
pub(crate) async fn work(app: &App, stop: &CancellationToken) {
    let customers = Loop::new(CUSTOMERS.name(), POLL).cut_off_after(Duration::ZERO);
    customers.run(stop, || async { Ok::<_, db::Error>(turn(app).await? > 0) }).await;
}

/// Deletes the customers that are due, up to a batch; returns how many there were.
pub(crate) async fn turn(app: &App) -> db::Result<usize> {
    let due: Vec<Customer> =
        CUSTOMERS.claim(&app.db, app.clock.now(), app.config.lease(), BATCH).await?;
    let count = due.len();
    let deletions = due.into_iter().map(|it| db::watched(delete(app, it)));
    for done in join_all(deletions).await {
        done?;
    }
    Ok(count)
}

async fn delete(app: &App, customer: Customer) -> db::Result<()> {
    let deleted = timeout(app.config.try_within(), delete_there(app, &customer)).await;
    let silent = || Failure::Unknown("no answer in time".to_owned());
    match deleted.unwrap_or_else(|_| Err(silent())) {
        Ok(()) => store::customer_is_gone(&app.db, &customer).await,
        Err(failure) => {
            let Customer { user_id, provider, attempts, .. } = &customer;
            tracing::warn!(%user_id, provider, attempts, %failure, "cannot delete the customer of a deleted user; trying again later");
            let now = app.clock.now();
            let retry_at = now + BACKOFF.after(attempts + 1).unwrap_or_default();
            store::delete_customer_later(&app.db, &customer, now, retry_at).await
        }
    }
}

async fn delete_there(app: &App, customer: &Customer) -> Result<(), Failure> {
    let customers = app.providers.get(&customer.provider).and_then(Provider::customers);
    let customers =
        customers.ok_or_else(|| Failure::Unknown("no such provider here".to_owned()))?;
    let reference = match &customer.reference {
        Some(reference) => reference.clone(),
        // Nobody knows whether it was made, but who asks again under its key.
        None => customers.create(customer.id, customer.user_id).await?,
    };
    customers.delete(&reference).await
}
