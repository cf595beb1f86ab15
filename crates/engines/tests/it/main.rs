//! The engines, each on a real server. What a machine does not have is skipped with a word.

mod bus;
mod consul;
mod counter;
mod server;
#[allow(dead_code, reason = "shared with the journeys")]
mod servers;
