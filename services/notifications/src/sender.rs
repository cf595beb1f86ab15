//! The worker that sends what is queued, and tries again what did not go out.

use std::time::Duration;

use chassis::channel::CallError;
use chassis::db;
use chassis::service::BoxError;
use chassis::work::Loop;
use chrono::TimeDelta;
use contracts::identity::IssueToken;
use contracts::orders::IssueOrderKey;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::builtin::{self, Definition, Key, LANGUAGES, Secret};
use crate::delivery::Attempt;
use crate::layout::Layout;
use crate::model::{Channel, LONGEST_WAIT, Message, News, OVERTAKEN, is_overtaken, next_try};
use crate::queue::FAREWELL;
use crate::store::{MESSAGES, Outcome};
use crate::texts::{self, Filled};
use crate::transport::{self, DeliveryError, OutgoingMessage, Provider};
use crate::{App, push, queue, reports, store, unsubscribe};

/// What staff read of a message that was sent as often as that helps.
const MAYBE_SENT: &str = "it was sent twice without an answer, so it may have arrived; sending it \
                          again may repeat it";
/// The pause before a message is sent the second time.
const UNCERTAIN_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Messages per turn; they are sent side by side.
const BATCH: i64 = 20;
/// How long a sender may take for a batch before another one takes it over: longer than a message
/// may take with every provider of its channel.
const LEASE: TimeDelta = TimeDelta::seconds(150);
/// How long the sender sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(500);
/// How often a message is sent of which nobody knows whether it was sent before: a second time, as
/// two are better than none, but not a third.
const MAX_UNCERTAIN: i64 = 2;

/// Sends messages.
pub(crate) struct Sender {
    pub(crate) app: App,
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
            if message.template.as_deref() == Some(FAREWELL) {
                store::forget_farewell(&mut tx, message.id).await?;
            }
            if let Outcome::Bounced(_, reason) = outcome {
                reports::suppress_bounced(&mut tx, message, reason, clock.now()).await?;
            }
        }
        tx.commit().await?;
        Ok(messages.len())
    }

    async fn send(&self, message: &Message) -> Outcome {
        let outcome = self.attempt(message).await;
        note(message, &outcome);
        outcome
    }

    async fn attempt(&self, message: &Message) -> Outcome {
        if message.uncertain > MAX_UNCERTAIN {
            return Outcome::Failed(MAYBE_SENT.to_owned());
        }
        if let Some(outcome) = self.overtaken(message).await {
            return outcome;
        }
        if let Some(outcome) = self.suppressed(message).await {
            return outcome;
        }
        match self.pack(message).await {
            Ok(outgoing) => self.deliver(message, &outgoing).await,
            Err(NotPacked::Later(error)) => self.again(message, error, None),
            Err(NotPacked::Never(error)) => Outcome::Failed(error),
        }
    }

    async fn deliver(&self, message: &Message, outgoing: &OutgoingMessage) -> Outcome {
        let attempt = match message.channel {
            Channel::Push => push::deliver(&self.app, outgoing).await,
            Channel::Email | Channel::Sms => Ok(self.app.delivery.deliver(outgoing).await),
        };
        match attempt {
            Ok(Attempt::NoProvider) => {
                transport::log(outgoing, self.app.config.log_secrets);
                Outcome::Logged
            }
            Ok(Attempt::Accepted(provider, accepted)) => {
                Outcome::Sent(self.app.clock.now(), provider, accepted)
            }
            Ok(Attempt::Postponed(until)) => Outcome::Postponed(until),
            Ok(Attempt::Failed(provider, error)) => self.failed(message, provider, error),
            Err(error @ push::NotDelivered::NoDevices) => Outcome::Skipped(error.to_string()),
            Err(push::NotDelivered::Database(error)) => {
                self.again(message, error.to_string(), None)
            }
        }
    }

    fn failed(&self, message: &Message, provider: Provider, error: DeliveryError) -> Outcome {
        match error {
            DeliveryError::Unavailable { reason, retry_after }
            | DeliveryError::Later { reason, retry_after } => {
                self.again(message, reason, retry_after)
            }
            DeliveryError::Unknown(reason) if message.uncertain < MAX_UNCERTAIN => {
                Outcome::Uncertain(self.app.clock.now() + UNCERTAIN_PAUSE, reason)
            }
            DeliveryError::Unknown(reason) => Outcome::Failed(format!("{reason}; {MAYBE_SENT}")),
            DeliveryError::Refused(reason) => Outcome::Failed(reason),
            DeliveryError::NoSuchRecipient(reason) => Outcome::Bounced(provider, reason),
            DeliveryError::OptedOut(reason) => Outcome::Skipped(reason),
        }
    }

    /// Later, unless that was the last attempt. A provider that says when is not asked before.
    fn again(&self, message: &Message, error: String, wait: Option<TimeDelta>) -> Outcome {
        let now = self.app.clock.now();
        match next_try(message.attempts, now) {
            Some(at) => {
                let told = now + wait.unwrap_or_default().min(LONGEST_WAIT);
                Outcome::Again(at.max(told), error)
            }
            None => Outcome::Failed(error),
        }
    }

    /// What becomes of news about an order of which later news has come since, instead of sending
    /// them; none where they are still worth sending.
    async fn overtaken(&self, message: &Message) -> Option<Outcome> {
        let (order, news) = (message.order_id?, News::of(&message.data)?);
        match store::later_news(&self.app.db, order, news.sequence).await {
            Ok(Some(later)) if is_overtaken(&news.status, &later) => {
                Some(Outcome::Skipped(OVERTAKEN.to_owned()))
            }
            Ok(_) => None,
            Err(error) => Some(self.again(message, error.to_string(), None)),
        }
    }

    /// What becomes of a message to an address that has been suppressed since it was queued.
    async fn suppressed(&self, message: &Message) -> Option<Outcome> {
        let (channel, recipient) = (message.channel, &message.recipient);
        match store::suppressions_of(&self.app.db, channel, recipient).await {
            Ok(reasons) => {
                let requested = queue::is_requested(message);
                let why = reasons.into_iter().find_map(|it| it.stops(message.topic, requested));
                why.map(|it| Outcome::Skipped(it.to_owned()))
            }
            Err(error) => Some(self.again(message, error.to_string(), None)),
        }
    }

    /// The message as it goes out: with its secret, which is fetched only now.
    async fn pack(&self, message: &Message) -> Result<OutgoingMessage, NotPacked> {
        let template = message.template.as_deref().and_then(builtin::find);
        let attachments = store::attachments(&self.app.db, message.id).await;
        let attachments = attachments.map_err(|error| NotPacked::Later(error.to_string()))?;
        let mut outgoing = OutgoingMessage {
            id: message.id,
            channel: message.channel,
            template: message.template.clone(),
            recipient: message.recipient.clone(),
            subject: message.subject.clone(),
            text: message.body.clone(),
            html: None,
            language: message.language.clone(),
            order_number: message.order_number.clone(),
            link: None,
            unsubscribe: unsubscribe::url(&self.app, message),
            attachments,
        };
        let mut markdown = message.markdown.clone();
        if let Some(template) = template
            && let Some(key) = self.key(message, template).await?
        {
            let filled = self.unmasked(message, template, &key).await?;
            outgoing.subject = Some(filled.subject);
            outgoing.text = filled.text;
            outgoing.link = template.link(&message.data, &self.app.shop, &key);
            markdown = Some(filled.markdown);
        }
        self.lay_out(&mut outgoing, markdown.as_deref());
        Ok(outgoing)
    }

    /// What takes the place of a message's masked secret; none where it has none.
    async fn key(
        &self,
        message: &Message,
        template: &Definition,
    ) -> Result<Option<Key>, NotPacked> {
        match &template.secret {
            Some(secret) => Ok(Some(Key::Token(self.one_time_token(message, secret).await?))),
            None if template.is_for_guest(&message.data) => self.order_key(message).await.map(Some),
            None => Ok(None),
        }
    }

    /// Puts an e-mail into its frame, as plain text and as HTML.
    fn lay_out(&self, outgoing: &mut OutgoingMessage, markdown: Option<&str>) {
        if outgoing.channel != Channel::Email {
            return;
        }
        let own = texts::own_language(&self.app);
        let layout = Layout {
            shop: &self.app.shop,
            language: outgoing.language.as_deref().unwrap_or(&own),
            subject: outgoing.subject.as_deref().unwrap_or_default(),
            unsubscribe: outgoing.unsubscribe.as_deref(),
        };
        let mail = match markdown {
            Some(markdown) => layout.markdown(markdown),
            None => layout.plain(&outgoing.text),
        };
        outgoing.text = mail.text;
        outgoing.html = Some(mail.html);
    }

    async fn one_time_token(
        &self,
        message: &Message,
        secret: &Secret,
    ) -> Result<chassis::Secret, NotPacked> {
        let never = |error: &str| NotPacked::Never(error.to_owned());
        let user_id =
            message.user_id.ok_or_else(|| never("it is not known whose token this needs"))?;
        let email = Some(message.recipient.clone());
        let request = IssueToken { user_id, purpose: secret.purpose, email };
        let token = self.app.identity.one_time_token(&request).await;
        token.map(|it| it.token).map_err(|error| match error {
            CallError::Rejected(problem) => NotPacked::Never(problem.to_string()),
            // Each token takes the place of the one before: asking again helps nobody.
            error @ CallError::Malformed { .. } => NotPacked::Never(error.to_string()),
            error @ CallError::Indeterminate { .. } => NotPacked::Later(error.to_string()),
        })
    }

    /// What opens a guest's order. A mail is worth having without it, too.
    async fn order_key(&self, message: &Message) -> Result<Key, NotPacked> {
        let Some(order_id) = message.order_id else { return Ok(Key::None) };
        let request = IssueOrderKey { order_id, email: message.recipient.clone() };
        match self.app.orders.issue_key(&request).await {
            Ok(it) => Ok(Key::Token(it.key)),
            Err(error @ (CallError::Rejected(_) | CallError::Malformed { .. })) => {
                tracing::warn!(message = %message.id, %error, "cannot fetch the order key of a guest's message");
                Ok(Key::None)
            }
            Err(error @ CallError::Indeterminate { .. }) => {
                Err(NotPacked::Later(error.to_string()))
            }
        }
    }

    async fn unmasked(
        &self,
        message: &Message,
        template: &Definition,
        key: &Key,
    ) -> Result<Filled, NotPacked> {
        let app = &self.app;
        let language = message.language.as_deref().unwrap_or(LANGUAGES[0]);
        let filled =
            texts::fill_in_force(app, &app.db, template, language, &message.data, key).await;
        let filled = filled.map_err(|error| NotPacked::Later(error.to_string()))?;
        // What is wrong could quote the token.
        filled.map_err(|_| NotPacked::Never("the template cannot be filled".to_owned()))
    }
}

/// Why a message could not be made ready to go out.
enum NotPacked {
    Later(String),
    Never(String),
}

fn note(message: &Message, outcome: &Outcome) {
    let (channel, id) = (message.channel.as_str(), message.id);
    let (result, provider, error) = match outcome {
        Outcome::Sent(_, provider, _) => ("sent", provider.as_str(), None),
        Outcome::Logged => ("logged", "", None),
        Outcome::Skipped(_) => ("skipped", "", None),
        Outcome::Postponed(_) => ("postponed", "", None),
        Outcome::Again(_, error) => ("again", "", Some(error)),
        Outcome::Uncertain(_, error) => ("uncertain", "", Some(error)),
        Outcome::Bounced(provider, error) => ("bounced", provider.as_str(), Some(error)),
        Outcome::Failed(error) => ("failed", "", Some(error)),
    };
    let labels = [("channel", channel), ("provider", provider), ("outcome", result)];
    metrics::counter!("notifications_total", &labels).increment(1);
    if let Some(error) = error {
        tracing::warn!(message = %id, channel, result, error, "message not sent");
    }
}

#[cfg(test)]
mod delivery_tests;
#[cfg(test)]
mod tests;
