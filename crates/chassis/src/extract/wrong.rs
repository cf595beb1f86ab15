//! From JSON to a type, naming every field of a wrong type and every unknown one, not only the
//! first.
//!
//! serde stops at the first error. So the wrong value is noted, replaced by one of another type
//! and the whole is read again, until it fits or nothing helps. What that may cost is counted in
//! bytes: a form of a few hundred is named completely, of a long list only what comes first.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cards;
use crate::problem::{FieldError, Problem, Result};

/// Wrong fields that are looked for.
const AT_MOST: usize = 20;
/// All readings after the first one together, in bytes.
const BUDGET: usize = 64 * 1024;
/// The most of a name or an explanation that is given back, in characters.
const SHORT: usize = 200;

/// Reads `T` from a body of `size` bytes.
pub(super) fn read<T: DeserializeOwned>(mut value: Value, size: usize) -> Result<T> {
    let mut readings = BUDGET / size.max(1);
    let mut wrong = match try_read::<T>(&value) {
        Ok(it) => return Ok(it),
        Err(wrong) => wrong,
    };
    let mut errors: Vec<FieldError> = Vec::new();
    loop {
        let next = if errors.len() + 1 < AT_MOST {
            next::<T>(&mut value, &wrong, &mut readings)
        } else {
            None
        };
        errors.push(wrong.into_field_error());
        match next {
            Some(next) => wrong = next,
            None => return Err(Problem::fields(errors)),
        }
    }
}

fn try_read<T: DeserializeOwned>(value: &Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value).map_err(|it| Wrong::of(&it))
}

/// Where reading stopped, and why.
struct Wrong {
    path: Vec<String>,
    detail: String,
    /// The field should not be there at all.
    unknown: bool,
}

impl Wrong {
    fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        use serde_path_to_error::Segment;
        let mut path: Vec<String> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Seq { index } => Some(index.to_string()),
                Segment::Map { key } => Some(key.clone()),
                Segment::Enum { .. } | Segment::Unknown => None,
            })
            .collect();
        let message = error.inner().to_string();
        // The path of a missing field is its parent's.
        if let Some(name) = message.strip_prefix("missing field `") {
            path.extend(name.split('`').next().map(str::to_owned));
            return Self { path, detail: "is required".to_owned(), unknown: false };
        }
        if message.starts_with("unknown field") {
            let allowed = message.rsplit_once("`, expected ").map(|(_, rest)| rest);
            let detail = match allowed {
                Some(allowed) => format!("is not a known field; expected {allowed}"),
                None => "is not a known field; there are none".to_owned(),
            };
            return Self { path, detail, unknown: true };
        }
        Self { path, detail: message, unknown: false }
    }

    fn into_field_error(self) -> FieldError {
        let mut field = String::new();
        for segment in &self.path {
            match segment.parse::<usize>() {
                Ok(index) => field.push_str(&format!("[{index}]")),
                Err(_) if field.is_empty() => field.push_str(segment),
                Err(_) => field.push_str(&format!(".{segment}")),
            }
        }
        if field.is_empty() {
            field.push_str("body");
        }
        FieldError { field: shown(&field), detail: shown(&self.detail) }
    }
}

/// What a client wrote, as it may be given back: not at length, and without a card number.
pub(super) fn shown(text: &str) -> String {
    let masked = cards::masked(text);
    match masked.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &masked[..end]),
        None => masked.into_owned(),
    }
}

/// Puts something else where it is wrong and reads on: what is wrong next. None if there is
/// nothing more, nothing helps, or no reading is left.
fn next<T: DeserializeOwned>(
    value: &mut Value,
    wrong: &Wrong,
    readings: &mut usize,
) -> Option<Wrong> {
    let mut try_again = |value: &Value| {
        *readings = readings.checked_sub(1)?;
        Some(try_read::<T>(value).err())
    };
    let (last, parents) = wrong.path.split_last()?;
    let mut parent = &mut *value;
    for segment in parents {
        parent = match parent {
            Value::Object(fields) => fields.get_mut(segment)?,
            Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    if let (Value::Object(fields), true) = (parent, wrong.unknown) {
        fields.remove(last);
        return try_again(value)?;
    }
    let parent = pointer(parents);
    for filler in fillers(&wrong.detail) {
        match value.pointer_mut(&parent)? {
            Value::Object(fields) => drop(fields.insert(last.clone(), filler)),
            Value::Array(items) => *items.get_mut(last.parse::<usize>().ok()?)? = filler,
            _ => return None,
        }
        match try_again(value)? {
            Some(next) if next.path == wrong.path => {}
            further => return further,
        }
    }
    None
}

/// Values of every kind that a field may want, the most likely one first.
fn fillers(detail: &str) -> Vec<Value> {
    let mut fillers = vec![
        json!(""),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("USD"),
        json!("2000-01-01T00:00:00Z"),
    ];
    if detail.contains("UUID") {
        fillers.swap(0, 5);
    }
    fillers
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|it| format!("/{}", it.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read, never used")]
    struct Order {
        email: String,
        lines: Vec<Line>,
        gift: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read, never used")]
    struct Line {
        sku: String,
        quantity: u32,
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = json!({
            "email": 5,
            "lines": [{ "sku": "A", "quantity": -1 }, { "sku": [], "quantity": 1 }, {}],
            "gift": "yes",
            "colour": "red",
        });
        let errors = read::<Order>(body, 200).unwrap_err().errors;
        let mut fields: Vec<_> = errors.iter().map(|it| it.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "colour",
                "email",
                "gift",
                "lines[0].quantity",
                "lines[1].sku",
                "lines[2].quantity",
                "lines[2].sku"
            ]
        );
    }

    #[test]
    fn a_body_of_another_kind_is_named() {
        for body in [json!([]), json!(null), json!("text"), json!(5)] {
            assert!(!read::<Order>(body.clone(), 10).unwrap_err().errors.is_empty(), "{body}");
        }
    }

    /// How often a body of this type has been read.
    static READINGS: AtomicUsize = AtomicUsize::new(0);

    #[derive(Debug)]
    struct Counted;

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
            READINGS.fetch_add(1, Ordering::Relaxed);
            uuid::Uuid::deserialize(reader).map(|_| Self)
        }
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read, never used")]
    struct Bulk {
        first: Counted,
        ids: Vec<uuid::Uuid>,
    }

    #[test]
    fn what_naming_wrong_fields_costs_is_counted_in_bytes() {
        for (size, most) in [(100, 200), (1024, 65), (16 * 1024, 5), (BUDGET, 2), (BUDGET + 1, 1)] {
            let id = "00000000-0000-0000-0000-000000000000";
            let body = json!({ "first": id, "ids": vec![json!({ "a": [] }); 30] });
            READINGS.store(0, Ordering::Relaxed);
            let errors = read::<Bulk>(body, size).unwrap_err().errors;
            let readings = READINGS.load(Ordering::Relaxed);
            assert!(readings <= most, "{size} bytes were read {readings} times");
            assert_eq!(errors[0].field, "ids[0]");
            assert!(errors.len() <= AT_MOST);
        }
    }

    #[test]
    fn what_a_client_wrote_is_not_given_back_at_length_and_no_card_number() {
        let body = json!({ "email": {}, "lines": [], "4242 4242 4242 4242": 1 });
        let text = read::<Order>(body, 100).unwrap_err().errors;
        assert!(text.iter().any(|it| it.field == "**** **** **** ****"), "{text:?}");
        let body = json!({ "email": "", "lines": "4242424242424242 ".repeat(5_000) });
        let text = read::<Order>(body, 90_000).unwrap_err().errors;
        assert!(text[0].detail.chars().count() <= SHORT + 1 && !text[0].detail.contains("4242"));
    }
}
