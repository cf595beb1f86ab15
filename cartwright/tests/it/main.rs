//! The journeys: the whole shop, over HTTP, on every database at hand.

mod client;
mod load;
mod program;
#[allow(dead_code, reason = "shared with the tests of the engines")]
#[path = "../../../crates/engines/tests/it/servers.rs"]
mod servers;
mod shop;

mod apart;
mod broker_away;
mod browsers;
mod buyers;
mod clients;
mod command_line;
mod deploy;
mod engines_away;
mod faults;
mod input;
mod keys;
mod kills;
mod migrations;
mod pages;
mod purchase;
mod redis_away;
mod structure;
mod system;
mod transfer;
mod unpaid;
