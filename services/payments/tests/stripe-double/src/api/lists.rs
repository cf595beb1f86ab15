//! Lists, newest first ("Pagination" in Stripe's API reference).

use serde_json::{Value, json};

use super::Call;
use crate::error::{Answer, ApiError};
use crate::objects::{Kind, number};
use crate::spec::{EXPAND, Field, Shape, field, integer, text};

pub(super) const LIMIT: Field = integer("limit");
pub(super) const AFTER: Field = text("starting_after");
pub(super) const BEFORE: Field = text("ending_before");
pub(super) const CREATED: Field = field("created", Shape::Range);
pub(super) const LIST: &[Field] = &[LIMIT, AFTER, BEFORE, EXPAND];

/// The objects of a kind in which these fields are as the parameters of the same names say.
pub(super) fn list(call: &Call<'_>, kind: Kind, filters: &[&str]) -> Answer {
    let filters: Vec<(&str, &Value)> =
        filters.iter().filter_map(|it| Some((*it, call.params.get(*it)?))).collect();
    list_of(call, kind, |object| filters.iter().all(|(name, value)| object[*name] == **value))
}

/// The objects of a kind that are wanted.
pub(super) fn list_of(call: &Call<'_>, kind: Kind, wanted: impl Fn(&Value) -> bool) -> Answer {
    let limit = call.number("limit").unwrap_or(10);
    if !(1..=100).contains(&limit) {
        let message = "This value must be 1 to 100.";
        return Err(ApiError::invalid(message).code("parameter_invalid_integer").param("limit"));
    }
    for cursor in ["starting_after", "ending_before"] {
        if let Some(id) = call.text(cursor) {
            call.world.find(kind, id, Some(cursor))?;
        }
    }
    let created = call.value("created");
    let all = call.world.objects.all(kind).iter().rev();
    let all: Vec<&Value> = all.filter(|it| wanted(it) && is_within(it, &created)).collect();
    let place =
        |name: &str| call.text(name).and_then(|id| all.iter().position(|it| it["id"] == id));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (page, has_more) = match (place("starting_after"), place("ending_before")) {
        (_, Some(before)) => (&all[before.saturating_sub(limit)..before], before > limit),
        (after, None) => {
            let rest = &all[after.map_or(0, |it| it + 1)..];
            (&rest[..limit.min(rest.len())], rest.len() > limit)
        }
    };
    Ok(json!({ "object": "list", "data": page, "has_more": has_more, "url": call.path }))
}

fn is_within(object: &Value, bounds: &Value) -> bool {
    let created = number(object, "created");
    let bound = |name: &str| bounds[name].as_i64();
    bounds.as_i64().is_none_or(|it| created == it)
        && bound("gt").is_none_or(|it| created > it)
        && bound("gte").is_none_or(|it| created >= it)
        && bound("lt").is_none_or(|it| created < it)
        && bound("lte").is_none_or(|it| created <= it)
}
