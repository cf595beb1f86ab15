//! The chassis over real sockets.

mod server;
