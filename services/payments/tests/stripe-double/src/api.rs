//! The endpoints of the API: which parameters each takes, who may ask, and what it does.

mod account;
mod customers;
mod intents;
mod lists;
mod means;
mod refunds;
mod tokens;

use serde_json::{Map, Value};

use crate::error::{Answer, ApiError};
use crate::spec::Spec;
use crate::world::World;

/// A request that is being executed.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    /// The id in the path; empty if there is none.
    pub(crate) id: &'a str,
    pub(crate) params: &'a Map<String, Value>,
    /// Whether it has only the publishable key.
    pub(crate) is_public: bool,
    pub(crate) path: &'a str,
}

impl Call<'_> {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.params.get(name)?.as_i64()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.params.get(name) == Some(&Value::Bool(true))
    }

    pub(crate) fn value(&self, name: &str) -> Value {
        self.params.get(name).cloned().unwrap_or_default()
    }

    /// Those of these parameters that were given, as fields of an object.
    pub(crate) fn fields(&self, names: &[&str]) -> Value {
        let given = names.iter().filter_map(|it| Some((*it, self.params.get(*it)?.clone())));
        given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    }
}

/// Which keys an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Secret,
    /// Stripe.js alone.
    Publishable,
    Either,
}

/// An endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    method: &'static str,
    path: &'static str,
    pub(crate) spec: Spec,
    pub(crate) access: Access,
    pub(crate) run: fn(&mut Call<'_>) -> Answer,
}

const fn endpoint(
    method: &'static str,
    path: &'static str,
    spec: Spec,
    run: fn(&mut Call<'_>) -> Answer,
) -> Endpoint {
    Endpoint { method, path, spec, access: Access::Secret, run }
}

impl Endpoint {
    const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The id in the path, if the path is this endpoint's.
    fn matches<'a>(&self, method: &str, path: &'a str) -> Option<&'a str> {
        let (mut id, mut given) = ("", path.split('/'));
        for part in self.path.split('/') {
            let given = given.next()?;
            if part == "{id}" && !given.is_empty() {
                id = given;
            } else if part != given {
                return None;
            }
        }
        (given.next().is_none() && method == self.method).then_some(id)
    }
}

/// The endpoint of a request, and the id in its path.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Answer<(&'static Endpoint, &'a str)> {
    let groups = [
        intents::ENDPOINTS,
        refunds::ENDPOINTS,
        tokens::ENDPOINTS,
        customers::ENDPOINTS,
        account::ENDPOINTS,
    ];
    let mut all = groups.into_iter().flatten();
    let found = all.find_map(|it| Some((it, it.matches(method, path)?)));
    found.ok_or_else(|| {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        ApiError::new(404, "invalid_request_error", message)
    })
}
