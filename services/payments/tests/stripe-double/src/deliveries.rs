//! Webhooks on their way: signed, doubled, held back, shuffled, lost, forged, stale or of another
//! account, and tried again if they do not arrive.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::ids::Ids;
use crate::objects::{Kind, shown, text};
use crate::world::World;

/// After how many seconds of the double's clock a webhook that did not arrive is sent again: three
/// times in a few hours, as in Stripe's sandboxes ("Receive Stripe events in your webhook endpoint").
const PAUSES: [i64; 3] = [60, 30 * 60, 2 * 60 * 60];

/// How the webhooks of events from now on are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mode {
    /// Held until [`Double::deliver`](crate::Double::deliver).
    pub late: bool,
    /// As `late`, and then in an order drawn from the seed.
    pub shuffled: bool,
    /// Each is sent twice.
    pub doubled: bool,
    /// Never sent.
    pub lost: bool,
    /// Signed with a secret nobody was given.
    pub forged: bool,
    /// Signed an hour ago.
    pub stale: bool,
    /// Of another account, though signed with the right secret.
    pub foreign: bool,
}

impl Mode {
    pub(crate) fn schedule(
        self,
        deliveries: &mut Vec<Delivery>,
        event: &str,
        endpoint: &str,
        (now, live): (i64, bool),
        ids: &mut Ids,
    ) {
        if self.lost {
            return;
        }
        for _ in 0..=u8::from(self.doubled) {
            let place = if self.shuffled { ids.next() } else { 0 };
            let (event, endpoint) = (event.to_owned(), endpoint.to_owned());
            let held = self.late || self.shuffled;
            let (mode, due, tries) = (self, now, 0);
            deliveries.push(Delivery { live, event, endpoint, mode, held, place, due, tries });
        }
    }
}

/// A webhook to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) live: bool,
    event: String,
    endpoint: String,
    mode: Mode,
    held: bool,
    place: u64,
    due: i64,
    tries: usize,
}

/// What became of a webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivered {
    pub event: String,
    /// The event's type.
    pub kind: String,
    /// The HTTP status; none if there was no answer.
    pub status: Option<u16>,
}

/// What is sent, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) delivery: Delivery,
    pub(crate) kind: String,
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) signature: String,
}

impl Message {
    pub(crate) fn event(&self) -> String {
        self.delivery.event.clone()
    }
}

impl World {
    /// Webhooks whose time has come, or all of them.
    pub(crate) fn take_deliveries(&mut self, all: bool) -> Vec<Message> {
        let now = self.now;
        let is_due = |it: &mut Delivery| all || (!it.held && it.due <= now);
        let mut due: Vec<Delivery> = self.deliveries.extract_if(.., is_due).collect();
        due.sort_by_key(|it| it.place);
        due.into_iter().map(|it| self.message(it)).collect()
    }

    /// It was not answered with 2xx: later again, a few times.
    pub(crate) fn put_back(&mut self, mut delivery: Delivery) {
        if let Some(pause) = PAUSES.get(delivery.tries) {
            delivery.due = self.now + pause;
            delivery.held = false;
            delivery.tries += 1;
            self.deliveries.push(delivery);
        }
    }

    fn message(&self, delivery: Delivery) -> Message {
        let endpoint = self.get(Kind::WebhookEndpoint, &delivery.endpoint);
        let mut event = shown(&self.get(Kind::Event, &delivery.event));
        if delivery.mode.foreign {
            event["account"] = json!("acct_of_somebody_else");
        }
        if let Some(version) = endpoint["api_version"].as_str() {
            event["api_version"] = json!(version);
        }
        let body = serde_json::to_string_pretty(&event).unwrap_or_default();
        let at = if delivery.mode.stale { self.now - 60 * 60 } else { self.now };
        let secrets = match &endpoint["_secrets"] {
            Value::Array(secrets) if !delivery.mode.forged => secrets.clone(),
            _ => vec![json!("whsec_forged")],
        };
        let secrets = secrets.iter().filter_map(Value::as_str);
        let signature = secrets
            .fold(format!("t={at}"), |all, secret| format!("{all},v1={}", sign(secret, at, &body)));
        let (kind, url) = (text(&event, "type").to_owned(), text(&endpoint, "url").to_owned());
        Message { delivery, kind, url, body, signature }
    }
}

/// The `v1` scheme of `Stripe-Signature` ("Resolve webhook signature verification errors").
pub fn sign(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
