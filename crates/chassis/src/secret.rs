//! Secrets in memory: passwords, tokens, keys.

use std::fmt;
use std::ops::{Deref, DerefMut};

use garde::rules::length::chars::HasChars;
use garde::rules::length::simple::HasSimpleLength;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::config::MASK;

/// A secret. It shows nothing of itself, so that what has one can derive `Debug`, and its memory is
/// overwritten when it is dropped. Code that reads it uses it as what it is; JSON and settings have
/// it plain, since it has to get to where it is used.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub struct Secret<T: Zeroize = String>(Zeroizing<T>);

impl<T: Zeroize> Deref for Secret<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> DerefMut for Secret<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(secret: T) -> Self {
        Self(secret.into())
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        secret.to_owned().into()
    }
}

/// For what is to be sent or stored.
impl From<Secret> for String {
    fn from(mut secret: Secret) -> Self {
        std::mem::take(&mut secret)
    }
}

crate::stored_as!(Secret as String);

/// For `#[garde(length(chars, ..))]`.
impl HasChars for Secret {
    fn num_chars(&self) -> usize {
        self.chars().count()
    }
}

/// For `#[garde(length(..))]`: in bytes, as of a plain text.
impl HasSimpleLength for Secret {
    fn length(&self) -> usize {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(*secret, "hunter2");
        assert_eq!(String::from(secret), "hunter2");
    }

    #[test]
    fn a_secret_is_plain_where_it_is_sent() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(secret, Secret::from("hunter2"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
    }

    #[test]
    fn a_dropped_secret_is_overwritten() {
        struct Watched<'a>(&'a std::cell::Cell<bool>);
        impl Zeroize for Watched<'_> {
            fn zeroize(&mut self) {
                self.0.set(true);
            }
        }
        let overwritten = std::cell::Cell::new(false);
        drop(Secret::from(Watched(&overwritten)));
        assert!(overwritten.get());
    }
}
