//! What can be wrong with an operation of a routes file.

use http::HeaderName;
use thiserror::Error;

use super::super::convert::ConversionError;
use super::super::place::{Place, PlaceError};
use super::read::{MAX_GROUPS, NAMES};

/// Why there is no such operation.
#[derive(Debug, Error)]
pub enum OperationError {
    #[error("{0:?} is no operation; there are {names}", names = NAMES.join(", "))]
    Unknown(String),
    /// In the operation or the group of this name.
    #[error("{name}: {source}")]
    In { name: String, source: Box<OperationError> },
    #[error("{}", .0.message())]
    Form(#[from] toml::de::Error),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{0} is no place")]
    NoPlace(toml::Value),
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    #[error("there is no group {group:?}; there are {groups}", groups = groups.join(", "))]
    NoGroup { group: String, groups: Vec<String> },
    #[error("{0}: groups use one another more than {MAX_GROUPS} deep")]
    TooDeep(String),
    #[error("{0} is not in the body")]
    NotInBody(Place),
    #[error("only a field can be flattened")]
    NotAField,
    #[error("value and from exclude each other")]
    ValueAndFrom,
    #[error("{0} is no JSON")]
    NoJson(f64),
    #[error("{0:?}: a {{ is not closed")]
    NotClosed(String),
    #[error(
        "{from} times * cannot become {to} times *; allowed are as many on both sides, none at \
         first (each gets it), or one and none (a list is made)"
    )]
    Stars { from: usize, to: usize },
    #[error("{0} stands for many places")]
    ManyPlaces(Place),
    #[error("{from} and {place} have not as many *")]
    OtherStars { from: Place, place: Place },
    #[error("this is for answers only")]
    ForAnswers,
    #[error("{0} cannot be changed")]
    Fixed(Place),
    #[error("an answer has neither query nor path to change")]
    NotOfAnswers,
    #[error("the header {0} is not for a route to change")]
    NotToChange(HeaderName),
}

impl OperationError {
    /// Says where it is.
    pub(super) fn of(self, name: impl Into<String>) -> Self {
        Self::In { name: name.into(), source: Box::new(self) }
    }
}
