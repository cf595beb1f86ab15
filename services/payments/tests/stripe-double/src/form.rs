//! Form-encoded parameters with nested names, such as `metadata[order]=7` and `expand[]=refunds`.

use serde_json::{Map, Value};

use crate::error::{Answer, ApiError};

/// Nested parameters of a body or a query. All values are texts, lists or hashes.
pub(crate) fn parse(text: &[u8]) -> Answer<Map<String, Value>> {
    let mut root = Value::Object(Map::new());
    for (name, value) in form_urlencoded::parse(text) {
        let path = path(&name).ok_or_else(|| invalid(&name))?;
        insert(&mut root, &path, value.into_owned()).ok_or_else(|| invalid(&name))?;
    }
    Ok(match lists(root) {
        Value::Object(map) => map,
        _ => Map::new(),
    })
}

fn invalid(name: &str) -> ApiError {
    ApiError::invalid(format!("Invalid parameter name: {name}")).param(name)
}

/// `a[b][]` is `a`, `b` and an empty name.
fn path(name: &str) -> Option<Vec<&str>> {
    let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut path = vec![first];
    if !rest.is_empty() {
        path.extend(rest.strip_prefix('[')?.strip_suffix(']')?.split("]["));
    }
    (!first.is_empty()).then_some(path)
}

/// None if the name contradicts an earlier one.
fn insert(node: &mut Value, path: &[&str], value: String) -> Option<()> {
    let Some((first, rest)) = path.split_first() else {
        *node = Value::String(value);
        return Some(());
    };
    let map = node.as_object_mut()?;
    let name = if first.is_empty() { map.len().to_string() } else { (*first).to_owned() };
    let fresh = if rest.is_empty() { Value::Null } else { Value::Object(Map::new()) };
    insert(map.entry(name).or_insert(fresh), rest, value)
}

/// A hash whose names are numbers is a list.
fn lists(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let numbered = !map.is_empty() && map.keys().all(|it| it.parse::<usize>().is_ok());
    if !numbered {
        return map.into_iter().map(|(name, it)| (name, lists(it))).collect();
    }
    let mut items: Vec<(usize, Value)> =
        map.into_iter().filter_map(|(name, it)| Some((name.parse().ok()?, lists(it)))).collect();
    items.sort_by_key(|(at, _)| *at);
    items.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_names_are_hashes_and_lists() {
        let parsed = parse(b"a=1&m[x]=y%20z&expand[]=b&expand[]=c.d&l[1][n]=2&l[0][n]=1").unwrap();
        let expected = json!({
            "a": "1", "m": { "x": "y z" }, "expand": ["b", "c.d"], "l": [{ "n": "1" }, { "n": "2" }],
        });
        assert_eq!(Value::Object(parsed), expected);
        for wrong in ["a=1&a[b]=2", "[a]=1", "a[b=1"] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
