//! Orders, over HTTP, on both databases, with fakes of the services it asks.

mod actions;
mod addresses;
mod answers;
mod cancels;
mod carts;
mod checkouts;
mod emails;
mod guests;
mod holds;
mod joins;
mod languages;
mod links;
mod lists;
mod on_shipment;
mod payments;
mod quotes;
mod reasons;
mod refunds;
mod reports;
mod shipping;
mod world;
