//! What can be done with a message, as a routes file writes it. docs/routes.md explains each.

mod check;
mod error;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::convert::Conversion;
use super::links::Links;
use super::place::{Place, Steps};
use super::problem::ProblemStyle;

pub use check::may_set;
pub use error::OperationError;
pub use read::json;

/// One step of reshaping. What it is about may be absent: then nothing happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    Move {
        from: Place,
        to: Place,
    },
    Copy {
        from: Place,
        to: Place,
    },
    Drop(Vec<Place>),
    /// Drops every field but these.
    Keep {
        fields: Vec<String>,
        at: Steps,
    },
    Set {
        place: Place,
        value: Value,
    },
    /// Sets what is absent or null.
    Default {
        place: Place,
        value: Source,
    },
    /// Sets what is absent to a new UUID.
    Generate(Place),
    /// One word for another.
    Map {
        place: Place,
        values: BTreeMap<String, Value>,
        otherwise: Option<Value>,
    },
    Convert {
        place: Place,
        conversion: Conversion,
    },
    /// The fields of an object become those of the object around it.
    Flatten(Steps),
    /// A text made of others.
    Text {
        parts: Vec<Part>,
        to: Place,
    },
    /// The number of elements.
    Count {
        of: Place,
        to: Place,
    },
    /// Refuses a message without it.
    Require(Vec<Place>),
    /// Where the pages before and after a page of a list are.
    Links(Links),
    /// A problem as other systems tell it.
    Problem(ProblemStyle),
    /// The operations of a group, on each value at a place as if it were the whole body.
    Use {
        operations: Arc<[Operation]>,
        at: Steps,
    },
}

/// What a default comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Constant(Value),
    Place(Place),
}

/// A piece of a text that is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Literal(String),
    Place(Place),
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Request,
    Response,
}

/// Operations with a name.
pub type Groups = BTreeMap<String, Vec<toml::Table>>;

impl Operation {
    /// What it changes.
    fn written(&self) -> Vec<&Place> {
        match self {
            Self::Move { from, to } => vec![from, to],
            Self::Copy { to, .. } | Self::Text { to, .. } | Self::Count { to, .. } => vec![to],
            Self::Drop(places) => places.iter().collect(),
            Self::Set { place, .. }
            | Self::Default { place, .. }
            | Self::Generate(place)
            | Self::Map { place, .. }
            | Self::Convert { place, .. } => vec![place],
            Self::Keep { .. }
            | Self::Flatten(_)
            | Self::Require(_)
            | Self::Links(_)
            | Self::Problem(_)
            | Self::Use { .. } => Vec::new(),
        }
    }

    fn read_only(&self) -> Vec<&Place> {
        match self {
            Self::Copy { from, .. } | Self::Count { of: from, .. } => vec![from],
            Self::Require(places) => places.iter().collect(),
            Self::Default { value: Source::Place(from), .. } => vec![from],
            Self::Text { parts, .. } => parts.iter().filter_map(Part::place).collect(),
            _ => Vec::new(),
        }
    }

    fn places(&self) -> Vec<&Place> {
        [self.written(), self.read_only()].concat()
    }

    /// Whether it looks at the body.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::Keep { .. } | Self::Flatten(_) | Self::Links(_) | Self::Problem(_) => true,
            Self::Use { operations, .. } => operations.iter().any(Self::needs_body),
            _ => self.places().iter().any(|it| it.is_body()),
        }
    }

    /// Whether it looks at who is logged in.
    pub fn needs_user(&self) -> bool {
        match self {
            Self::Use { operations, .. } => operations.iter().any(Self::needs_user),
            _ => self.places().iter().any(|it| matches!(it, Place::User(_))),
        }
    }

    /// Whether it may make this parameter of the path.
    pub fn makes_parameter(&self, parameter: &str) -> bool {
        match self {
            Self::Drop(_) => false,
            Self::Use { operations, .. } => {
                operations.iter().any(|it| it.makes_parameter(parameter))
            }
            _ => matches!(self.written().last(), Some(Place::Path(name)) if name == parameter),
        }
    }
}

impl Part {
    fn place(&self) -> Option<&Place> {
        match self {
            Self::Place(place) => Some(place),
            Self::Literal(_) => None,
        }
    }

    fn stars(&self) -> usize {
        self.place().map_or(0, Place::stars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_at_the_body_needs_it() {
        for (text, needs) in [
            ("move = 'query:a'\nto = 'query:b'", false),
            ("generate = 'header:idempotency-key'", false),
            ("move = 'query:a'\nto = 'a'", true),
            ("keep = ['a']", true),
            ("text = '{a}'\nto = 'query:b'", true),
        ] {
            let table = text.parse().unwrap();
            let operation = Operation::read(table, Way::Request, &Groups::new()).unwrap();
            assert_eq!(operation.needs_body(), needs, "{text}");
        }
    }
}
