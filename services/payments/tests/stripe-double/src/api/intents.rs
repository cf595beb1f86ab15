//! Payment intents.

use serde_json::{Value, json};

use super::customers::{ADDRESS, living};
use super::lists::{AFTER, BEFORE, CREATED, LIMIT, list};
use super::means::{Means, OPTIONS, kinds, public_view};
use super::refunds::update;
use super::{Access, Call, Endpoint, endpoint};
use crate::error::{Answer, ApiError};
use crate::objects::{Kind, shown, text as text_of};
use crate::payments::unexpected;
use crate::spec::{EXPAND, Field, METADATA, Shape, boolean, field, hash, integer, one_of, text};

const CAPTURE_METHOD: Field = one_of("capture_method", &["automatic", "automatic_async", "manual"]);
const USAGE: Field = one_of("setup_future_usage", &["off_session", "on_session"]);

const SHIPPING: &[Field] = &[
    text("name").required(),
    hash("address", ADDRESS).required(),
    text("phone"),
    text("carrier"),
    text("tracking_number"),
];

const CREATE: &[Field] = &[
    integer("amount").required(),
    text("currency").required(),
    hash(
        "automatic_payment_methods",
        &[boolean("enabled").required(), one_of("allow_redirects", &["always", "never"])],
    ),
    CAPTURE_METHOD,
    boolean("confirm"),
    one_of("confirmation_method", &["automatic"]),
    text("confirmation_token"),
    text("customer"),
    text("description"),
    boolean("error_on_requires_action"),
    METADATA,
    boolean("off_session"),
    text("payment_method"),
    field("payment_method_types", Shape::Texts),
    hash("payment_method_options", OPTIONS),
    text("receipt_email"),
    text("return_url"),
    USAGE,
    hash("shipping", SHIPPING),
    text("statement_descriptor"),
    text("statement_descriptor_suffix"),
    boolean("use_stripe_sdk"),
    EXPAND,
];

const CONFIRM: &[Field] = &[
    text("confirmation_token"),
    text("payment_method"),
    CAPTURE_METHOD,
    boolean("error_on_requires_action"),
    boolean("off_session"),
    hash("payment_method_options", OPTIONS),
    text("receipt_email"),
    text("return_url"),
    USAGE,
    hash("shipping", SHIPPING),
    boolean("use_stripe_sdk"),
    EXPAND,
];

const REASONS: &[&str] = &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("POST", "/v1/payment_intents", CREATE, create),
    endpoint(
        "GET",
        "/v1/payment_intents",
        &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("customer")],
        |call| list(call, Kind::PaymentIntent, &["customer"]),
    ),
    endpoint("GET", "/v1/payment_intents/{id}", &[text("client_secret"), EXPAND], retrieve)
        .access(Access::Either),
    endpoint(
        "POST",
        "/v1/payment_intents/{id}",
        &[METADATA, text("description"), text("receipt_email"), hash("shipping", SHIPPING), EXPAND],
        |call| {
            let names = ["metadata", "description", "receipt_email", "shipping"];
            update(call, Kind::PaymentIntent, &names, "")
        },
    ),
    endpoint("POST", "/v1/payment_intents/{id}/confirm", CONFIRM, confirm),
    endpoint(
        "POST",
        "/v1/payment_intents/{id}/capture",
        &[
            integer("amount_to_capture"),
            boolean("final_capture"),
            text("statement_descriptor_suffix"),
            METADATA,
            EXPAND,
        ],
        |call| {
            call.world.capture(call.id, call.number("amount_to_capture"))?;
            update(call, Kind::PaymentIntent, &["metadata"], "")
        },
    ),
    endpoint(
        "POST",
        "/v1/payment_intents/{id}/cancel",
        &[one_of("cancellation_reason", REASONS), EXPAND],
        |call| {
            let reason = call.text("cancellation_reason").map(str::to_owned);
            call.world.cancel(call.id, reason.as_deref())?;
            call.world.find(Kind::PaymentIntent, call.id, None)
        },
    ),
];

fn create(call: &mut Call<'_>) -> Answer {
    let draft = draft(call)?;
    let confirms = call.flag("confirm");
    if !confirms {
        let only = ["return_url", "confirmation_token", "off_session", "error_on_requires_action"];
        if let Some(name) = only.iter().find(|it| call.params.contains_key(**it)) {
            let message = format!("{name} can only be given with confirm=true.");
            return Err(ApiError::invalid(message).param(name));
        }
    }
    // Looked at before anything is created: a token that is refused leaves no intent behind.
    let means = Means::of(call, &draft)?;
    if confirms {
        check_confirmation(call, &draft, means.as_ref())?;
    }
    let id = call.world.create(Kind::PaymentIntent, draft);
    let secret = format!("{id}_secret_{}", call.world.ids.letters(24));
    call.world.set(Kind::PaymentIntent, &id, json!({ "client_secret": secret }));
    let status = if means.is_some() { "requires_confirmation" } else { "requires_payment_method" };
    call.world.set(Kind::PaymentIntent, &id, json!({ "status": status }));
    call.world.emit("payment_intent.created", Kind::PaymentIntent, &id);
    let return_url = means.as_ref().and_then(|it| it.return_url.clone());
    if let Some(means) = means {
        means.attach(call, &id);
    }
    if confirms {
        attempt(call, &id, return_url)?;
    }
    call.world.find(Kind::PaymentIntent, &id, None)
}

/// The fields of a new intent.
fn draft(call: &Call<'_>) -> Answer {
    let currency = call.text("currency").unwrap_or_default().to_lowercase();
    check_amount(call.number("amount").unwrap_or_default(), &currency)?;
    check_descriptor(call)?;
    if let Some(customer) = call.text("customer") {
        living(call, customer, Some("customer"))?;
    }
    let automatic = call.value("automatic_payment_methods");
    let types = call.params.contains_key("payment_method_types");
    if types && automatic["enabled"] == true {
        let message = "Give payment_method_types or enable automatic_payment_methods, not both.";
        return Err(ApiError::invalid(message).param("payment_method_types"));
    }
    let mut fields = call.fields(&[
        "amount",
        "customer",
        "description",
        "metadata",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "statement_descriptor",
        "statement_descriptor_suffix",
    ]);
    let capture = call.text("capture_method").unwrap_or("automatic_async");
    let options = options(&call.value("payment_method_options"));
    let automatic = automatic_methods(automatic, types);
    crate::objects::set(
        &mut fields,
        json!({
            "currency": currency, "capture_method": capture, "payment_method_options": options,
            "payment_method_types": kinds(call.params, &currency, capture == "manual")?,
            "automatic_payment_methods": automatic,
        }),
    );
    Ok(fields)
}

/// The options of each method, with those that cards always have.
fn options(given: &Value) -> Value {
    let mut options = json!({ "card": {
        "installments": null, "mandate_options": null, "network": null,
        "request_three_d_secure": "automatic",
    } });
    merge_options(&mut options, given);
    options
}

fn merge_options(options: &mut Value, given: &Value) {
    for (kind, given) in given.as_object().into_iter().flatten() {
        if options[kind.as_str()].is_null() {
            options[kind.as_str()] = json!({});
        }
        crate::objects::set(&mut options[kind.as_str()], given.clone());
    }
}

fn automatic_methods(given: Value, has_types: bool) -> Value {
    let mut automatic = match given {
        Value::Null if has_types => return Value::Null,
        Value::Null => json!({ "enabled": true }),
        given => given,
    };
    if automatic["allow_redirects"].is_null() {
        automatic["allow_redirects"] = json!("always");
    }
    automatic
}

fn confirm(call: &mut Call<'_>) -> Answer {
    let mut intent = call.world.find(Kind::PaymentIntent, call.id, None)?;
    let status = text_of(&intent, "status");
    if !matches!(status, "requires_payment_method" | "requires_confirmation" | "requires_action") {
        return Err(unexpected(&intent, "requires_payment_method, requires_confirmation"));
    }
    let mut changes =
        call.fields(&["setup_future_usage", "shipping", "receipt_email", "capture_method"]);
    let mut all = intent["payment_method_options"].clone();
    merge_options(&mut all, &call.value("payment_method_options"));
    changes["payment_method_options"] = all;
    crate::objects::set(&mut intent, changes.clone());
    let means = Means::of(call, &intent)?;
    if means.is_none() && intent["payment_method"].is_null() {
        let message = "You cannot confirm this PaymentIntent because it has no payment method.";
        let error = ApiError::invalid(message).code("payment_intent_unexpected_state");
        return Err(error.with("payment_intent", shown(&intent)));
    }
    check_confirmation(call, &intent, means.as_ref())?;
    let return_url = means.as_ref().and_then(|it| it.return_url.clone());
    call.world.set(Kind::PaymentIntent, call.id, changes);
    if let Some(means) = means {
        means.attach(call, call.id);
    }
    attempt(call, call.id, return_url)?;
    call.world.find(Kind::PaymentIntent, call.id, None)
}

fn check_confirmation(call: &Call<'_>, intent: &Value, means: Option<&Means>) -> Answer<()> {
    if means.is_none() && intent["payment_method"].is_null() {
        return Err(crate::spec::lacks("payment_method"));
    }
    let automatic = &intent["automatic_payment_methods"];
    let is_automatic = automatic["enabled"] == true && automatic["allow_redirects"] != "never";
    let redirects = is_automatic || means.is_some_and(|it| it.kind == "ideal");
    let has_url =
        call.text("return_url").is_some() || means.is_some_and(|it| it.return_url.is_some());
    if redirects && !has_url {
        let message = "This PaymentIntent may redirect your customer: provide a `return_url`.";
        return Err(ApiError::invalid(message).param("return_url"));
    }
    Ok(())
}

/// Tries to pay. A bank's no answers 402 with the intent as it is then.
fn attempt(call: &mut Call<'_>, id: &str, return_url: Option<String>) -> Answer<()> {
    let return_url = call.text("return_url").map(str::to_owned).or(return_url);
    let by_script = call.flag("use_stripe_sdk");
    let fields = json!({ "_return_url": return_url, "_use_stripe_sdk": by_script });
    call.world.set(Kind::PaymentIntent, id, fields);
    let before = call.world.get(Kind::PaymentIntent, id);
    call.world.attempt(id).map_err(|error| {
        let method = call.world.get(Kind::PaymentMethod, text_of(&before, "payment_method"));
        let intent = call.world.get(Kind::PaymentIntent, id);
        error.with("payment_intent", shown(&intent)).with("payment_method", shown(&method))
    })
}

fn retrieve(call: &mut Call<'_>) -> Answer {
    let intent = call.world.find(Kind::PaymentIntent, call.id, None)?;
    let secret = call.text("client_secret");
    if secret.is_some_and(|it| intent["client_secret"] != it)
        || (call.is_public && secret.is_none())
    {
        let message = "The client_secret provided does not match the PaymentIntent's.";
        let error = ApiError::invalid(message).code("payment_intent_invalid_parameter");
        return Err(error.param("client_secret"));
    }
    Ok(if call.is_public { public_view(&intent) } else { intent })
}

/// "Supported currencies": ISK and UGX have two decimals that are nought, the three-decimal
/// currencies a last one.
fn check_amount(amount: i64, currency: &str) -> Answer<()> {
    let step = match currency {
        "isk" | "ugx" => 100,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
        _ => 1,
    };
    let least = match currency {
        "eur" | "usd" | "chf" | "jpy" | "sek" => 50,
        "gbp" => 30,
        _ => 1,
    };
    if currency.len() != 3 || !currency.bytes().all(|it| it.is_ascii_lowercase()) {
        return Err(ApiError::invalid(format!("Invalid currency: {currency}")).param("currency"));
    }
    let (code, message) = match amount {
        _ if amount < least => ("amount_too_small", format!("Amount must be at least {least}")),
        100_000_000.. => ("amount_too_large", "Amount must be no more than 99999999".to_owned()),
        _ if amount % step != 0 => {
            ("parameter_invalid_integer", format!("Amounts in {currency} are multiples of {step}"))
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid(message).code(code).param("amount"))
}

/// "Statement descriptors": 22 characters with the account's prefix, at least one letter, none of
/// `< > \ ' " *`. Cards take the suffix only.
fn check_descriptor(call: &Call<'_>) -> Answer<()> {
    let refuse = |name: &str, message: &str| Err(ApiError::invalid(message).param(name));
    if call.params.contains_key("statement_descriptor") {
        let name = "statement_descriptor";
        return refuse(name, "Card payments take statement_descriptor_suffix instead.");
    }
    let name = "statement_descriptor_suffix";
    let Some(suffix) = call.text(name) else { return Ok(()) };
    if suffix.len() > 22 || suffix.contains(['<', '>', '\\', '\'', '"', '*']) {
        return refuse(name, "The statement descriptor has 22 characters and none of <>\\'\"*.");
    }
    if !suffix.contains(|it: char| it.is_ascii_alphabetic()) {
        return refuse(name, "The statement descriptor needs at least one letter.");
    }
    Ok(())
}
