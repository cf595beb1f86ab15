//! Identity's SQL, all of it.

mod addresses;
mod audit;
mod devices;
mod secrets;
mod sessions;
mod users;

pub use addresses::*;
pub use audit::*;
pub use devices::*;
pub use secrets::*;
pub use sessions::*;
pub use users::*;

#[cfg(test)]
mod tests;
