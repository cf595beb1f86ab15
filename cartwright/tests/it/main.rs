//! The journeys: the whole shop, over HTTP, on every available database.

mod bodies;
mod client;
mod load;
mod mail_kills;
mod program;
mod proxy;
#[allow(dead_code, reason = "shared with the tests of the engines")]
#[path = "../../../crates/engines/tests/it/servers.rs"]
mod servers;
mod shop;
mod stocktake;

mod apart;
mod behind_a_proxy;
mod broker_away;
mod browsers;
mod buyers;
mod caches;
mod cards;
mod carts;
mod charged_once;
mod clients;
mod clocks;
mod command_line;
mod cpu;
mod deploy;
mod engines_away;
mod erasure;
mod faults;
mod frozen;
mod input;
mod keys;
mod kills;
mod message_setup;
mod migrations;
mod on_shipment;
mod open_files;
mod pages;
mod payment_setup;
mod private;
mod purchase;
mod redis_away;
mod refunds;
mod secrets;
mod structure;
mod system;
mod transfer;
mod unpaid;
mod uploads;
