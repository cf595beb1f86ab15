//! The contracts, held against what is written about them.

mod events;
