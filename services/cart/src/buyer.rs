//! Who is buying: a user, a guest with a cart token, or somebody without either.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::auth::Principal;
use chassis::problem::Problem;
use sha2::{Digest, Sha256};

use crate::model::Owner;

/// Carries a guest's token, both ways.
pub(crate) const TOKEN_HEADER: &str = "x-cart-token";

/// How many random bytes a token stands for.
const TOKEN_BYTES: usize = 32;

/// What a guest shows to get to the cart. Anyone who has it has the cart, so it is neither logged
/// nor stored.
#[derive(Clone)]
pub(crate) struct Token(String);

/// The sender of a request. A Bearer token wins over a cart token.
pub(crate) enum Buyer {
    User(uuid::Uuid),
    Guest(Token),
    /// No token, or one that was never issued.
    Nobody,
}

impl Token {
    pub(crate) fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>()))
    }

    /// The token a client sent, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == TOKEN_BYTES).then(|| Self(text.to_owned()))
    }

    /// The token in the header, if there is one of the right form.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get(TOKEN_HEADER)?.to_str().ok().and_then(Self::parse)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored of it. The token is 256 random bits, so one round of SHA-256 is enough.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl Buyer {
    pub(crate) fn owner(&self) -> Option<Owner> {
        match self {
            Self::User(id) => Some(Owner::User(*id)),
            Self::Guest(token) => Some(Owner::Guest(token.hash())),
            Self::Nobody => None,
        }
    }

    /// The guest's token.
    pub(crate) fn token(&self) -> Option<&Token> {
        match self {
            Self::Guest(token) => Some(token),
            Self::User(_) | Self::Nobody => None,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Buyer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(principal) = parts.extensions.get::<Principal>() {
            return Ok(Self::User(principal.id()));
        }
        Ok(Token::of(&parts.headers).map_or(Self::Nobody, Self::Guest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_issued() {
        let token = Token::new();
        assert_eq!(Token::parse(token.as_str()).map(|it| it.hash()), Some(token.hash()));
        assert_ne!(token.hash(), Token::new().hash());
        assert!(!token.hash().contains(token.as_str()));
    }

    #[test]
    fn what_was_never_issued_is_no_token() {
        for text in ["", "abc", "é", &"A".repeat(42), &"A".repeat(44), &"=".repeat(43)] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
