//! Problems as other systems tell them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::message::Message;
use super::operation::Operation;
use super::place::{Place, Steps};

/// The format of an error. `detail` and further members of the problem stay; the others go.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemStyle {
    /// `{"detail": "…"}`, or for wrong fields `{"email": ["…"], "price": ["…"]}`.
    ByField,
    /// `{"detail": "…"}`, or for wrong fields `{"detail": [{"loc": ["body", "email"], "msg": "…",
    /// "type": "value_error"}]}`.
    List,
}

impl ProblemStyle {
    pub(super) fn apply(self, message: &mut Message) {
        let Value::Object(problem) = &mut message.body else { return };
        for member in ["type", "title", "status", "code", "instance"] {
            problem.remove(member);
        }
        let Some(Value::Array(errors)) = problem.remove("errors") else { return };
        let errors = errors.iter().filter_map(|it| {
            let field = it.get("field")?.as_str()?;
            Some((called(field, &message.names), it.get("detail")?.as_str()?))
        });
        match self {
            Self::ByField => {
                let mut fields: Map<String, Value> = Map::new();
                for (field, detail) in errors {
                    let details = fields.entry(field).or_insert_with(|| json!([]));
                    details.as_array_mut().into_iter().for_each(|it| it.push(detail.into()));
                }
                problem.remove("detail");
                problem.extend(fields);
            }
            Self::List => {
                let errors = errors.map(|(field, detail)| {
                    let mut place = vec![json!("body")];
                    place.extend(parts(&field));
                    json!({ "loc": place, "msg": detail, "type": "value_error" })
                });
                let errors: Vec<Value> = errors.collect();
                problem.insert("detail".to_owned(), errors.into());
            }
        }
    }
}

/// `items[0].price` as `"items", 0, "price"`.
fn parts(field: &str) -> impl Iterator<Item = Value> {
    let words = field.split(['.', '[', ']']).filter(|it| !it.is_empty());
    words.map(|it| it.parse::<u64>().map_or_else(|_| it.into(), Value::from))
}

/// What the fields the service knows are called by the client, as the operations of the request
/// tell: the longer names first.
pub fn names(operations: &[Operation]) -> Vec<(String, String)> {
    let mut names = Vec::new();
    collect(operations, &Steps::default(), &mut names);
    names.sort_by_key(|(ours, _)| std::cmp::Reverse(ours.len()));
    names
}

fn collect(operations: &[Operation], at: &Steps, names: &mut Vec<(String, String)>) {
    for operation in operations {
        match operation {
            Operation::Move { from, to } | Operation::Copy { from, to } => {
                let theirs = match from {
                    Place::Body(from) => any(&at.then(from).name(&[])),
                    other => other.to_string(),
                };
                let ours = match to {
                    Place::Body(to) => any(&at.then(to).name(&[])),
                    other => other.to_string(),
                };
                // A field may be called `body` as well.
                let is_whole = |it: &Place| matches!(it, Place::Body(it) if at.then(it).is_whole());
                if !is_whole(from) && !is_whole(to) {
                    names.push((ours, theirs));
                }
            }
            Operation::Use { operations, at: inner } => {
                collect(operations, &at.then(inner), names);
            }
            _ => {}
        }
    }
}

/// Every index as `[*]`.
fn any(field: &str) -> String {
    let mut words = field.split('[');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        name.push_str("[*]");
        name.push_str(word.split_once(']').map_or("", |(_, rest)| rest));
    }
    name
}

/// A field as the client calls it, with the indexes it came with.
fn called(field: &str, names: &[(String, String)]) -> String {
    let general = any(field);
    let known = names.iter().find_map(|(ours, theirs)| {
        let rest = general.strip_prefix(ours.as_str())?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{theirs}{rest}"))
    });
    let Some(known) = known else { return field.to_owned() };
    let indexes: Vec<&str> =
        field.split('[').skip(1).filter_map(|it| it.split_once(']')).map(|(it, _)| it).collect();
    // What a client wrote once may be in a list at the service; then the first indexes are ours.
    let wanted = known.matches("[*]").count();
    let mut indexes = indexes.into_iter().rev().take(wanted).rev();
    let mut name = String::new();
    let mut rest = known.as_str();
    while let Some((before, after)) = rest.split_once("[*]") {
        name.push_str(before);
        name.push_str(&format!("[{}]", indexes.next().unwrap_or("0")));
        rest = after;
    }
    name + rest
}

#[cfg(test)]
mod tests {
    use super::super::operation::{Groups, Way};
    use super::*;

    fn styled(style: ProblemStyle, body: Value) -> Value {
        let operations = [
            r#"op = {move="name", to="title"}"#,
            r#"op = {move="price", to="variants.0.price"}"#,
            r#"op = {use="line", at="items.*"}"#,
        ];
        let groups: Groups =
            toml::from_str(r#"line = [{move="product", to="product_id"}]"#).unwrap();
        let operations: Vec<Operation> = operations
            .iter()
            .map(|it| {
                let table: toml::Table = it.parse().unwrap();
                let table = table["op"].as_table().unwrap().clone();
                Operation::read(table, Way::Request, &groups).unwrap()
            })
            .collect();
        let names = names(&operations).into();
        let mut message = Message { body, names, ..Message::default() };
        style.apply(&mut message);
        message.body
    }

    #[test]
    fn fields_are_called_what_the_client_calls_them() {
        let problem = json!({
            "type": "/problems/validation_failed", "title": "Unprocessable", "status": 422,
            "code": "validation_failed", "detail": "these fields are wrong",
            "errors": [
                { "field": "title", "detail": "is required" },
                { "field": "variants[0].price.amount", "detail": "too much" },
                { "field": "items[3].product_id", "detail": "unknown" },
                { "field": "items[3].product_id", "detail": "twice" },
                { "field": "titles", "detail": "what" },
            ],
        });
        assert_eq!(
            styled(ProblemStyle::ByField, problem.clone()),
            json!({
                "name": ["is required"], "price.amount": ["too much"],
                "items[3].product": ["unknown", "twice"], "titles": ["what"],
            })
        );
        assert_eq!(
            styled(ProblemStyle::List, problem)["detail"][2],
            json!({ "loc": ["body", "items", 3, "product"], "msg": "unknown", "type": "value_error" })
        );
    }

    #[test]
    fn other_problems_keep_their_detail_and_what_they_add() {
        let problem = json!({
            "type": "/problems/out_of_stock", "title": "Conflict", "status": 409,
            "code": "out_of_stock", "detail": "too few", "skus": [{ "available": 3 }],
        });
        for style in [ProblemStyle::ByField, ProblemStyle::List] {
            let after = json!({ "detail": "too few", "skus": [{ "available": 3 }] });
            assert_eq!(styled(style, problem.clone()), after);
        }
        assert_eq!(styled(ProblemStyle::List, json!("text")), json!("text"));
    }
}
