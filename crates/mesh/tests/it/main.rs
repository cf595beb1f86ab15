//! Servers and calls over real sockets.

#![expect(clippy::unwrap_used, reason = "what a test is given must be there")]

mod drain;
mod framing;
mod http2;
mod remote;
mod server;
