//! The engines, each on a real server. What `TEST_WITHOUT` names is left out.

mod bus;
mod consul;
mod counter;
mod server;
#[allow(dead_code, reason = "shared with the journeys")]
mod servers;
