//! One description of the whole API, made of those of the services.

mod errors;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

const SCHEMAS: &str = "#/components/schemas/";

/// The description of everything. Services do not know one another, so two may use a name for
/// different things: the later one's then gets the service's name in front.
pub(crate) fn merge(services: Vec<(&'static str, OpenApi)>, version: &str) -> Value {
    let mut whole = Whole::default();
    for (service, document) in services {
        let mut document = serde_json::to_value(document).expect("a description is plain data");
        whole.rename_schemas(service, &mut document);
        whole.add_schemas(&document);
        whole.add_paths(service, document);
    }
    whole.document(version)
}

#[derive(Default)]
struct Whole {
    tags: Vec<&'static str>,
    paths: BTreeMap<String, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
    operations: BTreeSet<String>,
}

impl Whole {
    /// Gives new names to the schemas that are called like another one's but differ, and to those
    /// that differ because they refer to such a one.
    fn rename_schemas(&self, service: &str, document: &mut Value) {
        loop {
            let taken = schemas(document).find(|(name, schema)| {
                self.schemas.get(*name).is_some_and(|existing| existing != *schema)
            });
            let Some((name, _)) = taken else { return };
            let (old, new) = (name.clone(), format!("{}{name}", capitalised(service)));
            if let Some(schemas) = document["components"]["schemas"].as_object_mut()
                && let Some(schema) = schemas.remove(&old)
            {
                schemas.insert(new.clone(), schema);
            }
            point_to(document, &format!("{SCHEMAS}{old}"), &format!("{SCHEMAS}{new}"));
        }
    }

    fn add_schemas(&mut self, document: &Value) {
        self.schemas.extend(schemas(document).map(|(name, it)| (name.clone(), it.clone())));
    }

    fn add_paths(&mut self, service: &'static str, mut document: Value) {
        let problem = self.schemas.contains_key("Problem");
        let Some(paths) = document["paths"].as_object_mut() else { return };
        for (path, item) in std::mem::take(paths) {
            let Value::Object(mut item) = item else { continue };
            for (method, operation) in &mut item {
                let Some(operation) = operation.as_object_mut() else { continue };
                let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
                let id = self.unique(service, id, method, &path);
                operation.insert("operationId".to_owned(), id.into());
                // A section per service, whatever a handler says of itself.
                operation.insert("tags".to_owned(), json!([service]));
                errors::describe(operation, problem);
            }
            self.paths.entry(path).or_default().extend(item);
        }
        self.tags.push(service);
    }

    /// A name for an operation that no other has, as good as it gets.
    fn unique(&mut self, service: &str, id: &str, method: &str, path: &str) -> String {
        let words = path.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        let spelled: Vec<&str> = std::iter::once(method).chain(words).collect();
        let candidates = [id.to_owned(), format!("{service}_{id}"), spelled.join("_")];
        let nameless = if id.is_empty() { 2 } else { 0 };
        let chosen = candidates
            .into_iter()
            .skip(nameless)
            .find(|it| !self.operations.contains(it))
            .unwrap_or_else(|| format!("{method} {path}"));
        self.operations.insert(chosen.clone());
        chosen
    }

    fn document(self, version: &str) -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Cartwright",
                "version": version,
                "description": "The API of the shop. Log in with `POST /api/v1/auth/login` and \
                    send the access token as `Authorization: Bearer TOKEN`. Every error is an \
                    `application/problem+json` with a stable `code`.",
                "license": { "name": "MIT", "identifier": "MIT" },
            },
            "servers": [{ "url": "/" }],
            "tags": self.tags.iter().map(|it| json!({ "name": it })).collect::<Vec<_>>(),
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {
                    "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                },
            },
        })
    }
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["schemas"].as_object().into_iter().flatten()
}

/// Changes every reference to `old`, wherever it stands.
fn point_to(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => *text = new.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|it| point_to(it, old, new)),
        Value::Object(fields) => fields.values_mut().for_each(|it| point_to(it, old, new)),
        _ => {}
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}
