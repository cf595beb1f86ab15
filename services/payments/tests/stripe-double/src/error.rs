//! Errors as the API answers them ("Errors" and "Error codes" in Stripe's API reference).

use serde_json::{Map, Value, json};

/// What a request ends with: an object, or an error.
pub(crate) type Answer<T = Value> = Result<T, ApiError>;

/// An error, with its HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    error: Map<String, Value>,
    /// The id that is not there, if that is why.
    missing: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        let mut error = Map::new();
        error.insert("type".to_owned(), json!(kind));
        error.insert("message".to_owned(), json!(message.into()));
        Self { status, error, missing: None }
    }

    /// 400: what is asked for is not possible.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// 402: the bank said no.
    pub(crate) fn card(code: &str, message: &str) -> Self {
        Self::new(402, "card_error", message).code(code)
    }

    /// 500, which says nothing about what was done.
    pub(crate) fn internal() -> Self {
        Self::new(500, "api_error", "An error occurred on our end.")
    }

    pub(crate) fn code(self, code: &str) -> Self {
        let url = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        self.with("code", json!(code)).with("doc_url", json!(url))
    }

    pub(crate) fn param(self, param: &str) -> Self {
        self.with("param", json!(param))
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.error.insert(name.to_owned(), value);
        self
    }

    /// The error without its envelope, as it stands in `last_payment_error`.
    pub(crate) fn object(&self) -> Value {
        Value::Object(self.error.clone())
    }

    /// If an object is missing here and there in the other mode, that is said.
    pub(crate) fn hint(mut self, elsewhere: impl Fn(&str) -> bool) -> Self {
        if let Some(id) = self.missing.as_deref().filter(|it| elsewhere(it)) {
            let message = format!(
                "No such object: '{id}'; a similar object exists in the other mode, but a key of \
                 this mode was used to make this request."
            );
            self.error.insert("message".to_owned(), json!(message));
        }
        self
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "error": self.error })
    }
}

/// There is no such object for this key. In a parameter that is a 400, in the path a 404.
pub(crate) fn missing(noun: &str, id: &str, param: Option<&str>) -> ApiError {
    let status = if param.is_some() { 400 } else { 404 };
    let message = format!("No such {noun}: '{id}'");
    let error = ApiError::new(status, "invalid_request_error", message).code("resource_missing");
    let mut error = error.param(param.unwrap_or("id"));
    error.missing = Some(id.to_owned());
    error
}
