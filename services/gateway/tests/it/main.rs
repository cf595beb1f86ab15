//! The gateway as a client sees it, before services that stand in for the real ones.

#![expect(clippy::unwrap_used, reason = "what a test is given must be there")]

mod answers;
mod documents;
mod edge;
mod front;
mod limits;
mod pages;
mod requests;
mod routes;
mod shop;
mod uploads;
mod webhooks;
