//! One mode of the account: its objects, its events and who hears of them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::deliveries::{Delivery, Mode};
use crate::error::{Answer, missing};
use crate::ids::Ids;
use crate::objects::{Kind, Objects, set, shown, template, text};

/// What never changes while the double runs.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) api_version: String,
    /// Where the double's own pages are.
    pub(crate) url: String,
    /// Whether what is released of a hold is a refund of the charge, too.
    pub(crate) releases_are_refunds: bool,
}

/// Live or test mode.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) account: Arc<Account>,
    pub(crate) live: bool,
    /// In seconds. Set whenever somebody looks into the world.
    pub(crate) now: i64,
    pub(crate) ids: Ids,
    pub(crate) objects: Objects,
    pub(crate) mode: Mode,
    pub(crate) deliveries: Vec<Delivery>,
    /// The request that runs, and its idempotency key: events name them.
    pub(crate) cause: (Option<String>, Option<String>),
}

impl World {
    pub(crate) fn new(account: Arc<Account>, live: bool, seed: u64) -> Self {
        Self {
            account,
            live,
            now: 0,
            ids: Ids::new(seed ^ u64::from(live)),
            objects: Objects::default(),
            mode: Mode::default(),
            deliveries: Vec::new(),
            cause: (None, None),
        }
    }

    /// A new object with these fields. Its id.
    pub(crate) fn create(&mut self, kind: Kind, fields: Value) -> String {
        let mut object = template(kind.name());
        let id = self.ids.id(kind.prefix());
        set(&mut object, json!({ "id": id, "created": self.now }));
        if object.get("livemode").is_some() {
            object["livemode"] = json!(self.live);
        }
        set(&mut object, fields);
        self.objects.insert(kind, object);
        id
    }

    /// An object the double itself has a reference to.
    pub(crate) fn get(&self, kind: Kind, id: &str) -> Value {
        self.objects.get(kind, id).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, kind: Kind, id: &str, fields: Value) {
        if let Some(object) = self.objects.get_mut(kind, id) {
            set(object, fields);
        }
    }

    /// An object a request names in its path or, if `param` says so, in a parameter.
    pub(crate) fn find(&self, kind: Kind, id: &str, param: Option<&str>) -> Answer<Value> {
        let found = self.objects.get(kind, id).cloned();
        found.ok_or_else(|| missing(kind.name(), id, param))
    }

    /// Notes an event about an object, as it is now, and whom to tell.
    pub(crate) fn emit(&mut self, event: &str, kind: Kind, id: &str) {
        let object = shown(&self.get(kind, id));
        let (request, key) = self.cause.clone();
        let endpoints: Vec<String> = self
            .objects
            .all(Kind::WebhookEndpoint)
            .iter()
            .filter(|it| it["status"] == "enabled" && hears(it, event))
            .map(|it| text(it, "id").to_owned())
            .collect();
        let fields = json!({
            "type": event, "api_version": self.account.api_version, "data": { "object": object },
            "request": { "id": request, "idempotency_key": key },
            "pending_webhooks": endpoints.len(),
        });
        let id = self.create(Kind::Event, fields);
        for endpoint in endpoints {
            self.mode.schedule(
                &mut self.deliveries,
                &id,
                &endpoint,
                (self.now, self.live),
                &mut self.ids,
            );
        }
    }
}

fn hears(endpoint: &Value, event: &str) -> bool {
    let wanted = endpoint["enabled_events"].as_array();
    wanted.is_some_and(|it| it.iter().any(|it| it == "*" || it == event))
}
