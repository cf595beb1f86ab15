//! The chassis: what every service stands on. It knows nothing about any of them.
//!
//! In reading order: `definition` is what a service is to whoever runs it, `service` what it is
//! made of, `system` what each shows an operator; `db` where it keeps its state; `queue` and `work`
//! what it does later; `outbox`, `bus`, `inbox` and `feed` how it tells and hears; `route` and
//! `channel` how it asks another; `auth`, `policy` who may; `extract`, `problem`, `page` what a
//! request and an answer look like, `openapi` which errors an operation has; `cards` what no text may contain, `names` what no name may.

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
pub mod channel;
pub mod context;
pub mod peers;
pub mod route;
pub mod site;
pub mod target;

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
pub mod problem;
mod secret;
mod storable;
pub mod visible;

pub mod clock;
pub mod days;
pub mod id;
pub mod money;

pub mod config;
pub mod telemetry;

pub mod fault;

#[cfg(feature = "testing")]
pub mod testing;
