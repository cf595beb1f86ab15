//! Orders, over HTTP, on both databases, with stand-ins for the services it asks.

mod cancels;
mod carts;
mod checkouts;
mod holds;
mod quotes;
mod reasons;
mod refunds;
mod reports;
mod world;
