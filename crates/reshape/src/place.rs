//! Where a value is: in a JSON body, the query, a header, the path or what is known of the user.

use std::fmt;

use chassis::money::{MAX_AMOUNT, NotACurrency};
use http::HeaderName;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// How deep a place may lie.
const MAX_STEPS: usize = 16;

/// A place as a routes file names it: `items.*.price`, `query:limit`, `header:etag`, `path:id`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Place {
    Body(Steps),
    Query(String),
    Header(HeaderName),
    /// A parameter of the path.
    Path(String),
    /// `id`, `email` or `name` of who is logged in.
    User(String),
}

/// What is done with a value, given the places of the lists passed on the way to it.
pub type Visit<'a> = dyn FnMut(&mut Value, &[usize]) -> Result<(), Misfit> + 'a;

/// The way through a body; none is the whole of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(usize),
    /// Every element of a list.
    Each,
}

/// Why a text of a routes file is no place.
#[derive(Debug, Error)]
pub enum PlaceError {
    #[error("{0:?} is not a place; write it like items.*.price, or . for the whole body")]
    NoPlace(String),
    #[error("{0:?} has nothing after the colon")]
    NoName(String),
    #[error("{0:?} is not a header name")]
    NoHeader(String),
    #[error("there is no user:{0}; use user:id, user:email or user:name")]
    NotOfUser(String),
    #[error("{0:?} is not a part of a message; use body:, query:, header:, path: or user:")]
    NoPart(String),
    #[error("{0} is too large an index")]
    TooFar(String),
    #[error("{0:?} is deeper than {MAX_STEPS} steps")]
    TooDeep(String),
}

/// What is wrong with a value, for who wrote the message.
#[derive(Debug, Error)]
pub enum Unfit {
    #[error("must be a text, a number or a boolean")]
    NotPlain,
    #[error("must be a whole number")]
    NoInteger,
    #[error("must be true or false")]
    NoBoolean,
    #[error("must be a text with commas, or a list")]
    NoList,
    #[error("must be one of {0}")]
    NoneOf(String),
    #[error("must be an amount such as 19.99")]
    NoAmount,
    #[error("must be a whole number of minor units such as 1999")]
    NoMinorUnits,
    #[error(r#"must be like {{"amount": 1999, "currency": "USD"}}"#)]
    NoMoney,
    #[error(transparent)]
    NoCurrency(#[from] NotACurrency),
    #[error("must not have more than {0} digits after the point")]
    TooPrecise(u32),
    #[error("is too large")]
    TooLarge,
    #[error("must not be beyond {MAX_AMOUNT} minor units")]
    OutOfRange,
}

impl Unfit {
    pub fn at(self, field: impl fmt::Display) -> Misfit {
        Misfit::new(field, self.to_string())
    }
}

/// A value does not fit what an operation wants to do with it.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {detail}")]
pub struct Misfit {
    /// Where, as the one who wrote the message knows it.
    pub field: String,
    pub detail: String,
}

impl Misfit {
    pub fn new(field: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self { field: field.to_string(), detail: detail.into() }
    }

    /// The same where what did not fit is only a part, at this place.
    pub fn under(self, steps: &Steps, stars: &[usize]) -> Self {
        let field = match (steps.is_whole(), self.field.as_str()) {
            (true, _) => return self,
            (false, "body") => steps.name(stars),
            (false, field) => format!("{}.{field}", steps.name(stars)),
        };
        Self { field, ..self }
    }
}

impl Place {
    /// How many `*` there are.
    pub fn stars(&self) -> usize {
        match self {
            Self::Body(steps) => steps.stars(),
            _ => 0,
        }
    }

    pub fn is_body(&self) -> bool {
        matches!(self, Self::Body(_))
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        let named = |name: &str| {
            if name.is_empty() {
                Err(PlaceError::NoName(text.clone()))
            } else {
                Ok(name.to_owned())
            }
        };
        match text.split_once(':') {
            None => Steps::parse(&text).map(Self::Body),
            Some(("body", steps)) => Steps::parse(steps).map(Self::Body),
            Some(("query", name)) => named(name).map(Self::Query),
            Some(("path", name)) => named(name).map(Self::Path),
            Some(("header", name)) => match name.to_ascii_lowercase().parse() {
                Ok(name) => Ok(Self::Header(name)),
                Err(_) => Err(PlaceError::NoHeader(name.to_owned())),
            },
            Some(("user", name @ ("id" | "email" | "name"))) => Ok(Self::User(name.to_owned())),
            Some(("user", name)) => Err(PlaceError::NotOfUser(name.to_owned())),
            Some((root, _)) => Err(PlaceError::NoPart(root.to_owned())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(steps) => steps.fmt(f),
            Self::Query(name) | Self::Path(name) => name.fmt(f),
            Self::Header(name) => name.fmt(f),
            Self::User(name) => write!(f, "user:{name}"),
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named(&[], self.0.len()))
    }
}

impl Steps {
    fn parse(text: &str) -> Result<Self, PlaceError> {
        if text == "." {
            return Ok(Self::default());
        }
        let steps = text.split('.').map(|step| match step {
            "" => Err(PlaceError::NoPlace(text.to_owned())),
            "*" => Ok(Step::Each),
            number if number.bytes().all(|it| it.is_ascii_digit()) => match number.parse() {
                Ok(index) if index < 1000 => Ok(Step::Index(index)),
                _ => Err(PlaceError::TooFar(number.to_owned())),
            },
            name => Ok(Step::Field(name.to_owned())),
        });
        let steps: Vec<Step> = steps.collect::<Result<_, PlaceError>>()?;
        match steps.len() {
            0..=MAX_STEPS => Ok(Self(steps)),
            _ => Err(PlaceError::TooDeep(text.to_owned())),
        }
    }

    pub fn stars(&self) -> usize {
        self.0.iter().filter(|it| **it == Step::Each).count()
    }

    /// Whether it is the whole body.
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// These steps and then others.
    pub fn then(&self, others: &Self) -> Self {
        Self([self.0.clone(), others.0.clone()].concat())
    }

    /// The way to the elements of the innermost list.
    pub fn to_last_star(&self) -> Option<Self> {
        let last = self.0.iter().rposition(|it| *it == Step::Each)?;
        Some(Self(self.0[..=last].to_vec()))
    }

    /// The way to the innermost list.
    pub fn to_list(&self) -> Option<Self> {
        let last = self.0.iter().rposition(|it| *it == Step::Each)?;
        Some(Self(self.0[..last].to_vec()))
    }

    /// A field of it.
    pub fn field(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Field(name.to_owned()));
        Self(steps)
    }

    /// Without the last step, if that is a field.
    pub fn parent(&self) -> Option<Self> {
        let (last, parents) = self.0.split_last()?;
        matches!(last, Step::Field(_)).then(|| Self(parents.to_vec()))
    }

    /// The first steps as people write them: `items[0].price`.
    fn named(&self, stars: &[usize], length: usize) -> String {
        let mut name = String::new();
        let mut stars = stars.iter();
        for step in self.0.iter().take(length) {
            match step {
                Step::Field(field) if name.is_empty() => name.push_str(field),
                Step::Field(field) => name.push_str(&format!(".{field}")),
                Step::Index(index) => name.push_str(&format!("[{index}]")),
                Step::Each => match stars.next() {
                    Some(index) => name.push_str(&format!("[{index}]")),
                    None => name.push_str("[*]"),
                },
            }
        }
        if name.is_empty() { "body".to_owned() } else { name }
    }

    /// Calls `f` with every value that is there, and the places of the lists passed on the way.
    /// Nothing and null have no fields and no elements; other values that have none do not fit.
    pub fn each(&self, value: &mut Value, f: &mut Visit<'_>) -> Result<(), Misfit> {
        self.descend(value, 0, &mut Vec::new(), f)
    }

    fn descend(
        &self,
        value: &mut Value,
        at: usize,
        stars: &mut Vec<usize>,
        f: &mut Visit<'_>,
    ) -> Result<(), Misfit> {
        let Some(step) = self.0.get(at) else { return f(value, stars) };
        match (step, value) {
            (_, Value::Null) => Ok(()),
            (Step::Field(name), Value::Object(fields)) => match fields.get_mut(name) {
                Some(value) => self.descend(value, at + 1, stars, f),
                None => Ok(()),
            },
            (Step::Index(index), Value::Array(items)) => match items.get_mut(*index) {
                Some(value) => self.descend(value, at + 1, stars, f),
                None => Ok(()),
            },
            (Step::Each, Value::Array(items)) => {
                for (index, value) in items.iter_mut().enumerate() {
                    stars.push(index);
                    self.descend(value, at + 1, stars, f)?;
                    stars.pop();
                }
                Ok(())
            }
            (Step::Field(_), _) => Err(Misfit::new(self.named(stars, at), "must be an object")),
            (_, _) => Err(Misfit::new(self.named(stars, at), "must be a list")),
        }
    }

    /// The places of the lists on the way to each value that is there.
    pub fn matches(&self, value: &mut Value) -> Result<Vec<Vec<usize>>, Misfit> {
        let mut found = Vec::new();
        self.each(value, &mut |_, stars| {
            found.push(stars.to_vec());
            Ok(())
        })?;
        Ok(found)
    }

    /// The name of one of the values.
    pub fn name(&self, stars: &[usize]) -> String {
        self.named(stars, self.0.len())
    }

    /// Takes the value at one place out, where it is there. What follows it in a list moves up.
    pub fn take(&self, value: &mut Value, stars: &[usize]) -> Option<Value> {
        let Some((last, parents)) = self.0.split_last() else {
            return Some(std::mem::take(value));
        };
        let mut stars = stars.iter();
        let parent = parents.iter().try_fold(value, |value, step| match step {
            Step::Field(name) => value.get_mut(name),
            Step::Index(index) => value.get_mut(index),
            Step::Each => value.get_mut(stars.next()?),
        })?;
        let index = match last {
            Step::Field(name) => return parent.as_object_mut()?.remove(name),
            Step::Index(index) => *index,
            Step::Each => *stars.next()?,
        };
        let items = parent.as_array_mut()?;
        (index < items.len()).then(|| items.remove(index))
    }

    /// Puts a value at one place, making the objects and lists on the way.
    pub fn put(&self, value: &mut Value, stars: &[usize], new: Value) -> Result<(), Misfit> {
        let mut rest = stars.iter();
        let mut place = value;
        for (at, step) in self.0.iter().enumerate() {
            let index = match step {
                Step::Field(name) => {
                    if place.is_null() {
                        *place = Value::Object(Map::new());
                    }
                    let Value::Object(fields) = place else {
                        return Err(Misfit::new(self.named(stars, at), "must be an object"));
                    };
                    place = fields.entry(name).or_insert(Value::Null);
                    continue;
                }
                Step::Index(index) => *index,
                Step::Each => rest.next().copied().unwrap_or_default(),
            };
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(items) = place else {
                return Err(Misfit::new(self.named(stars, at), "must be a list"));
            };
            if index == items.len() {
                items.push(Value::Null);
            }
            let length = items.len();
            place = items.get_mut(index).ok_or_else(|| {
                let detail = format!("has {length} elements, so none can be put at {index}");
                Misfit::new(self.named(stars, at), detail)
            })?;
        }
        *place = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(text: &str) -> Steps {
        Steps::parse(text).unwrap()
    }

    #[test]
    fn a_place_is_written_with_dots() {
        for (text, shown) in [
            (".", "body"),
            ("price", "price"),
            ("items.*.price", "items[*].price"),
            ("body:variants.0.sku", "variants[0].sku"),
            ("query:limit", "limit"),
            ("header:Idempotency-Key", "idempotency-key"),
            ("path:id", "id"),
            ("user:email", "user:email"),
        ] {
            assert_eq!(Place::try_from(text.to_owned()).unwrap().to_string(), shown, "{text}");
        }
        let deep = ["a"; 17].join(".");
        for wrong in
            ["", "a..b", ".a", "query:", "header:a b", "cookie:a", "user:roles", "a.1000", &deep]
        {
            assert!(Place::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_found_and_what_does_not_fit_is_named() {
        let mut body = json!({ "items": [{ "price": 1 }, {}, { "price": 3 }], "name": "x" });
        assert_eq!(steps("items.*.price").matches(&mut body).unwrap(), [[0], [2]]);
        assert_eq!(steps("missing.*.price").matches(&mut body).unwrap(), Vec::<Vec<usize>>::new());
        assert_eq!(steps("name.first").matches(&mut body).unwrap_err().field, "name");
        assert_eq!(
            steps("items.*.price.x").matches(&mut body).unwrap_err().field,
            "items[0].price"
        );
        assert_eq!(steps("name.*").matches(&mut body).unwrap_err().detail, "must be a list");
    }

    #[test]
    fn values_are_put_where_nothing_was() {
        let mut body = Value::Null;
        steps("a.b.0.c").put(&mut body, &[], json!(1)).unwrap();
        assert_eq!(body, json!({ "a": { "b": [{ "c": 1 }] } }));
        steps("a.b.*.c").put(&mut body, &[1], json!(2)).unwrap();
        assert_eq!(body, json!({ "a": { "b": [{ "c": 1 }, { "c": 2 }] } }));
        assert_eq!(steps("a.b.7").put(&mut body, &[], json!(1)).unwrap_err().field, "a.b");
        assert_eq!(
            steps("a.x.y").put(&mut json!({ "a": 1 }), &[], json!(1)).unwrap_err().field,
            "a"
        );
        steps(".").put(&mut body, &[], json!(7)).unwrap();
        assert_eq!(body, json!(7));
    }

    #[test]
    fn values_are_taken_out() {
        let mut body = json!({ "a": { "b": 1 }, "list": [1, 2, 3] });
        assert_eq!(steps("a.b").take(&mut body, &[]), Some(json!(1)));
        assert_eq!(steps("a.b").take(&mut body, &[]), None);
        assert_eq!(steps("list.*").take(&mut body, &[1]), Some(json!(2)));
        assert_eq!(steps("list.5").take(&mut body, &[]), None);
        assert_eq!(body, json!({ "a": {}, "list": [1, 3] }));
        assert_eq!(steps(".").take(&mut body, &[]), Some(json!({ "a": {}, "list": [1, 3] })));
    }
}
