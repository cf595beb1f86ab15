//! What operations work on: one request or answer, taken apart.

use std::sync::Arc;

use chassis::auth::Principal;
use http::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::place::{Misfit, Place, Steps, Unfit, Visit};

/// A request or an answer while it is reshaped.
#[derive(Debug, Default)]
pub struct Message {
    /// Null where there is none, or where no operation looks at it.
    pub body: Value,
    /// Of the request, also while its answer is reshaped.
    pub query: Query,
    pub headers: HeaderMap,
    /// The parameters of the request's path.
    pub path: Vec<(String, String)>,
    pub user: Option<Principal>,
    /// The address the client asked for, without its query.
    pub address: String,
    /// What the fields the service knows are called by the client.
    pub names: Arc<[(String, String)]>,
}

/// A query, decoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pairs: Vec<(String, String)>,
    /// Whether it is another one than that which was read.
    pub changed: bool,
}

impl Query {
    pub fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { pairs, changed: false }
    }

    /// The first value of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(it, _)| it == name).map(|(_, it)| it.as_str());
        values.find(|it| !it.is_empty())
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.remove(name);
        self.pairs.push((name.to_owned(), value));
        self.changed = true;
    }

    pub fn remove(&mut self, name: &str) {
        let before = self.pairs.len();
        self.pairs.retain(|(it, _)| it != name);
        self.changed |= self.pairs.len() != before;
    }

    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
}

impl Message {
    /// The value at a place outside the body.
    fn get(&self, place: &Place) -> Option<Value> {
        let text = match place {
            Place::Body(_) => return None,
            Place::Query(name) => self.query.get(name).map(str::to_owned),
            Place::Header(name) => {
                let value = self.headers.get(name).and_then(|it| it.to_str().ok());
                value.map(str::to_owned)
            }
            Place::Path(name) => {
                self.path.iter().find(|(it, _)| it == name).map(|(_, it)| it.clone())
            }
            Place::User(name) => self.user.as_ref().map(|user| match name.as_str() {
                "email" => user.email().to_owned(),
                "name" => user.name().to_owned(),
                _ => user.id().to_string(),
            }),
        };
        text.map(Value::String)
    }

    /// The values at a place, each with the places of the lists on the way to it.
    pub fn values(&mut self, place: &Place) -> Result<Vec<(Vec<usize>, Value)>, Misfit> {
        let Place::Body(steps) = place else {
            return Ok(self.get(place).map(|it| (Vec::new(), it)).into_iter().collect());
        };
        let mut values = Vec::new();
        steps.each(&mut self.body, &mut |value, stars| {
            values.push((stars.to_vec(), value.clone()));
            Ok(())
        })?;
        Ok(values)
    }

    /// Takes the values at a place out.
    pub fn take(&mut self, place: &Place) -> Result<Vec<(Vec<usize>, Value)>, Misfit> {
        let Place::Body(steps) = place else {
            let values = self.values(place)?;
            match place {
                Place::Query(name) => self.query.remove(name),
                Place::Header(name) => drop(self.headers.remove(name)),
                Place::Path(name) => self.path.retain(|(it, _)| it != name),
                Place::Body(_) | Place::User(_) => {}
            }
            return Ok(values);
        };
        let matches = steps.matches(&mut self.body)?;
        // From the end, because what follows an element of a list moves up when it is taken.
        let taken = matches.into_iter().rev().filter_map(|stars| {
            let value = steps.take(&mut self.body, &stars)?;
            Some((stars, value))
        });
        let mut taken: Vec<_> = taken.collect();
        taken.reverse();
        Ok(taken)
    }

    pub fn put(&mut self, place: &Place, stars: &[usize], value: Value) -> Result<(), Misfit> {
        let Place::Body(steps) = place else {
            return match text(&value) {
                Some(text) => self.put_text(place, text),
                None if value.is_null() => self.take(place).map(drop),
                None => Err(Unfit::NotPlain.at(place)),
            };
        };
        steps.put(&mut self.body, stars, value)
    }

    fn put_text(&mut self, place: &Place, text: String) -> Result<(), Misfit> {
        match place {
            Place::Query(name) => self.query.set(name, text),
            Place::Header(name) => {
                let value = HeaderValue::try_from(text)
                    .map_err(|_| Misfit::new(place, "holds a character no header may have"))?;
                self.headers.insert(name, value);
            }
            Place::Path(name) => {
                self.path.retain(|(it, _)| it != name);
                self.path.push((name.clone(), text));
            }
            Place::Body(_) | Place::User(_) => {}
        }
        Ok(())
    }

    /// Changes every value at a place.
    pub fn update(
        &mut self,
        place: &Place,
        f: impl Fn(&Value) -> Result<Option<Value>, Unfit>,
    ) -> Result<(), Misfit> {
        let Place::Body(steps) = place else {
            let Some(value) = self.get(place) else { return Ok(()) };
            return match f(&value).map_err(|it| it.at(place))? {
                Some(new) => self.put(place, &[], new),
                None => Ok(()),
            };
        };
        steps.each(&mut self.body, &mut |value, stars| {
            if let Some(new) = f(value).map_err(|it| it.at(steps.name(stars)))? {
                *value = new;
            }
            Ok(())
        })
    }

    /// Calls `f` with the body's values at `steps`.
    pub fn each(&mut self, steps: &Steps, f: &mut Visit<'_>) -> Result<(), Misfit> {
        steps.each(&mut self.body, f)
    }
}

/// A value without fields and elements as a query, a header or a path has it.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(it) => Some(it.to_string()),
        _ => None,
    }
}
