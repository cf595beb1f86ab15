//! The signing key is changed under load, and nobody notices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::testing::{eventually, on};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::client::Http;
use crate::shop::{Live, Place, Shape, eventually_answers};

/// What many clients saw.
#[derive(Clone, Default)]
struct Seen {
    stop: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    /// The keys their tokens were signed with.
    kids: Arc<Mutex<BTreeSet<String>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_under_load_and_no_token_is_refused(shape: Shape) {
    let place = shape.place().await;
    // Two shops share one PostgreSQL; apart, every service is a process that verifies by
    // itself.
    let shops = match place.kind {
        "postgres" => vec![place.start().await, beside(&place).await],
        _ => vec![place.start().await],
    };
    let all: Vec<Http> = shops.iter().map(|it| it.http.clone()).collect();
    let old = log_in_first(&shops[0]).await;
    let seen = Seen::default();
    let mut clients = Vec::new();
    for number in 0..4 {
        let body = json!({ "email": format!("client-{number}@example.com"), "name": "Ada",
                           "password": "correct horse battery" });
        let tokens = shops[0].http.post("/auth/register", body).await.expect(201);
        clients.push(tokio::spawn(seen.clone().client(all.clone(), tokens, number)));
    }
    let (late, jwks) = late_verifier(&shops[0]).await;
    let before = place.says(&["keys", "list"]);
    assert!(before.lines().count() == 1 && before.contains("signs"), "{before}");
    let rotated = place.says(&["keys", "rotate"]);
    assert!(rotated.contains("next, signs from"), "{rotated}");
    // Published at once, long before it signs.
    let ask = async || shops[0].http.get("/auth/jwks").await.expect(200);
    let two = |it: &Value| it["keys"].as_array().map(Vec::len) == Some(2);
    assert_ne!(eventually_answers(ask, two).await, jwks);
    // Who has not asked since still knows every token there is.
    let signed_with_old = late.verify(&log_in_first(&shops[0]).await);
    // A machine may be so busy that the new key signs by now.
    if place.says(&["keys", "list"]).contains("next, signs from") {
        signed_with_old.expect("signed with the old key");
    }
    let both = async || seen.kids.lock().len() == 2;
    eventually("tokens of both keys are used", both).await;
    let before = seen.requests.load(Ordering::Relaxed);
    let more = async || seen.requests.load(Ordering::Relaxed) > before + 200;
    eventually("many more requests", more).await;
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no panic");
    }
    let refused = seen.refused.lock().clone();
    assert!(refused.is_empty(), "{} {refused:#?}", place.kind);
    let listed = place.says(&["keys", "list"]);
    let states: Vec<_> = listed.lines().map(|it| it.contains("verifies until")).collect();
    assert_eq!(states, [true, false], "{listed}");
    // A process that starts now signs and verifies, too.
    for shop in shops {
        shop.stop().await;
    }
    let shop = place.start().await;
    shop.http.bearer(&old).get("/users/me").await.expect(200);
    let new = log_in_first(&shop).await;
    shop.http.bearer(&new).get("/users/me").await.expect(200);
    shop.stop().await;
}

impl Seen {
    /// Takes new tokens again and again, and uses old and new ones at every process.
    async fn client(self, shops: Vec<Http>, mut tokens: Value, number: usize) {
        let access = |tokens: &Value| tokens["access_token"].as_str().expect("a token").to_owned();
        let old = access(&tokens);
        for round in number.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let refresh = json!({ "refresh_token": tokens["refresh_token"] });
            let shop = &shops[round % shops.len()];
            tokens = shop.post("/auth/refresh", refresh).await.expect(200);
            let new = access(&tokens);
            self.kids.lock().insert(kid(&new));
            for token in [&new, &old] {
                for shop in &shops {
                    // Verified by the gateway, by identity and by another service.
                    for path in ["/users/me", "/orders", "/cart"] {
                        let reply = shop.bearer(token).get(path).await;
                        self.requests.fetch_add(1, Ordering::Relaxed);
                        if reply.status != 200 {
                            let refused = format!("{path} {} {}", kid(token), reply.body);
                            self.refused.lock().push(refused);
                        }
                    }
                }
            }
        }
    }
}

/// Another process on the same databases.
async fn beside(place: &Place) -> Live {
    let mut another = crate::shop::sqlite();
    let directory = another.config.server.data_dir.clone();
    another.config = place.config.clone();
    another.config.server.data_dir = directory;
    let live = another.start().await;
    // Its files live as long as the test.
    std::mem::forget(another);
    live
}

async fn log_in_first(shop: &Live) -> String {
    let (email, password) = crate::shop::ADMIN;
    let login = json!({ "email": email, "password": password });
    let answer = shop.http.post("/auth/login", login).await.expect(200);
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// One that asked for the keys once and never again.
async fn late_verifier(shop: &Live) -> (Verifier, Value) {
    let jwks = shop.http.get("/auth/jwks").await.expect(200);
    let verifier = Verifier::new(Clock::System);
    verifier.set_keys(&serde_json::from_value(jwks.clone()).expect("a key set"));
    (verifier, jwks)
}

/// Which key a token was signed with.
fn kid(token: &str) -> String {
    use base64::Engine;
    let header = token.split('.').next().expect("a header");
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).expect("base64");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a key id").to_owned()
}
