//! One description of the whole API, made of those of the services.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// Two things of one name in the descriptions of different services.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Conflict {
    #[error(
        "the schema {name} of {service} is not the one of another service; give it another name"
    )]
    Schema { service: &'static str, name: String },
    #[error("the operation {id} of {service} is there twice; give it another operation_id")]
    Operation { service: &'static str, id: String },
}

/// The description of everything. Services do not know one another, so names could be in conflict.
pub(crate) fn merge(
    services: Vec<(&'static str, OpenApi)>,
    version: &str,
) -> Result<Value, Conflict> {
    let mut whole = Whole::default();
    for (service, document) in services {
        let document = serde_json::to_value(document).expect("a description is plain data");
        whole.add_schemas(service, &document)?;
        whole.add_paths(service, document)?;
    }
    Ok(whole.document(version))
}

#[derive(Default)]
struct Whole {
    tags: Vec<&'static str>,
    paths: BTreeMap<String, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
    operations: BTreeSet<String>,
}

impl Whole {
    fn add_schemas(&mut self, service: &'static str, document: &Value) -> Result<(), Conflict> {
        for (name, schema) in schemas(document) {
            match self.schemas.entry(name.clone()) {
                Entry::Vacant(entry) => drop(entry.insert(schema.clone())),
                Entry::Occupied(entry) if entry.get() == schema => {}
                Entry::Occupied(_) => {
                    return Err(Conflict::Schema { service, name: name.clone() });
                }
            }
        }
        Ok(())
    }

    fn add_paths(&mut self, service: &'static str, mut document: Value) -> Result<(), Conflict> {
        self.tags.push(service);
        let Some(paths) = document["paths"].as_object_mut() else { return Ok(()) };
        for (path, item) in std::mem::take(paths) {
            let Value::Object(mut item) = item else { continue };
            for operation in item.values_mut().filter_map(Value::as_object_mut) {
                let id = operation.get("operationId").and_then(Value::as_str);
                if let Some(id) = id.filter(|it| !self.operations.insert((*it).to_owned())) {
                    return Err(Conflict::Operation { service, id: id.to_owned() });
                }
                // A section per service, whatever a handler says of itself.
                operation.insert("tags".to_owned(), json!([service]));
            }
            self.paths.entry(path).or_default().extend(item);
        }
        Ok(())
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
