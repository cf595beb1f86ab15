//! Messages to customers about their orders. Their words follow what happened to the goods and to
//! the money; reasons are codes, so nobody's own words are in them.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::money::Money;
use chassis::names;
use chassis::outbox::{Envelope, EventData};
use contracts::orders::{
    Line, Order, OrderRefunded, OrderStatusUpdated, OrderTrackingUpdated, Reason, refund_of_cancel,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Letter, enqueue};
use crate::builtin::{self, Definition};
use crate::model::{News, OVERTAKEN, is_overtaken};
use crate::queue::About;
use crate::{App, store};

/// Writes to customers about their orders.
pub(crate) struct Orders(pub(crate) App);

impl Handler for Orders {
    fn types(&self) -> &'static [&'static str] {
        &[OrderStatusUpdated::TYPE, OrderTrackingUpdated::TYPE, OrderRefunded::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            match event.kind.as_str() {
                OrderStatusUpdated::TYPE => moved_on(&self.0, tx, event).await,
                OrderTrackingUpdated::TYPE => tracking_updated(&self.0, tx, event).await,
                OrderRefunded::TYPE => refunded(&self.0, tx, event).await,
                _ => Ok(()),
            }
        })
    }
}

async fn moved_on(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let update: OrderStatusUpdated = event.data()?;
    let later = store::note_status(tx, update.order.order_id, event.sequence, &update.to).await?;
    let Some(template) = template_for(&update) else { return Ok(()) };
    let mut facts = Facts::of(&update.order, &update.to, &update.payment_status);
    facts.reason = update.reason.map(Reason::as_str);
    facts.reason_text = update.reason.and_then(reason_text);
    facts.tracking_number = update.tracking_number.as_deref();
    // What was paid has gone back as a whole, some of it perhaps before.
    let paid = update.order.captured.unwrap_or(update.order.total);
    if update.payment_status == "refunded" && paid > 0 {
        facts.refund = Some(update.refund.unwrap_or(paid)).filter(|it| *it > 0);
        facts.refunded = Some(paid);
    }
    let overtaken = later.is_some_and(|later| is_overtaken(&update.to, &later));
    enqueue(app, tx, event, facts.letter(template, Some(event.sequence), overtaken)?).await
}

/// A corrected number, which also stands for the news that the order was shipped.
async fn tracking_updated(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    const SHIPPED: &str = "shipped";
    let OrderTrackingUpdated { order, tracking_number } = event.data()?;
    let later = store::note_status(tx, order.order_id, event.sequence, SHIPPED).await?;
    let Some(template) = builtin::find("order_tracking_updated") else { return Ok(()) };
    let mut facts = Facts::of(&order, SHIPPED, "paid");
    facts.tracking_number = Some(&tracking_number);
    enqueue(app, tx, event, facts.letter(template, Some(event.sequence), later.is_some())?).await
}

/// News of money, which no other news overtake. What goes back because of a cancel is told with it.
async fn refunded(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let it: OrderRefunded = event.data()?;
    let Some(template) = builtin::find("order_refunded") else { return Ok(()) };
    if it.amount <= 0 || it.refund_id == refund_of_cancel(it.order.order_id) {
        return Ok(());
    }
    let mut facts = Facts::of(&it.order, &it.status, &it.payment_status);
    (facts.reason, facts.reason_text) = it.reason.as_deref().and_then(refund_reason).unzip();
    facts.refund = Some(it.amount);
    facts.refunded = Some(it.refunded);
    enqueue(app, tx, event, facts.letter(template, None, false)?).await
}

/// Which message an update asks for, if any.
fn template_for(update: &OrderStatusUpdated) -> Option<&'static Definition> {
    builtin::find(match update.to.as_str() {
        "confirmed" => "order_confirmed",
        "shipped" => "order_shipped",
        "delivered" => "order_delivered",
        "cancelled" if is_unpaid(update) => "payment_failed",
        "cancelled" => "order_cancelled",
        // Until refunds had an event of their own.
        "refunded" => "order_refunded",
        _ => return None,
    })
}

/// Whether an order was cancelled because its payment did not come about. What became of the money
/// says it, as well as the reason.
fn is_unpaid(update: &OrderStatusUpdated) -> bool {
    update.reason.is_some_and(Reason::is_unpaid)
        && update.order.total > 0
        && !is_charged(&update.payment_status)
}

/// Whether money was taken for the order, be it still there or not.
fn is_charged(payment_status: &str) -> bool {
    matches!(payment_status, "paid" | "partially_refunded" | "refunded")
}

/// What a message about an order says.
struct Facts<'a> {
    order: &'a Order,
    status: &'a str,
    payment_status: &'a str,
    /// A code, and the same for people.
    reason: Option<&'static str>,
    reason_text: Option<&'static str>,
    tracking_number: Option<&'a str>,
    /// What goes back with this news, in minor units, and all that has gone back.
    refund: Option<i64>,
    refunded: Option<i64>,
}

impl<'a> Facts<'a> {
    fn of(order: &'a Order, status: &'a str, payment_status: &'a str) -> Self {
        Self {
            order,
            status,
            payment_status,
            reason: None,
            reason_text: None,
            tracking_number: None,
            refund: None,
            refunded: None,
        }
    }

    /// `sequence` where later news of the order may overtake these.
    fn letter(
        &self,
        template: &'static Definition,
        sequence: Option<i64>,
        overtaken: bool,
    ) -> Result<Letter, Failure> {
        let mut data = json!({ "order": self.describe()? });
        if let Some(sequence) = sequence {
            data["news"] = json!(News { sequence, status: self.status.to_owned() });
        }
        let order = self.order;
        Ok(Letter {
            part: template.key,
            template,
            data,
            about: About {
                user_id: order.user_id,
                order_id: Some(order.order_id),
                order_number: Some(order.number.clone()),
            },
            recipient: order.email.clone(),
            skip: overtaken.then_some(OVERTAKEN),
        })
    }

    /// The order as templates see it: amounts as people read them.
    fn describe(&self) -> Result<Value, Failure> {
        let order = self.order;
        let lines: Vec<Value> =
            order.lines.iter().map(|it| line(order, it)).collect::<Result<_, _>>()?;
        let some = |amount: Option<i64>| amount.map(|it| money(order, it)).transpose();
        Ok(json!({
            "id": order.order_id,
            "number": order.number,
            "name": names::in_mail(&order.name).unwrap_or_default(),
            "email": order.email,
            "status": self.status,
            "payment_status": self.payment_status,
            "lines": lines,
            "subtotal": money(order, order.subtotal)?,
            "shipping": money(order, order.shipping)?,
            "tax": money(order, order.tax)?,
            "total": money(order, order.total)?,
            "paid": money(order, order.captured.unwrap_or(order.total))?,
            "reason": self.reason,
            "reason_text": self.reason_text,
            "tracking_number": self.tracking_number,
            "refund": some(self.refund)?,
            "refunded": some(self.refunded)?,
            "charged": order.total > 0 && is_charged(self.payment_status),
            "free": order.total == 0,
            "guest": order.user_id.is_none(),
        }))
    }
}

fn line(order: &Order, line: &Line) -> Result<Value, Failure> {
    Ok(json!({
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": money(order, line.unit_price)?,
        "total": money(order, line.total)?,
    }))
}

fn money(order: &Order, amount: i64) -> Result<String, Failure> {
    let money: Money =
        serde_json::from_value(json!({ "amount": amount, "currency": order.currency }))?;
    Ok(money.to_string())
}

/// A reason as a mail says it; none where there is nothing that helps who reads it.
fn reason_text(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::CustomerRequest | Reason::FoundCheaper | Reason::TakesTooLong => "you requested it",
        Reason::ChangedMind => "you changed your mind",
        Reason::OrderedByMistake => "it was ordered by mistake",
        // Who is suspected is not accused in a mail.
        Reason::CancelledByShop | Reason::Fraudulent => "the shop cancelled it",
        Reason::OutOfStock | Reason::ItemUnavailable => "some items are no longer in stock",
        Reason::AddressUndeliverable => "we cannot deliver to this address",
        Reason::PaymentDeclined => "the payment was declined",
        Reason::PaymentExpired => "it was not paid in time",
        Reason::PaymentFailed => "the payment failed",
        Reason::PaymentVoided | Reason::AuthorizationExpired => "the payment was voided",
        Reason::PaymentNotDecided | Reason::NotDecidedInTime => "the bank did not answer in time",
        Reason::Superseded => "you placed a new order instead",
        Reason::Other | Reason::Refunded => return None,
    })
}

/// Why staff gave money back, as a mail says it: a code with its text; none for what helps nobody.
fn refund_reason(code: &str) -> Option<(&'static str, &'static str)> {
    const TEXTS: [(&str, &str); 6] = [
        ("customer_request", "you requested it"),
        ("goodwill", "goodwill"),
        ("damaged", "an item was damaged"),
        ("not_received", "it did not arrive"),
        ("returned", "you returned it"),
        ("duplicate", "it was paid twice"),
    ];
    TEXTS.into_iter().find(|(it, _)| *it == code)
}
