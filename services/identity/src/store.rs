//! Identity's SQL, all of it.

mod addresses;
mod audit;
mod secrets;
mod sessions;
mod users;

pub use addresses::*;
pub use audit::*;
pub use secrets::*;
pub use sessions::*;
pub use users::*;

#[cfg(test)]
mod tests;
