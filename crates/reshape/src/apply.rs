//! Carries operations out. All or nothing: a message that does not fit is not used afterwards.

use std::collections::BTreeMap;

use chassis::money::Currency;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::message::{self, Message};
use super::operation::{Operation, Part, Source};
use super::place::{Misfit, Place, Steps, Unfit};

/// How many places one operation may write: an answer must not grow without bounds.
const MAX_WRITES: usize = 100_000;

/// Values with the places of the lists on the way to each.
type Found = Vec<(Vec<usize>, Value)>;

/// Carries out one operation after another; stops at the first that does not fit.
pub fn apply(
    operations: &[Operation],
    message: &mut Message,
    currency: &Currency,
) -> Result<(), Misfit> {
    operations.iter().try_for_each(|it| it.apply(message, currency))
}

impl Operation {
    fn apply(&self, message: &mut Message, currency: &Currency) -> Result<(), Misfit> {
        match self {
            Self::Move { from, to } => {
                let found = message.take(from)?;
                transfer(message, from, to, found)
            }
            Self::Copy { from, to } => {
                let found = message.values(from)?;
                transfer(message, from, to, found)
            }
            Self::Drop(places) => places.iter().try_for_each(|place| message.take(place).map(drop)),
            Self::Keep { fields, at } => keep(message, fields, at),
            Self::Set { place, value } => {
                let targets = targets(message, place)?;
                targets.iter().try_for_each(|stars| message.put(place, stars, value.clone()))
            }
            Self::Default { place, value: Source::Constant(value) } => {
                fill(message, place, |_| Some(value.clone()))
            }
            Self::Default { place, value: Source::Place(from) } => {
                let found = message.values(from)?;
                fill(message, place, |stars| {
                    let stars = if from.stars() == 0 { &[] } else { stars };
                    found.iter().find(|(it, _)| it == stars).map(|(_, value)| value.clone())
                })
            }
            Self::Generate(place) => {
                fill(message, place, |_| Some(Uuid::new_v4().to_string().into()))
            }
            Self::Map { place, values, otherwise } => {
                message.update(place, |value| translate(value, values, otherwise.as_ref()))
            }
            Self::Convert { place, conversion } => {
                message.update(place, |value| conversion.apply(value, currency))
            }
            Self::Flatten(steps) => flatten(message, steps),
            Self::Text { parts, to } => match compose(message, parts)? {
                Some(text) => message.put(to, &[], text.into()),
                None => Ok(()),
            },
            Self::Count { of, to } => count(message, of, to),
            Self::Require(places) => places.iter().try_for_each(|place| require(message, place)),
            Self::Links(links) => {
                links.add(message);
                Ok(())
            }
            Self::Problem(style) => {
                style.apply(message);
                Ok(())
            }
            Self::Use { operations, at } => within(message, operations, at, currency),
        }
    }
}

fn transfer(message: &mut Message, from: &Place, to: &Place, found: Found) -> Result<(), Misfit> {
    match (from.stars(), to.stars()) {
        (1, 0) => {
            // Of no list there is none to be made.
            if found.is_empty() && !has_list(message, from)? {
                return Ok(());
            }
            let list = found.into_iter().map(|(_, value)| value).collect();
            message.put(to, &[], list)
        }
        (0, 1..) => {
            let Some((_, value)) = found.into_iter().next() else { return Ok(()) };
            let targets = targets(message, to)?;
            targets.iter().try_for_each(|stars| message.put(to, stars, value.clone()))
        }
        _ => found.into_iter().try_for_each(|(stars, value)| message.put(to, &stars, value)),
    }
}

fn has_list(message: &mut Message, place: &Place) -> Result<bool, Misfit> {
    match place {
        Place::Body(steps) => match steps.to_list() {
            Some(list) => Ok(message.values(&Place::Body(list))?.iter().any(|it| it.1.is_array())),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Every place that `place` stands for, whether something is there or not: of a field of list
/// elements, one in each.
fn targets(message: &mut Message, place: &Place) -> Result<Vec<Vec<usize>>, Misfit> {
    let Place::Body(steps) = place else { return Ok(vec![Vec::new()]) };
    let lists = match (steps.stars(), steps.to_last_star()) {
        (0, _) | (_, None) => return Ok(vec![Vec::new()]),
        (_, Some(lists)) => lists,
    };
    let mut found = Vec::new();
    message.each(&lists, &mut |_, stars| {
        found.push(stars.to_vec());
        Ok(())
    })?;
    match found.len() {
        0..=MAX_WRITES => Ok(found),
        _ => Err(Misfit::new(place, "stands for too many places")),
    }
}

fn fill(
    message: &mut Message,
    place: &Place,
    value: impl Fn(&[usize]) -> Option<Value>,
) -> Result<(), Misfit> {
    let there = message.values(place)?;
    let there: Vec<_> =
        there.into_iter().filter(|(_, it)| !it.is_null()).map(|(stars, _)| stars).collect();
    for stars in targets(message, place)? {
        if there.binary_search(&stars).is_err()
            && let Some(value) = value(&stars)
        {
            message.put(place, &stars, value)?;
        }
    }
    Ok(())
}

fn keep(message: &mut Message, fields: &[String], at: &Steps) -> Result<(), Misfit> {
    message.each(at, &mut |value, stars| match value {
        Value::Object(object) => {
            object.retain(|name, _| fields.contains(name));
            Ok(())
        }
        Value::Null => Ok(()),
        _ => Err(Misfit::new(at.name(stars), "must be an object")),
    })
}

fn translate(
    value: &Value,
    values: &BTreeMap<String, Value>,
    otherwise: Option<&Value>,
) -> Result<Option<Value>, Unfit> {
    let found = message::text(value).and_then(|word| values.get(&word));
    match found.or(otherwise) {
        Some(new) => Ok(Some(new.clone())),
        None if value.is_null() => Ok(None),
        None => {
            let words: Vec<&str> = values.keys().map(String::as_str).collect();
            Err(Unfit::NoneOf(words.join(", ")))
        }
    }
}

fn flatten(message: &mut Message, steps: &Steps) -> Result<(), Misfit> {
    let Some(parents) = steps.parent() else { return Ok(()) };
    let place = Place::Body(steps.clone());
    for (stars, value) in message.take(&place)? {
        let inner = match value {
            Value::Object(inner) => inner,
            Value::Null => Map::new(),
            _ => return Err(Misfit::new(steps.name(&stars), "must be an object")),
        };
        for (name, value) in inner {
            parents.field(&name).put(&mut message.body, &stars, value)?;
        }
    }
    Ok(())
}

/// Nothing if one of its places is.
fn compose(message: &mut Message, parts: &[Part]) -> Result<Option<String>, Misfit> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Place(place) => match message.values(place)?.first() {
                None | Some((_, Value::Null)) => return Ok(None),
                Some((_, value)) => match message::text(value) {
                    Some(word) => text.push_str(&word),
                    None => return Err(Unfit::NotPlain.at(place)),
                },
            },
        }
    }
    Ok(Some(text))
}

fn count(message: &mut Message, of: &Place, to: &Place) -> Result<(), Misfit> {
    let found = message.values(of)?;
    let number = match (of.stars(), found.first()) {
        (0, None) => return Ok(()),
        (0, Some((_, Value::Array(items)))) => items.len(),
        (0, Some(_)) => return Err(Misfit::new(of, "must be a list")),
        _ => found.len(),
    };
    message.put(to, &[], number.into())
}

fn within(
    message: &mut Message,
    operations: &[Operation],
    at: &Steps,
    currency: &Currency,
) -> Result<(), Misfit> {
    let mut whole = std::mem::take(&mut message.body);
    at.each(&mut whole, &mut |value, stars| {
        if value.is_null() && !at.is_whole() {
            return Ok(());
        }
        message.body = std::mem::take(value);
        apply(operations, message, currency).map_err(|it| it.under(at, stars))?;
        *value = std::mem::take(&mut message.body);
        Ok(())
    })?;
    message.body = whole;
    Ok(())
}

fn require(message: &mut Message, place: &Place) -> Result<(), Misfit> {
    let found = message.values(place)?;
    let there: Vec<_> = found.iter().filter(|(_, it)| !it.is_null()).map(|(it, _)| it).collect();
    for stars in targets(message, place)? {
        if !there.contains(&&stars) {
            let name = match place {
                Place::Body(steps) => steps.name(&stars),
                other => other.to_string(),
            };
            return Err(Misfit::new(name, "is required"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
