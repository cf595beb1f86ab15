//! The rules of a user's fields, and the form they are stored in. Those of e-mail addresses and
//! phone numbers are the whole shop's.

use chassis::cards::no_card_number;
use chassis::names::no_link;
use chassis::visible::is_visible;
pub use contracts::email::{is_email, normal as email};
pub use contracts::phone::{is_phone, kept as phone};

/// A username as it is stored and looked up.
pub fn username(text: &str) -> String {
    text.trim().to_lowercase()
}

/// For `#[garde(custom(..))]`: 3 to 50 of letters, digits, `_`, `.` and `-`, and
/// no card number.
pub fn is_username(text: &str, (): &()) -> garde::Result {
    let text = username(text);
    let known = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_.-".contains(&it);
    if (3..=50).contains(&text.len()) && text.bytes().all(known) {
        no_card_number(&text, &())
    } else {
        Err(garde::Error::new("must be 3 to 50 letters, digits, `_`, `.` or `-`"))
    }
}

/// For `#[garde(custom(..))]`: one line with something on it, no link and no card number.
pub fn is_name(text: &str, (): &()) -> garde::Result {
    const MAX: usize = 200;
    let length = text.chars().count();
    if !is_visible(text) || length > MAX || text.chars().any(char::is_control) {
        return Err(garde::Error::new(format!("must be one line of 1 to {MAX} characters")));
    }
    no_link(text, &()).and_then(|()| no_card_number(text, &()))
}
