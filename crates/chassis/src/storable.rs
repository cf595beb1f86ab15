//! Texts PostgreSQL has no place for: those with a NUL, in a column of its own or within JSON.

use serde_json::Value;

/// Whether a text cannot be stored.
pub(crate) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// Whether a JSON value has such a text anywhere, the names of its fields included.
pub(crate) fn any_text(value: &Value, is_such: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_such(text),
        Value::Array(items) => items.iter().any(|it| any_text(it, is_such)),
        Value::Object(fields) => {
            fields.iter().any(|(name, it)| is_such(name) || any_text(it, is_such))
        }
        _ => false,
    }
}
