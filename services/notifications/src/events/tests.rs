use chassis::inbox::Handler;
use chassis::testing::{Database, databases, noon};
use contracts::identity::{
    EmailVerificationRequested, PasswordResetRequested, UserDeleted, UserRegistered,
};
use contracts::orders::{Order, Reason};

use super::*;
use crate::builtin::Text;
use crate::model::{Channel, Message, NOBODY, Preferences, State};
use crate::testing::{app, deliver_to_orders, deliver_to_users, event, history, order, update};
use crate::{MIGRATIONS, store};

mod accounts;
mod languages;
mod names;
mod news;
mod words;

#[databases]
async fn a_paid_order_is_confirmed_with_its_number_lines_and_totals(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    deliver_to_orders(&app, &[event(order.order_id, 2, &update(&order, "pending", "confirmed"))])
        .await;
    let it = history(&app).await.remove(0);
    assert_eq!(it.recipient, "ada@example.com");
    assert_eq!(it.template.as_deref(), Some("order_confirmed"));
    assert_eq!(it.subject.as_deref(), Some("Your order CW-100001 is confirmed"));
    assert_eq!(
        (it.order_id, it.order_number.as_deref()),
        (Some(order.order_id), Some("CW-100001"))
    );
    assert_eq!(
        it.body,
        "Hello Ada,\n\nThank you for your order CW-100001. We have received your payment.\n\n\
         2 x Desk lamp (LAMP-1)  39.98 USD\n\
         Subtotal                39.98 USD\n\
         Shipping                 5.00 USD\n\
         Tax                      0.00 USD\n\
         Total                   44.98 USD\n\n\
         We will e-mail you when it ships.\n\n\
         View your order: http://127.0.0.1:8080/orders/CW-100001#key=****"
    );
    assert_eq!((it.state, it.next_at), (State::Queued, Some(noon())));
}

#[databases]
async fn each_step_of_an_order_makes_one_message_however_often_it_is_told(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    let mut shipped = update(&order, "confirmed", "shipped");
    shipped.tracking_number = Some("1Z999".to_owned());
    // Told so before refunds had an event of their own.
    let mut refunded = update(&order, "delivered", "refunded");
    refunded.payment_status = "refunded".to_owned();
    let steps = [
        update(&order, "pending", "confirmed"),
        shipped,
        update(&order, "shipped", "delivered"),
        refunded,
    ];
    let events: Vec<_> = (2..).zip(&steps).map(|(at, it)| event(order.order_id, at, it)).collect();
    deliver_to_orders(&app, &events).await;
    // Told again: once through the same inbox, once as if it had been lost.
    deliver_to_orders(&app, &events).await;
    let mut tx = app.db.begin().await.unwrap();
    for it in &events {
        Orders(app.clone()).handle(&mut tx, it).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut told: Vec<_> =
        history(&app).await.into_iter().map(|it| (it.template.unwrap(), it.body)).collect();
    told.sort();
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["order_confirmed", "order_delivered", "order_refunded", "order_shipped"]);
    assert!(told[2].1.contains("refunded 44.98 USD for"), "{}", told[2].1);
    assert!(told[3].1.contains("Tracking number: 1Z999"), "{}", told[3].1);
}

#[databases]
async fn a_cancelled_order_says_why_and_what_happens_to_the_money(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (payment_status, says) in [
        ("voided", "You have not been charged"),
        ("refunded", "We have refunded the 44.98 USD you paid"),
    ] {
        let order = order();
        let mut cancelled = update(&order, "pending", "cancelled");
        cancelled.reason = Some(Reason::OutOfStock);
        cancelled.payment_status = payment_status.to_owned();
        deliver_to_orders(&app, &[event(order.order_id, 2, &cancelled)]).await;
        let found = history(&app).await;
        let it = found.iter().find(|it| it.order_id == Some(order.order_id)).unwrap();
        assert!(it.body.contains("some items are no longer in stock"), "{}", it.body);
        assert!(it.body.contains(says), "{}", it.body);
    }
}

#[databases]
async fn an_order_that_could_not_be_paid_says_so(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (reason, template, says) in [
        (Reason::PaymentDeclined, "payment_failed", "Reason: the payment was declined."),
        (Reason::PaymentExpired, "payment_failed", "Reason: it was not paid in time."),
        (Reason::CustomerRequest, "order_cancelled", "Reason: you requested it."),
        (Reason::Superseded, "order_cancelled", "you placed a new order instead."),
        (Reason::ChangedMind, "order_cancelled", "Reason: you changed your mind."),
        (Reason::Fraudulent, "order_cancelled", "Reason: the shop cancelled it."),
    ] {
        let order = order();
        let mut cancelled = update(&order, "pending", "cancelled");
        cancelled.reason = Some(reason);
        cancelled.payment_status = "failed".to_owned();
        deliver_to_orders(&app, &[event(order.order_id, 2, &cancelled)]).await;
        let all = history(&app).await;
        let it = all.iter().find(|it| it.order_id == Some(order.order_id)).unwrap();
        assert_eq!(it.template.as_deref(), Some(template));
        assert!(it.body.contains(says), "{}", it.body);
    }
}

#[databases]
async fn old_news_is_not_sent_but_a_late_receipt_is(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let (first, second) = (order(), order());
    deliver_to_orders(
        &app,
        &[
            event(first.order_id, 4, &update(&first, "shipped", "delivered")),
            event(first.order_id, 3, &update(&first, "confirmed", "shipped")),
            event(first.order_id, 2, &update(&first, "pending", "confirmed")),
            event(second.order_id, 3, &update(&second, "confirmed", "cancelled")),
            event(second.order_id, 2, &update(&second, "pending", "confirmed")),
        ],
    )
    .await;
    let mut told: Vec<_> = history(&app)
        .await
        .into_iter()
        .map(|it| (it.order_id == Some(second.order_id), it.template.unwrap(), it.state))
        .collect();
    told.sort_by_key(|it| (it.0, it.1.clone()));
    let told: Vec<_> = told.iter().map(|it| (it.1.as_str(), it.2)).collect();
    assert_eq!(
        told,
        [
            ("order_confirmed", State::Queued),
            ("order_delivered", State::Queued),
            ("order_shipped", State::Skipped),
            ("order_cancelled", State::Queued),
            ("order_confirmed", State::Skipped),
        ]
    );
}

#[databases]
async fn a_new_user_is_welcomed_once_and_a_lost_password_is_answered_each_time(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let user = chassis::id::new();
    let person = || ("ada@example.com".to_owned(), "Ada".to_owned());
    let (email, name) = person();
    let welcome = event(user, 1, &UserRegistered { user_id: user, email, name, language: None });
    let mut events = vec![welcome.clone(), welcome];
    for sequence in [2, 3] {
        let (email, name) = person();
        events.push(event(
            user,
            sequence,
            &PasswordResetRequested { user_id: user, email, name, language: None },
        ));
    }
    let (email, name) = person();
    let verify = EmailVerificationRequested { user_id: user, email, name, language: None };
    events.push(event(user, 4, &verify));
    deliver_to_users(&app, &events).await;
    let count = |all: &[Message], key: &str| {
        all.iter().filter(|it| it.template.as_deref() == Some(key)).count()
    };
    let all = history(&app).await;
    assert_eq!((count(&all, "welcome"), count(&all, "password_reset")), (1, 2));
    assert_eq!(count(&all, "verify_email"), 1);
    assert!(all.iter().all(|it| it.user_id == Some(user) && it.body.contains("****")));
}

#[databases]
async fn nothing_is_sent_to_an_account_that_is_gone(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let user = chassis::id::new();
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    let order = Order { user_id: Some(user), ..order() };
    deliver_to_orders(&app, &[event(order.order_id, 2, &update(&order, "pending", "confirmed"))])
        .await;
    // The deletion overtakes the registration.
    deliver_to_users(
        &app,
        &[
            event(user, 2, &UserDeleted { user_id: user }),
            event(user, 1, &UserRegistered { user_id: user, email, name, language: None }),
        ],
    )
    .await;
    deliver_to_orders(&app, &[event(order.order_id, 3, &update(&order, "confirmed", "shipped"))])
        .await;
    let all = history(&app).await;
    assert_eq!(all.len(), 3);
    for it in all {
        assert_eq!((it.state, it.recipient.as_str()), (State::Skipped, NOBODY));
        assert!(!format!("{it:?}").contains("ada@"), "{it:?}");
        assert!(!format!("{it:?}").contains("Ada"), "{it:?}");
    }
}

#[databases]
async fn a_user_who_wants_no_order_updates_gets_none_but_security_mails(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let user = chassis::id::new();
    let mut wishes = Preferences::default();
    wishes.email.order_updates = false;
    store::set_preferences(&app.db, user, &wishes, noon()).await.unwrap();
    let order = Order { user_id: Some(user), ..order() };
    deliver_to_orders(&app, &[event(order.order_id, 2, &update(&order, "pending", "confirmed"))])
        .await;
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    deliver_to_users(
        &app,
        &[event(user, 3, &PasswordResetRequested { user_id: user, email, name, language: None })],
    )
    .await;
    for it in history(&app).await {
        let wanted = it.template.as_deref() == Some("password_reset");
        let state = if wanted { State::Queued } else { State::Skipped };
        assert_eq!(it.state, state, "{it:?}");
    }
}

#[databases]
async fn a_staff_text_that_does_not_fit_falls_back_to_the_built_in_one(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let mut text = Text { subject: "{{ order.number }}!".to_owned(), body: "Hi".to_owned() };
    for (body, subject) in
        [("Hi", "CW-100001!"), ("{{ gone }}", "Your order CW-100001 is confirmed")]
    {
        text.body = body.to_owned();
        let (key, by) = ("order_confirmed", chassis::id::new());
        store::set_override(&app.db, (key, Channel::Email, "en"), &text, by, noon()).await.unwrap();
        let order = order();
        deliver_to_orders(
            &app,
            &[event(order.order_id, 2, &update(&order, "pending", "confirmed"))],
        )
        .await;
        let all = history(&app).await;
        let it = all.iter().find(|it| it.order_id == Some(order.order_id)).unwrap();
        assert_eq!(it.subject.as_deref(), Some(subject));
    }
}

#[databases]
async fn what_others_say_cannot_add_a_header_or_a_recipient(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let mut order = order();
    order.number = "CW-1\r\nBcc: all@example.com".to_owned();
    let mut bad = order.clone();
    bad.order_id = chassis::id::new();
    bad.email = "ada@example.com\r\nBcc: all@example.com".to_owned();
    for order in [&order, &bad] {
        deliver_to_orders(
            &app,
            &[event(order.order_id, 2, &update(order, "pending", "confirmed"))],
        )
        .await;
    }
    for it in history(&app).await {
        assert_eq!(
            it.subject.as_deref(),
            Some("Your order CW-1 Bcc: all@example.com is confirmed")
        );
        let reachable = it.order_id == Some(order.order_id);
        assert_eq!(it.state, if reachable { State::Queued } else { State::Skipped });
    }
}

#[databases]
async fn an_event_wakes_the_sender_only_once_it_is_committed(database: Database) {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    let told = event(order.order_id, 2, &update(&order, "pending", "confirmed"));
    let mut woken = pin!(app.wake.notified());
    let mut context = Context::from_waker(Waker::noop());
    let mut tx = app.db.begin().await.unwrap();
    Orders(app.clone()).handle(&mut tx, &told).await.unwrap();
    assert!(woken.as_mut().poll(&mut context).is_pending());
    tx.commit().await.unwrap();
    assert!(woken.as_mut().poll(&mut context).is_ready());
}
