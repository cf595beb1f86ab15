//! Bytes to JSON, read once. Refused is what two readers could understand differently (a key twice
//! in an object) and what PostgreSQL cannot store (NUL).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::malformed_json;
use super::wrong::shown;
use crate::cards;
use crate::problem::{FieldError, Result};
use crate::storable::has_nul;

/// Entries a list may have, whatever it is of; most lists have smaller limits of their own, which
/// are looked at once the entries have been read.
pub(super) const MAX_ENTRIES: usize = 1000;

/// Reads JSON; 400 `malformed_json` for everything else.
pub fn json(bytes: &[u8]) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).and_then(|it| reader.end().map(|()| it));
    value.map_err(|error| malformed_json(cards::masked(&error.to_string()).into_owned()))
}

/// The first list with more than [`MAX_ENTRIES`] entries, as a wrong field.
pub(super) fn too_long(value: &Value) -> Option<FieldError> {
    let place = place(value)?;
    let field = shown(place.strip_prefix('.').unwrap_or(&place));
    Some(FieldError { field, detail: format!("must have at most {MAX_ENTRIES} entries") })
}

fn place(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) if items.len() > MAX_ENTRIES => Some(String::new()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, it)| Some(format!("[{at}]{}", place(it)?)))
        }
        Value::Object(fields) => {
            fields.iter().find_map(|(name, it)| Some(format!(".{name}{}", place(it)?)))
        }
        _ => None,
    }
}

/// A [`Value`] none of whose keys is there twice and none of whose texts has a NUL.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, it: bool) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_i64<E: Error>(self, it: i64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_u64<E: Error>(self, it: u64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Value, E> {
        self.visit_string(it.to_owned())
    }

    fn visit_string<E: Error>(self, it: String) -> Result<Value, E> {
        without_nul(it).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = object.next_key()? {
            let name = without_nul(name)?;
            if fields.contains_key(&name) {
                let short: String = name.chars().take(100).collect();
                return Err(A::Error::custom(format_args!("the key `{short}` is there twice")));
            }
            fields.insert(name, object.next_value_seed(Self)?);
        }
        Ok(fields.into())
    }
}

fn without_nul<E: Error>(text: String) -> Result<String, E> {
    if has_nul(&text) { Err(E::custom("a text contains a NUL character")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> String {
        let problem = super::json(text.as_bytes()).unwrap_err();
        assert_eq!((problem.status, &*problem.code), (400, "malformed_json"), "{text}");
        problem.detail.into_owned()
    }

    #[test]
    fn a_nul_and_a_lone_surrogate_are_malformed() {
        for body in [r#"{"a":"\u0000"}"#, r#"{"\u0000":1}"#, r#"["\ud800"]"#, "{", "", "{} {}"] {
            refused(body);
        }
    }

    #[test]
    fn a_key_is_there_once() {
        for body in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"x":{"a":[],"b":1,"a":{}}}]"#]
        {
            assert!(refused(body).starts_with("the key `a` is there twice"), "{body}");
        }
        super::json(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":1}"#).unwrap();
    }

    #[test]
    fn everything_else_is_read_as_it_is() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,1e300,"é\n😀"],"b":{}}"#;
        let read: Value = serde_json::from_str(text).unwrap();
        assert_eq!(super::json(text.as_bytes()).unwrap(), read);
        assert!(super::json("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn a_list_too_long_is_named_where_it_is() {
        let list = |entries| Value::Array(vec![json!(1); entries]);
        let named = |it: Value| too_long(&it).map(|it| it.field);
        assert_eq!(named(json!({ "a": list(MAX_ENTRIES) })), None);
        assert_eq!(named(json!({ "a": list(MAX_ENTRIES + 1) })).as_deref(), Some("a"));
        let deep = json!({ "a": [1, { "b": list(MAX_ENTRIES + 1) }] });
        assert_eq!(named(deep).as_deref(), Some("a[1].b"));
    }
}
