//! Payments over HTTP, on every database.
