//! Webhooks through the route of the service: whether and how they arrive, payments end the same.

use chassis::service::Service;
use chassis::testing::{Database, apply_webhooks, databases};
use stripe_double::Mode;
use tokio::net::TcpListener;

use super::books::assert_books;
use super::*;
use crate::model::RefundStatus;
use crate::provider::DisputeStatus;
use crate::webhooks::Webhooks;

/// A shop that its Stripe can send webhooks to.
pub(super) struct Hearing {
    pub(super) shop: Shop,
    pub(super) service: Service,
}

pub(super) async fn hearing(database: Database, stripe: impl FnOnce(&mut Options)) -> Hearing {
    let shop = shop_with(database, |_| {}, stripe).await;
    let router = crate::router().with_state(shop.app.clone());
    let service = Service::new(crate::NAME, &shop.platform, router);
    let service = service.webhooks(Webhooks(shop.app.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v1/webhooks/stripe", listener.local_addr().expect("one"));
    let router = service.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    shop.double.add_endpoint(&url, &["whsec_of_the_shop_before", WEBHOOK_SECRET]);
    Hearing { shop, service }
}

impl Hearing {
    /// All that waits is sent and applied; what was sent was answered with this status.
    pub(super) async fn hear(&self, status: u16) -> usize {
        let sent = self.shop.double.deliver().await;
        let wrong = sent.iter().find(|it| it.status != Some(status));
        assert_eq!(wrong.map(|it| (&it.kind, it.status)), None);
        apply_webhooks(&self.service).await;
        sent.len()
    }

    /// The type and the status of all that were kept.
    async fn stored(&self) -> Vec<(String, String)> {
        let all = "SELECT type, status FROM webhooks ORDER BY type, id";
        self.shop.app.db.query(all).all().await.expect("webhooks")
    }
}

/// Payments of every kind, and what becomes of them at Stripe while the shop hears nothing; how
/// they end.
pub(super) async fn lives(shop: &Shop) -> Vec<(Uuid, Status)> {
    let double = &shop.double;
    let mut ends = Vec::new();
    for (method, approves, status) in [
        ("card_3ds", true, Status::Authorized),
        ("card_3ds", false, Status::Declined),
        ("card_3ds_declined", true, Status::Declined),
        ("ideal", true, Status::Captured),
    ] {
        let id = shop.pay(method).await.id;
        double.authenticate(&shop.intent(id).await, approves).expect("it waits");
        ends.push((id, status));
    }
    for (method, pays, status) in
        [("sepa_debit", true, Status::Captured), ("sepa_debit_fails", false, Status::Declined)]
    {
        let id = shop.pay(method).await.id;
        double.settle(&shop.intent(id).await, pays).expect("it is processing");
        ends.push((id, status));
    }
    let back = shop.paid("card").await.id;
    double.refund(&shop.intent(back).await, Some(500)).expect("so much is left");
    double.refund(&shop.intent(back).await, None).expect("so much is left");
    ends.push((back, Status::Refunded));
    let failed = shop.paid("card").await.id;
    let refund = double.refund(&shop.intent(failed).await, Some(700)).expect("so much is left");
    double.fail_refund(&refund).expect("it was accepted");
    ends.push((failed, Status::Captured));
    let disputed = shop.paid("card").await.id;
    let intent = shop.intent(disputed).await;
    let dispute = double.open_dispute(&intent, None, false).expect("it was paid");
    double.close_dispute(&dispute, false).expect("it is open");
    ends.push((disputed, Status::Captured));
    let lapsed = shop.pay("card").await.id;
    double.expire_authorization(&shop.intent(lapsed).await).expect("it is held");
    ends.push((lapsed, Status::Voided));
    ends
}

async fn assert_ends(hearing: &Hearing, ends: &[(Uuid, Status)], how: &str) {
    for (id, status) in ends {
        let payment = hearing.shop.payment(*id).await;
        assert_eq!(payment.status, *status, "{how}: {payment:#?}");
    }
    assert_books(&hearing.shop).await;
}

#[databases]
async fn webhooks_that_come_in_any_order_and_twice_bring_payments_to_the_same_end(
    database: Database,
) {
    let shuffled = Mode { shuffled: true, doubled: true, ..Mode::default() };
    for (seed, mode) in [
        (1, Mode::default()),
        (1, Mode { doubled: true, ..Mode::default() }),
        (1, shuffled),
        (2, shuffled),
    ] {
        let hearing = hearing(database, |it| it.seed = seed).await;
        hearing.shop.double.set_mode(mode);
        let ends = lives(&hearing.shop).await;
        let sent = hearing.hear(200).await;
        assert_ends(&hearing, &ends, &format!("{mode:?}")).await;
        let stored = hearing.stored().await;
        assert_eq!(stored.len(), sent / if mode.doubled { 2 } else { 1 }, "once each");
        assert!(stored.iter().all(|it| it.1 == "done"), "{stored:#?}");
        // Whoever looks afterwards sees nothing new.
        let published = hearing.shop.published(ends[6].0).await;
        hearing.shop.clock.advance(TimeDelta::hours(3));
        hearing.shop.work().await;
        assert_eq!(hearing.shop.published(ends[6].0).await, published);
        if database == Database::Postgres {
            return;
        }
    }
}

#[tokio::test]
async fn webhooks_that_come_late_or_never_are_not_needed_to_finish_a_payment() {
    for lost in [true, false] {
        let hearing = hearing(Database::Sqlite, |_| {}).await;
        hearing.shop.double.set_mode(Mode { lost, late: true, ..Mode::default() });
        let ends = lives(&hearing.shop).await;
        hearing.shop.pass(TimeDelta::hours(3)).await;
        // What is done to a payment that was at its end is heard of by webhooks only.
        for (id, status) in &ends[..6] {
            assert_eq!(hearing.shop.payment(*id).await.status, *status);
        }
        assert_eq!(hearing.shop.payment(ends[6].0).await.status, Status::Captured);
        assert_eq!(hearing.hear(200).await == 0, lost);
        if !lost {
            assert_ends(&hearing, &ends, "late").await;
        }
    }
}

#[tokio::test]
async fn webhooks_that_are_forged_stale_or_for_somebody_else_are_refused_and_not_kept() {
    for mode in [
        Mode { forged: true, ..Mode::default() },
        Mode { stale: true, ..Mode::default() },
        Mode { foreign: true, ..Mode::default() },
    ] {
        let hearing = hearing(Database::Sqlite, |_| {}).await;
        hearing.shop.double.set_mode(mode);
        let id = hearing.shop.pay("card_3ds").await.id;
        let intent = hearing.shop.intent(id).await;
        hearing.shop.double.authenticate(&intent, true).expect("it waits");
        assert!(hearing.hear(400).await > 0);
        assert_eq!(hearing.stored().await, []);
        assert_eq!(hearing.shop.payment(id).await.status, Status::RequiresAction, "{mode:?}");
    }
    // Signed with the right secret, but of live mode.
    let hearing = hearing(Database::Sqlite, |it| it.live = true).await;
    hearing.shop.pay("card").await;
    assert!(hearing.hear(400).await > 0);
    assert_eq!(hearing.stored().await, []);
}

#[tokio::test]
async fn a_refund_in_the_dashboard_is_booked_once_and_taken_off_when_it_fails() {
    let hearing = hearing(Database::Sqlite, |_| {}).await;
    let shop = &hearing.shop;
    let id = shop.paid("card_refund_fails").await.id;
    shop.double.refund(&shop.intent(id).await, Some(500)).expect("so much is left");
    let asked = shop.refund(id, Some(300)).await;
    assert_eq!(asked.refunded, 300);
    hearing.hear(200).await;
    assert_eq!(shop.payment(id).await.refunded, 800);
    assert_books(shop).await;
    shop.clock.advance(TimeDelta::days(1));
    hearing.hear(200).await;
    let payment = shop.payment(id).await;
    assert_eq!((payment.status, payment.refunded), (Status::Captured, 0));
    let refunds = store::refunds(&shop.app.db, id, None, 10).await.expect("refunds");
    assert_eq!(refunds.len(), 2);
    for refund in refunds {
        assert_eq!(refund.status, RefundStatus::Failed);
        assert_eq!(refund.failure.as_deref(), Some("expired_card"));
    }
    assert_books(shop).await;
}

#[tokio::test]
async fn a_dispute_is_in_the_ledger_and_on_the_payment_until_it_is_won_or_lost() {
    for (won, status, withdrawn) in
        [(true, DisputeStatus::Won, 0), (false, DisputeStatus::Lost, AMOUNT)]
    {
        let hearing = hearing(Database::Sqlite, |_| {}).await;
        let shop = &hearing.shop;
        let id = shop.paid("card_disputed").await.id;
        // It is open from the moment of the capture, or else opened now.
        let intent = shop.intent(id).await;
        let open = shop.double.open_dispute(&intent, None, false);
        let dispute = open.unwrap_or_else(|_| {
            let all = shop.double.objects(Kind::Dispute);
            all[0]["id"].as_str().expect("an id").to_owned()
        });
        hearing.hear(200).await;
        let [opened] = &store::disputes(&shop.app.db, id).await.expect("disputes")[..] else {
            panic!("one dispute")
        };
        assert_eq!((opened.status, opened.withdrawn), (DisputeStatus::NeedsResponse, AMOUNT));
        assert_eq!(opened.due_at, Some(shop.clock.now() + TimeDelta::days(9)));
        assert!(shop.payment(id).await.disputed);
        assert_books(shop).await;
        shop.double.close_dispute(&dispute, won).expect("it is open");
        hearing.hear(200).await;
        let closed = &store::disputes(&shop.app.db, id).await.expect("disputes")[0];
        assert_eq!((closed.status, closed.withdrawn), (status, withdrawn));
        assert_books(shop).await;
    }
}
