//! What is between the processes of a shop, and before them: the server that accepts connections,
//! the port of a service that runs apart, calls to the instances of a service in other processes,
//! and how those are found. Services know nothing of it: they have a [`chassis::channel`], and who
//! runs them says where it leads.

pub mod discovery;
pub mod network;
pub mod port;
pub mod remote;
pub mod server;
pub mod target;
