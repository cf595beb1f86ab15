//! Connections are used again and replaced, messages arrive as they were written.

use std::sync::Arc;
use std::time::Duration;

use chassis::testing::{eventually, in_time, on};
use futures::future::join_all;
use serde_json::json;

use super::super::{Smtp, SmtpConfig};
use super::server::MailServer;
use super::{message, smtp};
use crate::transport::{Attachment, DeliveryError, OutgoingMessage, Transport};

async fn send(smtp: &Arc<Smtp>, recipient: &str) {
    let sent = in_time("a delivery", smtp.deliver(&message(recipient))).await;
    sent.unwrap_or_else(|error| panic!("{recipient}: {error}"));
}

#[on(smtp)]
async fn a_connection_takes_one_message_after_the_other() {
    let server = MailServer::encrypted(json!({})).await;
    let smtp = smtp(server.config());
    send(&smtp, "ada@example.com").await;
    let gone = smtp.deliver(&message("gone@example.com")).await.unwrap_err();
    assert!(matches!(gone, DeliveryError::NoSuchRecipient(_)), "{gone:?}");
    send(&smtp, "bob@example.com").await;
    assert_eq!((server.count("connection").await, server.count("message").await), (1, 2));
}

#[on(smtp)]
async fn a_connection_that_the_server_has_closed_is_replaced_without_a_failure() {
    let server = MailServer::encrypted(json!({})).await;
    let smtp = smtp(server.config());
    for sent in 1..=3 {
        send(&smtp, "ada@example.com").await;
        assert_eq!((server.count("connection").await, server.count("message").await), (sent, sent));
        server.close_connections().await;
    }
}

#[on(smtp)]
async fn a_connection_is_closed_after_a_minute_without_messages() {
    let server = MailServer::plain(json!({})).await;
    let smtp = smtp(server.config());
    send(&smtp, "ada@example.com").await;
    assert_eq!(server.count("closed").await, 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    eventually("it is closed", async || server.seen("closed") == 1).await;
    send(&smtp, "ada@example.com").await;
    assert_eq!(server.count("connection").await, 2);
}

#[on(smtp)]
async fn no_more_connections_are_open_than_the_settings_allow() {
    let server = MailServer::plain(json!({})).await;
    let smtp = smtp(SmtpConfig { connections: 2, ..server.config() });
    let messages: Vec<_> = (0..20).map(|it| format!("ada-{it}@example.com")).collect();
    join_all(messages.iter().map(|it| send(&smtp, it))).await;
    assert_eq!(server.count("message").await, 20);
    assert_eq!(server.count("connection").await, 2);
}

#[on(smtp)]
async fn addresses_in_every_script_arrive_where_the_server_takes_them() {
    let server = MailServer::plain(json!({})).await;
    let wide = "用户@xn--fsqu00a.xn--4rr70v";
    send(&smtp(server.config()), wide).await;
    let messages = server.of("message").await;
    let [it] = &messages[..] else { panic!("one message") };
    assert_eq!((&it["to"], &it["smtpUtf8"]), (&json!("用户@例子.广告"), &json!(true)));
    assert!(it["raw"].as_str().unwrap().contains(&format!("To: {wide}")));
    send(&smtp(server.config()), "ada@xn--bcher-kva.example").await;
    assert_eq!(server.of("message").await[1]["smtpUtf8"], false, "IDNA is ASCII");

    let narrow = MailServer::plain(json!({ "smtputf8": false })).await;
    let smtp = smtp(narrow.config());
    let error = smtp.deliver(&message(wide)).await.unwrap_err();
    let DeliveryError::Refused(reason) = error else { panic!("{error:?}") };
    let why = "takes no addresses with letters beyond ASCII (SMTPUTF8)";
    assert_eq!(reason, format!("{} {why}", narrow.name()));
    send(&smtp, "ada@example.com").await;
    assert_eq!((narrow.count("connection").await, narrow.count("message").await), (1, 1));
}

#[on(smtp)]
async fn a_long_message_with_files_arrives_whole() {
    let server = MailServer::encrypted(json!({})).await;
    // Lines that begin with dots, and a text longer than what is written at a time.
    let text = ".\n..\n.x\r\nGrüße aus der Küche.\n".repeat(2_000);
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = Attachment {
        filename: "Rechnung Nº 7.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        content: content.clone(),
    };
    let html = Some(format!("<p>{}</p>", "Grüße. ".repeat(5_000)));
    let message =
        OutgoingMessage { text, html, attachments: vec![file], ..message("ada@example.com") };
    let smtp = smtp(server.config());
    smtp.deliver(&message).await.unwrap();
    let raw = server.messages("ada@example.com").await.remove(0);
    let mail = smtp.composer.compose(&message, chassis::testing::noon()).unwrap();
    assert_eq!(raw.trim_end(), String::from_utf8(mail.bytes).unwrap().trim_end());
    assert!(raw.lines().all(|it| it.len() <= 998));
}
