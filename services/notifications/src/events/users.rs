//! Messages to users about their accounts, and forgetting those who are gone.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::identity::{
    EmailVerificationRequested, NewDevice, PasswordResetRequested, RefreshTokenReused, UserClosed,
    UserDeleted, UserEmailChanged, UserPasswordChanged, UserRegistered,
};
use contracts::language::Language;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Letter, enqueue};
use crate::builtin::{self, Definition};
use crate::queue::{About, FAREWELL};
use crate::{App, store, texts, wording};

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
            NewDevice::TYPE,
            UserDeleted::TYPE,
            UserClosed::TYPE,
        ]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let app = &self.0;
            match event.kind.as_str() {
                UserEmailChanged::TYPE => email_changed(app, tx, event).await,
                NewDevice::TYPE => new_device(app, tx, event).await,
                UserDeleted::TYPE => {
                    let UserDeleted { user_id } = event.data()?;
                    Ok(store::forget(tx, user_id, app.clock.now()).await?)
                }
                kind => match template_for(kind) {
                    Some(template) => write(app, tx, event, template, Person::of(event)?).await,
                    None => Ok(()),
                },
            }
        })
    }
}

/// The message for an event that says nothing but whom it is about.
fn template_for(kind: &str) -> Option<&'static str> {
    Some(match kind {
        UserRegistered::TYPE => "welcome",
        EmailVerificationRequested::TYPE => "verify_email",
        PasswordResetRequested::TYPE => "password_reset",
        UserPasswordChanged::TYPE => "password_changed",
        RefreshTokenReused::TYPE => "refresh_token_reused",
        UserClosed::TYPE => FAREWELL,
        _ => return None,
    })
}

/// Whom an event is about.
#[derive(Clone, Debug, Deserialize)]
struct Person {
    user_id: Uuid,
    email: String,
    name: String,
    #[serde(default)]
    language: Option<Language>,
}

impl Person {
    /// All events about accounts name the person in the same way.
    fn of(event: &Envelope) -> Result<Self, Failure> {
        Ok(serde_json::from_value(event.data.clone())?)
    }
}

/// Both addresses get it: the reader of the old one may be the only one who did not want it.
async fn email_changed(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let UserEmailChanged { old_email, can_undo, .. } = event.data()?;
    let new = Person::of(event)?;
    let old = Person { email: old_email, ..new.clone() };
    let template = if can_undo { "email_changed_undo" } else { "email_changed" };
    write_part(app, tx, event, "old_address", template, old).await?;
    write(app, tx, event, "email_changed", new).await
}

async fn new_device(app: &App, tx: &mut Tx, event: &Envelope) -> Result<(), Failure> {
    let NewDevice { user_agent, at, .. } = event.data()?;
    let Some(template) = builtin::find("new_sign_in") else { return Ok(()) };
    let mut letter = letter(app, tx, template.key, template, Person::of(event)?).await?;
    let time = wording::time(&letter.language, at);
    letter.data["sign_in"] = json!({ "device": user_agent, "time": time });
    enqueue(app, tx, event, letter).await
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
    let letter = letter(app, tx, part, template, person).await?;
    enqueue(app, tx, event, letter).await
}

async fn letter(
    app: &App,
    tx: &mut Tx,
    part: &'static str,
    template: &'static Definition,
    person: Person,
) -> Result<Letter, Failure> {
    let Person { user_id, email, name, language } = person;
    Ok(Letter {
        part,
        template,
        language: texts::language(app, tx, template, language.as_ref()).await?,
        data: json!({ "user": { "name": name, "email": email } }),
        about: About { user_id: Some(user_id), ..About::default() },
        recipient: email,
        skip: None,
        wait: None,
    })
}
