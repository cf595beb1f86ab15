//! Card numbers must never be stored or logged: they are refused in every text that clients write
//! for people to read, and masked where such a text is returned.
//!
//! A card number has 13 to 19 digits, in a row or in groups separated by spaces or hyphens, with
//! the prefix, length and check digit (Luhn) of a known scheme, also within a longer text. Not
//! matched are article numbers (EAN-13), telephone numbers with a `+`, UUIDs and other long
//! hexadecimal ids.

use std::borrow::Cow;
use std::ops::Range;

const SHORTEST: usize = 13;
const LONGEST: usize = 19;
/// Blanks and hyphens between two groups at most.
const MAX_GAP: usize = 3;
/// A hexadecimal word of so many letters and digits is an id.
const HEX_ID: usize = 24;
/// The longest telephone number, in digits (E.164).
const MAX_PHONE: usize = 15;

/// What the numbers of a scheme begin with (from, to, both with the same number of digits), and
/// how long they are.
const SCHEMES: [(&str, &str, &[usize]); 34] = [
    // Visa
    ("4", "4", &[13, 16, 19]),
    // Mastercard
    ("51", "55", &[16]),
    ("2221", "2720", &[16]),
    // American Express
    ("34", "34", &[15]),
    ("37", "37", &[15]),
    // Discover
    ("6011", "6011", &[16, 17, 18, 19]),
    ("644", "649", &[16, 17, 18, 19]),
    ("65", "65", &[16, 17, 18, 19]),
    // Diners Club
    ("300", "305", &[14, 16, 17, 18, 19]),
    ("3095", "3095", &[14, 16, 17, 18, 19]),
    ("36", "36", &[14, 15, 16, 17, 18, 19]),
    ("38", "39", &[14, 16, 17, 18, 19]),
    // JCB
    ("3528", "3589", &[16, 17, 18, 19]),
    ("2131", "2131", &[15]),
    ("1800", "1800", &[15]),
    // UnionPay
    ("62", "62", &[16, 17, 18, 19]),
    ("8100", "8171", &[16, 17, 18, 19]),
    // Maestro, and who shares its range
    ("50", "50", &[16, 17, 18, 19]),
    ("56", "58", &[16, 17, 18, 19]),
    ("63", "63", &[16, 17, 18, 19]),
    ("67", "67", &[16, 17, 18, 19]),
    ("5018", "5018", &[13, 14, 15]),
    ("5020", "5020", &[13, 14, 15]),
    ("5038", "5038", &[13, 14, 15]),
    ("5893", "5893", &[13, 14, 15]),
    ("6304", "6304", &[13, 14, 15]),
    ("6759", "6759", &[13, 14, 15]),
    ("6761", "6763", &[13, 14, 15]),
    // RuPay, Hipercard
    ("60", "60", &[16, 19]),
    ("82", "82", &[16]),
    // Mir
    ("2200", "2204", &[16, 17, 18, 19]),
    // Troy
    ("9792", "9792", &[16]),
    // Uzcard, Humo
    ("8600", "8600", &[16]),
    ("9860", "9860", &[16]),
];

/// For `#[garde(custom(..))]`: a text without a card number. The answer does not repeat it.
pub fn no_card_number(text: &str, (): &()) -> garde::Result {
    if is_in(text) {
        Err(garde::Error::new(
            "must not contain a card number; cards are given to the payment provider alone",
        ))
    } else {
        Ok(())
    }
}

/// Whether there is a card number in a text.
pub fn is_in(text: &str) -> bool {
    !find(text).is_empty()
}

/// The text with a `*` for each digit of a card number.
pub fn masked(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut hidden = String::with_capacity(text.len());
    let mut from = 0;
    for place in found {
        hidden.push_str(&text[from..place.start]);
        hidden.extend(
            text[place.clone()].chars().map(|it| if it.is_ascii_digit() { '*' } else { it }),
        );
        from = place.end;
    }
    hidden.push_str(&text[from..]);
    Cow::Owned(hidden)
}

/// Digits in a row.
struct Group {
    place: Range<usize>,
    /// A `+` stands before it.
    plus: bool,
}

/// Where the card numbers of a text are, in bytes.
fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    if bytes.iter().filter(|it| it.is_ascii_digit()).take(SHORTEST).count() < SHORTEST {
        return found;
    }
    let mut run: Vec<Group> = Vec::new();
    let (mut at, mut gap, mut plus) = (0, 0, false);
    while let Some(next) = text[at..].chars().next() {
        if !next.is_ascii_alphanumeric() {
            gap += 1;
            if !is_between(next) || gap > MAX_GAP {
                look(bytes, &mut run, &mut found);
            }
            plus = next == '+';
            at += next.len_utf8();
            continue;
        }
        let length = bytes[at..].iter().take_while(|it| it.is_ascii_alphanumeric()).count();
        let end = id_end(bytes, at, length);
        let mut digits = at;
        while end.is_none() && digits < at + length {
            let from = digits;
            let count =
                bytes[from..at + length].iter().take_while(|it| it.is_ascii_digit()).count();
            if count == 0 {
                look(bytes, &mut run, &mut found);
                digits += 1;
            } else {
                digits += count;
                run.push(Group { place: from..digits, plus: plus && from == at });
            }
        }
        if end.is_some() {
            look(bytes, &mut run, &mut found);
        }
        at = end.unwrap_or(at + length);
        (gap, plus) = (0, false);
    }
    look(bytes, &mut run, &mut found);
    found
}

/// Blanks and hyphens of any kind.
fn is_between(it: char) -> bool {
    it.is_whitespace() || matches!(it, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Where an id ends that begins with this word: a UUID, or a long hexadecimal number.
fn id_end(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    const UUID: usize = 36;
    let is_uuid = |text: &&[u8]| {
        let fits = |(at, it): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *it == b'-',
            _ => it.is_ascii_hexdigit(),
        };
        text.iter().enumerate().all(fits)
    };
    if length == 8
        && bytes.get(at..at + UUID).as_ref().is_some_and(is_uuid)
        && bytes.get(at + UUID).is_none_or(|it| !it.is_ascii_alphanumeric())
    {
        return Some(at + UUID);
    }
    let word = &bytes[at..at + length];
    let is_hex = length >= HEX_ID && word.iter().all(u8::is_ascii_hexdigit);
    is_hex.then_some(at + length)
}

/// Looks for card numbers among groups that stand together, and starts over.
fn look(bytes: &[u8], run: &mut Vec<Group>, found: &mut Vec<Range<usize>>) {
    let run = std::mem::take(run);
    let size = |it: &Group| it.place.len();
    let is_phone = |from: usize, length: usize| run[from].plus && length <= MAX_PHONE;
    if run.is_empty() || is_phone(0, run.iter().map(size).sum()) {
        return;
    }
    let mut first = 0;
    while first < run.len() {
        let mut digits: Vec<u8> = Vec::with_capacity(LONGEST);
        let (mut next, mut card) = (first + 1, None);
        for last in first..run.len() {
            digits.extend_from_slice(&bytes[run[last].place.clone()]);
            if digits.len() > LONGEST {
                break;
            }
            let groups = &run[first..=last];
            if is_written_so(groups, groups.len() == run.len())
                && !is_phone(first, digits.len())
                && is_card(&digits)
            {
                next = last + 1;
                card = Some(run[first].place.start..run[last].place.end);
            }
        }
        found.extend(card);
        first = next;
    }
}

/// Whether a card number is written in such groups, so that not every few numbers side by side
/// are taken for one: three digits or more, fours with a rest, or nothing else but groups of one
/// size with a rest.
fn is_written_so(groups: &[Group], alone: bool) -> bool {
    let size = |it: &Group| it.place.len();
    let Some((end, rest)) = groups.split_last() else { return false };
    let even = |of: usize| rest.iter().all(|it| size(it) == of) && size(end) <= of;
    groups.iter().all(|it| size(it) >= 3) || even(4) || (alone && even(size(&groups[0])))
}

fn is_card(digits: &[u8]) -> bool {
    let begins = |from: &str, to: &str| {
        let start = &digits[..from.len()];
        (from.as_bytes()..=to.as_bytes()).contains(&start)
    };
    digits.len() >= SHORTEST
        && SCHEMES
            .iter()
            .any(|(from, to, lengths)| lengths.contains(&digits.len()) && begins(from, to))
        && luhn(digits)
        && !is_ean13(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let value = |(at, it): (usize, &u8)| match (at % 2, u32::from(it - b'0')) {
        (0, digit) => digit,
        (_, digit @ 0..5) => 2 * digit,
        (_, digit) => 2 * digit - 9,
    };
    digits.iter().rev().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

/// An article number: no Visa card has had 13 digits for decades.
fn is_ean13(digits: &[u8]) -> bool {
    let value = |(at, it): (usize, &u8)| u32::from(it - b'0') * if at % 2 == 0 { 1 } else { 3 };
    digits.len() == 13 && digits.iter().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests;
