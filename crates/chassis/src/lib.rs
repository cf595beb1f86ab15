//! The chassis: what every service is built on. It knows no service.
//!
//! In reading order: `definition` describes a service to the program, `service` is what one
//! consists of, `system` its routes for operators; `db` is storage; `queue` and `work` are deferred
//! work; `outbox`, `bus`, `inbox` and `feed` are events; `webhooks` is what other
//! companies tell; `route` and `channel` are calls to other
//! services; `auth` and `policy` are access control; `extract`, `problem` and `page` are requests
//! and answers, `openapi` the errors of an operation; `cards` and `names` are rules for texts people write.

extern crate self as chassis;

pub use secret::Secret;

pub mod coding;
pub mod definition;
pub mod headers;
pub mod openapi;
pub mod service;
mod system;

pub mod db;

pub mod queue;
pub mod work;

pub mod bus;
pub mod feed;
pub mod inbox;
pub mod outbox;

pub mod address_rules;
pub mod call_target;
pub mod channel;
pub mod context;
pub mod forwarded;
pub mod route;
pub mod service_tokens;

pub mod cache;
pub mod threads;

pub mod auth;
pub mod policy;
pub mod quota;

pub mod cards;
pub mod extract;
pub mod idempotency;
pub mod if_match;
pub mod names;
pub mod page;
pub mod page_sources;
pub mod problem;
mod secret;
pub mod setup;
mod storable;
pub mod visible;
pub mod webhooks;

pub mod clock;
pub mod days;
pub mod id;
pub mod money;

pub mod config;
pub mod shop;
pub mod telemetry;

pub mod fault;

#[cfg(feature = "testing")]
pub mod testing;
