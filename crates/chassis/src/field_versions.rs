//! Which version of an object last changed each of its fields: what a writer is told who has seen an
//! older one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The versions of an object's fields. Those that are as they were made are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldVersions(BTreeMap<String, i64>);

impl FieldVersions {
    /// Notes that these fields changed in this version.
    pub fn note<T: Into<String>>(&mut self, version: i64, fields: impl IntoIterator<Item = T>) {
        self.0.extend(fields.into_iter().map(|it| (it.into(), version)));
    }

    /// The fields that changed after this version, by name.
    pub fn after(&self, version: i64) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, at)| **at > version).map(|(name, _)| name.as_str())
    }
}

/// The members that differ between two objects, by name. What is no object has none.
pub fn differing(old: &impl Serialize, new: &impl Serialize) -> Vec<String> {
    let members = |it: serde_json::Result<Value>| match it {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (members(serde_json::to_value(old)), members(serde_json::to_value(new)));
    let gone = old.keys().filter(|it| !new.contains_key(*it));
    let changed = new.iter().filter(|(name, it)| old.get(*name) != Some(it)).map(|(name, _)| name);
    let mut names: Vec<String> = changed.chain(gone).cloned().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_counts_by_its_last_change() {
        let mut versions = FieldVersions::default();
        versions.note(2, ["title", "price"]);
        versions.note(5, ["price"]);
        let after = |version| versions.after(version).collect::<Vec<_>>();
        assert_eq!(after(1), ["price", "title"]);
        assert_eq!(after(2), ["price"]);
        assert_eq!(after(4), ["price"]);
        assert!(after(5).is_empty());
        let kept = serde_json::to_value(&versions).unwrap();
        assert_eq!(kept, json!({ "price": 5, "title": 2 }));
    }

    #[test]
    fn members_differ_by_value_and_by_being_there() {
        let (old, new) = (json!({"a": 1, "b": [1], "c": null}), json!({"a": 1, "b": [2], "d": 0}));
        assert_eq!(differing(&old, &new), ["b", "c", "d"]);
        assert!(differing(&old, &old).is_empty());
        assert!(differing(&json!(1), &json!(2)).is_empty());
    }
}
