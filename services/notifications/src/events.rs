//! What notifications does when others tell something: it queues messages, and the sender sends
//! them later. One event makes one message, however often it comes.

use chassis::db::Tx;
use chassis::id;
use chassis::inbox::{Failure, Handler};
use chassis::money::Money;
use chassis::outbox::{Envelope, EventData};
use contracts::identity::{
    EmailVerificationRequested, PasswordResetRequested, UserDeleted, UserRegistered,
};
use contracts::orders::{Line, Order, OrderStatusUpdated};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::builtin::{self, Definition};
use crate::model::is_overtaken;
use crate::queue::{About, Content, Draft};
use crate::{App, queue, store};

/// Writes to customers about their orders.
pub(crate) struct Orders(pub(crate) App);

/// Writes to users about their accounts, and forgets those who are gone.
pub(crate) struct Users(pub(crate) App);

impl Handler for Orders {
    fn types(&self) -> &'static [&'static str] {
        &[OrderStatusUpdated::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(order_moved_on(&self.0, tx, event))
    }
}

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[
            UserRegistered::TYPE,
            EmailVerificationRequested::TYPE,
            PasswordResetRequested::TYPE,
            UserDeleted::TYPE,
        ]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            match event.kind.as_str() {
                UserRegistered::TYPE => {
                    let UserRegistered { user_id, email, name } = event.data()?;
                    greet(&self.0, tx, event, "welcome", Person { user_id, email, name }).await
                }
                EmailVerificationRequested::TYPE => {
                    let EmailVerificationRequested { user_id, email, name } = event.data()?;
                    greet(&self.0, tx, event, "verify_email", Person { user_id, email, name }).await
                }
                PasswordResetRequested::TYPE => {
                    let PasswordResetRequested { user_id, email, name } = event.data()?;
                    greet(&self.0, tx, event, "password_reset", Person { user_id, email, name })
                        .await
                }
                UserDeleted::TYPE => {
                    let UserDeleted { user_id } = event.data()?;
                    Ok(store::forget(tx, user_id, self.0.clock.now()).await?)
                }
                _ => Ok(()),
            }
        })
    }
}

struct Person {
    user_id: Uuid,
    email: String,
    name: String,
}

async fn greet(
    app: &App,
    tx: &mut Tx,
    event: &Envelope,
    template: &'static str,
    person: Person,
) -> Result<(), Failure> {
    let Some(template) = builtin::find(template) else { return Ok(()) };
    let data = json!({ "user": { "name": person.name, "email": person.email } });
    let about = About { user_id: Some(person.user_id), ..About::default() };
    tell(app, tx, event, template, News { data, about, recipient: person.email, skip: None }).await
}

async fn order_moved_on(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let update: OrderStatusUpdated = event.data()?;
    let order = &update.order;
    let later = store::hear(tx, order.order_id, event.sequence, &update.to).await?;
    let Some(template) = template_for(&update) else { return Ok(()) };
    let overtaken = later.is_some_and(|later| is_overtaken(&update.to, &later));
    let news = News {
        data: describe(&update)?,
        about: About {
            user_id: order.user_id,
            order_id: Some(order.order_id),
            order_number: Some(order.number.clone()),
        },
        recipient: order.email.clone(),
        skip: overtaken.then_some("later news about this order came first"),
    };
    tell(app, tx, event, template, news).await
}

/// Which message an update asks for, if any.
fn template_for(update: &OrderStatusUpdated) -> Option<&'static Definition> {
    builtin::find(match update.to.as_str() {
        "confirmed" => "order_confirmed",
        "shipped" => "order_shipped",
        "delivered" => "order_delivered",
        "cancelled" if was_not_paid(update.reason.as_deref()) => "payment_failed",
        "cancelled" => "order_cancelled",
        "refunded" => "order_refunded",
        _ => return None,
    })
}

struct News {
    data: Value,
    about: About,
    recipient: String,
    skip: Option<&'static str>,
}

async fn tell(
    app: &App,
    tx: &mut Tx,
    event: &Envelope,
    template: &'static Definition,
    news: News,
) -> Result<(), Failure> {
    let text = queue::fill_in_force(app, &mut *tx, template, &news.data, None).await?;
    let (text, unreadable) = match text {
        Ok(text) => (Some(text), None),
        Err(_) => (None, Some("the template cannot be filled with this event")),
    };
    let unreachable =
        template.channel.refuse(&news.recipient).map(|_| "the recipient's address is not valid");
    let draft = Draft {
        id: id::derive(event.id, template.key),
        channel: template.channel,
        topic: template.topic,
        recipient: news.recipient,
        content: Content {
            template: Some(template.key),
            data: news.data,
            body: text.as_ref().map(|it| it.body.clone()).unwrap_or_default(),
            subject: text.map(|it| it.subject),
        },
        about: news.about,
        skip: news.skip.or(unreadable).or(unreachable),
        fingerprint: None,
    };
    queue::queue(app, tx, draft, app.clock.now()).await?;
    Ok(())
}

/// An order as templates see it: amounts as people read them.
fn describe(update: &OrderStatusUpdated) -> Result<Value, Failure> {
    let order = &update.order;
    let lines: Vec<Value> =
        order.lines.iter().map(|it| line(order, it)).collect::<Result<_, _>>()?;
    Ok(json!({ "order": {
        "id": order.order_id,
        "number": order.number,
        "name": order.name,
        "email": order.email,
        "status": update.to,
        "payment_status": update.payment_status,
        "lines": lines,
        "subtotal": money(order, order.subtotal)?,
        "shipping": money(order, order.shipping)?,
        "tax": money(order, order.tax)?,
        "total": money(order, order.total)?,
        "reason": update.reason,
        "reason_text": update.reason.as_deref().map(reason_text),
        "tracking_number": update.tracking_number,
    } }))
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

/// Whether an order was cancelled because its payment did not come about.
fn was_not_paid(reason: Option<&str>) -> bool {
    let Some(reason) = reason else { return false };
    ["payment_declined", "payment_expired", "payment_failed", "payment_voided"].contains(&reason)
}

/// A reason's code as a person says it. What people wrote stays as it is.
fn reason_text(code: &str) -> String {
    match code {
        "out_of_stock" | "item_unavailable" => "not everything was in stock any more".to_owned(),
        "customer_request" => "you asked for it".to_owned(),
        "cancelled_by_shop" => "the shop cancelled it".to_owned(),
        "payment_declined" => "the payment was declined".to_owned(),
        "superseded" => "you have ordered anew in its place".to_owned(),
        "payment_expired" => "it was not paid in time".to_owned(),
        "payment_not_decided" | "not_decided_in_time" => {
            "the bank did not answer in time".to_owned()
        }
        other if other.contains(' ') => other.to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests;
