//! What an operation may be about: what can never work, or must not, is refused when it is read.

use chassis::headers;
use http::header::{self, HeaderName};

use super::{Operation, OperationError, Part, Source, Way};
use crate::place::Place;

impl Operation {
    /// Refuses what can never work, or must not.
    pub(super) fn check(&self, way: Way) -> Result<(), OperationError> {
        for place in self.written() {
            may_write(place, way)?;
        }
        match self {
            Self::Move { from, to } | Self::Copy { from, to } => match (from.stars(), to.stars()) {
                (from, to) if from == to => Ok(()),
                (1, 0) if to.is_body() => Ok(()),
                (0, 1..) => Ok(()),
                (from, to) => Err(OperationError::Stars { from, to }),
            },
            Self::Text { to, .. } | Self::Count { to, .. } if to.stars() > 0 => {
                Err(OperationError::ManyPlaces(to.clone()))
            }
            Self::Default { place, value: Source::Place(from) } => match from.stars() {
                0 => Ok(()),
                stars if stars == place.stars() => Ok(()),
                _ => Err(OperationError::OtherStars { from: from.clone(), place: place.clone() }),
            },
            Self::Links(_) | Self::Problem(_) if way == Way::Request => {
                Err(OperationError::ForAnswers)
            }
            Self::Text { parts, .. } => match parts.iter().find(|it| it.stars() > 0) {
                Some(Part::Place(place)) => Err(OperationError::ManyPlaces(place.clone())),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn may_write(place: &Place, way: Way) -> Result<(), OperationError> {
    match place {
        Place::User(_) => Err(OperationError::Fixed(place.clone())),
        Place::Query(_) | Place::Path(_) if way == Way::Response => {
            Err(OperationError::NotOfAnswers)
        }
        Place::Header(name) => may_set(name),
        _ => Ok(()),
    }
}

/// Refuses headers no routes file may touch.
pub fn may_set(name: &HeaderName) -> Result<(), OperationError> {
    if is_ours(name) { Err(OperationError::NotToChange(name.clone())) } else { Ok(()) }
}

/// Headers that say who asks, belong to one connection, or describe the message itself.
fn is_ours(name: &HeaderName) -> bool {
    const OURS: [HeaderName; 8] = [
        header::AUTHORIZATION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::COOKIE,
        header::HOST,
        header::UPGRADE,
        header::WWW_AUTHENTICATE,
    ];
    headers::is_internal(name)
        || OURS.contains(name)
        || name.as_str().starts_with("x-request-")
        || name.as_str() == "traceparent"
}
