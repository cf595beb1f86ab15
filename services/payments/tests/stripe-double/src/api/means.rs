//! What an intent is paid with: a confirmation token, or a payment method.

use serde_json::{Map, Value, json};

use super::Call;
use super::tokens::LIFETIME;
use crate::error::{Answer, ApiError};
use crate::methods::{TestMethod, can_hold};
use crate::objects::{Kind, number, shown, text as text_of};
use crate::spec::{Field, boolean, hash, one_of, text};

const HOLD: Field = one_of("capture_method", &["manual"]);
const USAGE: Field = one_of("setup_future_usage", &["none", "off_session", "on_session"]);
const HOLDING: &[Field] = &[HOLD, USAGE];
/// Methods that cannot hold an amount have no such option, so it is an unknown parameter there.
const DIRECT: &[Field] = &[USAGE];

/// `payment_method_options`: which methods have a `capture_method` of their own is as in the API
/// reference of "Create a PaymentIntent".
pub(super) const OPTIONS: &[Field] = &[
    hash(
        "card",
        &[
            HOLD,
            USAGE,
            one_of("request_three_d_secure", &["any", "automatic", "challenge"]),
            one_of("request_extended_authorization", &["if_available", "never"]),
            one_of("request_incremental_authorization", &["if_available", "never"]),
            one_of("request_multicapture", &["if_available", "never"]),
            one_of("request_overcapture", &["if_available", "never"]),
            boolean("moto"),
            boolean("require_cvc_recollection"),
            text("network"),
        ],
    ),
    hash("affirm", HOLDING),
    hash("afterpay_clearpay", HOLDING),
    hash("alma", HOLDING),
    hash("amazon_pay", HOLDING),
    hash("billie", HOLDING),
    hash("cashapp", HOLDING),
    hash("klarna", HOLDING),
    hash("link", HOLDING),
    hash("mobilepay", HOLDING),
    hash("paypal", HOLDING),
    hash("revolut_pay", HOLDING),
    hash("satispay", HOLDING),
    hash("bancontact", DIRECT),
    hash("eps", DIRECT),
    hash("ideal", DIRECT),
    hash("p24", DIRECT),
    hash("sepa_debit", DIRECT),
    hash("us_bank_account", DIRECT),
];

/// What an intent is to be paid with, before it is.
#[derive(Debug)]
pub(super) struct Means {
    token: Option<String>,
    /// Fields of the payment method, or the id of one there is.
    method: Result<String, Value>,
    pub(super) kind: String,
    pub(super) return_url: Option<String>,
}

impl Means {
    /// What the request names, checked against the intent, or nothing.
    pub(super) fn of(call: &Call<'_>, intent: &Value) -> Answer<Option<Self>> {
        let found = match (call.text("confirmation_token"), call.text("payment_method")) {
            (Some(_), Some(_)) => {
                let message = "Give a confirmation_token or a payment_method, not both.";
                return Err(ApiError::invalid(message).param("confirmation_token"));
            }
            (Some(token), None) => Self::of_token(call, token, intent)?,
            (None, Some(method)) => Self::of_method(call, method, intent)?,
            (None, None) => return Ok(None),
        };
        found.check_kind(intent)?;
        Ok(Some(found))
    }

    fn of_token(call: &Call<'_>, id: &str, intent: &Value) -> Answer<Self> {
        let param = "confirmation_token";
        let token = call.world.find(Kind::ConfirmationToken, id, Some(param))?;
        let refuse = |message: String| Err(ApiError::invalid(message).param(param));
        if !token["payment_intent"].is_null() {
            return refuse(format!("The ConfirmationToken {id} was used already, which is final."));
        }
        if call.world.now >= number(&token, "created") + LIFETIME {
            return refuse(format!("The ConfirmationToken {id} has expired."));
        }
        compare(&token["_elements"], intent, text_of(&token["payment_method_preview"], "type"))?;
        let preview = &token["payment_method_preview"];
        let kind = text_of(preview, "type").to_owned();
        let method = json!({
            "type": kind, &kind: preview[&kind], "billing_details": preview["billing_details"],
            "_test": token["_test"],
        });
        let return_url = token["return_url"].as_str().map(str::to_owned);
        Ok(Self { token: Some(id.to_owned()), method: Err(method), kind, return_url })
    }

    fn of_method(call: &Call<'_>, id: &str, intent: &Value) -> Answer<Self> {
        let alias = TestMethod::find(id).filter(|it| it.id != id);
        if let Some(test) = alias {
            let method = json!({ "type": test.kind, test.kind: test.details(), "_test": test.id });
            let kind = test.kind.to_owned();
            return Ok(Self { token: None, method: Err(method), kind, return_url: None });
        }
        let method = call.world.find(Kind::PaymentMethod, id, Some("payment_method"))?;
        if method["customer"].is_null() {
            let message = "The PaymentMethod was used before without being attached to a Customer.";
            return Err(ApiError::invalid(message).param("payment_method"));
        }
        if method["customer"] != intent["customer"] {
            let message = format!("The payment method {id} belongs to another Customer.");
            return Err(ApiError::invalid(message).param("customer"));
        }
        let kind = text_of(&method, "type").to_owned();
        Ok(Self { token: None, method: Ok(id.to_owned()), kind, return_url: None })
    }

    fn check_kind(&self, intent: &Value) -> Answer<()> {
        let kinds = intent["payment_method_types"].as_array();
        if kinds.is_some_and(|it| it.iter().any(|it| *it == self.kind)) {
            return Ok(());
        }
        let message = format!(
            "The PaymentMethod provided ({}) is not allowed for this PaymentIntent.",
            self.kind
        );
        let error = ApiError::invalid(message).code("payment_intent_invalid_parameter");
        Err(error.param("payment_method"))
    }

    /// Gives the intent its payment method.
    pub(super) fn attach(self, call: &mut Call<'_>, intent: &str) {
        let world = &mut call.world;
        let method = match self.method {
            Ok(id) => id,
            Err(fields) => world.create(Kind::PaymentMethod, fields),
        };
        if let Some(token) = self.token {
            let used = json!({ "payment_intent": intent, "expires_at": null });
            world.set(Kind::ConfirmationToken, &token, used);
            let found = world.get(Kind::ConfirmationToken, &token);
            if !found["shipping"].is_null() {
                world.set(Kind::PaymentIntent, intent, json!({ "shipping": found["shipping"] }));
            }
        }
        let fields =
            json!({ "payment_method": method, "_kind": self.kind, "last_payment_error": null });
        world.set(Kind::PaymentIntent, intent, fields);
    }
}

/// The Elements have to be made with the intent's amount, currency, capture method and usage
/// ("Finalize payments on the server using Elements and Confirmation Tokens").
fn compare(elements: &Value, intent: &Value, kind: &str) -> Answer<()> {
    let capture = |it: &Value| match it.as_str() {
        None | Some("automatic_async") => json!("automatic"),
        Some(it) => json!(it),
    };
    let of_kind = |it: &Value| it["payment_method_options"][kind]["capture_method"].clone();
    let pairs = [
        ("amount", elements["amount"].clone(), intent["amount"].clone()),
        ("currency", elements["currency"].clone(), intent["currency"].clone()),
        (
            "capture_method",
            capture(&elements["capture_method"]),
            capture(&intent["capture_method"]),
        ),
        (
            "setup_future_usage",
            elements["setup_future_usage"].clone(),
            intent["setup_future_usage"].clone(),
        ),
        ("payment_method_options[capture_method]", of_kind(elements), of_kind(intent)),
    ];
    let Some((name, given, expected)) = pairs.into_iter().find(|(_, a, b)| a != b) else {
        return Ok(());
    };
    let message = format!(
        "The provided {name} ({given}) does not match the expected {name} ({expected}). Confirm \
         with a PaymentIntent that has the same parameters as the Stripe Elements."
    );
    Err(ApiError::invalid(message).param(name))
}

/// The types an intent can be paid with, by its parameters.
pub(super) fn kinds(
    params: &Map<String, Value>,
    currency: &str,
    holds: bool,
) -> Answer<Vec<String>> {
    let Some(given) = params.get("payment_method_types").and_then(Value::as_array) else {
        let all = crate::methods::kinds_for(currency).into_iter();
        return Ok(all.filter(|it| !holds || can_hold(it)).map(str::to_owned).collect());
    };
    let given: Vec<String> = given.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
    match given.iter().find(|it| holds && !can_hold(it)) {
        Some(kind) => {
            let message = format!("The payment method {kind} does not support manual capture.");
            Err(ApiError::invalid(message).param("capture_method"))
        }
        None => Ok(given),
    }
}

/// What a browser with the publishable key and the client secret sees of an intent.
pub(super) fn public_view(intent: &Value) -> Value {
    const FIELDS: &[&str] = &[
        "id",
        "object",
        "amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "last_payment_error",
        "livemode",
        "next_action",
        "payment_method",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "source",
        "status",
    ];
    let all = shown(intent);
    FIELDS.iter().map(|it| ((*it).to_owned(), all[*it].clone())).collect()
}
