//! The double keeps the rules it is there for.

mod client;
mod faults;
mod idempotency;
mod payments;
mod refusals;
mod templates;
mod webhooks;
