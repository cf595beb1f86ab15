//! The shop's words in those of a file, and back.

use catalog_csv as file;
use chassis::money::Currency;

use crate::model::{MAX_DEPTH, Policy, Status};

/// What one has to know of the shop to read its files.
pub(super) fn shop(currency: &Currency) -> file::Shop<'_> {
    let (currency, digits) = (currency.as_str(), currency.digits());
    file::Shop { currency, digits, levels: MAX_DEPTH }
}

impl From<file::Status> for Status {
    fn from(status: file::Status) -> Self {
        match status {
            file::Status::Draft => Self::Draft,
            file::Status::Active => Self::Active,
            file::Status::Archived => Self::Archived,
        }
    }
}

impl From<Status> for file::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Draft => Self::Draft,
            Status::Active => Self::Active,
            Status::Archived => Self::Archived,
        }
    }
}

impl From<file::Policy> for Policy {
    fn from(policy: file::Policy) -> Self {
        match policy {
            file::Policy::Deny => Self::Deny,
            file::Policy::Continue => Self::Continue,
            file::Policy::Untracked => Self::Untracked,
        }
    }
}

impl From<Policy> for file::Policy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Deny => Self::Deny,
            Policy::Continue => Self::Continue,
            Policy::Untracked => Self::Untracked,
        }
    }
}
