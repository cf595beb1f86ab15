//! New browsers, closed accounts, payments that need the customer, and links to orders.

use std::sync::Arc;

use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use contracts::identity::{NewDevice, UserClosed, UserDeleted};
use contracts::orders::{OrderLinkRequested, OrderPaymentActionRequired};

use super::*;
use crate::testing::{FakeProvider, TOKEN, at, sender};
use crate::transport::DeliveryError;

const ADA: &str = "ada@example.com";

fn closed(user: uuid::Uuid) -> UserClosed {
    let [email, name] = [ADA, "Ada"].map(str::to_owned);
    UserClosed { user_id: user, email, name, language: None }
}

#[databases]
async fn a_new_browser_is_told_with_what_it_is_and_when(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (device, says) in [(Some("Firefox on Linux"), true), (None, false)] {
        let (user, session_id) = (chassis::id::new(), chassis::id::new());
        let [email, name] = [ADA, "Ada"].map(str::to_owned);
        let user_agent = device.map(str::to_owned);
        let (language, at) = (None, noon());
        let login = NewDevice { user_id: user, email, name, language, session_id, user_agent, at };
        deliver_to_users(&app, &[event(session_id, 1, &login)]).await;
        let all = history(&app).await;
        let it = all.iter().find(|it| it.user_id == Some(user)).expect("a mail");
        assert_eq!(it.template.as_deref(), Some("new_sign_in"));
        assert_eq!(it.body.contains("- Browser: Firefox on Linux\n"), says, "{}", it.body);
        assert!(it.body.contains("2 January 2026, 12:00 UTC"), "{}", it.body);
        assert!(it.body.contains("http://127.0.0.1:8080/forgot-password"), "{}", it.body);
    }
}

#[databases]
async fn a_closed_account_gets_a_last_mail_in_whatever_order_it_is_told(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    for closed_first in [true, false] {
        let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
        let user = chassis::id::new();
        let farewell = event(user, 3, &closed(user));
        let deleted = event(user, 3, &UserDeleted { user_id: user });
        let events = if closed_first { [farewell, deleted] } else { [deleted, farewell] };
        deliver_to_users(&app, &events).await;
        while sender(&app, &provider).turn().await.unwrap() > 0 {}
        // Told again, as if it had been lost.
        deliver_to_users(&app, &events).await;
        let sent = provider.taken.lock().clone();
        assert_eq!(sent.len(), 1, "{closed_first}");
        assert_eq!(
            (sent[0].recipient.as_str(), sent[0].template.as_deref()),
            (ADA, Some("account_closed"))
        );
        assert!(sent[0].text.starts_with("Hello Ada,"), "{}", sent[0].text);
        // Nothing of it stays.
        let all = history(&app).await;
        let it = all.iter().find(|it| it.user_id == Some(user)).expect("a message");
        assert_eq!((it.state, it.recipient.as_str()), (State::Sent, NOBODY));
        assert!(!format!("{it:?}").contains("Ada") && !format!("{it:?}").contains(ADA), "{it:?}");
        assert_eq!((it.body.as_str(), &it.subject, &it.markdown), ("", &None, &None));
    }
}

#[databases]
async fn a_last_mail_is_tried_again_and_kept_only_until_it_is_given_up(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let errors = vec![
        DeliveryError::Refused("554 no".to_owned()),
        DeliveryError::later("the server is away"),
    ];
    let provider = Arc::new(FakeProvider { errors: errors.into(), ..FakeProvider::default() });
    let user = chassis::id::new();
    let deleted = event(user, 3, &UserDeleted { user_id: user });
    deliver_to_users(&app, &[event(user, 3, &closed(user)), deleted]).await;
    sender(&app, &provider).turn().await.unwrap();
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.recipient.as_str()), (State::Queued, ADA));
    let later = at(it.next_at.unwrap(), &app);
    sender(&later, &provider).turn().await.unwrap();
    let it = history(&app).await.remove(0);
    // Nobody can have it sent again.
    assert_eq!((it.state, it.recipient.as_str()), (State::Skipped, NOBODY));
    assert_eq!(it.error.as_deref(), Some("554 no"));
}

#[databases]
async fn a_payment_is_asked_for_after_a_minute_unless_the_order_went_on(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    for goes_on in [None, Some("confirmed"), Some("cancelled")] {
        let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
        let order = order();
        let until = Some(noon() + TimeDelta::hours(1));
        let asked = OrderPaymentActionRequired { order: order.clone(), until };
        deliver_to_orders(&app, &[event(order.order_id, 2, &asked)]).await;
        assert_eq!(sender(&app, &provider).turn().await.unwrap(), 0, "not yet");
        if let Some(to) = goes_on {
            let news = event(order.order_id, 3, &update(&order, "pending", to));
            deliver_to_orders(&app, &[news]).await;
        }
        let later = at(noon() + TimeDelta::minutes(1), &app);
        while sender(&later, &provider).turn().await.unwrap() > 0 {}
        let asked: Vec<_> =
            provider.taken.lock().iter().map(|it| it.template.clone().unwrap()).collect();
        let all = history(&app).await;
        let is_it = |it: &&Message| {
            it.order_id == Some(order.order_id)
                && it.template.as_deref() == Some("payment_action_required")
        };
        let it = all.iter().find(is_it).expect("a message");
        match goes_on {
            None => {
                assert_eq!(it.state, State::Sent);
                let body = it.body.replace('\n', " ");
                assert!(body.contains("by 2 January 2026, 13:00 UTC."), "{body}");
                assert!(body.contains("the payment of 44.98 USD"), "{body}");
                assert!(body.contains("/orders/CW-100001#key=****"), "{body}");
            }
            Some(_) => {
                assert_eq!(it.state, State::Skipped);
                assert!(!asked.contains(&"payment_action_required".to_owned()), "{asked:?}");
            }
        }
    }
}

#[databases]
async fn a_payment_is_asked_for_once_and_not_after_the_order_went_on(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    let asked = OrderPaymentActionRequired { order: order.clone(), until: None };
    let confirmed = update(&order, "pending", "confirmed");
    // The first one was declined, the second one was paid, and that was heard first.
    let events = [
        event(order.order_id, 2, &asked),
        event(order.order_id, 5, &confirmed),
        event(order.order_id, 4, &asked),
    ];
    deliver_to_orders(&app, &events).await;
    let provider = Arc::new(FakeProvider::default());
    let later = at(noon() + TimeDelta::minutes(1), &app);
    while sender(&later, &provider).turn().await.unwrap() > 0 {}
    let sent: Vec<_> =
        provider.taken.lock().iter().map(|it| it.template.clone().unwrap()).collect();
    assert_eq!(sent, ["order_confirmed"]);
}

#[databases]
async fn a_link_that_was_asked_for_is_sent_also_to_who_wants_no_updates(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let mut wishes = Preferences::default();
    wishes.email.order_updates = false;
    store::set_preferences(&app.db, user, &wishes, noon()).await.unwrap();
    let guests = order();
    let own = Order { user_id: Some(user), number: "CW-2".to_owned(), ..order() };
    for order in [&guests, &own] {
        let asked = OrderLinkRequested { order: order.clone() };
        deliver_to_orders(&app, &[event(order.order_id, 7, &asked)]).await;
    }
    sender(&app, &provider).turn().await.unwrap();
    let sent = provider.taken.lock().clone();
    let to = |number: &str| {
        sent.iter().find(|it| it.order_number.as_deref() == Some(number)).expect("a mail")
    };
    let page = |number: &str| format!("http://127.0.0.1:8080/orders/{number}");
    let key = format!("{}#key={TOKEN}-key", page("CW-100001"));
    assert_eq!(to("CW-100001").link.as_deref(), Some(key.as_str()));
    assert!(to("CW-100001").html.as_ref().unwrap().contains(&format!("href=\"{key}\"")));
    assert!(to("CW-100001").text.contains("do not pass it on"));
    assert!(to("CW-2").text.contains(&format!("{}\n", page("CW-2"))), "{}", to("CW-2").text);
    assert!(!to("CW-2").text.contains("do not pass it on"));
}
