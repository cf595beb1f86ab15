//! The webhook endpoint: where Stripe tells the shop what happens.

use chassis::Secret;
use serde::Deserialize;
use uuid::Uuid;

use super::Check;
use crate::providers::stripe::NAME;
use crate::providers::stripe::client::{API_VERSION, ApiResult, Form};
use crate::providers::stripe::objects::Listed;
use crate::setup::{Finding, NewSecret, Verdict};

const ENDPOINTS: &str = "/v1/webhook_endpoints";
const PERMISSION: &str = "Webhook Endpoints";
const SETTING: &str = "payments.stripe.webhook_secrets";
/// Where the dashboard has them.
const WEBHOOKS: &str = "Stripe's dashboard, Developers, Webhooks";

/// The events after which a payment has to be looked up. docs/payments.md lists them.
pub(super) const EVENTS: [&str; 13] = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];

/// An endpoint, as Stripe has it.
#[derive(Clone, Debug, Deserialize)]
struct Endpoint {
    id: String,
    url: String,
    status: String,
    enabled_events: Vec<String>,
    /// None for that of the account.
    api_version: Option<String>,
    /// Shown once, when it is created.
    secret: Option<Secret>,
}

impl Listed for Endpoint {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Endpoint {
    fn is_enabled(&self) -> bool {
        self.status == "enabled"
    }

    /// The events it should have and does not.
    fn lacks(&self) -> Vec<&'static str> {
        let has = |event: &str| self.enabled_events.iter().any(|it| it == "*" || it == event);
        EVENTS.into_iter().filter(|it| !has(it)).collect()
    }
}

impl Check<'_> {
    pub(super) async fn webhooks(&mut self) {
        let url = self.shop.webhook_url(NAME);
        let all = self.client.list(ENDPOINTS, &Form::default(), false, |_: &Endpoint| true).await;
        let all = match all {
            Ok(all) => all,
            Err(error) => {
                self.not_seen("webhooks", PERMISSION, &error);
                return self.secrets();
            }
        };
        let (mut own, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.url.trim_end_matches('/') == url);
        own.sort_by_key(|it| !it.is_enabled());
        match own.first() {
            Some(endpoint) => self.endpoint(endpoint, &own[1..]).await,
            None if self.shop.register => return self.create(&url).await,
            None => self.no_endpoint(&url, &others),
        }
        self.secrets();
    }

    async fn endpoint(&mut self, endpoint: &Endpoint, doubles: &[Endpoint]) {
        let Endpoint { id, url, .. } = endpoint;
        let lacking = endpoint.lacks();
        if endpoint.is_enabled() && lacking.is_empty() {
            self.note(Verdict::Ok, format!("webhooks: {id} tells {url} of all it has to know"));
        } else if self.shop.register {
            self.update(endpoint).await;
        } else {
            let mut faults = Vec::new();
            if !endpoint.is_enabled() {
                faults.push("is disabled".to_owned());
            }
            if !lacking.is_empty() {
                faults.push(format!("lacks the events {}", lacking.join(", ")));
            }
            let faults = faults.join(" and ");
            let text = format!(
                "webhooks: {id} for {url} {faults}; --register-webhooks corrects it, or you do in \
                 {WEBHOOKS}"
            );
            self.note(Verdict::Missing, text);
        }
        if endpoint.api_version.as_deref() != Some(API_VERSION) {
            let version = endpoint.api_version.as_deref().unwrap_or("the account's own version");
            let text = format!(
                "webhooks: the events of {id} have the form of {version}, not of {API_VERSION}; the \
                 shop reads only what no version has changed so far. Stripe sets it for new endpoints \
                 only"
            );
            self.note(Verdict::Note, text);
        }
        if !doubles.is_empty() {
            let ids: Vec<_> = doubles.iter().map(|it| it.id.as_str()).collect();
            let text = format!(
                "webhooks: {} leads to the same address; what is signed with a secret that is not in \
                 {SETTING} is refused, so delete all but one",
                ids.join(", ")
            );
            self.note(Verdict::Note, text);
        }
    }

    fn no_endpoint(&mut self, url: &str, others: &[Endpoint]) {
        let origin = self.shop.url.origin().ascii_serialization();
        let near = others.iter().find(|it| it.url.starts_with(&format!("{origin}/")));
        let near = near.map(|it| format!(" (there is one for {})", it.url)).unwrap_or_default();
        let mut text = format!(
            "webhooks: no endpoint leads to {url}{near}, so the shop does not hear of refunds in \
             Stripe's dashboard, failed refunds and disputes; --register-webhooks makes one"
        );
        if self.shop.is_local() {
            text.push_str(
                ". Stripe itself cannot reach this address: give the shop's public one with --url, or \
                 have the Stripe CLI forward them (`stripe listen --forward-to`)",
            );
        }
        self.note(Verdict::Missing, text);
    }

    async fn create(&mut self, url: &str) {
        let form = Form::default()
            .with("url", url)
            .with("api_version", API_VERSION)
            .with("description", "Cartwright");
        let made = self.change(ENDPOINTS, form, &EVENTS.map(str::to_owned)).await;
        match made {
            Ok(endpoint) => self.created(endpoint),
            Err(error) => {
                let otherwise = format!(
                    "Stripe takes public https:// addresses only; see {WEBHOOKS} before trying again"
                );
                self.not_made(&format!("webhooks for {url}"), PERMISSION, &error, &otherwise);
                self.secrets();
            }
        }
    }

    fn created(&mut self, endpoint: Endpoint) {
        let Endpoint { id, url, secret, .. } = endpoint;
        let mut text = format!(
            "webhooks: {id} for {url} is registered; put its signing secret into {SETTING} and \
             restart the shop, which refuses its webhooks until then"
        );
        match self.config.webhook_secrets.len() {
            0 => {}
            1 => text.push_str(". Replace the secret there if its endpoint no longer exists"),
            _ => text.push_str(". Two secrets are there already: replace the one no longer used"),
        }
        if secret.is_none() {
            text.push_str(&format!(". {WEBHOOKS} shows it"));
        }
        let secret = secret.map(|it| NewSecret {
            name: format!("stripe-{id}"),
            setting: SETTING,
            secret: it,
        });
        self.findings.push(Finding { secret, ..Finding::new(NAME, Verdict::Missing, text) });
    }

    /// Adds what it lacks. What it has besides stays.
    async fn update(&mut self, endpoint: &Endpoint) {
        let Endpoint { id, url, .. } = endpoint;
        let lacking = endpoint.lacks().into_iter().map(str::to_owned);
        let events: Vec<_> = endpoint.enabled_events.iter().cloned().chain(lacking).collect();
        let form = Form::default().with("disabled", false);
        match self.change(&format!("{ENDPOINTS}/{id}"), form, &events).await {
            Ok(now) if now.is_enabled() && now.lacks().is_empty() => {
                let text =
                    format!("webhooks: {id} was corrected, and tells {url} of all it has to know");
                self.note(Verdict::Ok, text);
            }
            Ok(now) => {
                let text = format!("webhooks: {id} was corrected, but is {} still", now.status);
                self.note(Verdict::Missing, text);
            }
            Err(error) => {
                let otherwise = format!("correct it in {WEBHOOKS}");
                self.not_made(&format!("the changes of {id}"), PERMISSION, &error, &otherwise);
            }
        }
    }

    async fn change(&self, path: &str, mut form: Form, events: &[String]) -> ApiResult<Endpoint> {
        for (at, event) in events.iter().enumerate() {
            form.set(format!("enabled_events[{at}]"), event);
        }
        self.client.post(path, Uuid::new_v4(), &form).await.map(|it| it.object)
    }

    fn secrets(&mut self) {
        if self.config.webhook_secrets.is_empty() {
            let text = format!(
                "{SETTING} is empty, so webhooks are refused: put in the endpoint's signing secret, \
                 which {WEBHOOKS} shows"
            );
            self.note(Verdict::Missing, text);
        } else {
            let text = format!(
                "{SETTING} is set; whether it is the endpoint's can be seen with the first webhook, \
                 in the admin under System"
            );
            self.note(Verdict::Ok, text);
        }
    }
}
