//! A process that dies before a request is sent, or before its answer is written down, at each call:
//! the next one, which remembers nothing, brings it to the same end.

use chassis::testing::{Database, databases};

use super::books::assert_books;
use super::*;
use crate::testing::Line;

/// How long a caller waits for a process that has died, in milliseconds.
const ANSWER_MS: u64 = 200;

#[databases]
async fn a_process_that_dies_at_any_call_leaves_nothing_undecided(database: Database) {
    let mut shop = shop_with(database, |it| it.answer_ms = ANSWER_MS, |_| {}).await;
    for dies in [Line::DiesBefore, Line::DiesAfter] {
        *shop.line.lock() = [dies].into();
        let id = shop.pay("card").await.id;
        go_on(&mut shop, id, Status::Pending).await;
        // It is asked for again under its key, or found.
        assert_eq!(shop.payment(id).await.status, Status::Authorized, "{dies:?}");

        *shop.line.lock() = [dies].into();
        shop.capture(id).await;
        go_on(&mut shop, id, Status::Capturing).await;
        assert_eq!(shop.payment(id).await.captured, AMOUNT, "{dies:?}");

        *shop.line.lock() = [dies].into();
        shop.refund(id, Some(500)).await;
        go_on(&mut shop, id, Status::Captured).await;
        assert_eq!(shop.payment(id).await.refunded, 500, "{dies:?}");
        assert_eq!(shop.published(id).await, ["authorized", "captured", "partially_refunded"]);

        let id = shop.pay("card").await.id;
        shop.finish().await;
        *shop.line.lock() = [dies].into();
        shop.void(id).await;
        go_on(&mut shop, id, Status::Voiding).await;
        assert_eq!(shop.payment(id).await.status, Status::Voided, "{dies:?}");

        let id = shop.pay("card_3ds").await.id;
        shop.finish().await;
        shop.double.authenticate(&shop.intent(id).await, true).expect("it waits");
        *shop.line.lock() = [dies].into();
        shop.confirm(id).await;
        go_on(&mut shop, id, Status::Pending).await;
        assert_eq!(shop.payment(id).await.status, Status::Authorized, "{dies:?}");
    }
    assert_books(&shop).await;
}

/// The process has died while the payment was so; another one takes over.
async fn go_on(shop: &mut Shop, id: Uuid, left: Status) {
    chassis::testing::eventually("the process has died", async || shop.line.lock().is_empty())
        .await;
    assert_eq!(shop.payment(id).await.status, left);
    shop.restart();
    shop.finish().await;
}

/// The first process dies with its last try, and each of the next ones while it looks it up.
#[tokio::test]
async fn processes_that_die_one_after_the_other_are_no_second_charge() {
    let settings = |it: &mut Config| (it.answer_ms, it.tries) = (ANSWER_MS, 2);
    let mut shop = shop_with(Database::Sqlite, settings, |_| {}).await;
    *shop.line.lock() = [Line::AnswerLost, Line::AnswerLost].into();
    let id = shop.pay("card").await.id;
    for _ in 0..3 {
        *shop.line.lock() = [Line::DiesAfter].into();
        let app = shop.app.clone();
        let dying = tokio::spawn(async move { worker::turn(&app).await });
        chassis::testing::eventually("it dies", async || shop.line.lock().is_empty()).await;
        dying.abort();
        shop.restart();
        assert_eq!(shop.payment(id).await.status, Status::Pending);
    }
    shop.finish().await;
    assert_eq!(shop.payment(id).await.status, Status::Authorized);
    assert_books(&shop).await;
}
