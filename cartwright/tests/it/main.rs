//! The journeys: the whole shop, over HTTP, on every database at hand.

mod client;
mod shop;

mod buyers;
mod command_line;
mod faults;
mod input;
mod kills;
mod purchase;
mod structure;
