//! Events and how they arrive.

use axum::http::StatusCode;
use serde_json::Value;
use stripe_double::{Kind, Mode};

use crate::client::{NOON, Receiver, is_signed, kind, start, start_with};

#[tokio::test]
async fn events_tell_what_happened_and_are_signed_with_every_secret() {
    let (api, shop) = (start().await, Receiver::start().await);
    api.double.add_endpoint(&shop.url, &["whsec_old", "whsec_new"]);
    api.hold("card").await;
    assert!(api.double.deliver().await.iter().all(|it| it.status == Some(200)));
    let got = shop.got.lock().clone();
    let kinds: Vec<String> = got.iter().map(|(_, body)| kind(body)).collect();
    let expected =
        ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"];
    assert_eq!(kinds, expected);
    for (signature, body) in &got {
        assert!(is_signed(signature, "whsec_old", NOON, body), "{signature}");
        assert!(is_signed(signature, "whsec_new", NOON, body), "{signature}");
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(event["livemode"], false);
        assert_eq!(event["data"]["object"]["metadata"]["payment_id"], "p1");
        assert!(!body.contains("\"_"), "{body}");
    }
}

#[tokio::test]
async fn webhooks_come_doubled_shuffled_lost_forged_stale_or_of_another_account() {
    let mut orders = Vec::new();
    for _ in 0..2 {
        let (api, shop) = (start_with(|it| it.seed = 7).await, Receiver::start().await);
        api.double.add_endpoint(&shop.url, &["whsec_a"]);
        api.double.set_mode(Mode { doubled: true, shuffled: true, ..Mode::default() });
        api.pay("card", "").await;
        api.pay("card_declined", "").await;
        api.double.deliver().await;
        orders.push(shop.take());
    }
    // The same from the same seed, and not the order in which things happened.
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0].len(), 12);
    let (api, shop) = (start().await, Receiver::start().await);
    api.double.add_endpoint(&shop.url, &["whsec_a"]);
    let happened: Vec<String> = {
        api.pay("card", "").await;
        api.pay("card_declined", "").await;
        api.double.deliver().await;
        shop.take().into_iter().flat_map(|it| [it.clone(), it]).collect()
    };
    assert_ne!(orders[0], happened);

    api.double.set_mode(Mode { lost: true, ..Mode::default() });
    api.pay("card", "").await;
    assert_eq!(api.double.deliver().await.len(), 0);
    for (mode, at, signed, foreign) in [
        (Mode { forged: true, ..Mode::default() }, NOON, false, false),
        (Mode { stale: true, ..Mode::default() }, NOON - 3600, true, false),
        (Mode { foreign: true, ..Mode::default() }, NOON, true, true),
    ] {
        api.double.set_mode(mode);
        api.pay("card", "").await;
        api.double.deliver().await;
        let got = std::mem::take(&mut *shop.got.lock());
        assert_eq!(got.len(), 3);
        for (signature, body) in got {
            assert_eq!(is_signed(&signature, "whsec_a", at, &body), signed, "{mode:?}");
            assert_eq!(body.contains("acct_of_somebody_else"), foreign);
        }
    }
}

#[tokio::test]
async fn a_webhook_that_is_refused_comes_again_three_times() {
    let (api, shop) = (start_with(|it| it.delivers = true).await, Receiver::start().await);
    *shop.status.lock() = StatusCode::INTERNAL_SERVER_ERROR;
    api.double.add_endpoint(&shop.url, &["whsec_a"]);
    api.post("/v1/payment_intents", "amount=5000&currency=eur").await;
    for (tries, pause) in [(1, 60), (2, 1800), (3, 7200), (4, 999_999)] {
        let came = || {
            chassis::testing::eventually("it comes", async || {
                let got = shop.got.lock().len();
                if got == tries { Ok(()) } else { Err(format!("{got} so far")) }
            })
        };
        came().await;
        // It is back in the queue once its answer was noted.
        chassis::testing::eventually("noted", async || api.double.delivered().len() == tries).await;
        api.double.advance(pause);
    }
    assert_eq!(api.double.deliver().await.len(), 0);
    assert_eq!(api.double.objects(Kind::Event).len(), 1);
}

#[tokio::test]
async fn registered_endpoints_hear_what_they_asked_for_with_their_own_secret() {
    let (api, shop) = (start().await, Receiver::start().await);
    let form = format!("url={}&enabled_events[]=payment_intent.succeeded", shop.url);
    let made = api.post("/v1/webhook_endpoints", &form).await;
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    let list = api.get("/v1/webhook_endpoints").await;
    assert!(!list.text.contains(&secret));
    api.pay("card", "").await;
    api.double.deliver().await;
    let got = shop.got.lock().clone();
    assert_eq!(got.len(), 1);
    assert!(is_signed(&got[0].0, &secret, NOON, &got[0].1));
    let wrong = api.post("/v1/webhook_endpoints", &format!("{form}&enabled_events[]=x.y")).await;
    assert_eq!(wrong.body["error"]["param"], "enabled_events");
}
