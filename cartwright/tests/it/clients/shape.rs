//! Whether an answer has the fields a client knows, and their types.

use serde_json::Value;

/// Fails unless a value has exactly the fields of a form, each of its kind.
///
/// A form is a text that names a kind, with a `?` where it may be null; an object of forms; or a
/// list with the form of all its elements.
#[track_caller]
pub fn fits(value: &Value, form: &Value) {
    if let Err(why) = check(value, form, "answer") {
        panic!("{why}\n{value:#}");
    }
}

fn check(value: &Value, form: &Value, at: &str) -> Result<(), String> {
    match (form, value) {
        (Value::String(kind), _) => {
            let (kind, nullable) = kind.strip_suffix('?').map_or((&**kind, false), |it| (it, true));
            if (nullable && value.is_null()) || is(value, kind) {
                Ok(())
            } else {
                Err(format!("{at} is {value}, not {kind}"))
            }
        }
        (Value::Array(form), Value::Array(items)) => {
            let form = form.first().expect("a form of the elements");
            items.iter().enumerate().try_for_each(|(n, it)| check(it, form, &format!("{at}[{n}]")))
        }
        (Value::Object(form), Value::Object(fields)) => {
            if let Some(name) = fields.keys().find(|it| !form.contains_key(*it)) {
                return Err(format!("{at} has a field {name} no client knows"));
            }
            form.iter().try_for_each(|(name, form)| match fields.get(name) {
                Some(value) => check(value, form, &format!("{at}.{name}")),
                None => Err(format!("{at} has no field {name}")),
            })
        }
        _ => Err(format!("{at} is {value}, not {form}")),
    }
}

fn is(value: &Value, kind: &str) -> bool {
    let text = value.as_str();
    match kind {
        "text" => text.is_some(),
        "uuid" => text.is_some_and(|it| uuid::Uuid::parse_str(it).is_ok()),
        "time" => text.is_some_and(|it| it.parse::<chrono::DateTime<chrono::Utc>>().is_ok()),
        "url" => text.is_some_and(|it| it.starts_with("http://")),
        "token" => text.is_some_and(|it| it.len() > 40),
        // 19.99, as Django writes it.
        "decimal" => text.and_then(|it| it.split_once('.')).is_some_and(|(whole, rest)| {
            let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
            !whole.is_empty() && rest.len() == 2 && digits(whole) && digits(rest)
        }),
        "number" => value.is_number(),
        "integer" => value.is_i64(),
        "bool" => value.is_boolean(),
        "texts" => value.as_array().is_some_and(|it| it.iter().all(Value::is_string)),
        // Names of fields, and numbers of elements in lists.
        "path" => {
            let step = |it: &Value| it.is_string() || it.is_u64();
            value.as_array().is_some_and(|it| it.iter().all(step))
        }
        other => value == other,
    }
}

#[test]
fn a_form_is_exact() {
    use serde_json::json;
    let form = json!({ "id": "uuid", "price": "decimal", "list": [{ "n": "integer?" }] });
    let good = json!({
        "id": "0190e5a0-0000-7000-8000-000000000001",
        "price": "19.99",
        "list": [{ "n": 1 }, { "n": null }],
    });
    assert!(check(&good, &form, "it").is_ok());
    for (pointer, bad) in [
        ("/id", json!("7")),
        ("/price", json!(19.99)),
        ("/price", json!("19.9")),
        ("/list/0/n", json!("1")),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).expect("a place") = bad;
        assert!(check(&value, &form, "it").is_err(), "{pointer}");
    }
    let mut value = good.clone();
    value["more"] = json!(1);
    assert!(check(&value, &form, "it").unwrap_err().contains("more"));
    value.as_object_mut().expect("an object").remove("more");
    value.as_object_mut().expect("an object").remove("price");
    assert!(check(&value, &form, "it").unwrap_err().contains("price"));
}
