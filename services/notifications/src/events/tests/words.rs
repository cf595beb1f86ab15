//! What mails about orders say follows what happened to the goods and to the money.

use std::sync::Arc;

use chassis::testing::{Database, databases};
use contracts::orders::{ISSUE_KEY, OrderRefunded, OrderTrackingUpdated, refund_of_cancel};
use contracts::testing::{Fake, Orders};
use uuid::Uuid;

use super::*;
use crate::testing::{FakeProvider, TOKEN, sender};

fn cancelled(
    order: &Order,
    payment_status: &str,
    reason: Reason,
) -> contracts::orders::OrderStatusUpdated {
    let mut it = update(order, "pending", "cancelled");
    it.payment_status = payment_status.to_owned();
    it.reason = Some(reason);
    it
}

fn refund(order: &Order, amount: i64, refunded: i64) -> OrderRefunded {
    OrderRefunded {
        order: order.clone(),
        refund_id: chassis::id::new(),
        amount,
        refunded,
        full: refunded == order.total,
        reason: Some("sorry, see www.evil.example".to_owned()),
        payment_status: "partially_refunded".to_owned(),
        status: "shipped".to_owned(),
    }
}

#[databases]
async fn a_cancel_says_what_becomes_of_the_money_whatever_its_reason(database: Database) {
    const BACK: &str = "We have refunded the 44.98 USD you paid";
    const NOT: &str = "not been charged";
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (payment_status, reason, template, says, never) in [
        ("refunded", Reason::PaymentExpired, "order_cancelled", BACK, NOT),
        ("refunded", Reason::CustomerRequest, "order_cancelled", BACK, NOT),
        ("voided", Reason::CustomerRequest, "order_cancelled", NOT, BACK),
        ("failed", Reason::PaymentDeclined, "payment_failed", NOT, BACK),
        ("requires_action", Reason::PaymentExpired, "payment_failed", NOT, BACK),
    ] {
        let order = order();
        let event = event(order.order_id, 3, &cancelled(&order, payment_status, reason));
        deliver_to_orders(&app, &[event]).await;
        let it = mail_of(&app, order.order_id).await;
        assert_eq!(it.template.as_deref(), Some(template), "{payment_status} {reason:?}");
        let body = it.body.replace('\n', " ");
        assert!(body.contains(says) && !body.contains(never), "{body}");
    }
}

#[databases]
async fn a_cancel_does_not_say_again_what_was_given_back_before(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (refund, says) in [
        (4498, "We have refunded the 44.98 USD you paid."),
        (
            3798,
            "We have refunded another 37.98 USD. Together with earlier refunds, that is all of the 44.98 USD",
        ),
        (0, "We had already refunded all of the 44.98 USD you paid."),
    ] {
        let order = order();
        let mut news = cancelled(&order, "refunded", Reason::CustomerRequest);
        news.refund = Some(refund);
        deliver_to_orders(&app, &[event(order.order_id, 3, &news)]).await;
        let body = mail_of(&app, order.order_id).await.body.replace('\n', " ");
        assert!(body.contains(says), "{body}");
        assert_eq!(body.contains("We have refunded"), refund > 0, "{body}");
    }
}

#[databases]
async fn who_pays_when_the_order_ships_or_only_a_part_is_told_so(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let mut order = order();
    let mut news = update(&order, "pending", "confirmed");
    news.payment_status = "authorized".to_owned();
    deliver_to_orders(&app, &[event(order.order_id, 2, &news)]).await;
    let body = mail_of(&app, order.order_id).await.body.replace('\n', " ");
    assert!(body.contains("We will collect your payment when it ships."), "{body}");
    assert!(!body.contains("received your payment"), "{body}");
    // Of 44.98 only this was captured.
    order.captured = Some(1_000);
    let refund = event(order.order_id, 5, &refund(&order, 400, 400));
    deliver_to_orders(&app, &[refund]).await;
    let all = history(&app).await;
    let says = "we have refunded 4.00 USD of the 10.00 USD you paid";
    assert!(all.iter().any(|it| it.body.contains(says)), "{all:?}");
}

#[databases]
async fn an_order_that_costs_nothing_says_nothing_of_money(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    for (to, payment_status) in [
        ("confirmed", "paid"),
        ("shipped", "paid"),
        ("delivered", "paid"),
        ("cancelled", "refunded"),
        ("cancelled", "voided"),
    ] {
        let mut order = order();
        (order.subtotal, order.shipping, order.total) = (0, 0, 0);
        order.lines[0].unit_price = 0;
        order.lines[0].total = 0;
        let mut news = update(&order, "pending", to);
        news.payment_status = payment_status.to_owned();
        news.reason = (to == "cancelled").then_some(Reason::PaymentExpired);
        deliver_to_orders(&app, &[event(order.order_id, 2, &news)]).await;
        let it = mail_of(&app, order.order_id).await;
        for word in ["USD", "payment", "paid.", "charged", "refunded", "could not collect"] {
            assert!(!it.body.contains(word), "{word}: {}", it.body);
        }
    }
}

#[databases]
async fn each_refund_says_how_much_but_not_what_somebody_wrote(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    let (first, mut second) = (refund(&order, 700, 700), refund(&order, 3798, 4498));
    second.reason = Some("damaged".to_owned());
    let mut of_cancel = refund(&order, 4498, 4498);
    of_cancel.refund_id = refund_of_cancel(order.order_id);
    let events = [
        event(order.order_id, 5, &first),
        event(order.order_id, 6, &second),
        event(order.order_id, 7, &of_cancel),
    ];
    deliver_to_orders(&app, &events).await;
    deliver_to_orders(&app, &events).await;
    let all = history(&app).await;
    assert_eq!(all.len(), 2, "what goes back because of a cancel is told with it");
    for (amount, so_far) in [("7.00 USD", "7.00 USD"), ("37.98 USD", "44.98 USD")] {
        let says = format!("We have refunded {amount} for your order CW-100001");
        let it = all.iter().find(|it| it.body.contains(&says)).expect("a mail");
        assert!(
            it.body.contains(&format!("we have refunded {so_far} of the 44.98 USD")),
            "{}",
            it.body
        );
        let why = it.body.contains("Reason: an item was damaged.");
        assert_eq!(why, amount == "37.98 USD", "{}", it.body);
        assert!(!it.body.contains("evil") && it.state == State::Queued, "{}", it.body);
    }
}

#[databases]
async fn a_corrected_tracking_number_is_told_and_the_wrong_one_not_any_more(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = order();
    let mut shipped = update(&order, "confirmed", "shipped");
    shipped.tracking_number = Some("WRONG-1".to_owned());
    let right =
        OrderTrackingUpdated { order: order.clone(), tracking_number: "RIGHT-2".to_owned() };
    // The correction comes before what it corrects.
    let events = [event(order.order_id, 4, &right), event(order.order_id, 3, &shipped)];
    deliver_to_orders(&app, &events).await;
    let all = history(&app).await;
    let state = |key: &str| {
        all.iter().find(|it| it.template.as_deref() == Some(key)).expect("a mail").state
    };
    assert_eq!(state("order_tracking_updated"), State::Queued);
    assert_eq!(state("order_shipped"), State::Skipped);
    let it = all.iter().find(|it| it.state == State::Queued).expect("a mail");
    assert!(it.body.contains("Its tracking number is RIGHT-2."), "{}", it.body);
}

#[databases]
async fn nothing_is_confirmed_after_it_was_cancelled_in_whatever_order_it_is_told_and_sent(
    database: Database,
) {
    let platform = database.platform(MIGRATIONS).await;
    for first in ["confirmed", "cancelled"] {
        for sent_between in [false, true] {
            let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
            let order = order();
            let confirmed = event(order.order_id, 2, &update(&order, "pending", "confirmed"));
            let cancelled =
                event(order.order_id, 3, &cancelled(&order, "refunded", Reason::ChangedMind));
            let events = match first {
                "confirmed" => [confirmed, cancelled],
                _ => [cancelled, confirmed],
            };
            for event in events {
                deliver_to_orders(&app, &[event]).await;
                if sent_between {
                    sender(&app, &provider).turn().await.unwrap();
                }
            }
            while sender(&app, &provider).turn().await.unwrap() > 0 {}
            let messages = provider.taken.lock();
            let told: Vec<_> = messages
                .iter()
                .filter(|it| it.text.contains(&order.number))
                .map(|it| it.template.as_deref().unwrap())
                .collect();
            let expected: &[&str] = match (first, sent_between) {
                // It was so when it was sent.
                ("confirmed", true) => &["order_confirmed", "order_cancelled"],
                _ => &["order_cancelled"],
            };
            assert_eq!(told, expected, "{} {first} {sent_between}", platform.kind);
        }
    }
}

#[databases]
async fn a_guests_mail_opens_the_order_and_the_key_is_kept_nowhere(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let guest = order();
    let user = Order { user_id: Some(chassis::id::new()), number: "CW-2".into(), ..order() };
    let unknown = Order { order_id: Uuid::nil(), number: "CW-3".into(), ..order() };
    for it in [&guest, &user, &unknown] {
        deliver_to_orders(&app, &[event(it.order_id, 2, &update(it, "pending", "confirmed"))])
            .await;
    }
    sender(&app, &provider).turn().await.unwrap();
    let messages = provider.taken.lock().clone();
    let body = |number: &str| {
        messages.iter().find(|it| it.text.contains(number)).expect("a message").text.clone()
    };
    let page = |number: &str| format!("http://127.0.0.1:8080/orders/{number}");
    let opens = format!("{}#key={TOKEN}-key\n", page("CW-100001"));
    assert!(body("CW-100001").contains(&opens), "{}", body("CW-100001"));
    // Who has an account logs in; and a mail without the key is better than none.
    for number in ["CW-2", "CW-3"] {
        assert!(body(number).contains(&format!("{}\n", page(number))), "{}", body(number));
    }
    let rows = history(&app).await;
    assert!(rows.iter().all(|it| it.state == State::Sent));
    assert!(!format!("{rows:?}").contains(TOKEN));
    assert!(!format!("{messages:?}").contains(TOKEN));
}

#[databases]
async fn a_guests_mail_is_sent_without_a_key_that_cannot_be_read(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let fake = Fake::<Orders>::default();
    fake.calls().misanswer(ISSUE_KEY, 1);
    let orders = contracts::orders::Client::new(fake.channel());
    let (app, provider) = (App { orders, ..app(&platform) }, Arc::new(FakeProvider::default()));
    let guest = order();
    deliver_to_orders(&app, &[event(guest.order_id, 2, &update(&guest, "pending", "confirmed"))])
        .await;
    sender(&app, &provider).turn().await.unwrap();
    let messages = provider.taken.lock().clone();
    assert_eq!((messages.len(), fake.calls().asked(ISSUE_KEY)), (1, 1), "{}", platform.kind);
    assert!(!messages[0].text.contains(TOKEN), "{}", messages[0].text);
}

async fn mail_of(app: &App, order: Uuid) -> Message {
    let all = history(app).await;
    all.into_iter().find(|it| it.order_id == Some(order)).expect("a mail")
}
