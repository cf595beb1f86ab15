//! Identifiers: time-ordered when new, derived when a repeated step must meet the same row.

use uuid::Uuid;

/// A new UUIDv7. Sorts by the time it was made.
pub fn new() -> Uuid {
    Uuid::now_v7()
}

/// The UUIDv5 of `name` within `parent`: the same two always give the same id, which is what
/// makes a repeated step a no-op by primary key.
pub fn derive(parent: Uuid, name: impl AsRef<[u8]>) -> Uuid {
    Uuid::new_v5(&parent, name.as_ref())
}
