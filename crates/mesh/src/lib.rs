//! HTTP between the processes of a shop and in front of them: the server that accepts connections,
//! the port of a service in a process of its own, calls to instances of other services, and
//! discovery. Services do not use it: they have a [`chassis::channel`], and the program that runs
//! them decides where it leads.

pub mod discovery;
pub mod network;
pub mod remote;
pub mod server;
pub mod service_server;
pub mod target;
