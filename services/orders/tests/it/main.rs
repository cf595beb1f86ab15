//! Orders, over HTTP, on both databases.
