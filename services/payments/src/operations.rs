//! Asking the provider and writing down what came of it.
//!
//! An operation is noted before the provider is asked and settled in one transaction with the
//! payment, the ledger and the event. Between the two anything may happen: the process that takes
//! the operation over asks again under the same key, or looks up what became of it.

use std::time::{Duration, Instant};

use chassis::db::{self, Tx};
use chassis::id;
use chassis::outbox;
use chassis::problem::Result;
use chassis::queue::Backoff;
use chassis::telemetry::cause;
use chrono::{DateTime, Utc};
use contracts::payments::{PaymentUpdated, Refunded};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::Instrument;
use uuid::Uuid;

use crate::model::{Answer, Kind, Operation, Payment, RefundStatus, State, Status};
use crate::provider::{Authorization, Charge, Failure, Outcome, Provider, Refusal};
use crate::store::NewOperation;
use crate::{App, problems, requests, store};

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
            Ok(outcome) => return Some(Ok(outcome)),
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
async fn ask(app: &App, payment: &Payment, operation: &Operation) -> Result<Outcome, Failure> {
    let unknown = |reason: &str| Failure::Unknown(reason.to_owned());
    let provider =
        app.providers.get(&payment.provider).ok_or_else(|| unknown("no such provider here"))?;
    let one_try = async {
        if operation.attempts < app.config.tries {
            request(provider, payment, operation).await
        } else {
            look_up(provider, payment, operation).await
        }
    };
    timeout(app.config.try_within(), one_try)
        .await
        .unwrap_or_else(|_| Err(unknown("no answer in time")))
}

async fn request(
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Outcome, Failure> {
    let (key, charge) = (operation.id, payment.charge());
    match operation.kind {
        Kind::Authorize => {
            let token = operation.input.clone().unwrap_or_default();
            let (amount, currency) = (operation.amount, payment.currency.clone());
            provider.authorize(key, &Authorization { amount, currency, token }).await
        }
        Kind::Confirm => {
            let input = operation.input.as_ref().map(|it| input(it));
            provider.resume(key, &charge, input.as_ref()).await
        }
        Kind::Capture => provider.capture(key, &charge, operation.amount).await,
        Kind::Void => provider.void(key, &charge).await,
        Kind::Refund => provider.refund(key, &charge, operation.amount).await,
    }
}

/// What a client sent for the provider. Before it was JSON, it was a word: the sandbox's `outcome`.
fn input(stored: &str) -> Value {
    serde_json::from_str(stored).unwrap_or_else(|_| json!({ "outcome": stored }))
}

/// What the provider knows of an earlier request. One that never had an effect is made again,
/// except an authorisation: that one is given up, and the provider told to refuse it if it is
/// still on its way.
async fn look_up(
    provider: &dyn Provider,
    payment: &Payment,
    operation: &Operation,
) -> Result<Outcome, Failure> {
    let charge = payment.charge();
    if let Some(outcome) = provider.lookup(operation.id, operation.kind, &charge).await? {
        return Ok(outcome);
    }
    if operation.kind != Kind::Authorize {
        return request(provider, payment, operation).await;
    }
    give_up(provider, payment, &charge).await
}

async fn give_up(
    provider: &dyn Provider,
    payment: &Payment,
    charge: &Charge,
) -> Result<Outcome, Failure> {
    match provider.void(id::derive(payment.id, "give up"), charge).await {
        Ok(_) => Err(Refusal("provider_error".to_owned()).into()),
        // Not an answer about the authorisation: look again.
        Err(failure) => Err(Failure::Unknown(failure.to_string())),
    }
}

/// Writes down what came of an operation: itself, the payment, the refund, the ledger, the event
/// and what has to be asked next. An authorisation whose caller has `heard` of it needs no event,
/// which every checkout would pay for. None if somebody else has taken the operation over.
///
/// The payment is mostly still as it was when the provider was asked; where it is not, it is
/// locked.
async fn settle(
    app: &App,
    payment: &Payment,
    operation: &Operation,
    answer: &Answer,
    heard: bool,
) -> db::Result<Option<(Payment, Option<Operation>)>> {
    // A refund is worth no try: mostly others are on their way.
    let mut seen = Some(payment.clone()).filter(|_| operation.kind != Kind::Refund);
    loop {
        let mut tx = app.db.begin().await?;
        let locked = seen.is_none();
        let payment = match seen.take() {
            Some(payment) => payment,
            None => match store::lock(&mut tx, operation.payment_id).await? {
                Some(payment) => payment,
                None => return Ok(None),
            },
        };
        match write_down(app, &mut tx, payment, operation, answer, heard).await? {
            Written::Done(payment, next) => {
                tx.commit().await?;
                let state = if answer.is_ok() { State::Done } else { State::Refused };
                let (kind, state) = (operation.kind.as_str(), state.as_str());
                metrics::counter!("payment_operations_total", "kind" => kind, "state" => state)
                    .increment(1);
                return Ok(Some((payment, next)));
            }
            Written::TakenOver => return Ok(None),
            Written::Moved if locked => return Err(db::Error::NoRow),
            Written::Moved => tx.rollback().await?,
        }
    }
}

/// What became of writing down an outcome. What is not done may not be committed.
#[expect(clippy::large_enum_variant, reason = "one at a time, moved once")]
enum Written {
    Done(Payment, Option<Operation>),
    /// The payment is another by now.
    Moved,
    /// Somebody else has the operation, or has settled it.
    TakenOver,
}

async fn write_down(
    app: &App,
    tx: &mut Tx,
    mut payment: Payment,
    operation: &Operation,
    answer: &Answer,
    heard: bool,
) -> db::Result<Written> {
    let lease = app.lease();
    let now = lease.now;
    let settled = payment.settle(operation.kind, operation.amount, answer);
    let refund = match operation.kind {
        Kind::Refund => settle_refund(tx, operation.id, answer, now).await?,
        _ => None,
    };
    let next = settled.next.map(|kind| NewOperation::new(&payment, kind).intended(now));
    let state = if answer.is_ok() { State::Done } else { State::Refused };
    let mut batch = tx.batch();
    store::save_with(&mut batch, &mut payment, now);
    store::settle_with(&mut batch, operation, state, now);
    if let Some(next) = &next {
        store::intend_with(&mut batch, next, lease);
    }
    if settled.moved != 0 {
        store::post_with(&mut batch, operation.id, &payment, settled.moved, now);
    }
    if !heard || payment.status != Status::Authorized {
        let event = PaymentUpdated { payment: payment.to_contract(), refund };
        outbox::publish_with(&mut batch, payment.id, payment.version, &event, now)?;
    }
    Ok(match batch.touched().await?[..] {
        [true, true] => Written::Done(payment, None),
        [true, true, noted] => Written::Done(payment, next.filter(|_| noted)),
        [false, ..] => Written::Moved,
        _ => Written::TakenOver,
    })
}

/// Notes how a refund ended, and answers it as others hear of it.
async fn settle_refund(
    tx: &mut Tx,
    id: Uuid,
    answer: &Answer,
    now: DateTime<Utc>,
) -> db::Result<Option<Refunded>> {
    let status = if answer.is_ok() { RefundStatus::Succeeded } else { RefundStatus::Failed };
    let failure = answer.as_ref().err().map(|it| it.0.as_str());
    store::settle_refund(tx, id, status, failure, now).await?;
    succeeded(tx, id).await
}

/// A refund as others hear of it, once it has taken effect.
async fn succeeded(tx: &mut Tx, id: Uuid) -> db::Result<Option<Refunded>> {
    let refund = store::find_refund(&mut *tx, id).await?;
    let Some(refund) = refund.filter(|it| it.status == RefundStatus::Succeeded) else {
        return Ok(None);
    };
    let lines = store::refund_lines(&mut *tx, refund.payment_id, true).await?;
    Ok(Some(refund.to_contract(requests::lines_of(lines, id))))
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
