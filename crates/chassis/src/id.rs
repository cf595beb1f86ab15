//! Identifiers: time-ordered when new, derived when a repeated step must meet the same row.

use std::panic::AssertUnwindSafe;
#[expect(clippy::disallowed_types, reason = "the one uuid takes")]
use std::sync::Mutex;

use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Clock;

/// Makes ids of the same millisecond rise.
#[expect(clippy::disallowed_types, reason = "the one uuid takes")]
static CONTEXT: Mutex<AssertUnwindSafe<ContextV7>> = Mutex::new(AssertUnwindSafe(ContextV7::new()));

/// A new UUIDv7. Sorts by the time it was made, also among those of other copies.
pub fn new() -> Uuid {
    let now = Clock::System.now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(&CONTEXT, seconds, now.timestamp_subsec_nanos()))
}

/// The UUIDv5 of `name` within `parent`: the same two always give the same id, which is what
/// makes a repeated step a no-op by primary key.
pub fn derive(parent: Uuid, name: impl AsRef<[u8]>) -> Uuid {
    Uuid::new_v5(&parent, name.as_ref())
}
