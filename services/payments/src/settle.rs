//! Writing down what the provider says: the answer to an operation, or how a charge stands by
//! itself. The payment, its refunds, the ledger, the event and what has to be asked next are one
//! transaction.

mod disputes;
mod refunds;

use chassis::db::{self, Tx};
use chassis::id;
use chassis::outbox;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::payments::{LATE_CAPTURE, PaymentUpdated};
use uuid::Uuid;

use crate::model::{
    Answer, Change, EXPIRY_NOTICE, Kind, Next, Operation, Payment, Refund, State, Status,
    operation_id,
};
use crate::provider::ChargeSnapshot;
use crate::store::NewOperation;
use crate::{App, store};
use disputes::DisputeNews;
use refunds::RefundNews;

/// The first and the longest pause before a provider is asked again how a payment stands that waits
/// for its customer or their bank. A webhook is mostly earlier.
const LOOK: TimeDelta = TimeDelta::minutes(1);
const LONGEST_LOOK: TimeDelta = TimeDelta::hours(1);

/// Writes down what came of an operation. An authorisation whose caller has `heard` of it needs no
/// event, which every checkout would pay for. None if somebody else has taken the operation over.
///
/// The payment is mostly still as it was when the provider was asked; where it is not, it is
/// locked.
pub(crate) async fn settle(
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
                count(operation, answer);
                return Ok(Some((payment, next)));
            }
            Written::TakenOver => return Ok(None),
            Written::Moved if locked => return Err(db::Error::NoRow),
            Written::Moved => tx.rollback().await?,
        }
    }
}

fn count(operation: &Operation, answer: &Answer) {
    let (kind, state) = (operation.kind.as_str(), state(operation.kind, answer).as_str());
    metrics::counter!("payment_operations_total", "kind" => kind, "state" => state).increment(1);
}

fn state(kind: Kind, answer: &Answer) -> State {
    if kind.achieved(answer) { State::Done } else { State::Refused }
}

/// Writes down how a charge stands, as far as that is news. Returns the payment, and what the
/// provider has to be asked because of it, under a lease of this process.
pub(crate) async fn observe(
    app: &App,
    id: Uuid,
    charge: &ChargeSnapshot,
) -> db::Result<Option<(Payment, Option<Operation>)>> {
    loop {
        let mut tx = app.db.begin().await?;
        let Some(before) = store::lock(&mut tx, id).await? else { return Ok(None) };
        let now = app.clock.now();
        let mut payment = before.clone();
        let news = merge(&mut tx, &mut payment, charge, now).await?;
        payment.look_at = look_at(&payment, now);
        if news.is_none_for(&before, &payment) {
            store::look_later(&mut tx, id, payment.look_at).await?;
            tx.commit().await?;
            return Ok(Some((payment, None)));
        }
        let Written::Done(payment, next) = write(app, &mut tx, payment, None, news).await? else {
            return Err(db::Error::NoRow);
        };
        tx.commit().await?;
        if next.is_some() {
            return Ok(Some((payment, next)));
        }
    }
}

/// Merges one piece of news: each is an event of its own.
async fn merge(
    tx: &mut Tx,
    payment: &mut Payment,
    charge: &ChargeSnapshot,
    now: DateTime<Utc>,
) -> db::Result<News> {
    let before = payment.clone();
    let mut news = News { change: payment.merge(charge), ..News::default() };
    if news.is_none_for(&before, payment) {
        news.refund = refunds::merge(tx, payment, &charge.refunds, now).await?;
    }
    if news.is_none_for(&before, payment) {
        news.dispute = disputes::merge(tx, payment, &charge.disputes, now).await?;
    }
    Ok(news)
}

/// When the provider is asked how a payment stands: soon while it waits for its customer, later and
/// later while nothing happens.
fn look_at(payment: &Payment, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if payment.status == Status::Authorized {
        return payment.capture_before.map(|it| look_at_held(it, now));
    }
    let waits = [Status::RequiresAction, Status::Processing, Status::Voiding];
    let pause = ((now - payment.updated_at) / 2).clamp(LOOK, LONGEST_LOOK);
    waits.contains(&payment.status).then(|| now + pause)
}

/// When a payment that is held until `deadline` is looked at: when others are to be told that it
/// lapses soon, and once it has to see whether it did.
fn look_at_held(deadline: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let notice = deadline - EXPIRY_NOTICE;
    if now < notice {
        notice
    } else if now < deadline {
        deadline + LOOK
    } else {
        now + ((now - deadline) / 2).clamp(LOOK, LONGEST_LOOK)
    }
}

/// Says once that what a payment holds lapses soon.
pub(crate) async fn announce_expiry(app: &App, payment: &Payment) -> db::Result<()> {
    let now = app.clock.now();
    if payment.expiring(now).is_none() {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    let locked = store::lock(&mut tx, payment.id).await?;
    let Some((payment, event)) = locked.and_then(|it| it.expiring(now).map(|event| (it, event)))
    else {
        return Ok(());
    };
    // Nothing else changes a payment that is held, so that told again it is the same event.
    outbox::publish(&mut tx, payment.id, payment.version, &event, now).await?;
    tx.commit().await?;
    let (id, order, until) = (payment.id, &payment.order_number, event.capture_before);
    tracing::warn!(payment = %id, order, %until, "an authorized payment expires soon; ship its order or capture it before");
    Ok(())
}

/// What is to be written down besides the payment.
#[derive(Default)]
struct News {
    change: Change,
    refund: Option<RefundNews>,
    dispute: Option<DisputeNews>,
}

impl News {
    fn is_none_for(&self, before: &Payment, payment: &Payment) -> bool {
        let same = Payment { look_at: before.look_at, ..payment.clone() } == *before;
        same && self.change == Change::default() && self.refund.is_none() && self.dispute.is_none()
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

/// An operation whose answer is written down.
struct Settling<'a> {
    operation: &'a Operation,
    state: State,
    /// Whether others have to hear of it.
    publish: bool,
}

async fn write_down(
    app: &App,
    tx: &mut Tx,
    mut payment: Payment,
    operation: &Operation,
    answer: &Answer,
    heard: bool,
) -> db::Result<Written> {
    let now = app.clock.now();
    let before = payment.clone();
    let mut news = News::default();
    if operation.kind == Kind::Refund {
        news.refund = refunds::settle(tx, &mut payment, operation.id, answer, now).await?;
    } else {
        news.change = payment.settle(operation.kind, answer);
    }
    payment.look_at = look_at(&payment, now);
    let known = heard && payment.status == Status::Authorized;
    let settling = Settling {
        operation,
        state: state(operation.kind, answer),
        // A webhook may have been faster.
        publish: !known && !news.is_none_for(&before, &payment),
    };
    write(app, tx, payment, Some(settling), news).await
}

async fn write(
    app: &App,
    tx: &mut Tx,
    mut payment: Payment,
    settling: Option<Settling<'_>>,
    news: News,
) -> db::Result<Written> {
    let lease = app.lease();
    let News { change, refund, dispute } = news;
    let next = next(tx, &mut payment, change.next, lease.now).await?;
    let mut batch = tx.batch();
    store::save_with(&mut batch, &mut payment, lease.now);
    if let Some(Settling { operation, state, .. }) = settling {
        store::settle_with(&mut batch, operation, state, lease.now);
    }
    if let Some(next) = &next {
        store::intend_with(&mut batch, next, lease);
    }
    if change.moved != 0 {
        let transaction = operation_id(payment.id, Kind::Capture);
        store::post_with(&mut batch, transaction, &payment, change.moved, lease.now);
    }
    if let Some(RefundNews { transaction, moved, .. }) = refund.as_ref().filter(|it| it.moved != 0)
    {
        store::post_with(&mut batch, *transaction, &payment, *moved, lease.now);
    }
    if let Some(DisputeNews { transaction, withdrawn }) = dispute.filter(|it| it.withdrawn != 0) {
        store::post_dispute_with(&mut batch, transaction, &payment, withdrawn, lease.now);
    }
    if settling.as_ref().is_none_or(|it| it.publish) {
        let (refund, failed_refund) = refund.map_or((None, None), |it| (it.succeeded, it.failed));
        let event = PaymentUpdated { payment: payment.to_contract(), refund, failed_refund };
        outbox::publish_with(&mut batch, payment.id, payment.version, &event, lease.now)?;
    }
    let mut touched = batch.touched().await?.into_iter();
    let saved = touched.next().unwrap_or_default();
    let settled = settling.is_none() || touched.next().unwrap_or_default();
    let noted = touched.next().unwrap_or_default();
    Ok(match (saved, settled) {
        (true, true) => Written::Done(payment, next.filter(|_| noted)),
        (false, _) => Written::Moved,
        (true, false) => Written::TakenOver,
    })
}

/// What the provider has to be asked because of news.
async fn next(
    tx: &mut Tx,
    payment: &mut Payment,
    next: Option<Next>,
    now: DateTime<Utc>,
) -> db::Result<Option<Operation>> {
    let ask = match next {
        None => return Ok(None),
        Some(Next::Void) => NewOperation::new(payment, Kind::Void),
        Some(Next::Refund) => {
            let id = id::derive(payment.id, "late capture");
            let amount = payment.captured;
            payment.refund_pending += amount;
            let refund = Refund::new(id, payment.id, amount, LATE_CAPTURE, now);
            store::insert_refund(&mut *tx, &refund).await?;
            NewOperation { id, amount, ..NewOperation::new(payment, Kind::Refund) }
        }
    };
    Ok(Some(ask.intended(now)))
}

#[cfg(test)]
mod tests;
