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

pub use apply::apply;
pub use form::{Form, read};
pub use message::{Message, Query};
pub use operation::{Groups, Operation, OperationError, Way, json, may_set};
pub use place::Misfit;
pub use problem::names;
