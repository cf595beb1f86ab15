//! Payments over HTTP, on every database: what other services call, and what clients see.

mod access;
mod captures;
mod client;
mod lists;
mod refunds;
mod saved;
mod shop;
