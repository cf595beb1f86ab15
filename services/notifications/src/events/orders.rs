//! Messages to customers about their orders. Their words follow what happened to the goods and to
//! the money; reasons are codes, so nobody's own words are in them.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::money::Money;
use chassis::names;
use chassis::outbox::{Envelope, EventData};
use chrono::{DateTime, TimeDelta, Utc};
use contracts::orders::{
    Line, Order, OrderLinkRequested, OrderPaymentActionRequired, OrderRefunded, OrderStatusUpdated,
    OrderTrackingUpdated, Reason, refund_of_cancel,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Letter, enqueue};
use crate::builtin::{self, Definition};
use crate::model::{ACTION_REQUIRED, News, OVERTAKEN, is_overtaken};
use crate::queue::About;
use crate::{App, store, texts, wording};

/// How long a customer has to complete a payment before a mail asks for it.
const ACTION_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Writes to customers about their orders.
pub(crate) struct Orders(pub(crate) App);

impl Handler for Orders {
    fn types(&self) -> &'static [&'static str] {
        &[
            OrderStatusUpdated::TYPE,
            OrderTrackingUpdated::TYPE,
            OrderRefunded::TYPE,
            OrderLinkRequested::TYPE,
            OrderPaymentActionRequired::TYPE,
        ]
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
                OrderLinkRequested::TYPE => link_requested(&self.0, tx, event).await,
                OrderPaymentActionRequired::TYPE => action_required(&self.0, tx, event).await,
                _ => Ok(()),
            }
        })
    }
}

async fn moved_on(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let update: OrderStatusUpdated = event.data()?;
    let later = store::note_status(tx, update.order.order_id, event.sequence, &update.to).await?;
    let Some(template) = template_for(&update) else { return Ok(()) };
    let language = language(app, tx, template, &update.order).await?;
    let mut facts = Facts::of(&update.order, &language, &update.to, &update.payment_status);
    facts.reason = update.reason.map(Reason::as_str);
    facts.reason_text = update.reason.and_then(|it| wording::reason(&language, it));
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
    let language = language(app, tx, template, &order).await?;
    let mut facts = Facts::of(&order, &language, SHIPPED, "paid");
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
    let language = language(app, tx, template, &it.order).await?;
    let mut facts = Facts::of(&it.order, &language, &it.status, &it.payment_status);
    let reason = it.reason.as_deref().and_then(|it| wording::refund_reason(&language, it));
    (facts.reason, facts.reason_text) = reason.unzip();
    facts.refund = Some(it.amount);
    facts.refunded = Some(it.refunded);
    enqueue(app, tx, event, facts.letter(template, None, false)?).await
}

/// Whoever asked reads the mails of the address, or gets nothing.
async fn link_requested(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let OrderLinkRequested { order } = event.data()?;
    let Some(template) = builtin::find("order_link") else { return Ok(()) };
    let language = language(app, tx, template, &order).await?;
    // It says nothing about the state of the order.
    let facts = Facts::of(&order, &language, "", "");
    enqueue(app, tx, event, facts.letter(template, None, false)?).await
}

/// Most customers do at once what is asked for. Only those who have not done it after a moment, which
/// would be later news of the order, are written to.
async fn action_required(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let OrderPaymentActionRequired { order, until } = event.data()?;
    let later = store::note_status(tx, order.order_id, event.sequence, ACTION_REQUIRED).await?;
    let Some(template) = builtin::find("payment_action_required") else { return Ok(()) };
    let language = language(app, tx, template, &order).await?;
    let mut facts = Facts::of(&order, &language, ACTION_REQUIRED, "requires_action");
    facts.until = until;
    let mut letter = facts.letter(template, Some(event.sequence), later.is_some())?;
    letter.wait = Some(ACTION_PAUSE);
    enqueue(app, tx, event, letter).await
}

/// The language of a message about an order.
async fn language(
    app: &App,
    tx: &mut Tx,
    template: &Definition,
    order: &Order,
) -> Result<String, Failure> {
    Ok(texts::language(app, tx, template, order.language.as_ref()).await?)
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
    language: &'a str,
    status: &'a str,
    payment_status: &'a str,
    /// A code, and the same for people.
    reason: Option<&'static str>,
    reason_text: Option<&'static str>,
    tracking_number: Option<&'a str>,
    /// What goes back with this news, in minor units, and all that has gone back.
    refund: Option<i64>,
    refunded: Option<i64>,
    /// When it is cancelled if it is not paid.
    until: Option<DateTime<Utc>>,
}

impl<'a> Facts<'a> {
    fn of(order: &'a Order, language: &'a str, status: &'a str, payment_status: &'a str) -> Self {
        Self {
            order,
            language,
            status,
            payment_status,
            reason: None,
            reason_text: None,
            tracking_number: None,
            refund: None,
            refunded: None,
            until: None,
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
            language: self.language.to_owned(),
            data,
            about: About {
                user_id: order.user_id,
                order_id: Some(order.order_id),
                order_number: Some(order.number.clone()),
            },
            recipient: order.email.clone(),
            skip: overtaken.then_some(OVERTAKEN),
            wait: None,
        })
    }

    /// The order as templates see it: amounts as people read them.
    fn describe(&self) -> Result<Value, Failure> {
        let order = self.order;
        let lines: Vec<Value> =
            order.lines.iter().map(|it| self.line(it)).collect::<Result<_, _>>()?;
        let some = |amount: Option<i64>| amount.map(|it| self.money(it)).transpose();
        Ok(json!({
            "id": order.order_id,
            "number": order.number,
            "name": names::in_mail(&order.name).unwrap_or_default(),
            "email": order.email,
            "status": self.status,
            "payment_status": self.payment_status,
            "lines": lines,
            "subtotal": self.money(order.subtotal)?,
            "shipping": self.money(order.shipping)?,
            "tax": self.money(order.tax)?,
            "total": self.money(order.total)?,
            "paid": self.money(order.captured.unwrap_or(order.total))?,
            "reason": self.reason,
            "reason_text": self.reason_text,
            "tracking_number": self.tracking_number,
            "refund": some(self.refund)?,
            "refunded": some(self.refunded)?,
            "until": self.until.map(|it| wording::time(self.language, it)),
            "charged": order.total > 0 && is_charged(self.payment_status),
            "free": order.total == 0,
            "guest": order.user_id.is_none(),
        }))
    }

    fn line(&self, line: &Line) -> Result<Value, Failure> {
        Ok(json!({
            "sku": line.sku,
            "title": line.title,
            "quantity": line.quantity,
            "unit_price": self.money(line.unit_price)?,
            "total": self.money(line.total)?,
        }))
    }

    fn money(&self, amount: i64) -> Result<String, Failure> {
        let currency = &self.order.currency;
        let money: Money =
            serde_json::from_value(json!({ "amount": amount, "currency": currency }))?;
        Ok(wording::money(self.language, &money))
    }
}
