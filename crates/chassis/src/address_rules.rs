//! Whether addresses in a request must follow the rules of their country.
//!
//! They must, unless the routes file of the listener the client used says `address_rules = false`,
//! for clients of other shops that do not know these rules. The gateway passes this on: in the same
//! process as a request extension, to others in a header that a service trusts only with a service
//! token. The header is dropped from clients' requests.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// `off`; believed only beside a service token. Like every `X-Forwarded-`, it is taken from what
/// clients send.
const HEADER: HeaderName = HeaderName::from_static("x-forwarded-address-rules");
const OFF: HeaderValue = HeaderValue::from_static("off");

/// Whether addresses are held to the rules of their country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressRules {
    #[default]
    On,
    /// Addresses are kept as they come, if they are well-formed.
    Off,
}

impl AddressRules {
    /// Tells a service in another process.
    pub fn write(self, headers: &mut HeaderMap) {
        if self == Self::Off {
            headers.insert(HEADER, OFF);
        }
    }

    /// As another process of this shop passes it on.
    pub fn read(headers: &HeaderMap) -> Self {
        if headers.get(HEADER) == Some(&OFF) { Self::Off } else { Self::On }
    }

    /// Takes out what a client may have written itself.
    pub fn forget(headers: &mut HeaderMap) {
        headers.remove(HEADER);
    }
}

impl<S: Sync> FromRequestParts<S> for AddressRules {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives() {
        for rules in [AddressRules::On, AddressRules::Off] {
            let mut headers = HeaderMap::new();
            rules.write(&mut headers);
            assert_eq!(AddressRules::read(&headers), rules);
            AddressRules::forget(&mut headers);
            assert!(headers.is_empty());
        }
    }
}
