//! E-mails per second from a full queue to a mail server on the same machine, and the memory meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use mail_sink::MailSink;
use serde_json::{Value, json};

use super::say;
use crate::Bench;
use crate::http::Connection;
use crate::report::{Report, Row, memory, number, time};
use crate::shop::Shop;

const MESSAGES: usize = 10_000;
const CONNECTIONS: usize = 8;
const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");
/// How long the queue may take to be empty.
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn messages(bench: &Bench, report: &mut Report) -> Result<()> {
    say(&format!("{MESSAGES} e-mails"));
    let sink = MailSink::counting().await?;
    // It takes nothing until all are queued.
    sink.pause();
    let port = sink.address().port().to_string();
    let place = bench.program.place(&bench.scratch, "messages", false)?;
    let place = place
        .with("admin.email", ADMIN.0)
        .with("admin.password", ADMIN.1)
        .with("shop.email_from", "shop@example.com")
        .with("notifications.email.providers", "smtp")
        .with("notifications.smtp.host", "127.0.0.1")
        .with("notifications.smtp.port", port)
        .with("notifications.smtp.encryption", "none")
        .with("notifications.smtp.timeout_ms", "50000");
    let shop = place.serve().await?;
    let started = Instant::now();
    queue(&shop).await?;
    let queued = started.elapsed();
    let before = shop.memory()?;
    let started = Instant::now();
    sink.resume();
    let mut most = before;
    while sink.count() < MESSAGES {
        ensure!(started.elapsed() < PATIENCE, "only {} arrived", sink.count());
        tokio::time::sleep(Duration::from_millis(50)).await;
        most = most.max(shop.memory()?);
    }
    let sent = started.elapsed();
    shop.stop().await?;
    // One whose first connection waited for too long may have been sent twice.
    let copies = sink.count() - MESSAGES;
    let rate = |took: Duration| format!("{}/s", number(MESSAGES as f64 / took.as_secs_f64()));
    report.add(Row::new(
        format!("{MESSAGES} e-mails queued by {CONNECTIONS} clients of the API"),
        format!("{}, {}", rate(queued), time(queued)),
    ));
    report.add(Row::new(
        format!("{MESSAGES} queued e-mails sent by SMTP to a server on this machine, SQLite"),
        format!("{}, {}; {copies} twice", rate(sent), time(sent)),
    ));
    report.add(Row::new("memory with all of them queued", memory(before)));
    report.add(Row::new("the most memory while they were sent", memory(most)));
    Ok(())
}

async fn queue(shop: &Shop) -> Result<()> {
    let login = json!({ "email": ADMIN.0, "password": ADMIN.1 }).to_string();
    let mut connection = Connection::open(shop.address).await?;
    let answer = connection.ask(&post("/api/v1/auth/login", "", &login)).await?;
    let session: Value = serde_json::from_slice(answer.body)?;
    let token = session["access_token"].as_str().context("no access token")?.to_owned();
    let each = (0..CONNECTIONS).map(|client| queue_some(shop, &token, client));
    futures::future::try_join_all(each).await.map(drop)
}

async fn queue_some(shop: &Shop, token: &str, client: usize) -> Result<()> {
    let mut connection = Connection::open(shop.address).await?;
    for number in (client..MESSAGES).step_by(CONNECTIONS) {
        let body = json!({
            "to": format!("customer-{number}@example.com"),
            "subject": "Your order is ready to be collected",
            "body": "Hello,\n\nyour order is ready. ".repeat(20),
        });
        let request = post("/api/v1/notifications/email", token, &body.to_string());
        let status = connection.ask(&request).await?.status;
        ensure!(status == 202, "queueing an e-mail: {status}");
    }
    Ok(())
}

fn post(path: &str, token: &str, body: &str) -> Bytes {
    let length = body.len();
    let authorization =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n{authorization}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}
