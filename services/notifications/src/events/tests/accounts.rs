//! What is told to the owner of an account that somebody may have taken over.

use std::sync::Arc;

use chassis::testing::{Database, databases};
use contracts::identity::{RefreshTokenReused, UserEmailChanged, UserPasswordChanged};

use super::*;
use crate::testing::{FakeProvider, TOKEN, sender};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

fn changed(user: uuid::Uuid, can_undo: bool) -> UserEmailChanged {
    let [email, old_email, name] = [EVE, ADA, "Ada"].map(str::to_owned);
    UserEmailChanged { user_id: user, email, old_email, name, language: None, can_undo }
}

#[databases]
async fn both_addresses_hear_of_a_change_and_the_old_one_can_undo_it(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let told = event(user, 2, &changed(user, true));
    deliver_to_users(&app, &[told.clone(), told]).await;
    assert_eq!(history(&app).await.len(), 2);
    sender(&app, &provider).turn().await.unwrap();
    let messages = provider.taken.lock().clone();
    let to = |who: &str| messages.iter().find(|it| it.recipient == who).expect("a mail");
    let link = format!("http://127.0.0.1:8080/undo-email-change#token={TOKEN}-undo");
    assert!(to(ADA).text.contains(&link), "{}", to(ADA).text);
    assert!(!to(EVE).text.contains("undo"), "{}", to(EVE).text);
    // Nobody learns another's address.
    assert!(!to(ADA).text.contains(EVE) && !to(EVE).text.contains(ADA));
    for it in history(&app).await {
        assert!(!format!("{it:?}").contains(TOKEN), "{it:?}");
    }
}

#[databases]
async fn a_change_that_cannot_be_undone_is_told_to_both_without_a_link(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let user = chassis::id::new();
    deliver_to_users(&app, &[event(user, 2, &changed(user, false))]).await;
    let mut told: Vec<_> =
        history(&app).await.into_iter().map(|it| (it.recipient, it.template.unwrap())).collect();
    told.sort();
    let notice = |who: &str| (who.to_owned(), "email_changed".to_owned());
    assert_eq!(told, [notice(ADA), notice(EVE)]);
}

#[databases]
async fn a_new_password_and_a_copied_token_are_told(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let user = chassis::id::new();
    let mut wishes = Preferences::default();
    wishes.email.order_updates = false;
    store::set_preferences(&app.db, user, &wishes, noon()).await.unwrap();
    let (email, name) = (ADA.to_owned(), "Ada".to_owned());
    let password = UserPasswordChanged { user_id: user, email, name, language: None };
    let session = chassis::id::new();
    let (email, name) = (ADA.to_owned(), "Ada".to_owned());
    let reused =
        RefreshTokenReused { user_id: user, email, name, language: None, session_id: session };
    deliver_to_users(&app, &[event(user, 2, &password), event(session, 2, &reused)]).await;
    let all = history(&app).await;
    for key in ["password_changed", "refresh_token_reused"] {
        let it = all.iter().find(|it| it.template.as_deref() == Some(key)).expect("a mail");
        assert_eq!((it.state, it.recipient.as_str()), (State::Queued, ADA));
        assert!(!it.body.contains("token="), "{}", it.body);
    }
}
