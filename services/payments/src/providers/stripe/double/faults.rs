//! Every fault of the double at every call, once and twice in a row: whatever is known of a request
//! at first, in the end the money is there once or not at all, and nothing is left to do.

use chassis::testing::Database;
use futures::future::join_all;
use stripe_double::{Arm, Fault};

use super::books::assert_books;
use super::*;

/// What is asked of Stripe, and hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Create,
    Capture,
    Cancel,
    Refund,
    /// What became of the customer's action.
    ReadIntent,
    /// A look-up by the shop's own id.
    ListIntents,
    /// Whether a refund was made before.
    ListRefunds,
}

use Call::*;

const CALLS: [Call; 7] = [Create, Capture, Cancel, Refund, ReadIntent, ListIntents, ListRefunds];

impl Call {
    /// A part of the path of the request that is hit.
    fn request(self) -> (&'static str, &'static str) {
        match self {
            Create => ("POST", "/v1/payment_intents"),
            Capture => ("POST", "/capture"),
            Cancel => ("POST", "/cancel"),
            Refund => ("POST", "/v1/refunds"),
            ReadIntent => ("GET", "/v1/payment_intents/pi_"),
            ListIntents => ("GET", "/v1/payment_intents"),
            ListRefunds => ("GET", "/v1/refunds"),
        }
    }
}

/// Tries before a look-up: with two faults in a row the look-up decides.
const TRIES: i64 = 2;
/// Long enough for Stripe to forget an idempotency key.
const FORGOTTEN: TimeDelta = TimeDelta::hours(25);

#[tokio::test]
async fn whatever_fails_at_whatever_call_the_money_moves_once_or_not_at_all() {
    let quick = Fault::ALL.into_iter().filter(|it| *it != Fault::Slow);
    join_all(quick.map(|fault| all_calls(fault, 15_000))).await;
}

/// The request waits at Stripe for longer than the shop does, and is carried out afterwards.
#[tokio::test]
async fn what_is_slower_than_the_shops_patience_happens_once_or_not_at_all() {
    all_calls(Fault::Slow, 150).await;
}

async fn all_calls(fault: Fault, try_ms: u64) {
    let settings = |it: &mut Config| (it.tries, it.try_ms) = (TRIES, try_ms);
    let shop = shop_with(Database::Sqlite, settings, |_| {}).await;
    for call in CALLS {
        for count in [1, 2] {
            let case = format!("{fault:?} at {call:?}, {count} in a row");
            let id = Box::pin(run(&shop, call, (fault, count))).await;
            assert_end(&shop, call, id, &case).await;
        }
    }
    assert_books(&shop).await;
    shop.pass(FORGOTTEN).await;
    assert_books(&shop).await;
}

/// A payment that comes to the call, which goes wrong.
async fn run(shop: &Shop, call: Call, (fault, count): (Fault, u32)) -> Uuid {
    let (method, path) = call.request();
    let goes_wrong = || shop.double.arm(Arm { count, ..Arm::next(fault, method, path) });
    let sent = || {
        let all = shop.double.requests();
        all.iter().filter(|it| it.method == method && it.path.contains(path)).count()
    };
    let before = sent();
    let id = match call {
        Create => {
            goes_wrong();
            shop.pay("card").await.id
        }
        Capture => {
            let id = shop.pay("card").await.id;
            goes_wrong();
            shop.capture(id).await.id
        }
        Cancel => {
            let id = shop.pay("card").await.id;
            goes_wrong();
            shop.void(id).await.id
        }
        Refund | ListRefunds => {
            let id = shop.paid("card").await.id;
            goes_wrong();
            shop.refund(id, Some(500)).await.id
        }
        ReadIntent => {
            let id = shop.pay("card_3ds").await.id;
            shop.double.authenticate(&shop.intent(id).await, true).expect("it waits");
            goes_wrong();
            shop.confirm(id).await.id
        }
        ListIntents => {
            let cut = Arm::next(Fault::CutAfter, "POST", "/v1/payment_intents");
            shop.double.arm(Arm { count: 2, ..cut });
            goes_wrong();
            shop.pay("card").await.id
        }
    };
    // While the first request still waits at Stripe, the shop asks what became of it.
    worker::turn(&shop.app).await.expect("a turn");
    shop.finish().await;
    shop.double.disarm();
    assert!(sent() > before, "{call:?} was not asked for");
    id
}

/// What is asked for is done, only not the authorisation, which may be given up; it can be used like
/// any other payment then.
async fn assert_end(shop: &Shop, call: Call, id: Uuid, case: &str) {
    let status = shop.payment(id).await.status;
    let expected = match call {
        Create if status == Status::Declined => Status::Declined,
        Create | ReadIntent | ListIntents => Status::Authorized,
        Capture => Status::Captured,
        Cancel => Status::Voided,
        Refund | ListRefunds => Status::PartiallyRefunded,
    };
    assert_eq!(status, expected, "{case}");
    if status == Status::Declined {
        assert_eq!(shop.payment(id).await.reason.as_deref(), Some("provider_error"), "{case}");
    }
    if status == Status::Authorized {
        assert_eq!(shop.capture(id).await.status, Status::Captured, "{case}");
    }
    if call == Refund {
        assert_eq!(shop.refund(id, None).await.status, Status::Refunded, "{case}");
    }
}
