//! Expanding references ("Expanding Responses" in Stripe's API reference).

use serde_json::{Value, json};

use crate::error::{Answer, ApiError};
use crate::objects::{Kind, shown, text};
use crate::world::World;

/// Fields that name an object, or a list that is there only if it is asked for.
const FIELDS: [&str; 9] = [
    "latest_charge",
    "refunds",
    "balance_transaction",
    "failure_balance_transaction",
    "payment_method",
    "customer",
    "charge",
    "payment_intent",
    "data",
];

/// The paths to expand.
pub(crate) fn paths(params: &serde_json::Map<String, Value>) -> Answer<Vec<String>> {
    let given = params.get("expand").and_then(Value::as_array);
    let given: Vec<String> =
        given.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    for path in &given {
        if path.split('.').count() > 4 {
            let message = format!("You cannot expand more than 4 levels of a property ({path}).");
            return Err(ApiError::invalid(message).param("expand"));
        }
        if let Some(unknown) = path.split('.').find(|it| !FIELDS.contains(it)) {
            let message = format!("This property cannot be expanded ({unknown}).");
            return Err(ApiError::invalid(message).param("expand"));
        }
    }
    Ok(given)
}

/// An object or a list, as it is shown, with these paths expanded.
pub(crate) fn expanded(world: &World, object: &Value, paths: &[String]) -> Value {
    let mut answer = shown(object);
    if let Some(items) = object["data"].as_array() {
        answer["data"] = items.iter().map(shown).collect();
    }
    for path in paths {
        let path: Vec<&str> = path.split('.').collect();
        expand(world, &mut answer, &path);
    }
    answer
}

fn expand(world: &World, node: &mut Value, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Value::Array(items) = node {
        items.iter_mut().for_each(|it| expand(world, it, path));
        return;
    }
    if *first == "refunds" && node["object"] == "charge" {
        node["refunds"] = refunds(world, text(node, "id"));
    }
    let Some(field) = node.get_mut(*first) else { return };
    let named = field.as_str().and_then(|id| world.objects.get(Kind::of(id)?, id));
    if let Some(object) = named {
        *field = shown(object);
    }
    expand(world, field, rest);
}

/// A charge's refunds, newest first.
fn refunds(world: &World, charge: &str) -> Value {
    let all = world.objects.all(Kind::Refund).iter().rev();
    let all: Vec<Value> = all.filter(|it| it["charge"] == charge).map(shown).collect();
    let has_more = all.len() > 10;
    let data: Vec<Value> = all.into_iter().take(10).collect();
    let url = format!("/v1/charges/{charge}/refunds");
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}
