//! What others ask for: one transaction that changes the payment's status and notes what the
//! provider is going to be asked, then the provider is asked.

use chassis::Secret;
use chassis::cards;
use chassis::db::Tx;
use chassis::id;
use chassis::money::MAX_AMOUNT;
use chassis::problem::{FieldError, Problem, Result};
use contracts::orders::LineShare;
use contracts::payments::{Authorize, CaptureTiming};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Kind, Payment, Refund, Start, Status, confirmation_id, operation_id};
use crate::refund_lines::{self, RefundLine, Wanted};
use crate::store::{NewOperation, NewPayment};
use crate::{App, operations, problems, store};

/// Holds the amount. Asked again, answers the payment as it is by now.
pub(crate) async fn authorize(app: &App, request: Authorize) -> Result<Payment> {
    let token = (request.token.clone(), request.save);
    let new = checked(app, request)?;
    let lease = app.lease();
    let mut tx = app.db.begin().await?;
    let Some((payment, operation)) = store::open(&mut tx, &new, token, lease).await? else {
        tx.rollback().await?;
        store::adopt(&app.db, &new, lease.now).await?;
        let payment = store::find(&app.db, new.id).await?;
        return payment.filter(|it| same(it, &new)).ok_or_else(problems::payment_mismatch);
    };
    tx.commit().await?;
    operations::answer(app, payment, Some(operation)).await
}

/// Takes what is held. Asked again, answers the payment as it is by now, also where staff took only
/// a part.
pub(crate) async fn capture(app: &App, id: Uuid) -> Result<Payment> {
    let mut tx = app.db.begin().await?;
    let payment = store::lock(&mut tx, id).await?.ok_or_else(problems::payment_not_found)?;
    let amount = payment.amount;
    begin_capture(app, tx, payment, amount).await
}

/// Takes an amount of what is held, or all of it, and releases the rest. Asked again for the same,
/// answers the payment as it is by now; refused for another amount, since there is one capture.
pub(crate) async fn capture_amount(app: &App, id: Uuid, amount: Option<i64>) -> Result<Payment> {
    let mut tx = app.db.begin().await?;
    let payment = store::lock(&mut tx, id).await?.ok_or_else(problems::payment_not_found)?;
    let amount = amount.unwrap_or(payment.amount);
    if amount > payment.amount {
        return Err(problems::capture_exceeds_payment(payment.amount));
    }
    if payment.status == Status::Capturing || payment.is_captured() {
        let asked = store::find_operation(&mut tx, operation_id(id, Kind::Capture)).await?;
        let taken = asked.map_or(payment.captured, |it| it.amount);
        return if taken == amount { Ok(payment) } else { Err(problems::capture_mismatch(taken)) };
    }
    let payment = begin_capture(app, tx, payment, amount).await?;
    if matches!(payment.status, Status::Declined | Status::Voided) {
        return Err(problems::capture_declined(payment.reason.as_deref().unwrap_or("declined")));
    }
    Ok(payment)
}

async fn begin_capture(
    app: &App,
    mut tx: Tx,
    mut payment: Payment,
    amount: i64,
) -> Result<Payment> {
    if payment.capture()? == Start::AsItIs {
        return Ok(payment);
    }
    let ask = NewOperation { amount, ..NewOperation::new(&payment, Kind::Capture) };
    let operation = store::save_and_intend(&mut tx, &mut payment, ask, app.lease()).await?;
    tx.commit().await?;
    operations::answer(app, payment, operation).await
}

/// Releases what is held. A payment nobody knows is noted as voided.
pub(crate) async fn void(app: &App, id: Uuid) -> Result<Payment> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let note = tombstone(app, id);
    if let Some(payment) = store::insert(&mut tx, &note, now).await? {
        tx.commit().await?;
        return Ok(payment);
    }
    let mut payment = store::lock(&mut tx, id).await?.ok_or_else(problems::payment_not_found)?;
    let start = payment.void();
    if start == Start::AsItIs {
        return Ok(payment);
    }
    let operation = match start {
        Start::Ask => {
            let ask = NewOperation::new(&payment, Kind::Void);
            store::save_and_intend(&mut tx, &mut payment, ask, app.lease()).await?
        }
        _ => {
            store::save(&mut tx, &mut payment, now).await?;
            None
        }
    };
    tx.commit().await?;
    operations::answer(app, payment, operation).await
}

/// Goes on after the customer's action, with what their client sent for the provider. Asked again,
/// answers the payment as it is by now.
pub(crate) async fn confirm(app: &App, id: Uuid, input: Option<Value>) -> Result<Payment> {
    let mut tx = app.db.begin().await?;
    let mut payment = store::lock(&mut tx, id).await?.ok_or_else(problems::payment_not_found)?;
    if let (Some(provider), Some(input)) = (app.providers.get(&payment.provider), &input) {
        provider.check_input(input)?;
    }
    let id = confirmation_id(payment.id, payment.version);
    if payment.confirm() == Start::AsItIs {
        return Ok(payment);
    }
    let input = input.map(|it| Secret::from(it.to_string()));
    let ask = NewOperation { id, input, ..NewOperation::new(&payment, Kind::Confirm) };
    let operation = store::save_and_intend(&mut tx, &mut payment, ask, app.lease()).await?;
    tx.commit().await?;
    operations::answer(app, payment, operation).await
}

/// What a refund asks for.
#[derive(Clone, Debug)]
pub(crate) struct RefundRequest {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    /// None for what the lines were sold for; or, without lines, for all that is left.
    pub(crate) amount: Option<i64>,
    pub(crate) lines: Vec<Wanted>,
    /// Whether everything of the order that is still out is put back into stock.
    pub(crate) restock: bool,
    pub(crate) reason: String,
    pub(crate) note: Option<String>,
    pub(crate) staff: Option<Uuid>,
    pub(crate) fingerprint: Option<String>,
}

/// A refund that was asked for, and whether it had been asked for before.
pub(crate) struct Refunding {
    pub(crate) payment: Payment,
    /// None where all was given back already and nothing in particular was asked for.
    pub(crate) refund: Option<Refund>,
    pub(crate) lines: Vec<RefundLine>,
    pub(crate) replayed: bool,
}

/// Gives money back. The amount and the units of lines are reserved before the provider is asked,
/// so that refunds never exceed what was captured, and no unit is given back twice. Asked again
/// under the same id, answers how it stands.
pub(crate) async fn refund(app: &App, request: RefundRequest) -> Result<Refunding> {
    let shares = shares(app, &request).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let locked = store::lock(&mut tx, request.payment_id).await?;
    let mut payment = locked.ok_or_else(problems::payment_not_found)?;
    if let Some(refund) = store::find_refund(&mut tx, request.id).await? {
        let other = request.amount.is_some_and(|it| it != refund.amount);
        if refund.payment_id != payment.id || (request.fingerprint.is_none() && other) {
            return Err(problems::refund_mismatch());
        }
        let lines = lines_of(store::refund_lines(&mut tx, payment.id, false).await?, refund.id);
        return Ok(Refunding { payment, refund: Some(refund), lines, replayed: true });
    }
    if request.amount.is_none() && payment.nothing_left() {
        return Ok(Refunding { payment, refund: None, lines: vec![], replayed: false });
    }
    let earlier = store::refund_lines(&mut tx, payment.id, true).await?;
    let lines = refund_lines::price(request.id, &shares, &earlier, &request.lines)?;
    let amount = match (request.amount, lines.is_empty()) {
        (Some(amount), _) => amount,
        (None, true) => payment.refundable(),
        (None, false) => match lines.iter().map(|it| it.amount).sum() {
            0 => return Err(problems::nothing_to_refund()),
            amount => amount,
        },
    };
    payment.reserve_refund(amount)?;
    let refund = Refund {
        fingerprint: request.fingerprint,
        restock: request.restock,
        note: request.note,
        staff: request.staff,
        ..Refund::new(request.id, payment.id, amount, &request.reason, now)
    };
    if !store::insert_refund(&mut tx, &refund).await? {
        return Err(problems::refund_mismatch());
    }
    store::insert_refund_lines(&mut tx, &lines).await?;
    let ask = NewOperation { id: refund.id, amount, ..NewOperation::new(&payment, Kind::Refund) };
    let operation = store::save_and_intend(&mut tx, &mut payment, ask, app.lease()).await?;
    tx.commit().await?;
    let payment = operations::answer(app, payment, operation).await?;
    let refund = store::find_refund(&app.db, refund.id).await?;
    Ok(Refunding { payment, refund, lines, replayed: false })
}

/// What the lines of the payment's order were sold for, where the refund names any. It never
/// changes, so that it may be read before the payment is locked.
async fn shares(app: &App, request: &RefundRequest) -> Result<Vec<LineShare>> {
    if request.lines.is_empty() || store::find_refund(&app.db, request.id).await?.is_some() {
        return Ok(vec![]);
    }
    let payment = store::find(&app.db, request.payment_id).await?;
    let order = payment.ok_or_else(problems::payment_not_found)?.order_id;
    let shares = app.orders.shares(order.ok_or_else(problems::lines_unknown)?).await?;
    shares.ok_or_else(problems::lines_unknown)
}

/// Those lines that are a refund's.
pub(crate) fn lines_of(lines: Vec<RefundLine>, refund: Uuid) -> Vec<RefundLine> {
    lines.into_iter().filter(|it| it.refund_id == refund).collect()
}

/// The id of the refund a client names with its idempotency key.
pub(crate) fn refund_id(payment: Uuid, key: &str) -> Uuid {
    id::derive(payment, format!("refund:{key}"))
}

/// Whether a repetition asks for the same as the first request did. A payment that was voided
/// before it was asked for and adopted since is like any other.
fn same(payment: &Payment, new: &NewPayment) -> bool {
    payment.order_id == new.order_id
        && payment.amount == new.amount
        && payment.currency == new.currency
        && payment.provider == new.provider
}

fn tombstone(app: &App, id: Uuid) -> NewPayment {
    NewPayment {
        id,
        order_id: None,
        order_number: String::new(),
        user_id: None,
        order_token_hash: None,
        status: Status::Voided,
        amount: 0,
        currency: app.currency.clone(),
        provider: String::new(),
        capture: CaptureTiming::AtOnce,
    }
}

/// Refuses what must not be stored, a card number above all.
fn checked(app: &App, request: Authorize) -> Result<NewPayment> {
    if cards::is_in(&request.token) || cards::is_in(&request.provider) {
        return Err(problems::card_number_refused());
    }
    let Some(provider) = app.providers.get(&request.provider) else {
        return Err(problems::provider_unknown(&app.providers.names().join(", ")));
    };
    let capture = app.config.capture(provider.method_of(&request.token));
    let mut wrong = Vec::new();
    let mut check = |right: bool, field: &str, detail: String| {
        if !right {
            wrong.push(FieldError { field: field.to_owned(), detail });
        }
    };
    let token = &request.token;
    let visible = token.bytes().all(|it| it.is_ascii_graphic());
    check(
        visible && (1..=255).contains(&token.len()),
        "payment.token",
        "must be 1 to 255 visible ASCII characters".to_owned(),
    );
    check(
        (0..=MAX_AMOUNT).contains(&request.amount),
        "amount",
        format!("must be from 0 to {MAX_AMOUNT} minor units"),
    );
    check(
        request.currency == app.currency.as_str(),
        "currency",
        format!("must be {}", app.currency.as_str()),
    );
    check(request.order_number.len() <= 64, "order_number", "is too long".to_owned());
    let hash = request.order_token_hash.as_deref();
    check(
        hash.is_none_or(|it| it.len() == 64 && it.bytes().all(|it| it.is_ascii_hexdigit())),
        "order_token_hash",
        "must be a SHA-256 in hex".to_owned(),
    );
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    Ok(NewPayment {
        id: request.payment_id,
        order_id: Some(request.order_id),
        order_number: request.order_number,
        user_id: request.user_id,
        order_token_hash: request.order_token_hash.map(|it| it.to_ascii_lowercase()),
        status: Status::Pending,
        amount: request.amount,
        currency: app.currency.clone(),
        provider: request.provider,
        capture,
    })
}
