//! Message transformation: requests of other systems' clients become requests to our services, and
//! our answers become what those clients expect. It runs a list of operations from the routes file
//! and knows neither routes nor services.

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
