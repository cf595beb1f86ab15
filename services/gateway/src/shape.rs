//! Reshaping messages: what a client of another system sends is made into what our services
//! understand, and their answers into what that client expects. A list of operations from the
//! routes file, one interpreter; nothing here knows routes or services.

mod apply;
mod convert;
mod form;
mod links;
mod message;
mod operation;
mod place;
mod problem;

pub(crate) use apply::apply;
pub(crate) use form::{Form, read};
pub(crate) use message::{Message, Query};
pub(crate) use operation::{Groups, Operation, Way, json, may_set};
pub(crate) use place::Misfit;
pub(crate) use problem::names;
