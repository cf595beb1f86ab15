//! Asking the provider.
//!
//! An operation is noted before the provider is asked, and settled (`settle`) when it has answered.
//! Between the two anything may happen: the process that takes the operation over asks again under
//! the same key, or looks up what became of it.

use std::time::{Duration, Instant};

use chassis::db;
use chassis::fault;
use chassis::id;
use chassis::problem::Result;
use chassis::queue::Backoff;
use chassis::telemetry::cause;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use crate::model::{Answer, Kind, Operation, Payment, Reply};
use crate::provider::{Authorization, Charge, ChargeState, Failure, Provider, Refusal};
use crate::settle::{self, settle};
use crate::{App, customers, problems, store};

/// The pauses between two look-ups.
const BACKOFF: Backoff = Backoff::Doubling {
    first: Duration::from_millis(400),
    longest: Duration::from_secs(30),
    spread: 0.5,
};

/// Has the provider asked and answers with the payment as it is known when the time for an
/// answer is up. The asking goes on after that, and after the caller has hung up.
pub(crate) async fn answer(
    app: &App,
    payment: Payment,
    operation: Option<Operation>,
) -> Result<Payment> {
    let Some(operation) = operation else { return Ok(payment) };
    let id = payment.id;
    let asking = {
        let app = app.clone();
        async move { run(&app, payment, operation).await }
    };
    let asking = tokio::spawn(db::watched(asking).in_current_span());
    match timeout(app.config.answer_within(), asking).await {
        Ok(Ok(Some(payment))) => Ok(payment),
        _ => store::find(&app.db, id).await?.ok_or_else(problems::payment_not_found),
    }
}

/// Works on an operation this process holds the lease of until its outcome is known or has to be
/// looked up later; then on what follows from it. Returns the payment if all is settled.
pub(crate) async fn run(
    app: &App,
    mut payment: Payment,
    mut operation: Operation,
) -> Option<Payment> {
    let began = Instant::now();
    loop {
        let answer = match ask_until_known(app, &payment, &mut operation).await {
            Some(answer) => answer,
            None => {
                postpone(app, &operation).await;
                return None;
            }
        };
        // Who asked for an authorisation has the answer already, unless it came late.
        let heard = operation.kind == Kind::Authorize
            && operation.attempts == 0
            && operation.fence == 1
            && began.elapsed() < app.config.answer_within();
        match settle(app, &payment, &operation, &answer, heard).await {
            Ok(Some((settled, None))) => return Some(settled),
            Ok(Some((settled, Some(next)))) => (payment, operation) = (settled, next),
            Ok(None) => return None,
            Err(error) => {
                // The lease ends by itself, and then the worker asks again.
                let (id, kind) = (operation.payment_id, operation.kind.as_str());
                let error = cause(&error);
                tracing::error!(payment = %id, kind, error, "cannot store the outcome of a payment operation yet");
                return None;
            }
        }
    }
}

/// Asks as often as one turn may. None if the outcome is still unknown.
async fn ask_until_known(
    app: &App,
    payment: &Payment,
    operation: &mut Operation,
) -> Option<Answer> {
    loop {
        let failure = match ask(app, payment, operation).await {
            Ok(reply) => return Some(Ok(reply)),
            Err(Failure::Refused(refusal)) => return Some(Err(refusal)),
            Err(Failure::Unknown(reason)) => reason,
        };
        operation.attempts += 1;
        let (id, kind, attempts) = (payment.id, operation.kind.as_str(), operation.attempts);
        tracing::warn!(payment = %id, kind, attempts, failure, "the provider's answer is unknown; trying again");
        if operation.attempts >= app.config.tries {
            return None;
        }
        sleep(app.config.pause(operation.attempts)).await;
    }
}

/// One try: the request itself at first, later what the provider's records say about it.
async fn ask(app: &App, payment: &Payment, operation: &Operation) -> Result<Reply, Failure> {
    let unknown = |reason: &str| Failure::Unknown(reason.to_owned());
    let provider =
        app.providers.get(&payment.provider).ok_or_else(|| unknown("no such provider here"))?;
    let one_try = async {
        fault::point().await;
        let reply = if operation.attempts < app.config.tries {
            request(app, provider, payment, operation).await
        } else {
            look_up(app, provider, payment, operation).await
        };
        fault::point().await;
        reply
    };
    timeout(app.config.try_within(), one_try)
        .await
        .unwrap_or_else(|_| Err(unknown("no answer in time")))
}

async fn request(
    app: &App,
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Reply, Failure> {
    let (key, amount, charge) = (operation.id, operation.amount, payment.charge());
    let charge = match operation.kind {
        Kind::Authorize => {
            let request = authorization(app, provider, payment, operation).await?;
            provider.authorize(key, &request).await?
        }
        Kind::Confirm => {
            let input = operation.input.as_ref().map(|it| input(it));
            provider.resume(key, &charge, input.as_ref()).await?
        }
        Kind::Capture => provider.capture(key, &charge, amount).await?,
        Kind::Void => provider.void(key, &charge).await?,
        Kind::Refund => return provider.refund(key, &charge, amount).await.map(Reply::Refund),
    };
    Ok(Reply::Charge(Box::new(charge)))
}

async fn authorization(
    app: &App,
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Authorization, Failure> {
    Ok(Authorization {
        amount: operation.amount,
        currency: payment.currency.clone(),
        token: operation.input.clone().unwrap_or_default(),
        order_id: payment.order_id,
        order_number: payment.order_number.clone(),
        customer: customers::paying(app, provider, payment, operation).await?,
        save: operation.save,
        return_url: app.config.return_url(payment.order_id.unwrap_or_default(), payment.id),
    })
}

/// What a client sent for the provider. Before it was JSON, it was a word: the sandbox's `outcome`.
fn input(stored: &str) -> Value {
    serde_json::from_str(stored).unwrap_or_else(|_| json!({ "outcome": stored }))
}

/// What the provider knows of an earlier request. One that never had an effect is made again,
/// except an authorisation: that one is given up, and the provider told to refuse it if it is
/// still on its way.
async fn look_up(
    app: &App,
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Reply, Failure> {
    let charge = payment.charge();
    let Some(found) = provider.lookup(&charge).await? else {
        return match operation.kind {
            Kind::Authorize => give_up(provider, payment, &charge).await,
            _ => request(app, provider, payment, operation).await,
        };
    };
    if operation.kind == Kind::Refund {
        let refund = found.refunds.into_iter().find(|it| it.key == Some(operation.id));
        if let Some(refund) = refund {
            return Ok(Reply::Refund(refund));
        }
    } else if operation.kind.answered_by(&found) {
        return Ok(Reply::Charge(Box::new(found)));
    }
    request(app, provider, payment, operation).await
}

async fn give_up(
    provider: &dyn Provider,
    payment: &Payment,
    charge: &Charge,
) -> Result<Reply, Failure> {
    match provider.void(id::derive(payment.id, "give up"), charge).await {
        Ok(found) if found.state == ChargeState::Voided => {
            Err(Refusal("provider_error".to_owned()).into())
        }
        // It came through after all.
        Ok(found) => Ok(Reply::Charge(Box::new(found))),
        // Not an answer about the authorisation: look again.
        Err(failure) => Err(Failure::Unknown(failure.to_string())),
    }
}

/// Why it is not known how a charge stands.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObserveError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Provider(#[from] Failure),
}

/// Looks up how the charge of a payment stands, writes that down, and does what follows from it.
/// Returns whether the provider knows the charge.
pub(crate) async fn observe(
    app: &App,
    payment: &Payment,
) -> std::result::Result<bool, ObserveError> {
    let unknown = |reason: &str| Failure::Unknown(reason.to_owned());
    let provider =
        app.providers.get(&payment.provider).ok_or_else(|| unknown("no such provider here"))?;
    let charge = payment.charge();
    let found = timeout(app.config.try_within(), provider.lookup(&charge)).await;
    let Some(found) = found.unwrap_or_else(|_| Err(unknown("no answer in time")))? else {
        return Ok(false);
    };
    if let Some((payment, Some(operation))) = settle::observe(app, payment.id, &found).await? {
        run(app, payment, operation).await;
    }
    Ok(true)
}

/// Hands an operation of unknown outcome to the worker: at once after the tries, later and later
/// with each look-up that did not tell either.
async fn postpone(app: &App, operation: &Operation) {
    let now = app.clock.now();
    let pause = match operation.attempts - app.config.tries {
        ..=0 => None,
        lookups => BACKOFF.after(lookups),
    };
    let next_at = now + pause.unwrap_or_default();
    if let Err(error) = store::postpone(&app.db, operation, now, next_at).await {
        let error = cause(&error);
        tracing::warn!(payment = %operation.payment_id, error, "cannot release the lease; it will expire");
    }
    app.unknown.notify_one();
}

#[cfg(test)]
mod tests;
