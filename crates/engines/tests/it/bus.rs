//! What every bus keeps, whatever carries it.

mod conformance;
mod outage;
mod shop;
