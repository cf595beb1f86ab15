//! Bodies for every operation of the API, made from its own description, so that what is new is
//! tried out by itself.

use serde_json::{Map, Value, json};

/// What a body may have where its operation does not say otherwise, in bytes.
const BODY_LIMIT: u64 = 64 * 1024;

/// An operation that takes JSON.
pub struct Operation {
    pub method: String,
    /// Below `/api/v1`, with something in the place of its parameters.
    pub address: String,
    /// As it is described.
    pub path: String,
    /// What a body may have, in bytes.
    pub limit: usize,
    schema: Value,
}

/// A text somewhere in a body.
pub struct Text {
    /// As problems name it, lists by their first entry.
    pub field: String,
    /// As a JSON pointer.
    pub pointer: String,
    /// Its format, or `enum`; empty for one that may be anything.
    pub format: String,
}

/// Every operation with a JSON body.
pub fn operations(described: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, operations) in described["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let limit = operation["x-body-limit"].as_u64().unwrap_or(BODY_LIMIT);
            found.push(Operation {
                method: method.to_uppercase(),
                address: address(path),
                path: path.clone(),
                limit: usize::try_from(limit).expect("a size"),
                schema: resolved(described, schema),
            });
        }
    }
    assert!(found.len() > 40, "the description has hardly any bodies: {}", found.len());
    found
}

/// A path of the description with something in the place of its parameters.
pub fn address(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").map_or_else(|| format!("/{path}"), str::to_owned);
    let segments = path.split('/').map(|it| match it {
        "{sku}" => "LAMP-1",
        it if it.starts_with('{') => "00000000-0000-0000-0000-000000000000",
        it => it,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A schema without references, without what may be null, and of one kind.
fn resolved(described: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = described.pointer(&reference[1..]).expect("a reference that leads somewhere");
        return resolved(described, found);
    }
    let ways = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(way) = ways.and_then(|it| it.iter().find(|it| it["type"] != "null")) {
        return resolved(described, way);
    }
    let mut schema = schema.clone();
    if let Some(kind) = schema["type"].as_array().and_then(|it| it.iter().find(|it| *it != "null"))
    {
        schema["type"] = kind.clone();
    }
    for place in ["items", "additionalProperties"] {
        if schema[place].is_object() {
            schema[place] = resolved(described, &schema[place]);
        }
    }
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.values_mut().for_each(|it| *it = resolved(described, it));
    }
    schema
}

impl Operation {
    /// A body of the right types with every field there is.
    pub fn body(&self) -> Value {
        right(&self.schema)
    }

    /// A body of the right types and about `size` bytes: lists as long as `entries` says, the rest
    /// in a text.
    pub fn large(&self, size: usize, entries: usize) -> Value {
        let mut body = self.body();
        // Half of what there is to fill is enough for the entries of each list.
        let mut lists = pointers(&self.schema, "", &|it| it["type"] == "array");
        lists.sort_by_key(String::len);
        for list in lists {
            let left = size.saturating_sub(body.to_string().len());
            let list = body.pointer_mut(&list).and_then(Value::as_array_mut).expect("a list");
            let entry = list[0].clone();
            let more = (left * 3 / 4 / (entry.to_string().len() + 1)).min(entries);
            list.extend(std::iter::repeat_n(entry, more));
        }
        let texts =
            pointers(&self.schema, "", &|it| it["type"] == "string" && format(it).is_empty());
        let left = size.saturating_sub(body.to_string().len());
        match texts.iter().min_by_key(|it| it.len()) {
            Some(text) => *body.pointer_mut(text).expect("a text") = "x".repeat(left).into(),
            None if left > 10 => body["x"] = "x".repeat(left - 10).into(),
            None => {}
        }
        body
    }

    /// The same with values of wrong types: at the end of its lists, or else in all its fields.
    pub fn wrong(&self, right: &Value) -> Value {
        const AT_THE_END: usize = 30;
        let mut body = right.clone();
        let mut lists = pointers(&self.schema, "", &|it| it["type"] == "array");
        // Those within others would no longer be there.
        lists.sort_by_key(String::len);
        let mut changed = false;
        for list in lists {
            let Some(list) = body.pointer_mut(&list).and_then(Value::as_array_mut) else {
                continue;
            };
            let from = list.len().saturating_sub(AT_THE_END);
            list[from..].iter_mut().for_each(turn);
            changed = true;
        }
        if !changed {
            turn(&mut body);
        }
        let (long, longer) = (right.to_string().len(), body.to_string().len());
        if long > longer + 10 {
            body["zz"] = "x".repeat(long - longer - 8).into();
        }
        body
    }

    /// Every text of the body.
    pub fn texts(&self) -> Vec<Text> {
        let pointers = pointers(&self.schema, "", &|it| it["type"] == "string");
        let text = |pointer: String| {
            let mut field = String::new();
            for step in pointer.split('/').skip(1) {
                match step {
                    "0" => field.push_str("[0]"),
                    step if field.is_empty() => field.push_str(step),
                    step => field.push_str(&format!(".{step}")),
                }
            }
            let format = format(self.at(&pointer));
            Text { field, pointer, format }
        };
        pointers.into_iter().map(text).collect()
    }

    fn at(&self, pointer: &str) -> &Value {
        pointer.split('/').skip(1).fold(&self.schema, |schema, step| match step {
            "0" => &schema["items"],
            "any" => &schema["additionalProperties"],
            step => &schema["properties"][step],
        })
    }
}

fn format(schema: &Value) -> String {
    if schema["enum"].is_array() {
        "enum".to_owned()
    } else {
        schema["format"].as_str().unwrap_or_default().to_owned()
    }
}

/// Where in a body something is that a schema says of itself.
fn pointers(schema: &Value, at: &str, is: &impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    if is(schema) {
        found.push(at.to_owned());
    }
    if schema["items"].is_object() {
        found.extend(pointers(&schema["items"], &format!("{at}/0"), is));
    }
    if schema["additionalProperties"].is_object() {
        found.extend(pointers(&schema["additionalProperties"], &format!("{at}/any"), is));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.extend(pointers(property, &format!("{at}/{name}"), is));
    }
    found
}

fn right(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|it| it.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => match (schema["format"].as_str(), &schema["example"]) {
            (Some("uuid"), _) => "00000000-0000-0000-0000-000000000000".into(),
            (Some("date-time"), _) => "2026-01-02T12:00:00Z".into(),
            (_, Value::String(example)) => example.as_str().into(),
            _ => "x".into(),
        },
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([right(&schema["items"])]),
        _ => {
            let mut fields = Map::new();
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                fields.insert(name.clone(), right(property));
            }
            if schema["additionalProperties"].is_object() {
                fields.insert("any".to_owned(), right(&schema["additionalProperties"]));
            }
            fields.into()
        }
    }
}

/// Makes every value one of another type; what is in an object one by one.
fn turn(value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() => fields.values_mut().for_each(turn),
        Value::String(_) => *value = json!([]),
        Value::Array(_) | Value::Object(_) => *value = json!(5),
        _ => *value = json!({}),
    }
}
