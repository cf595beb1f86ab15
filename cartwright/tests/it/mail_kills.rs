//! `kill -9` of the real program while it sends e-mails: each is sent, and at most twice.

use std::collections::BTreeMap;

use chassis::testing::{eventually, on};
use mail_sink::MailSink;
use serde_json::json;

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, Shape};

const MAILS: usize = 120;

#[on(sqlite, postgres, flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_sent_once_and_at_most_twice_around_a_kill(shape: Shape) {
    let sink = MailSink::start().await.expect("a mail server");
    let mut place = shape.place().await;
    let port = sink.address().port();
    for (name, value) in [
        ("SHOP__EMAIL_FROM", "shop@example.com"),
        ("NOTIFICATIONS__EMAIL__PROVIDERS", "smtp"),
        ("NOTIFICATIONS__SMTP__HOST", "127.0.0.1"),
        ("NOTIFICATIONS__SMTP__PORT", &port.to_string()),
        ("NOTIFICATIONS__SMTP__ENCRYPTION", "none"),
    ] {
        place.variables.insert(name, value.to_owned());
    }
    let address = free_address();
    let mut program = Program::start(&place, &[], address);
    program.ready().await;
    let admin = login(&Http::new(address)).await;
    for number in 0..MAILS {
        let mail = json!({ "to": format!("c{number}@example.com"), "subject": "Hello",
                           "body": "Your parcel is ready." });
        admin.post("/notifications/email", mail).await.expect(202);
        // In the middle of the sending; in the second half, those in flight have no answer yet.
        if number == MAILS / 3 {
            eventually("some arrive", async || sink.count() > 0).await;
        }
    }
    sink.pause();
    let before = sink.count();
    eventually("some have no answer", async || sink.count() > before || before == MAILS).await;
    program.kill();
    sink.resume();

    let mut program = Program::start(&place, &[], address);
    program.ready().await;
    let admin = login(&Http::new(address)).await;
    // Those that were on their way are sent again when the lease of their sender is over, which a
    // shop of one process on SQLite need not wait for.
    let open = if place.config.is_embedded() { 0 } else { 20 };
    eventually("all others are sent", async || {
        let sent = admin.get("/notifications/history?status=sent&count=true").await.expect(200);
        sent["total"].as_u64().expect("a number") as usize + open >= MAILS
    })
    .await;
    let mut copies = BTreeMap::<String, usize>::new();
    for mail in sink.mails() {
        *copies.entry(mail.header("Message-ID").expect("an id")).or_default() += 1;
    }
    assert!(copies.len() + open >= MAILS, "{} have arrived", copies.len());
    assert!(copies.values().all(|it| *it <= 2), "{copies:?}");
    let twice = copies.values().filter(|it| **it == 2).count();
    assert!(twice <= 20, "only those of one batch: {twice}");
    program.kill();
}

async fn login(http: &Http) -> Http {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
    let answer = http.post("/auth/login", login).await.expect(200);
    http.bearer(answer["access_token"].as_str().expect("a token"))
}
