//! The saga: what brings an accepted order to its end.
//!
//! ```text
//!           await_action
//!               |  ^
//!               v  |
//! reserve -> authorize -> commit -> capture -> done (confirmed, paid) .. ship -> done
//!    ^          |            |         |
//!    |          v            v         v          a customer's cancel enters at void or refund
//!    |       release        void -> refund -> restock -> done (cancelled)
//!    |          v
//!    +---- await_payment
//!
//! done (sold) -> put_back -> done         where refunds put goods back into stock
//! ```
//!
//! An order whose payment is captured on shipment rests after commit, confirmed and authorised.
//! Shipping it captures the payment first (`crate::capture`).
//!
//! What each step asks and where each answer leads is a table ([`table`]); what an answer means for
//! the order is in the step's function.
//!
//! An order is only requested until its stock is held for the first time: then it is placed, and
//! has a number. One that is sold out is withdrawn, and never was.
//!
//! Stock is held while the payment is asked for. A declined order releases it before it waits for
//! another payment; one whose customer has to do something first may have to go on without it (the
//! catalog decides). What is not held any more when the money is there is taken then, or the money
//! is released. Staff's "shipped" sets a paid order's saga going once more, to tell the catalog.
//!
//! Each step is stored before it is carried out, and carrying it out twice is carrying it out
//! once, so any process that picks up a saga after a crash continues with its step. A saga is
//! driven by the request that made it, then by the worker. The fence keeps them apart: who has read
//! an older one changes nothing.

mod placing;
mod refund;
mod steps;
mod table;
mod waiting;

use std::time::Duration;

use chassis::channel::CallError;
use chassis::clock::too_far;
use chassis::db;
use chassis::db::{Json, Session};
use chassis::outbox;
use chassis::problem::Problem;
use chassis::queue::Backoff;
use chassis::work::Loop;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::catalog::{Buyer, Reserve, Restock};
use contracts::orders::Reason;
use contracts::payments::Refunded;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::{Order, OrderLine, Saga, Step, stock};
use crate::{App, problems, store};

/// How long who drives a saga has it for itself.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(10);
/// How long the worker stays with one saga before it hands it back.
const TURN: Duration = Duration::from_secs(4);
/// The longest pause between two tries of a step; no lease is longer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The pauses between the tries of a step.
const BACKOFF: Backoff = Backoff::Doubling {
    first: Duration::from_millis(400),
    longest: Duration::from_secs(30),
    spread: 1.0,
};
/// How often the worker looks for sagas it was not woken for.
const POLL: Duration = Duration::from_millis(250);
/// Sagas the worker drives at the same time.
const AT_ONCE: usize = 16;

/// An order with the work on it.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub order: Order,
    pub lines: Vec<OrderLine>,
    pub saga: Saga,
}

/// Why driving stopped early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Somebody else has changed the order or its saga.
    #[error("another driver has taken over")]
    Lost,
    /// Nothing came of the request: there is no such order.
    #[error("the request was withdrawn: {0}")]
    Withdrawn(Box<Problem>),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The outcome of a step. What it means for the order is in the order already.
struct StepResult {
    answer: Answer,
    /// The error for the buyer.
    refusal: Option<Problem>,
    /// A refund to be booked with the next step.
    refund: Option<Refunded>,
}

/// Why a step has no outcome.
enum StepError {
    Unknown(CallError),
    Stop(Stop),
}

/// What became of a step.
enum Turn {
    /// The saga is at another step, and stored.
    Moved,
    /// Nothing is known yet; look again.
    Wait,
}

use Turn::{Moved, Wait};
pub(crate) use placing::place_anyway;
use table::{Answer, Row, To, Unknown};

/// Drives every saga that is due, until cancelled; then those in hand, until they are handed back.
pub(crate) async fn work(app: App, stop: CancellationToken) {
    let driven = Mutex::new(JoinSet::new());
    let sagas = Loop::new(store::SAGAS.name(), POLL).woken_by(&app.due);
    sagas.run(&stop, || turn(&app, &driven)).await;
    let mut driven = driven.into_inner();
    while driven.join_next().await.is_some() {}
}

/// Begins to drive sagas that are due, once there is room; returns whether there were any.
async fn turn(app: &App, driven: &Mutex<JoinSet<()>>) -> db::Result<bool> {
    let mut driven = driven.lock().await;
    while driven.try_join_next().is_some() {}
    while driven.len() >= AT_ONCE {
        driven.join_next().await;
    }
    let room = (AT_ONCE - driven.len()) as i64;
    let claimed: Vec<Saga> = store::SAGAS.claim(&app.db, app.clock.now(), LEASE, room).await?;
    if claimed.is_empty() {
        shorten_waits(app).await?;
        return Ok(false);
    }
    for saga in claimed {
        let app = app.clone();
        driven.spawn(db::watched(async move { resume(&app, saga).await }));
    }
    Ok(true)
}

/// Looks for sagas that wait for a time which only a wrong clock can have set.
async fn shorten_waits(app: &App) -> db::Result<()> {
    let now = app.clock.now();
    let sagas = store::shorten_waits(&app.db, now, too_far(now, LONGEST_PAUSE)).await?;
    if sagas > 0 {
        tracing::warn!(sagas, "the clock was set back; shortening the waits of sagas");
    }
    Ok(())
}

/// Goes on with a claimed saga.
async fn resume(app: &App, saga: Saga) {
    let id = saga.order_id;
    let driven = async {
        let Some(order) = store::find(&app.db, id).await? else { return Err(Stop::Lost) };
        let lines = store::lines(&app.db, id).await?;
        drive(app, &mut Work { order, lines, saga }, Instant::now() + TURN).await
    };
    match driven.await {
        Ok(()) | Err(Stop::Lost | Stop::Withdrawn(_)) => {}
        Err(error) => {
            tracing::warn!(order = %id, %error, "a step of the saga failed; trying again")
        }
    }
}

/// Carries out steps until the order rests or the time is up; then the saga is handed back.
pub(crate) async fn drive(app: &App, work: &mut Work, until: Instant) -> Result<(), Stop> {
    loop {
        if work.rests(app.clock.now()) {
            return Ok(());
        }
        match step(app, work).await? {
            Moved => continue,
            Wait => {
                work.saga.tries += 1;
                let pause = BACKOFF.pause(work.saga.tries);
                if Instant::now() + pause >= until {
                    return hand_back(app, work, pause).await;
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}

impl From<Answer> for StepResult {
    fn from(answer: Answer) -> Self {
        Self { answer, refusal: None, refund: None }
    }
}

impl Answer {
    /// With the error for the buyer.
    fn refusing(self, refusal: Problem) -> StepResult {
        StepResult { refusal: Some(refusal), ..self.into() }
    }
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        Self::Unknown(error)
    }
}

impl From<Stop> for StepError {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<db::Error> for StepError {
    fn from(error: db::Error) -> Self {
        Self::Stop(error.into())
    }
}

impl Work {
    /// Whether nothing is to be done now.
    fn rests(&self, now: DateTime<Utc>) -> bool {
        match self.saga.step {
            Step::Done => true,
            step => step.is_waiting() && self.saga.due_at > now,
        }
    }

    fn reservation(&self) -> Reserve {
        let carts = self.order.cart_id.into_iter().collect();
        let buyer = Buyer { user_id: self.order.placed_by(), carts };
        Reserve { order_id: self.order.id, lines: stock(&self.lines), buyer }
    }

    /// A cancelled order puts back whatever is still out.
    fn all_back(&self) -> Restock {
        Restock { order_id: self.order.id, id: self.order.id, lines: None }
    }
}

async fn step(app: &App, work: &mut Work) -> Result<Turn, Stop> {
    let Some(row) = table::row(work.saga.step) else { return Ok(Moved) };
    let before = work.order.clone();
    let StepResult { answer, refusal, refund } = match ask(app, work).await {
        Ok(learned) => learned,
        Err(StepError::Unknown(error)) => {
            let to = unknown(app, work, row, &error);
            // Of an order that was given up it is told why; of a request there is nothing else.
            let withdrawn = to == To::Withdrawn && matches!(error, CallError::Malformed { .. });
            let refusal = withdrawn.then(|| error.into());
            return advance(app, work, (before, refusal, None), to).await;
        }
        Err(StepError::Stop(stop)) => return Err(stop),
    };
    let to = row.leads(answer).unwrap_or_else(|| {
        tracing::error!(order = %work.order.id, step = row.step.as_str(), %answer, "unexpected answer in a saga");
        debug_assert!(false, "{} has no answer {answer}", row.step);
        To::Again
    });
    advance(app, work, (before, refusal, refund), to).await
}

/// Carries out a step.
async fn ask(app: &App, work: &mut Work) -> Result<StepResult, StepError> {
    match work.saga.step {
        Step::Reserve => steps::reserve(app, work).await,
        Step::Authorize => steps::authorize(app, work).await,
        Step::Release => waiting::release(app, work).await,
        Step::AwaitAction => waiting::await_action(app, work).await,
        Step::AwaitPayment => Ok(Answer::TimeIsUp.into()),
        Step::Commit => steps::commit(app, work).await,
        Step::Capture => steps::capture(app, work).await,
        Step::Ship => steps::ship(app, work).await,
        Step::Void => steps::void(app, work).await,
        Step::Refund => refund::refund(app, work).await,
        Step::Restock => steps::restock(app, work).await,
        Step::PutBack => refund::put_back(app, work).await,
        Step::Done => Err(Stop::Lost.into()),
    }
}

/// What is done where nothing is known. An answer that does not fit would be no better if it were
/// asked for again: it is as if the deadline were there.
fn unknown(app: &App, work: &mut Work, row: &Row, error: &CallError) -> To {
    let (order, step, call) = (work.order.id, row.step.as_str(), row.call);
    tracing::warn!(%order, step, call, %error, "the outcome of a saga step is unknown");
    let unfit = matches!(error, CallError::Malformed { .. });
    match row.unknown {
        Unknown::UntilDeadline if unfit || app.clock.now() >= work.saga.deadline => {
            // What was asked may have been done.
            work.saga.tries += 1;
            if work.order.is_placed() { To::Back(Reason::NotDecidedInTime) } else { To::Withdrawn }
        }
        _ => To::Again,
    }
}

/// Goes where an answer leads, and stores that together with what it changed in the order.
async fn advance(
    app: &App,
    work: &mut Work,
    (before, refusal, refund): (Order, Option<Problem>, Option<Refunded>),
    to: To,
) -> Result<Turn, Stop> {
    let next = match to {
        To::Again => {
            work.order = before;
            return Ok(Wait);
        }
        To::Withdrawn => {
            let problem = refusal.unwrap_or_else(problems::order_changed);
            return placing::withdraw(app, work, problem).await;
        }
        To::Next(step) => step,
        To::Back(reason) => back(&mut work.saga, reason),
        To::Rest => at_rest(app, work).await?,
    };
    if let Some(refusal) = refusal {
        work.saga.refusal = Some(Json(refusal));
    }
    let asked = waiting::asked(&before, work, next);
    enter(app, work, next);
    // Its stock is held.
    if !work.order.is_placed() {
        return placing::place(app, work).await;
    }
    match refund {
        Some(refund) => refund::book(app, work, &refund).await?,
        None if work.order == before && !asked => save_saga(&app.db, work).await?,
        None => save_order(app, work, &before, asked).await?,
    }
    Ok(Moved)
}

/// Turns back: what was authorised is voided, what was held is released.
fn back(saga: &mut Saga, reason: Reason) -> Step {
    saga.cancel.get_or_insert_with(|| reason.as_str().to_owned());
    saga.token = None;
    saga.next_action = None;
    // Before the first hold no payment has been asked for.
    let asked = saga.step != Step::Reserve || saga.attempt > 1 || saga.rereserved;
    if asked { Step::Void } else { Step::Restock }
}

/// Where a sold order comes to rest: where refunds have yet to put something back, after that.
async fn at_rest(app: &App, work: &Work) -> Result<Step, Stop> {
    let refunds = store::refunds(&app.db, work.order.id).await?;
    Ok(if refunds.iter().any(|it| it.to_restock) { Step::PutBack } else { Step::Done })
}

async fn save_saga(db: impl Session<'_>, work: &mut Work) -> Result<(), Stop> {
    if store::save_saga(db, &mut work.saga).await? { Ok(()) } else { Err(Stop::Lost) }
}

/// Stores the next step together with the order, if that has changed. `asked`: from here on its
/// customer has something to do, which is told.
async fn save_order(app: &App, work: &mut Work, before: &Order, asked: bool) -> Result<(), Stop> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if work.order == *before {
        save_saga(&mut tx, work).await?;
    } else {
        let Work { order, lines, saga } = &mut *work;
        if !store::save(&mut tx, saga, order, before.status, lines, now).await? {
            return Err(Stop::Lost);
        }
    }
    if asked {
        let event = waiting::action_event(work);
        outbox::publish(&mut tx, work.order.id, work.order.version, &event, now).await?;
    }
    tx.commit().await?;
    if work.saga.step == Step::Done {
        let status = work.order.status.as_str();
        metrics::counter!("orders_decided_total", "status" => status).increment(1);
        tracing::info!(order = %work.order.number, status, "order decided");
    }
    Ok(())
}

fn enter(app: &App, work: &mut Work, step: Step) {
    let now = app.clock.now();
    let saga = &mut work.saga;
    saga.step = step;
    saga.tries = 0;
    saga.lease_until = now + LEASE;
    if !step.is_waiting() {
        saga.due_at = now;
    } else {
        // Nobody works on it until it is due.
        saga.lease_until = now;
    }
}

/// Ends the lease, so that the worker goes on after a pause.
async fn hand_back(app: &App, work: &mut Work, pause: Duration) -> Result<(), Stop> {
    let now = app.clock.now();
    work.saga.lease_until = now;
    work.saga.due_at = now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::seconds(30));
    save_saga(&app.db, work).await
}
