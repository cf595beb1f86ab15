//! Fakes of services, for tests of those that ask them. A fake keeps its state in memory and
//! answers the routes the service declares, by the same rules as far as others can tell: its suite
//! says what those are, and the service's own tests run that suite too.

mod cart;
mod catalog;
mod identity;
mod orders;
mod payments;

use std::collections::HashMap;
use std::sync::Arc;

use chassis::channel::{CallError, Channel};
use chassis::problem::{Problem, Result};
use chassis::route::{Route, Routes};
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use self::cart::{Carts, carts_suite};
pub use self::catalog::{Catalog, catalog_suite, offer};
pub use self::identity::{Identity, identity_suite};
pub use self::orders::{Orders, orders_suite};
pub use self::payments::{Payments, payments_suite};

/// What fakes were asked, and what they are not to answer. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    asked: Vec<&'static str>,
    failing: HashMap<&'static str, u32>,
    unfit: HashMap<&'static str, u32>,
}

impl Calls {
    /// The route answers 503 this many more times.
    pub fn fail(&self, route: impl Into<&'static str>, times: u32) {
        locked(&self.0).failing.insert(route.into(), times);
    }

    /// The route does what it is asked and answers what does not fit, this many more times.
    pub fn misanswer(&self, route: impl Into<&'static str>, times: u32) {
        locked(&self.0).unfit.insert(route.into(), times);
    }

    /// How often the route was asked.
    pub fn asked(&self, route: impl Into<&'static str>) -> usize {
        let route = route.into();
        locked(&self.0).asked.iter().filter(|it| **it == route).count()
    }

    /// The paths that were asked, in this order.
    pub fn all(&self) -> Vec<&'static str> {
        locked(&self.0).asked.clone()
    }

    /// As if nothing had been asked.
    pub fn forget(&self) {
        locked(&self.0).asked.clear();
    }

    /// Notes a call; says whether its answer is to fit.
    fn note(&self, path: &'static str) -> Result<bool> {
        let mut noted = locked(&self.0);
        noted.asked.push(path);
        if take_one(noted.failing.get_mut(path)) {
            Err(Problem::unavailable("unavailable", "not now"))
        } else {
            Ok(!take_one(noted.unfit.get_mut(path)))
        }
    }
}

fn take_one(times: Option<&mut u32>) -> bool {
    times.is_some_and(|it| std::mem::replace(it, it.saturating_sub(1)) > 0)
}

/// What a fake knows, and the routes it answers.
pub trait FakeState: Default + Send + 'static {
    const NAME: &'static str;

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self>;
}

/// A fake of a service. Clones are the same.
#[derive(Debug)]
pub struct Fake<M> {
    state: Arc<Mutex<M>>,
    calls: Calls,
}

impl<M: FakeState> Fake<M> {
    /// One whose calls are noted together with those of others.
    pub fn noted_in(calls: &Calls) -> Self {
        Self { calls: calls.clone(), ..Self::default() }
    }

    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Its state. While this is held no call is answered.
    pub fn lock(&self) -> MutexGuard<'_, M> {
        locked(&self.state)
    }

    pub fn channel(&self) -> Channel {
        let channel = Channel::to(M::NAME);
        channel.bind(M::routes(FakeRoutes(Routes::new(self.clone()))).0);
        channel
    }
}

impl<M: FakeState> Default for Fake<M> {
    fn default() -> Self {
        Self { state: Arc::default(), calls: Calls::default() }
    }
}

impl<M> Clone for Fake<M> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), calls: self.calls.clone() }
    }
}

/// The routes of a fake.
#[derive(Debug)]
pub struct FakeRoutes<M>(Routes<Fake<M>>);

impl<M: FakeState> FakeRoutes<M> {
    fn on<Q, R>(self, route: Route<Q, R>, answer: fn(&mut M, Q) -> Result<R>) -> Self
    where
        Q: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let any = Route::<Q, Value>::post(route.path());
        Self(self.0.on(any, move |fake, request| {
            let answer = fake.calls.note(route.path()).and_then(|fits| {
                let answer = json!(answer(&mut fake.lock(), request)?);
                Ok(if fits { answer } else { json!({ "version": "another" }) })
            });
            std::future::ready(answer)
        }))
    }
}

fn locked<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock()
}

/// The code with which a call was refused.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer.expect_err("a refusal") {
        CallError::Rejected(problem) => problem.code.into_owned(),
        error => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests;
