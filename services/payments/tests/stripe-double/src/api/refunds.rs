//! Refunds, charges and disputes.

use serde_json::{Value, json};

use super::lists::{AFTER, BEFORE, CREATED, LIMIT, list, list_of};
use super::{Call, Endpoint, endpoint};
use crate::error::{Answer, ApiError};
use crate::objects::{Kind, number, text as text_of};
use crate::spec::{
    EXPAND, Field, METADATA, Shape, boolean, field, hash, integer, lacks, one_of, text,
};

const OF_CHARGE: &[Field] =
    &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("charge"), text("payment_intent")];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        "POST",
        "/v1/refunds",
        &[
            text("charge"),
            text("payment_intent"),
            integer("amount"),
            one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"]),
            METADATA,
            EXPAND,
        ],
        create,
    ),
    endpoint("GET", "/v1/refunds", OF_CHARGE, |call| {
        list(call, Kind::Refund, &["charge", "payment_intent"])
    }),
    endpoint("GET", "/v1/refunds/{id}", &[EXPAND], |call| {
        call.world.find(Kind::Refund, call.id, None)
    }),
    endpoint("POST", "/v1/refunds/{id}", &[METADATA, EXPAND], |call| {
        update(call, Kind::Refund, &["metadata"], "refund.updated")
    }),
    endpoint(
        "GET",
        "/v1/charges",
        &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("payment_intent"), text("customer")],
        |call| list(call, Kind::Charge, &["payment_intent", "customer"]),
    ),
    endpoint("GET", "/v1/charges/{id}", &[EXPAND], |call| {
        call.world.find(Kind::Charge, call.id, None)
    }),
    endpoint("GET", "/v1/charges/{id}/refunds", &[LIMIT, AFTER, BEFORE, EXPAND], |call| {
        call.world.find(Kind::Charge, call.id, None)?;
        let charge = call.id;
        list_of(call, Kind::Refund, |it| it["charge"] == charge)
    }),
    endpoint("GET", "/v1/disputes", OF_CHARGE, |call| {
        list(call, Kind::Dispute, &["charge", "payment_intent"])
    }),
    endpoint("GET", "/v1/disputes/{id}", &[EXPAND], |call| {
        call.world.find(Kind::Dispute, call.id, None)
    }),
    endpoint(
        "POST",
        "/v1/disputes/{id}",
        &[
            boolean("submit"),
            hash(
                "evidence",
                &[
                    text("uncategorized_text"),
                    text("product_description"),
                    text("customer_name"),
                    text("customer_email_address"),
                    text("shipping_carrier"),
                    text("shipping_tracking_number"),
                    text("shipping_date"),
                ],
            ),
            METADATA,
            EXPAND,
        ],
        answer_dispute,
    ),
    endpoint("POST", "/v1/disputes/{id}/close", &[EXPAND], |call| {
        call.world.close_dispute(call.id, false)?;
        call.world.find(Kind::Dispute, call.id, None)
    }),
    endpoint("GET", "/v1/balance_transactions/{id}", &[EXPAND], |call| {
        call.world.find(Kind::BalanceTransaction, call.id, None)
    }),
    endpoint(
        "GET",
        "/v1/balance_transactions",
        &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("source"), text("type"), text("currency")],
        |call| list(call, Kind::BalanceTransaction, &["source", "type", "currency"]),
    ),
    endpoint(
        "GET",
        "/v1/events",
        &[LIMIT, AFTER, BEFORE, CREATED, EXPAND, text("type"), field("types", Shape::Texts)],
        |call| {
            let types = call.value("types");
            let is_wanted =
                |it: &Value| types.as_array().is_none_or(|types| types.contains(&it["type"]));
            let one = call.value("type");
            list_of(call, Kind::Event, |it| is_wanted(it) && (one.is_null() || it["type"] == one))
        },
    ),
    endpoint("GET", "/v1/events/{id}", &[EXPAND], |call| {
        call.world.find(Kind::Event, call.id, None)
    }),
];

fn create(call: &mut Call<'_>) -> Answer {
    let charge = match (call.text("charge"), call.text("payment_intent")) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("Give a charge or a payment_intent, not both."));
        }
        (Some(charge), None) => charge.to_owned(),
        (None, Some(intent)) => call.world.charge_of(intent)?,
        (None, None) => return Err(lacks("charge")),
    };
    let fields = call.fields(&["reason", "metadata"]);
    let refund = call.world.refund(&charge, call.number("amount"), fields)?;
    call.world.find(Kind::Refund, &refund, None)
}

/// Changes fields of an object; new metadata are added to what there is, empty ones removed.
pub(super) fn update(call: &mut Call<'_>, kind: Kind, names: &[&str], event: &str) -> Answer {
    let object = call.world.find(kind, call.id, None)?;
    let mut fields = call.fields(names);
    if let Some(given) = fields.get("metadata").and_then(Value::as_object) {
        let mut all = object["metadata"].as_object().cloned().unwrap_or_default();
        all.extend(given.clone());
        all.retain(|_, it| *it != "");
        fields["metadata"] = all.into();
    }
    call.world.set(kind, call.id, fields);
    if !event.is_empty() {
        call.world.emit(event, kind, call.id);
    }
    call.world.find(kind, call.id, None)
}

fn answer_dispute(call: &mut Call<'_>) -> Answer {
    let dispute = call.world.find(Kind::Dispute, call.id, None)?;
    let status = text_of(&dispute, "status");
    if !status.ends_with("needs_response") {
        let message = "This dispute takes no more evidence.";
        return Err(ApiError::invalid(message).code("dispute_closed"));
    }
    let mut evidence = dispute["evidence"].clone();
    crate::objects::set(&mut evidence, call.value("evidence"));
    let mut details = dispute["evidence_details"].clone();
    details["has_evidence"] = json!(true);
    let mut fields = json!({ "evidence": evidence });
    if call.flag("submit") {
        let inquiry = status.starts_with("warning");
        fields["status"] = json!(if inquiry { "warning_under_review" } else { "under_review" });
        details["submission_count"] = json!(number(&details, "submission_count") + 1);
    }
    fields["evidence_details"] = details;
    call.world.set(Kind::Dispute, call.id, fields);
    update(call, Kind::Dispute, &["metadata"], "charge.dispute.updated")
}
