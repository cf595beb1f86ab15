//! Confirmation tokens: what a customer chose in the Payment Element, and with which options the
//! Element was made ("ConfirmationTokens" in Stripe's API reference).

use serde_json::{Value, json};

use super::customers::ADDRESS;
use super::means::OPTIONS;
use super::{Access, Call, Endpoint, endpoint};
use crate::error::{Answer, ApiError};
use crate::methods::TestMethod;
use crate::objects::{Kind, set};
use crate::spec::{EXPAND, Field, hash, integer, one_of, text};
use crate::world::World;

/// For how many seconds a token can be used.
pub(crate) const LIFETIME: i64 = 12 * 60 * 60;

const USAGE: Field = one_of("setup_future_usage", &["off_session", "on_session"]);

const PERSON: &[Field] = &[text("name"), text("email"), text("phone"), hash("address", ADDRESS)];

/// What Stripe.js sends. `test_method` is the double's own, in place of a card's number.
const CREATE: &[Field] = &[
    hash(
        "payment_method_data",
        &[
            text("test_method").required(),
            hash("billing_details", PERSON),
            one_of("allow_redisplay", &["always", "limited", "unspecified"]),
        ],
    )
    .required(),
    text("return_url"),
    hash("shipping", PERSON),
    hash(
        "client_context",
        &[
            one_of("mode", &["payment"]).required(),
            text("currency").required(),
            integer("amount").required(),
            one_of("capture_method", &["automatic", "automatic_async", "manual"]),
            USAGE,
            hash("payment_method_options", OPTIONS),
        ],
    )
    .required(),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("POST", "/v1/confirmation_tokens", CREATE, create).access(Access::Publishable),
    endpoint("GET", "/v1/confirmation_tokens/{id}", &[EXPAND], |call| {
        call.world.find(Kind::ConfirmationToken, call.id, None)
    }),
];

fn create(call: &mut Call<'_>) -> Answer {
    let data = call.value("payment_method_data");
    let name = data["test_method"].as_str().unwrap_or_default();
    let test = TestMethod::find(name).ok_or_else(|| {
        ApiError::invalid(format!("There is no test method {name}")).param("payment_method_data")
    })?;
    let mut extra = call.fields(&["return_url", "shipping"]);
    extra["_billing_details"] = data["billing_details"].clone();
    let id = call.world.create_token(test, call.value("client_context"), extra);
    call.world.find(Kind::ConfirmationToken, &id, None)
}

impl World {
    /// A token as Stripe.js would make it. `elements` are the options of the Element.
    pub(crate) fn create_token(
        &mut self,
        test: &TestMethod,
        elements: Value,
        extra: Value,
    ) -> String {
        let mut billing = crate::objects::template("payment_method")["billing_details"].clone();
        set(&mut billing, extra["_billing_details"].clone());
        let id = self.create(
            Kind::ConfirmationToken,
            json!({
                "expires_at": self.now + LIFETIME, "use_stripe_sdk": true,
                "setup_future_usage": elements["setup_future_usage"],
                "payment_method_preview": {
                    "allow_redisplay": "unspecified", "billing_details": billing, "customer": null,
                    "customer_account": null, "type": test.kind, test.kind: test.details(),
                },
                "_test": test.id, "_elements": elements,
            }),
        );
        self.set(Kind::ConfirmationToken, &id, extra);
        id
    }
}
