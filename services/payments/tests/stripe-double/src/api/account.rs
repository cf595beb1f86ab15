//! The account, its webhook endpoints and the domains it takes wallets on.

use serde_json::{Value, json};

use super::lists::{AFTER, BEFORE, LIMIT, LIST, list};
use super::refunds::update;
use super::{Call, Endpoint, endpoint};
use crate::error::{Answer, ApiError};
use crate::objects::{Kind, template};
use crate::spec::{EXPAND, Field, METADATA, Shape, boolean, field, text};

const URL: Field = text("url");
const EVENTS: Field = field("enabled_events", Shape::Texts);

/// The types of events that endpoints can ask for, as far as the double knows them.
const TYPES: &[&str] = &[
    "*",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.failed",
    "charge.pending",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("GET", "/v1/account", &[EXPAND], account),
    endpoint("GET", "/v1/country_specs/{id}", &[EXPAND], country),
    endpoint(
        "POST",
        "/v1/webhook_endpoints",
        &[
            URL.required(),
            EVENTS.required(),
            text("api_version"),
            text("description"),
            boolean("connect"),
            METADATA,
            EXPAND,
        ],
        create_endpoint,
    ),
    endpoint("GET", "/v1/webhook_endpoints", LIST, |call| list(call, Kind::WebhookEndpoint, &[])),
    endpoint("GET", "/v1/webhook_endpoints/{id}", &[EXPAND], |call| {
        call.world.find(Kind::WebhookEndpoint, call.id, None)
    }),
    endpoint(
        "POST",
        "/v1/webhook_endpoints/{id}",
        &[URL, EVENTS, boolean("disabled"), text("description"), METADATA, EXPAND],
        update_endpoint,
    ),
    endpoint(
        "POST",
        "/v1/payment_method_domains",
        &[text("domain_name").required(), boolean("enabled"), EXPAND],
        create_domain,
    ),
    endpoint(
        "GET",
        "/v1/payment_method_domains",
        &[LIMIT, AFTER, BEFORE, EXPAND, text("domain_name"), boolean("enabled")],
        |call| list(call, Kind::PaymentMethodDomain, &["domain_name", "enabled"]),
    ),
    endpoint("POST", "/v1/payment_method_domains/{id}/validate", &[EXPAND], |call| {
        let active = json!({ "status": "active" });
        let fields = json!({
            "apple_pay": active, "google_pay": active, "link": active, "paypal": active,
            "amazon_pay": active, "klarna": active,
        });
        call.world.find(Kind::PaymentMethodDomain, call.id, None)?;
        call.world.set(Kind::PaymentMethodDomain, call.id, fields);
        call.world.find(Kind::PaymentMethodDomain, call.id, None)
    }),
];

fn account(call: &mut Call<'_>) -> Answer {
    let mut account = template("account");
    account["id"] = json!(call.world.account.id);
    Ok(account)
}

/// What accounts of a country can be paid in: most of the currencies there are.
fn country(call: &mut Call<'_>) -> Answer {
    let currencies = json!(["chf", "dkk", "eur", "gbp", "jpy", "kwd", "nok", "pln", "sek", "usd"]);
    Ok(json!({
        "id": call.id, "object": "country_spec", "default_currency": "eur",
        "supported_payment_currencies": currencies,
    }))
}

fn create_endpoint(call: &mut Call<'_>) -> Answer {
    check_endpoint(call)?;
    let secret = format!("whsec_{}", call.world.ids.letters(32));
    let mut fields =
        call.fields(&["url", "enabled_events", "api_version", "description", "metadata"]);
    fields["_secrets"] = json!([secret]);
    let id = call.world.create(Kind::WebhookEndpoint, fields);
    let mut endpoint = call.world.find(Kind::WebhookEndpoint, &id, None)?;
    // Shown this once.
    endpoint["secret"] = json!(secret);
    Ok(endpoint)
}

fn update_endpoint(call: &mut Call<'_>) -> Answer {
    check_endpoint(call)?;
    call.world.find(Kind::WebhookEndpoint, call.id, None)?;
    if let Some(disabled) = call.params.get("disabled").and_then(Value::as_bool) {
        let status = if disabled { "disabled" } else { "enabled" };
        call.world.set(Kind::WebhookEndpoint, call.id, json!({ "status": status }));
    }
    update(call, Kind::WebhookEndpoint, &["url", "enabled_events", "description", "metadata"], "")
}

fn check_endpoint(call: &Call<'_>) -> Answer<()> {
    let url = call.text("url").unwrap_or("http://");
    let is_plain = url.starts_with("http://");
    if !url.starts_with("https://") && (call.world.live || !is_plain) {
        let message = "Invalid URL: an https:// address is needed in live mode.";
        return Err(ApiError::invalid(message).code("url_invalid").param("url"));
    }
    let events = call.value("enabled_events");
    let mut events = events.as_array().into_iter().flatten().filter_map(Value::as_str);
    match events.find(|it| !TYPES.contains(it)) {
        Some(unknown) => {
            let message = format!("Invalid enabled_events: there are no events of type {unknown}");
            Err(ApiError::invalid(message).param("enabled_events"))
        }
        None => Ok(()),
    }
}

fn create_domain(call: &mut Call<'_>) -> Answer {
    let name = call.text("domain_name").unwrap_or_default();
    if name.contains('/') || name.contains(':') || !name.contains('.') {
        let message = format!("Invalid domain name: {name}");
        return Err(ApiError::invalid(message).param("domain_name"));
    }
    let fields = call.fields(&["domain_name", "enabled"]);
    let id = call.world.create(Kind::PaymentMethodDomain, fields);
    call.world.find(Kind::PaymentMethodDomain, &id, None)
}
