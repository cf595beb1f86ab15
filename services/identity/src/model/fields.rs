//! The rules of a user's fields, and the form they are stored in.

use chassis::cards::no_card_number;
use chassis::names::no_link;

/// An address as it is stored and looked up: without spaces around it, in lower case.
pub fn email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A username as it is stored and looked up.
pub fn username(text: &str) -> String {
    text.trim().to_lowercase()
}

/// For `#[garde(custom(..))]`: an address mail can be sent to.
pub fn is_email(text: &str, (): &()) -> garde::Result {
    // RFC 5321, 4.5.3.1.3: a path has at most 256 characters with its brackets.
    const MAX: usize = 254;
    let text = email(text);
    if text.len() > MAX {
        return Err(garde::Error::new(format!("must have at most {MAX} characters")));
    }
    garde::rules::email::parse_email(&text)
        .map_err(|_| garde::Error::new("must be an e-mail address, for example ada@example.com"))
}

/// For `#[garde(custom(..))]`: 3 to 50 of letters, digits, `_`, `.` and `-`, and
/// no card number.
pub fn is_username(text: &str, (): &()) -> garde::Result {
    let text = username(text);
    let known = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_.-".contains(&it);
    match (3..=50).contains(&text.len()) && text.bytes().all(known) {
        true => no_card_number(&text, &()),
        false => Err(garde::Error::new("must be 3 to 50 letters, digits, `_`, `.` or `-`")),
    }
}

/// For `#[garde(custom(..))]`: one line with something on it, no link and no card number.
pub fn is_name(text: &str, (): &()) -> garde::Result {
    const MAX: usize = 200;
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX || text.chars().any(char::is_control) {
        return Err(garde::Error::new(format!("must be one line of 1 to {MAX} characters")));
    }
    no_link(text, &()).and_then(|()| no_card_number(text, &()))
}

/// For `#[garde(custom(..))]`: digits with the usual signs between them.
pub fn is_phone(number: &str, (): &()) -> garde::Result {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let known = number.chars().all(|it| it.is_ascii_digit() || " +-().x/".contains(it));
    match known && number.len() <= 32 && (3..=20).contains(&digits) {
        true => Ok(()),
        false => Err(garde::Error::new("must be a phone number, for example +44 20 7946 0000")),
    }
}
