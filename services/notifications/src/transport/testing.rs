//! A server in the place of a provider's API: it answers as a script says, can be silent or cut the
//! connection, and holds every request against the description that the provider publishes.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::{Attachment, OutgoingMessage};
use crate::model::Channel;

/// What the server does with a request.
#[derive(Clone)]
pub(super) enum Next {
    /// Status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Takes the request and says nothing.
    Silent,
    /// Takes the request and closes the connection.
    Cut,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The method and the path.
    pub(super) what: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// What is wrong with a request.
type Check = fn(&Seen) -> Vec<String>;

struct Server {
    next: Mutex<VecDeque<Next>>,
    seen: Mutex<Vec<Seen>>,
    wrong: Mutex<Vec<String>>,
    check: Check,
}

/// A provider's API.
pub(super) struct Double {
    pub(super) url: String,
    server: Arc<Server>,
}

pub(super) fn answer(status: u16, body: Value) -> Next {
    Next::Answer(status, vec![], body.to_string())
}

impl Double {
    pub(super) async fn start(check: Check, script: impl IntoIterator<Item = Next>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let next = Mutex::new(script.into_iter().collect());
        let server =
            Arc::new(Server { next, seen: Mutex::default(), wrong: Mutex::default(), check });
        let shared = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(shared.clone(), stream));
            }
        });
        Self { url, server }
    }

    /// The requests, once the whole script was played; none may differ from the description.
    pub(super) fn seen(&self) -> Vec<Seen> {
        assert!(self.server.next.lock().is_empty(), "too few requests");
        assert_eq!(*self.server.wrong.lock(), Vec::<String>::new());
        self.server.seen.lock().clone()
    }
}

/// Answers one request of a connection.
async fn serve(server: Arc<Server>, mut stream: TcpStream) {
    let Some(seen) = receive(&mut stream).await else { return };
    let wrong = (server.check)(&seen);
    server.wrong.lock().extend(wrong);
    server.seen.lock().push(seen);
    let next = server.next.lock().pop_front();
    let (status, headers, body) =
        match next.unwrap_or_else(|| answer(418, json!("not in the script"))) {
            Next::Answer(status, headers, body) => (status, headers, body),
            Next::Silent => return std::future::pending().await,
            Next::Cut => return,
        };
    let mut head = format!("HTTP/1.1 {status} -\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let mut lines = head.split("\r\n");
            let mut first = lines.next()?.split(' ');
            let what = format!("{} {}", first.next()?, first.next()?);
            let headers: BTreeMap<_, _> = lines
                .filter_map(|it| it.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length: usize =
                headers.get("content-length").map_or(Some(0), |it| it.parse().ok())?;
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).ok()?;
                return Some(Seen { what, headers, body });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A URL where nobody answers.
pub(super) async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A description that a provider publishes; none where it is not at hand.
pub(super) fn published(file: &str) -> Option<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let Ok(text) = std::fs::read_to_string(directory.join(file)) else {
        let required = std::env::var("REQUIRE_SHARED").is_ok_and(|it| it == "1");
        assert!(!required, "no {file} in {}", directory.display());
        eprintln!("skipped: requests are not compared with {file}, which is not there");
        return None;
    };
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// What is wrong with a value by a schema of the description `root`. Members that the schema does
/// not know are wrong, too.
pub(super) fn differences(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    compare(root, schema, value, "$", &mut wrong);
    wrong
}

fn compare(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = &resolved(root, schema);
    let is_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !is_type {
        wrong.push(format!("{at} is no {}", schema["type"]));
    }
    if let Some(text) = value.as_str() {
        compare_text(schema, text, at, wrong);
    }
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if schema["maxItems"].as_u64().is_some_and(|most| items.len() as u64 > most) {
        wrong.push(format!("{at} has too many items"));
    }
    for (index, item) in items.iter().enumerate() {
        if schema["uniqueItems"] == true && items[..index].contains(item) {
            wrong.push(format!("{at} has {item} twice"));
        }
        compare(root, &schema["items"], item, &format!("{at}[{index}]"), wrong);
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            wrong.push(format!("{at} has no {name}"));
        }
    }
    let Some(known) = schema["properties"].as_object() else { return };
    for (name, member) in members {
        match known.get(name) {
            Some(schema) => compare(root, schema, member, &format!("{at}.{name}"), wrong),
            None => wrong.push(format!("{at}.{name} is not described")),
        }
    }
}

fn compare_text(schema: &Value, text: &str, at: &str, wrong: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    let short = schema["minLength"].as_u64().is_some_and(|it| length < it);
    if short || schema["maxLength"].as_u64().is_some_and(|it| length > it) {
        wrong.push(format!("{at} has {length} characters"));
    }
    let matches = |it: &str| regex::Regex::new(it).expect("a pattern").is_match(text);
    if schema["pattern"].as_str().is_some_and(|it| !matches(it)) {
        wrong.push(format!("{at} is not {}", schema["pattern"]));
    }
    if schema["enum"].as_array().is_some_and(|it| !it.iter().any(|it| it == text)) {
        wrong.push(format!("{at} is not one of {}", schema["enum"]));
    }
}

/// What a schema refers to. SendGrid's addresses are in a file of their own, which is not published
/// with the rest.
fn resolved(root: &Value, schema: &Value) -> Value {
    let Some(reference) = schema["$ref"].as_str() else { return schema.clone() };
    let address = json!({
        "type": "object", "required": ["email"],
        "properties": {
            "email": { "type": "string", "pattern": "^[^@ ]+@[^@ ]+$" },
            "name": { "type": "string" },
        },
    });
    match reference.rsplit('/').next() {
        Some("to_email_array") => json!({ "type": "array", "maxItems": 1000, "items": address }),
        Some("from_email_object" | "reply_to_email_object") => address,
        _ => {
            let pointer = reference.strip_prefix('#').expect("within the description");
            root.pointer(pointer).expect("what is referred to").clone()
        }
    }
}

pub(super) const MESSAGE: Uuid = Uuid::from_u128(0x0190_e5a0_0000_7000_8000_0000_0000_0001);

/// A message with everything one can have.
pub(super) fn message(channel: Channel) -> OutgoingMessage {
    let recipient = if channel == Channel::Sms { "+4915112345678" } else { "ada@example.com" };
    OutgoingMessage {
        id: MESSAGE,
        channel,
        template: Some("order_confirmed".to_owned()),
        recipient: recipient.to_owned(),
        subject: Some("Grüße & mehr".to_owned()),
        text: "Good day. 100 % ✓".to_owned(),
        html: Some("<p>Good day.</p>".to_owned()),
        language: Some("en".to_owned()),
        order_number: Some("CW-100001".to_owned()),
        link: None,
        unsubscribe: Some("https://shop.test/api/v1/notifications/unsubscribe/abc".to_owned()),
        attachments: vec![Attachment {
            filename: "invoice.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            content: b"%PDF".to_vec(),
        }],
    }
}

#[test]
fn a_request_that_differs_from_its_description_is_told() {
    let root = json!({ "components": { "sid": { "type": "string", "pattern": "^AC[0-9]{2}$" } } });
    let schema = json!({
        "type": "object", "required": ["to", "text"],
        "properties": {
            "to": { "$ref": "#/components/sid" },
            "text": { "type": "string", "minLength": 1 },
            "tags": { "type": "array", "maxItems": 1, "uniqueItems": true, "items": { "type": "string" } },
            "kind": { "type": "string", "enum": ["a", "b"] },
        },
    });
    let good = json!({ "to": "AC12", "text": "x", "tags": ["y"], "kind": "a" });
    assert_eq!(differences(&root, &schema, &good), Vec::<String>::new());
    let bad = json!({ "to": "12", "tags": ["y", "y", 7], "kind": "c", "odd": 1 });
    assert_eq!(
        differences(&root, &schema, &bad),
        [
            "$ has no text",
            "$.kind is not one of [\"a\",\"b\"]",
            "$.odd is not described",
            "$.tags has too many items",
            "$.tags has \"y\" twice",
            "$.tags[2] is no \"string\"",
            "$.to is not \"^AC[0-9]{2}$\"",
        ]
    );
    assert_eq!(differences(&root, &schema, &json!([])), ["$ is no \"object\""]);
}
