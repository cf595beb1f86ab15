//! Customers and their saved payment methods.

use serde_json::{Value, json};

use super::lists::{AFTER, BEFORE, CREATED, LIMIT, list, list_of};
use super::refunds::update;
use super::{Call, Endpoint, endpoint};
use crate::error::{Answer, ApiError};
use crate::objects::{Kind, text as text_of};
use crate::spec::{EXPAND, Field, METADATA, hash, lacks, one_of, text};

pub(super) const ADDRESS: &[Field] = &[
    text("city"),
    text("country"),
    text("line1"),
    text("line2"),
    text("postal_code"),
    text("state"),
];

const CUSTOMER: &[Field] = &[
    text("name"),
    text("email"),
    text("phone"),
    text("description"),
    hash("address", ADDRESS),
    METADATA,
    EXPAND,
];

const FIELDS: &[&str] = &["name", "email", "phone", "description", "address", "metadata"];

const REDISPLAY: Field = one_of("allow_redisplay", &["always", "limited", "unspecified"]);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint("POST", "/v1/customers", CUSTOMER, |call| {
        let id = call.world.create(Kind::Customer, call.fields(FIELDS));
        call.world.emit("customer.created", Kind::Customer, &id);
        call.world.find(Kind::Customer, &id, None)
    }),
    endpoint(
        "GET",
        "/v1/customers",
        &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("email")],
        |call| list(call, Kind::Customer, &["email"]),
    ),
    endpoint("GET", "/v1/customers/{id}", &[EXPAND], |call| {
        call.world.find(Kind::Customer, call.id, None)
    }),
    endpoint("POST", "/v1/customers/{id}", CUSTOMER, |call| {
        living(call, call.id, None)?;
        update(call, Kind::Customer, FIELDS, "customer.updated")
    }),
    endpoint("DELETE", "/v1/customers/{id}", &[], delete),
    endpoint(
        "GET",
        "/v1/customers/{id}/payment_methods",
        &[LIMIT, AFTER, BEFORE, EXPAND, text("type"), REDISPLAY],
        |call| {
            living(call, call.id, None)?;
            methods(call, call.id)
        },
    ),
    endpoint(
        "GET",
        "/v1/payment_methods",
        &[LIMIT, AFTER, BEFORE, EXPAND, text("customer"), text("type"), REDISPLAY],
        |call| {
            let customer = call.text("customer").ok_or_else(|| lacks("customer"))?;
            living(call, customer, Some("customer"))?;
            methods(call, customer)
        },
    ),
    endpoint("GET", "/v1/payment_methods/{id}", &[EXPAND], |call| {
        call.world.find(Kind::PaymentMethod, call.id, None)
    }),
    endpoint(
        "POST",
        "/v1/payment_methods/{id}/attach",
        &[text("customer").required(), EXPAND],
        attach,
    ),
    endpoint("POST", "/v1/payment_methods/{id}/detach", &[EXPAND], detach),
];

/// A customer who was not deleted.
pub(super) fn living(call: &Call<'_>, id: &str, param: Option<&str>) -> Answer {
    let customer = call.world.find(Kind::Customer, id, param)?;
    if customer["deleted"] == true {
        return Err(crate::error::missing("customer", id, param));
    }
    Ok(customer)
}

fn methods(call: &Call<'_>, customer: &str) -> Answer {
    let (kind, redisplay) = (call.value("type"), call.value("allow_redisplay"));
    list_of(call, Kind::PaymentMethod, |it| {
        it["customer"] == customer
            && (kind.is_null() || it["type"] == kind)
            && (redisplay.is_null() || it["allow_redisplay"] == redisplay)
    })
}

fn delete(call: &mut Call<'_>) -> Answer {
    living(call, call.id, None)?;
    let methods = call.world.objects.all(Kind::PaymentMethod).iter();
    let methods = methods.filter(|it| it["customer"] == call.id);
    let methods: Vec<String> = methods.map(|it| text_of(it, "id").to_owned()).collect();
    for method in methods {
        let gone = json!({ "customer": null, "_detached": true });
        call.world.set(Kind::PaymentMethod, &method, gone);
    }
    let gone = json!({ "deleted": true, "email": null, "name": null, "phone": null });
    call.world.set(Kind::Customer, call.id, gone);
    call.world.emit("customer.deleted", Kind::Customer, call.id);
    Ok(json!({ "id": call.id, "object": "customer", "deleted": true }))
}

fn attach(call: &mut Call<'_>) -> Answer {
    let method = call.world.find(Kind::PaymentMethod, call.id, None)?;
    let customer = call.text("customer").unwrap_or_default();
    living(call, customer, Some("customer"))?;
    if method["_detached"] == true || !method["customer"].is_null() {
        return Err(ApiError::invalid("This PaymentMethod was used and cannot be attached again."));
    }
    let fields = json!({ "customer": customer });
    call.world.set(Kind::PaymentMethod, call.id, fields);
    call.world.emit("payment_method.attached", Kind::PaymentMethod, call.id);
    call.world.find(Kind::PaymentMethod, call.id, None)
}

fn detach(call: &mut Call<'_>) -> Answer {
    let method: Value = call.world.find(Kind::PaymentMethod, call.id, None)?;
    if method["customer"].is_null() {
        let message = "The payment method you provided is not attached to a customer.";
        return Err(ApiError::invalid(message).code("payment_method_unexpected_state"));
    }
    let fields = json!({ "customer": null, "_detached": true });
    call.world.set(Kind::PaymentMethod, call.id, fields);
    call.world.emit("payment_method.detached", Kind::PaymentMethod, call.id);
    call.world.find(Kind::PaymentMethod, call.id, None)
}
