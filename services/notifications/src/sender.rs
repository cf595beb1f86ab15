//! The worker that sends what is queued, and tries again what did not go out.

use std::sync::Arc;
use std::time::Duration;

use chassis::channel::CallError;
use chassis::db;
use chassis::service::BoxError;
use chassis::work::Loop;
use chrono::TimeDelta;
use contracts::identity::IssueToken;
use contracts::orders::AskAccessToken;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::builtin::{self, Definition, Key, Secret};
use crate::carrier::{OutgoingMessage, Transport, Undelivered};
use crate::model::{Message, News, OVERTAKEN, is_overtaken, next_try};
use crate::store::{MESSAGES, Outcome};
use crate::{App, queue, store};

/// Messages per turn; they are sent side by side.
const BATCH: i64 = 20;
/// How long a sender may take for a batch before another one takes it over.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long one message may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the sender sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);

/// Sends messages.
pub(crate) struct Sender {
    pub(crate) app: App,
    pub(crate) carrier: Arc<dyn Transport>,
}

impl Sender {
    /// Sends until cancelled. A failure is logged and tried again.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), BoxError> {
        MESSAGES.inherit(&self.app.db, self.app.clock.now()).await?;
        let messages = Loop::new(MESSAGES.name(), POLL).woken_by(&self.app.wake);
        let turn = || async { Ok::<_, db::Error>(self.turn().await? > 0) };
        messages.run(&stop, turn).await;
        Ok(())
    }

    /// Sends one batch of what is due; returns how many messages it dealt with.
    pub(crate) async fn turn(&self) -> db::Result<usize> {
        let (db, clock) = (&self.app.db, self.app.clock);
        let messages: Vec<Message> = MESSAGES.claim(db, clock.now(), LEASE, BATCH).await?;
        if messages.is_empty() {
            return Ok(0);
        }
        let outcomes = join_all(messages.iter().map(|it| db::watched(self.send(it)))).await;
        let mut tx = db.begin().await?;
        for (message, outcome) in messages.iter().zip(&outcomes) {
            if !store::settle(&mut tx, message, outcome, clock.now()).await? {
                tracing::warn!(message = %message.id, "another process took over this message");
            }
        }
        tx.commit().await?;
        Ok(messages.len())
    }

    async fn send(&self, message: &Message) -> Outcome {
        if let Some(outcome) = self.overtaken(message).await {
            return outcome;
        }
        let result = match self.pack(message).await {
            Ok(parcel) => {
                let delivery = tokio::time::timeout(DEADLINE, self.carrier.deliver(&parcel)).await;
                let late = || Undelivered::NotNow("no answer in time".to_owned());
                delivery.unwrap_or_else(|_| Err(late()))
            }
            Err(undelivered) => Err(undelivered),
        };
        let now = self.app.clock.now();
        let outcome = match result {
            Ok(()) if self.carrier.delivers() => Outcome::Sent(now),
            Ok(()) => Outcome::Logged,
            Err(Undelivered::Never(error)) => Outcome::Dead(error),
            Err(Undelivered::NotNow(error)) => match next_try(message.attempts, now) {
                Some(at) => Outcome::Again(at, error),
                None => Outcome::Dead(error),
            },
        };
        note(message, &outcome);
        outcome
    }

    /// What becomes of news about an order of which later news has come since, instead of sending
    /// them; none where they are still worth sending.
    async fn overtaken(&self, message: &Message) -> Option<Outcome> {
        let (order, news) = (message.order_id?, News::of(&message.data)?);
        match store::later_news(&self.app.db, order, news.sequence).await {
            Ok(Some(later)) if is_overtaken(&news.status, &later) => {
                Some(Outcome::Skipped(OVERTAKEN))
            }
            Ok(_) => None,
            Err(error) => {
                let at = next_try(message.attempts, self.app.clock.now());
                Some(at.map_or_else(
                    || Outcome::Dead(error.to_string()),
                    |at| Outcome::Again(at, error.to_string()),
                ))
            }
        }
    }

    /// The message as it goes out: with its secret, which is fetched only now.
    async fn pack(&self, message: &Message) -> Result<OutgoingMessage, Undelivered> {
        let template = message.template.as_deref().and_then(builtin::find);
        let mut parcel = OutgoingMessage {
            id: message.id,
            channel: message.channel,
            template: message.template.clone(),
            recipient: message.recipient.clone(),
            subject: message.subject.clone(),
            body: message.body.clone(),
            order_number: message.order_number.clone(),
            link: None,
        };
        let Some(template) = template else { return Ok(parcel) };
        let key = match &template.secret {
            Some(secret) => Key::Token(self.one_time_token(message, secret).await?),
            None if template.is_for_guest(&message.data) => self.order_key(message).await?,
            None => return Ok(parcel),
        };
        self.unmask(&mut parcel, message, template, &key).await?;
        Ok(parcel)
    }

    async fn one_time_token(
        &self,
        message: &Message,
        secret: &Secret,
    ) -> Result<chassis::Secret, Undelivered> {
        let never = |error: &str| Undelivered::Never(error.to_owned());
        let user_id =
            message.user_id.ok_or_else(|| never("it is not known whose token this needs"))?;
        let email = Some(message.recipient.clone());
        let request = IssueToken { user_id, purpose: secret.purpose, email };
        let token = self.app.identity.one_time_token(&request).await;
        token.map(|it| it.token).map_err(|error| match error {
            CallError::Rejected(problem) => Undelivered::Never(problem.to_string()),
            // Each token takes the place of the one before: asking again helps nobody.
            error @ CallError::Malformed { .. } => Undelivered::Never(error.to_string()),
            error @ CallError::Indeterminate { .. } => Undelivered::NotNow(error.to_string()),
        })
    }

    /// What opens a guest's order. A mail is worth having without it, too.
    async fn order_key(&self, message: &Message) -> Result<Key, Undelivered> {
        let Some(order_id) = message.order_id else { return Ok(Key::None) };
        let request = AskAccessToken { order_id, email: message.recipient.clone() };
        match self.app.orders.access_token(&request).await {
            Ok(it) => Ok(Key::Token(it.token)),
            Err(error @ (CallError::Rejected(_) | CallError::Malformed { .. })) => {
                tracing::warn!(message = %message.id, %error, "cannot fetch the order key of a guest's message");
                Ok(Key::None)
            }
            Err(error @ CallError::Indeterminate { .. }) => {
                Err(Undelivered::NotNow(error.to_string()))
            }
        }
    }

    async fn unmask(
        &self,
        parcel: &mut OutgoingMessage,
        message: &Message,
        template: &Definition,
        key: &Key,
    ) -> Result<(), Undelivered> {
        let app = &self.app;
        let text = queue::fill_in_force(app, &app.db, template, &message.data, key).await;
        let text = text.map_err(|error| Undelivered::NotNow(error.to_string()))?;
        // What is wrong could quote the token.
        let text =
            text.map_err(|_| Undelivered::Never("the template cannot be filled".to_owned()))?;
        parcel.subject = Some(text.subject);
        parcel.body = text.body;
        parcel.link = template.link(&message.data, &app.config.shop(), key);
        Ok(())
    }
}

fn note(message: &Message, outcome: &Outcome) {
    let (channel, id) = (message.channel.as_str(), message.id);
    let (result, error) = match outcome {
        Outcome::Sent(_) => ("sent", None),
        Outcome::Logged => ("logged", None),
        Outcome::Skipped(_) => ("skipped", None),
        Outcome::Again(_, error) => ("failed", Some(error)),
        Outcome::Dead(error) => ("dead", Some(error)),
    };
    metrics::counter!("notifications_total", "channel" => channel, "outcome" => result)
        .increment(1);
    if let Some(error) = error {
        tracing::warn!(message = %id, channel, result, error, "message not sent");
    }
}

#[cfg(test)]
mod tests;
