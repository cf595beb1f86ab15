//! What can be wrong with an operation of a routes file.

use http::HeaderName;
use thiserror::Error;

use super::super::convert::ConversionError;
use super::super::place::{Place, PlaceError};
use super::read::{MAX_GROUPS, NAMES};

/// Why there is no such operation.
#[derive(Debug, Error)]
pub enum OperationError {
    #[error("{0:?} is not an operation; use one of {names}", names = NAMES.join(", "))]
    Unknown(String),
    /// In the operation or the group of this name.
    #[error("{name}: {source}")]
    In { name: String, source: Box<OperationError> },
    #[error("{}", .0.message())]
    Form(#[from] toml::de::Error),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{0} is not a place")]
    NoPlace(toml::Value),
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    #[error("there is no group {group:?}; use one of {groups}", groups = groups.join(", "))]
    NoGroup { group: String, groups: Vec<String> },
    #[error("{0}: groups are nested more than {MAX_GROUPS} deep")]
    TooDeep(String),
    #[error("{0} is not in the body")]
    NotInBody(Place),
    #[error("only a field can be flattened")]
    NotAField,
    #[error("value and from cannot be combined")]
    ValueAndFrom,
    #[error("{0} is not valid JSON")]
    NoJson(f64),
    #[error("{0:?}: a {{ is never closed")]
    NotClosed(String),
    #[error(
        "{from} times * cannot become {to} times *; use the same number on both sides, none on the \
         left (every element gets the value), or one on the left and none on the right (a list)"
    )]
    Stars { from: usize, to: usize },
    #[error("{0} matches many places; name one")]
    ManyPlaces(Place),
    #[error("{from} and {place} must have the same number of *")]
    OtherStars { from: Place, place: Place },
    #[error("this operation is for answers only")]
    ForAnswers,
    #[error("{0} cannot be changed")]
    Fixed(Place),
    #[error("the query and path of the request cannot be changed in an answer")]
    NotOfAnswers,
    #[error("a route may not change the header {0}")]
    NotToChange(HeaderName),
}

impl OperationError {
    /// Says where it is.
    pub(super) fn of(self, name: impl Into<String>) -> Self {
        Self::In { name: name.into(), source: Box::new(self) }
    }
}
