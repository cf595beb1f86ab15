//! Which parameters an endpoint takes. What is not listed is refused, as the API does
//! (`parameter_unknown` in "Error codes"), and what is refused here was not executed: no
//! idempotency key keeps it.

use serde_json::{Map, Value, json};

use crate::error::{Answer, ApiError};

pub(crate) type Spec = &'static [Field];

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

/// What a parameter looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    Integer,
    Boolean,
    OneOf(&'static [&'static str]),
    Texts,
    /// Up to 50 pairs of names of up to 40 and values of up to 500 characters.
    Metadata,
    /// A time, or bounds for it.
    Range,
    Hash(Spec),
}

impl Field {
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

pub(crate) const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

pub(crate) const fn text(name: &'static str) -> Field {
    field(name, Shape::Text)
}

pub(crate) const fn integer(name: &'static str) -> Field {
    field(name, Shape::Integer)
}

pub(crate) const fn boolean(name: &'static str) -> Field {
    field(name, Shape::Boolean)
}

pub(crate) const fn one_of(name: &'static str, words: &'static [&'static str]) -> Field {
    field(name, Shape::OneOf(words))
}

pub(crate) const fn hash(name: &'static str, fields: Spec) -> Field {
    field(name, Shape::Hash(fields))
}

pub(crate) const EXPAND: Field = field("expand", Shape::Texts);
pub(crate) const METADATA: Field = field("metadata", Shape::Metadata);

const BOUNDS: Spec = &[integer("gt"), integer("gte"), integer("lt"), integer("lte")];

/// The parameters with their types, if they are as they should be.
pub(crate) fn check(spec: Spec, given: &Map<String, Value>) -> Answer<Map<String, Value>> {
    hash_of(spec, given, "")
}

fn hash_of(spec: Spec, given: &Map<String, Value>, prefix: &str) -> Answer<Map<String, Value>> {
    let full = |name: &str| match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}[{name}]"),
    };
    let mut taken = Map::new();
    for (name, value) in given {
        let param = full(name);
        let field = spec.iter().find(|it| it.name == name).ok_or_else(|| unknown(&param))?;
        taken.insert(name.clone(), typed(field.shape, value, &param)?);
    }
    let lacking = spec.iter().find(|it| it.required && !taken.contains_key(it.name));
    lacking.map_or(Ok(taken), |it| Err(lacks(&full(it.name))))
}

fn unknown(param: &str) -> ApiError {
    let message = format!("Received unknown parameter: {param}");
    ApiError::invalid(message).code("parameter_unknown").param(param)
}

/// A required parameter is not there.
pub(crate) fn lacks(param: &str) -> ApiError {
    let message = format!("Missing required param: {param}.");
    ApiError::invalid(message).code("parameter_missing").param(param)
}

fn typed(shape: Shape, value: &Value, param: &str) -> Answer {
    let wrong = |kind: &str| ApiError::invalid(format!("Invalid {kind}")).param(param);
    match (shape, value) {
        (Shape::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
            Ok(value.clone())
        }
        (Shape::Texts, _) => Err(wrong("array")),
        (Shape::Metadata, Value::Object(map)) => metadata(map, param),
        // An empty text removes all of it.
        (Shape::Metadata, Value::String(it)) if it.is_empty() => Ok(json!({})),
        (Shape::Hash(spec), Value::Object(map)) => Ok(hash_of(spec, map, param)?.into()),
        (Shape::Range, Value::Object(map)) => Ok(hash_of(BOUNDS, map, param)?.into()),
        (Shape::Hash(_) | Shape::Metadata, _) => Err(wrong("hash")),
        (Shape::Range, Value::String(it)) => number(it, param),
        (_, Value::String(it)) => scalar(shape, it, param),
        _ => Err(wrong("string")),
    }
}

fn scalar(shape: Shape, text: &str, param: &str) -> Answer {
    if text.is_empty() {
        let message = format!("You passed an empty string for '{param}'.");
        return Err(ApiError::invalid(message).code("parameter_invalid_empty").param(param));
    }
    match shape {
        Shape::Integer => number(text, param),
        Shape::Boolean => text
            .parse::<bool>()
            .map(Value::Bool)
            .map_err(|_| ApiError::invalid(format!("Invalid boolean: {text}")).param(param)),
        Shape::OneOf(words) if !words.contains(&text) => {
            let message = format!("Invalid {param}: must be one of {}", words.join(", "));
            Err(ApiError::invalid(message).param(param))
        }
        _ if text.len() > 5_000 => {
            Err(ApiError::invalid(format!("Invalid string: {param} is too long")).param(param))
        }
        _ => Ok(json!(text)),
    }
}

fn number(text: &str, param: &str) -> Answer {
    let number = text.parse::<i64>().map(Value::from);
    number.map_err(|_| {
        let error = ApiError::invalid(format!("Invalid integer: {text}"));
        error.code("parameter_invalid_integer").param(param)
    })
}

fn metadata(map: &Map<String, Value>, param: &str) -> Answer {
    for (name, value) in map {
        let value = value.as_str().map(|it| it.chars().count());
        if name.chars().count() > 40 || value.is_none_or(|it| it > 500) {
            let message = format!("Metadata of {name} is not a text, or too long");
            return Err(ApiError::invalid(message).param(&format!("{param}[{name}]")));
        }
    }
    if map.len() > 50 {
        return Err(ApiError::invalid("Metadata can have up to 50 keys").param(param));
    }
    Ok(map.clone().into())
}
