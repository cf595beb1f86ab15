//! Messages to users about their accounts, and forgetting those who are gone.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::identity::{
    EmailVerificationRequested, PasswordResetRequested, RefreshTokenReused, UserDeleted,
    UserEmailChanged, UserPasswordChanged, UserRegistered,
};
use futures::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use super::{Letter, enqueue};
use crate::queue::About;
use crate::{App, builtin, store};

/// Writes to users about their accounts, and forgets those who are gone.
pub(crate) struct Users(pub(crate) App);

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[
            UserRegistered::TYPE,
            EmailVerificationRequested::TYPE,
            PasswordResetRequested::TYPE,
            UserEmailChanged::TYPE,
            UserPasswordChanged::TYPE,
            RefreshTokenReused::TYPE,
            UserDeleted::TYPE,
        ]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let app = &self.0;
            let (template, person) = match event.kind.as_str() {
                UserRegistered::TYPE => {
                    let UserRegistered { user_id, email, name, .. } = event.data()?;
                    ("welcome", Person { user_id, email, name })
                }
                EmailVerificationRequested::TYPE => {
                    let EmailVerificationRequested { user_id, email, name, .. } = event.data()?;
                    ("verify_email", Person { user_id, email, name })
                }
                PasswordResetRequested::TYPE => {
                    let PasswordResetRequested { user_id, email, name, .. } = event.data()?;
                    ("password_reset", Person { user_id, email, name })
                }
                UserPasswordChanged::TYPE => {
                    let UserPasswordChanged { user_id, email, name, .. } = event.data()?;
                    ("password_changed", Person { user_id, email, name })
                }
                RefreshTokenReused::TYPE => {
                    let RefreshTokenReused { user_id, email, name, .. } = event.data()?;
                    ("refresh_token_reused", Person { user_id, email, name })
                }
                UserEmailChanged::TYPE => return email_changed(app, tx, event).await,
                UserDeleted::TYPE => {
                    let UserDeleted { user_id } = event.data()?;
                    return Ok(store::forget(tx, user_id, app.clock.now()).await?);
                }
                _ => return Ok(()),
            };
            write(app, tx, event, template, person).await
        })
    }
}

struct Person {
    user_id: Uuid,
    email: String,
    name: String,
}

/// Both addresses get it: the reader of the old one may be the only one who did not want it.
async fn email_changed(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let UserEmailChanged { user_id, email, old_email, name, can_undo, .. } = event.data()?;
    let old = Person { user_id, email: old_email, name: name.clone() };
    let template = if can_undo { "email_changed_undo" } else { "email_changed" };
    write_part(app, tx, event, "old_address", template, old).await?;
    write(app, tx, event, "email_changed", Person { user_id, email, name }).await
}

async fn write(
    app: &App,
    tx: &mut Tx,
    event: &Envelope,
    template: &'static str,
    person: Person,
) -> Result<(), Failure> {
    write_part(app, tx, event, template, template, person).await
}

async fn write_part(
    app: &App,
    tx: &mut Tx,
    event: &Envelope,
    part: &'static str,
    template: &'static str,
    person: Person,
) -> Result<(), Failure> {
    let Some(template) = builtin::find(template) else { return Ok(()) };
    let data = json!({ "user": { "name": person.name, "email": person.email } });
    let about = About { user_id: Some(person.user_id), ..About::default() };
    let recipient = person.email;
    enqueue(app, tx, event, Letter { part, template, data, about, recipient, skip: None }).await
}
