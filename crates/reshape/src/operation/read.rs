//! Reading an operation as a routes file writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Groups, Operation, OperationError, Part, Source, Way};
use crate::convert::Conversion;
use crate::place::{Place, Steps};
use crate::problem::ProblemStyle;

// Links have a `default` too.
pub(super) const NAMES: [&str; 16] = [
    "move", "copy", "drop", "keep", "set", "links", "default", "generate", "map", "convert",
    "flatten", "text", "count", "require", "problem", "use",
];

/// How deep groups may use one another.
pub(super) const MAX_GROUPS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    #[serde(alias = "move", alias = "copy", alias = "count")]
    from: Place,
    to: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignment {
    #[serde(alias = "set")]
    place: Place,
    value: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaulted {
    default: Place,
    value: Option<toml::Value>,
    from: Option<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Problems {
    problem: ProblemStyle,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Used {
    #[serde(rename = "use")]
    group: String,
    at: Option<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(alias = "drop", alias = "require")]
    places: OneOrMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    generate: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    keep: Vec<String>,
    at: Option<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapped {
    map: Place,
    values: BTreeMap<String, toml::Value>,
    #[serde(rename = "else")]
    otherwise: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Converted {
    convert: Place,
    from: Option<String>,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    flatten: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Composed {
    text: String,
    to: Place,
}

#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
struct OneOrMany(Vec<Place>);

impl TryFrom<toml::Value> for OneOrMany {
    type Error = OperationError;

    fn try_from(value: toml::Value) -> Result<Self, OperationError> {
        let texts = match value {
            toml::Value::Array(items) => items,
            one => vec![one],
        };
        let places = texts.into_iter().map(|it| match it {
            toml::Value::String(text) => Ok(Place::try_from(text)?),
            other => Err(OperationError::NoPlace(other)),
        });
        places.collect::<Result<_, _>>().map(Self)
    }
}

impl Operation {
    /// Reads one operation for a message that goes this way.
    pub fn read(table: toml::Table, way: Way, groups: &Groups) -> Result<Self, OperationError> {
        Self::read_at(table, way, groups, 0)
    }

    fn read_at(
        table: toml::Table,
        way: Way,
        groups: &Groups,
        depth: usize,
    ) -> Result<Self, OperationError> {
        let Some(name) = NAMES.into_iter().find(|it| table.contains_key(*it)) else {
            let given = table.keys().next().map_or("nothing", String::as_str);
            return Err(OperationError::Unknown(given.to_owned()));
        };
        let operation = match name {
            "use" => Self::group(get(table)?, way, groups, depth),
            name => Self::of(name, table),
        };
        let checked = operation.and_then(|it| it.check(way).map(|()| it));
        checked.map_err(|error| error.of(name))
    }

    fn group(used: Used, way: Way, groups: &Groups, depth: usize) -> Result<Self, OperationError> {
        let Used { group, at } = used;
        let Some(tables) = groups.get(&group) else {
            let groups = groups.keys().cloned().collect();
            return Err(OperationError::NoGroup { group, groups });
        };
        if depth == MAX_GROUPS {
            return Err(OperationError::TooDeep(group));
        }
        let operations = tables.iter().map(|it| {
            let read = Self::read_at(it.clone(), way, groups, depth + 1);
            read.map_err(|error| error.of(&group))
        });
        let operations = operations.collect::<Result<_, _>>()?;
        Ok(Self::Use { operations, at: at.map_or(Ok(Steps::default()), body)? })
    }

    fn of(name: &str, table: toml::Table) -> Result<Self, OperationError> {
        Ok(match name {
            "move" => {
                let Transfer { from, to } = get(table)?;
                Self::Move { from, to }
            }
            "copy" => {
                let Transfer { from, to } = get(table)?;
                Self::Copy { from, to }
            }
            "count" => {
                let Transfer { from: of, to } = get(table)?;
                Self::Count { of, to }
            }
            "drop" => Self::Drop(get::<Listed>(table)?.places.0),
            "require" => Self::Require(get::<Listed>(table)?.places.0),
            "keep" => {
                let Kept { keep, at } = get(table)?;
                Self::Keep { fields: keep, at: at.map_or(Ok(Steps::default()), body)? }
            }
            "set" => {
                let Assignment { place, value } = get(table)?;
                Self::Set { place, value: value.map_or(Ok(Value::Null), json)? }
            }
            "default" => {
                let Defaulted { default, value, from } = get(table)?;
                let value = match (value, from) {
                    (Some(_), Some(_)) => return Err(OperationError::ValueAndFrom),
                    (None, Some(from)) => Source::Place(from),
                    (value, None) => Source::Constant(value.map_or(Ok(Value::Null), json)?),
                };
                Self::Default { place: default, value }
            }
            "links" => Self::Links(get(table)?),
            "problem" => Self::Problem(get::<Problems>(table)?.problem),
            "generate" => Self::Generate(get::<Generated>(table)?.generate),
            "map" => {
                let Mapped { map, values, otherwise } = get(table)?;
                let values = values.into_iter().map(|(word, it)| Ok((word, json(it)?)));
                Self::Map {
                    place: map,
                    values: values.collect::<Result<_, OperationError>>()?,
                    otherwise: otherwise.map(json).transpose()?,
                }
            }
            "convert" => {
                let Converted { convert, from, to } = get(table)?;
                let conversion = Conversion::named(from.as_deref(), &to)?;
                Self::Convert { place: convert, conversion }
            }
            "flatten" => {
                let steps = body(get::<Flattened>(table)?.flatten)?;
                steps.parent().ok_or(OperationError::NotAField)?;
                Self::Flatten(steps)
            }
            _ => {
                let Composed { text, to } = get(table)?;
                Self::Text { parts: parts(&text)?, to }
            }
        })
    }
}

fn get<T: serde::de::DeserializeOwned>(table: toml::Table) -> Result<T, OperationError> {
    Ok(table.try_into()?)
}

fn body(place: Place) -> Result<Steps, OperationError> {
    match place {
        Place::Body(steps) => Ok(steps),
        other => Err(OperationError::NotInBody(other)),
    }
}

/// TOML has no null, JSON no times.
pub fn json(value: toml::Value) -> Result<Value, OperationError> {
    Ok(match value {
        toml::Value::String(it) => it.into(),
        toml::Value::Integer(it) => it.into(),
        toml::Value::Boolean(it) => it.into(),
        toml::Value::Datetime(it) => it.to_string().into(),
        toml::Value::Float(it) => {
            serde_json::Number::from_f64(it).ok_or(OperationError::NoJson(it))?.into()
        }
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(fields) => {
            let fields = fields.into_iter().map(|(name, it)| Ok((name, json(it)?)));
            Value::Object(fields.collect::<Result<_, OperationError>>()?)
        }
    })
}

/// Reads `{first_name} {last_name}`.
fn parts(text: &str) -> Result<Vec<Part>, OperationError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('{') {
        let open = || OperationError::NotClosed(text.to_owned());
        let (place, after) = after.split_once('}').ok_or_else(open)?;
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
        parts.push(Part::Place(Place::try_from(place.to_owned())?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, way: Way) -> Result<Operation, OperationError> {
        let groups: toml::Table = "a = [{use = 'a'}]\nb = [{drop = 'x'}]".parse().unwrap();
        Operation::read(text.parse().unwrap(), way, &groups.try_into().unwrap())
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (text, reason) in [
            ("colour = 'a'", "use one of move, copy"),
            ("", "nothing"),
            ("move = 'a'", "to"),
            ("move = 'a'\nto = 'b'\nwith = 'c'", "with"),
            ("move = 7\nto = 'b'", "string"),
            ("move = 'a..b'\nto = 'b'", "not a place"),
            ("move = 'cookie:a'\nto = 'b'", "not a part of a message"),
            ("move = 'a.*.b'\nto = 'c.*.d.*'", "cannot become"),
            ("move = 'a.*.b.*'\nto = 'c'", "cannot become"),
            ("move = 'a.*'\nto = 'query:a'", "cannot become"),
            ("move = 'user:id'\nto = 'a'", "cannot be changed"),
            ("drop = ['a', 7]", "7 is not a place"),
            ("set = 'header:x-user-id'\nvalue = '1'", "x-user-id"),
            ("set = 'header:Authorization'\nvalue = '1'", "authorization"),
            ("drop = 'header:connection'", "connection"),
            ("set = 'header:transfer-encoding'\nvalue = 'chunked'", "transfer-encoding"),
            ("default = 'a'\nvalue = 1\nfrom = 'b'", "cannot be combined"),
            ("default = 'a'\nfrom = 'b.*'", "the same number of *"),
            ("use = 'c'", "use one of a, b"),
            ("use = 'a'", "deep"),
            ("use = 'b'\nat = 'query:a'", "not in the body"),
            ("problem = 'list'", "answers only"),
            ("problem = 'much'", "by_field"),
            ("set = 'a'\nvalue = nan", "not valid JSON"),
            ("flatten = '.'", "only a field"),
            ("flatten = 'query:a'", "not in the body"),
            ("keep = 'a'", "sequence"),
            ("convert = 'a'\nto = 'money'", "needs `from`"),
            ("text = 'a {b'\nto = 'c'", "never closed"),
            ("text = '{a.*}'\nto = 'c'", "many places"),
            ("text = '{a}'\nto = 'c.*'", "many places"),
            ("map = 'a'", "values"),
        ] {
            let error = read(text, Way::Request).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let error = read("set = 'query:a'\nvalue = 1", Way::Response).unwrap_err().to_string();
        assert!(error.contains("query and path"), "{error}");
    }
}
