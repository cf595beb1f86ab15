//! Identity's SQL, all of it.

mod addresses;
mod audit;
mod devices;
mod email_changes;
mod secrets;
mod sessions;
mod users;

pub use addresses::*;
pub use audit::*;
pub use devices::*;
pub use email_changes::*;
pub use secrets::*;
pub use sessions::*;
pub use users::*;

#[cfg(test)]
mod tests;
