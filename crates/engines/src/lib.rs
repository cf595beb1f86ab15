//! The chassis's interfaces over real servers, for a shop in several processes: RabbitMQ, Redis,
//! Consul.

mod bus;
pub mod consul;
mod health;
mod link;
mod rabbitmq;
mod streams;
mod supervise;

pub mod redis;

pub use bus::{Config as BusConfig, bus};
pub use link::LinkError;
pub use rabbitmq::RabbitMq;
pub use streams::Streams;
