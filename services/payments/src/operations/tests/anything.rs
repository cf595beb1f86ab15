//! Random requests to three payments over a line that loses things, with workers and restarts in
//! between: when all has come to rest, every book says the same.

use chassis::testing::{Database, databases};
use proptest::prelude::*;

use super::*;

/// One thing that may happen to a payment.
#[derive(Clone, Copy, Debug)]
enum Step {
    Authorize(&'static str),
    Capture,
    CapturePart(i64),
    Void,
    Confirm(bool),
    Refund(Option<i64>),
    /// A webhook, or the worker, asks how it stands.
    Observe,
    Turn,
    Restart,
    Line(Line),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let lines = prop_oneof![
        Just(Line::RequestLost),
        Just(Line::AnswerLost),
        Just(Line::DiesBefore),
        Just(Line::DiesAfter),
    ];
    let tokens = prop_oneof![
        Just("tok_visa"),
        Just("tok_3ds"),
        Just("tok_timeout"),
        Just("tok_processing"),
        Just("tok_declined"),
        Just("tok_error")
    ];
    let step = prop_oneof![
        2 => tokens.prop_map(Step::Authorize),
        3 => Just(Step::Capture),
        1 => (1_i64..2500).prop_map(Step::CapturePart),
        1 => Just(Step::Void),
        1 => any::<bool>().prop_map(Step::Confirm),
        2 => proptest::option::of(1_i64..2500).prop_map(Step::Refund),
        2 => Just(Step::Observe),
        1 => Just(Step::Turn),
        1 => Just(Step::Restart),
        2 => lines.prop_map(Step::Line),
    ];
    proptest::collection::vec((0..3_usize, step), 1..25)
}

#[databases]
fn whatever_happens_the_books_agree(database: Database) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let shop = runtime.block_on(shop(database));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(happen(&shop, &steps));
        Ok(())
    });
    outcome.unwrap();
}

async fn happen(shop: &Shop, steps: &[(usize, Step)]) {
    let config = crate::Config { answer_ms: 20, ..(*shop.app.config).clone() };
    let app = App { config: std::sync::Arc::new(config), ..shop.app.clone() };
    // The token goes with the id, as an order's attempt has one token.
    let asked = [0; 3].map(|_| request("tok_visa"));
    let mut tokens = [None; 3];
    for (n, step) in steps {
        let id = asked[*n].payment_id;
        // Refusals are right answers here; what counts is what the books say in the end.
        match *step {
            Step::Authorize(token) => {
                let token = tokens[*n].get_or_insert(token).to_string();
                let asked = Authorize { token: token.into(), ..asked[*n].clone() };
                requests::authorize(&app, asked).await.unwrap();
            }
            Step::Capture => drop(requests::capture(&app, id).await),
            Step::CapturePart(amount) => {
                drop(requests::capture_amount(&app, id, Some(amount)).await);
            }
            Step::Void => drop(requests::void(&app, id).await.unwrap()),
            Step::Confirm(approve) => {
                let outcome = if approve { "approve" } else { "deny" };
                drop(requests::confirm(&app, id, said(outcome)).await);
            }
            Step::Refund(amount) => {
                drop(requests::refund(&app, refund_of(id, amount)).await);
            }
            Step::Observe => {
                if let Some(payment) = store::find(&app.db, id).await.unwrap() {
                    let app = app.clone();
                    drop(tokio::spawn(async move { drop(observe(&app, &payment).await) }));
                }
            }
            Step::Turn => drop(tokio::spawn({
                let app = app.clone();
                async move { turn(&app).await }
            })),
            Step::Restart => drop(shop.restart().await),
            Step::Line(line) => shop.line([line]),
        }
    }
    shop.line([]);
    shop.finish().await;
    shop.assert_sound().await;
    for asked in asked {
        let Some(payment) = store::find(&shop.app.db, asked.payment_id).await.unwrap() else {
            continue;
        };
        assert!(!matches!(payment.status, Status::Pending | Status::Capturing | Status::Voiding));
        assert_eq!(payment.refund_pending, 0);
        assert!(payment.refunded <= payment.captured && payment.captured <= payment.amount);
    }
}
