//! What crosses service boundaries: for each service its internal requests and replies, its events,
//! and the client other services use; and the few types several of them share.
//!
//! An internal route is a constant next to them ([`chassis::route::Route`]): its path, its request
//! and reply as JSON, and who may call it. Clients call it through a [`chassis::channel::Channel`],
//! services and their fakes answer it, and nothing else names its path. Every call that changes
//! something is idempotent: its id is part of the request.

pub mod address;
pub mod countries;
pub mod email;
pub mod language;
pub mod phone;

pub mod cart;
pub mod catalog;
pub mod identity;
pub mod orders;
pub mod payments;
pub mod reviews;
pub mod subscriptions;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
