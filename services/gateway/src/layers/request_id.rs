//! Gives every request an id, which its answer, the log and the services carry.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::response::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::{Middleware, Refusal};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layers below find the id in the request's header.
#[derive(Clone, Copy)]
pub(crate) struct RequestId;

impl Middleware for RequestId {
    type State = HeaderValue;

    fn before(&self, request: &mut Request) -> Result<HeaderValue, Refusal> {
        let id = request_id(request.headers());
        request.headers_mut().insert(X_REQUEST_ID, id.clone());
        Ok(id)
    }

    fn after(&self, id: HeaderValue, response: &mut Response) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
}

/// The id of a request: the client's, if it is a well-formed one, or else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let decent = |it: &&HeaderValue| {
        is_decent(it.as_bytes()) && !it.to_str().is_ok_and(chassis::cards::is_in)
    };
    match headers.get(X_REQUEST_ID).filter(decent) {
        Some(id) => id.clone(),
        None => new_id(),
    }
}

fn is_decent(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id.iter().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(it))
}

/// Unique rather than random: a part for the process and a number.
fn new_id() -> HeaderValue {
    static PROCESS: LazyLock<String> = LazyLock::new(|| {
        let mut id = Uuid::new_v4().simple().to_string();
        id.truncate(16);
        id
    });
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{number:06x}", *PROCESS);
    HeaderValue::try_from(id).expect("letters, digits and a dash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_if_it_is_decent_and_else_made() {
        let id = |value| {
            let headers = [(X_REQUEST_ID, HeaderValue::from_static(value))];
            request_id(&headers.into_iter().collect())
        };
        let longest = "0123456789012345678901234567890123456789012345678901234567890123";
        for kept in ["a", "A-1_b.c", longest] {
            assert_eq!(id(kept), kept);
        }
        let too_long = "01234567890123456789012345678901234567890123456789012345678901234";
        for replaced in ["", "4242-4242-4242-4242", "a b", "a\tb", "<script>", "a,b", too_long] {
            assert_ne!(id(replaced), replaced);
            assert!(is_decent(id(replaced).as_bytes()));
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
