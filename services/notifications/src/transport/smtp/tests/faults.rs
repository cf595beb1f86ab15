//! A fault each: the state of the message, its error and the next try, after the sender's turn.

use std::time::Duration;

use chassis::testing::{Database, TestPlatform, eventually, in_time, noon, on};
use insta::assert_snapshot;
use serde_json::json;

use super::server::MailServer;
use super::{message as outgoing, smtp};
use crate::model::{Message, State};
use crate::sender::Sender;
use crate::testing::{app, at, history, message, sender_over};
use crate::transport::{Attachment, DeliveryError, OutgoingMessage, Transport};
use crate::{App, MIGRATIONS, store};

/// A shop with a message to each of these.
async fn shop(recipients: &[&str]) -> (TestPlatform, App) {
    let platform = Database::Sqlite.platform(MIGRATIONS).await;
    let app = app(&platform);
    for it in recipients {
        let recipient = format!("{it}@example.com");
        store::insert(&app.db, &Message { recipient, ..message() }).await.unwrap();
    }
    (platform, app)
}

async fn turn(app: &App, transport: &std::sync::Arc<impl Transport>) {
    let sender: Sender = sender_over(app, vec![transport.clone()]);
    assert!(in_time("a turn", sender.turn()).await.unwrap() > 0, "something is due");
}

/// What staff see of every message, a line each.
async fn seen(app: &App, server: &MailServer) -> String {
    let mut lines: Vec<_> = history(app).await.iter().map(line).collect();
    lines.sort_unstable();
    lines.join("\n").replace(&server.name(), "localhost")
}

fn line(it: &Message) -> String {
    let next = it.next_at.map(|at| format!(", again after {} min", (at - noon()).num_minutes()));
    let (name, next) = (it.recipient.split('@').next().unwrap(), next.unwrap_or_default());
    let says = it.error.clone().or(it.provider_message_id.clone().map(|_| "has an id".to_owned()));
    let state = it.state.as_str();
    format!("{name}: {state}, {} tries{next}: {}", it.attempts, says.unwrap_or_default())
}

#[on(smtp)]
async fn what_a_server_refuses_is_tried_again_given_up_or_bounced() {
    let server = MailServer::plain(json!({})).await;
    let (_platform, app) = shop(&[
        "ada",
        "greylist-1",
        "full",
        "over-quota",
        "gone",
        "gone-without-code",
        "policy",
        "relay-denied",
        "refused-after-data",
        "later-after-data",
    ])
    .await;
    turn(&app, &smtp(server.config())).await;
    assert_snapshot!(seen(&app, &server).await, @r"
    ada: sent, 1 tries: has an id
    full: queued, 1 tries, again after 1 min: localhost answered 452 to RCPT TO: 4.2.2 Mailbox full
    gone-without-code: bounced, 1 tries: localhost answered 550 to RCPT TO: User unknown
    gone: bounced, 1 tries: localhost answered 550 to RCPT TO: 5.1.1 No such user <g***@example.com> here
    greylist-1: queued, 1 tries, again after 1 min: localhost answered 450 to RCPT TO: 4.7.1 Greylisted, try again later
    later-after-data: queued, 1 tries, again after 1 min: localhost answered 451 to the message: 4.3.0 Try again later
    over-quota: queued, 1 tries, again after 1 min: localhost answered 552 to RCPT TO: 5.2.2 Mailbox is over its quota
    policy: failed, 1 tries: localhost answered 550 to RCPT TO: 5.7.1 Message refused by policy
    refused-after-data: failed, 1 tries: localhost answered 554 to the message: 5.6.0 Message refused as spam
    relay-denied: failed, 1 tries: localhost answered 550 to RCPT TO: relay not permitted
    ");
    // Nothing else goes to an address that does not exist.
    for (gone, is_suppressed) in [("gone", true), ("policy", false), ("full", false)] {
        let recipient = format!("{gone}@example.com");
        let channel = crate::model::Channel::Email;
        let reasons = store::suppressions_of(&app.db, channel, &recipient).await.unwrap();
        assert_eq!(!reasons.is_empty(), is_suppressed, "{gone}");
    }
}

#[on(smtp)]
async fn a_greylisted_message_arrives_at_the_next_try() {
    let server = MailServer::plain(json!({})).await;
    let (_platform, app) = shop(&["greylist-2"]).await;
    let smtp = smtp(server.config());
    let mut now = noon();
    for minutes in [1, 5] {
        turn(&at(now, &app), &smtp).await;
        let it = history(&app).await.remove(0);
        assert_eq!((it.state, server.count("message").await), (State::Queued, 0));
        let next = it.next_at.unwrap();
        assert_eq!((next - now).num_minutes(), minutes);
        now = next;
    }
    turn(&at(now, &app), &smtp).await;
    let it = history(&app).await.remove(0);
    assert_eq!((it.state, it.attempts, it.error), (State::Sent, 3, None));
    assert_eq!(it.provider_message_id.as_deref(), Some("Q1000"));
    assert_eq!(server.count("connection").await, 1, "the server answered: no reason to leave");
}

/// The Message-IDs of what a server got for a recipient.
async fn message_ids(server: &MailServer, recipient: &str) -> Vec<String> {
    let id = |mail: &String| {
        mail.lines().find(|it| it.starts_with("Message-ID:")).expect("a Message-ID").to_owned()
    };
    server.messages(recipient).await.iter().map(id).collect()
}

#[on(smtp)]
async fn a_message_without_an_answer_is_sent_a_second_time_under_the_same_id_and_no_third() {
    let server = MailServer::plain(json!({})).await;
    let (_platform, app) = shop(&["cut-after-data", "cut-once-after-data"]).await;
    let smtp = smtp(server.config());
    turn(&app, &smtp).await;
    let first = seen(&app, &server).await;
    let later = at(noon() + chrono::TimeDelta::minutes(1), &app);
    turn(&later, &smtp).await;
    let second = seen(&app, &server).await;
    assert_snapshot!(format!("{first}\n--\n{second}"), @r"
    cut-after-data: queued, 1 tries, again after 1 min: localhost closed the connection without an answer to the whole message
    cut-once-after-data: queued, 1 tries, again after 1 min: localhost closed the connection without an answer to the whole message
    --
    cut-after-data: failed, 2 tries: localhost closed the connection without an answer to the whole message; it was sent twice without an answer, so it may have arrived; sending it again may repeat it
    cut-once-after-data: sent, 2 tries: has an id
    ");
    for name in ["cut-after-data", "cut-once-after-data"] {
        let ids = message_ids(&server, &format!("{name}@example.com")).await;
        assert_eq!(ids.len(), 2, "{name}");
        assert_eq!(ids[0], ids[1], "mailboxes can tell that it is the same");
    }
    let much_later = at(noon() + chrono::TimeDelta::days(2), &app);
    assert_eq!(sender_over(&much_later, vec![smtp]).turn().await.unwrap(), 0);
}

#[on(smtp)]
async fn a_server_that_closes_or_wants_a_login_counts_as_unavailable() {
    let server = MailServer::plain(json!({})).await;
    let (_platform, app) = shop(&["closing", "login"]).await;
    turn(&app, &smtp(server.config())).await;
    assert_snapshot!(seen(&app, &server).await, @r"
    closing: queued, 1 tries, again after 1 min: localhost answered 421 to RCPT TO: 4.3.2 Shutting down
    login: queued, 1 tries, again after 1 min: localhost answered 530 to RCPT TO: 5.7.0 Authentication required
    ");
}

#[on(smtp)]
async fn a_server_that_goes_away_before_the_end_of_a_message_has_not_got_it() {
    let server = MailServer::plain(json!({})).await;
    // Longer than what the connection holds, so that it is cut in the middle.
    let file = Attachment {
        filename: "long.bin".to_owned(),
        content_type: "application/octet-stream".to_owned(),
        content: vec![7; 8_000_000],
    };
    let attachments = vec![file];
    let message = OutgoingMessage { attachments, ..outgoing("cut-in-data@example.com") };
    let error = smtp(server.config()).deliver(&message).await.unwrap_err();
    let DeliveryError::Unavailable { reason, .. } = error else { panic!("{error:?}") };
    let begin = format!("the connection to {} broke at the message: ", server.name());
    assert!(reason.starts_with(&begin), "{reason}");
    assert_eq!(server.count("message").await, 0);
}

/// A server that says nothing any more at some point: what staff see once the time is over.
async fn hung(options: serde_json::Value, recipient: &str) -> String {
    let server = MailServer::plain(options).await;
    let (_platform, app) = shop(&[recipient]).await;
    let sender = sender_over(&app, vec![smtp(server.config())]);
    let turn = tokio::spawn(async move { sender.turn().await.unwrap() });
    eventually("the server hangs", async || server.seen("hanging") > 0).await;
    // What the shop waits for is over at once.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(51)).await;
    tokio::time::resume();
    assert_eq!(in_time("a turn", turn).await.unwrap(), 1);
    seen(&app, &server).await
}

#[on(smtp)]
async fn a_server_that_hangs_is_left_after_the_time_in_the_settings() {
    let seen = [
        hung(json!({ "greeting": "hang" }), "ada").await,
        hung(json!({}), "hang-at-rcpt").await,
        hung(json!({}), "hang-after-data").await,
    ];
    assert_snapshot!(seen.join("\n"), @r"
    ada: queued, 1 tries, again after 1 min: localhost did not answer in time at the greeting
    hang-at-rcpt: queued, 1 tries, again after 1 min: localhost did not answer in time at RCPT TO
    hang-after-data: queued, 1 tries, again after 1 min: localhost did not answer in time to the whole message
    ");
}

#[on(smtp)]
async fn another_provider_takes_what_a_closed_server_does_not() {
    let closed = MailServer::plain(json!({ "greeting": "554 5.3.2 Closed for today" })).await;
    let open = MailServer::plain(json!({})).await;
    let (_platform, app) = shop(&["ada"]).await;
    turn(&app, &smtp(closed.config())).await;
    assert_snapshot!(
        seen(&app, &closed).await,
        @"ada: queued, 1 tries, again after 1 min: localhost answered 554 to the greeting: 5.3.2 Closed for today"
    );

    let again = at(noon() + chrono::TimeDelta::minutes(1), &app);
    let chain = sender_over(&again, vec![smtp(closed.config()), smtp(open.config())]);
    assert_eq!(chain.turn().await.unwrap(), 1);
    assert_eq!(open.messages("ada@example.com").await.len(), 1);
    assert_eq!(history(&app).await[0].state, State::Sent);
}
