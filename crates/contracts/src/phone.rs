//! Phone numbers: which the shop takes, and the one form in which it keeps them, E.164
//! (`+442079460000`).
//!
//! A number has to be as long as those of its country are. Whether its first digits are in use is
//! not asked: new ones come faster than releases of the shop.

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};

/// The kinds of numbers somebody may have.
const KINDS: [Type; 7] = [
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::PersonalNumber,
    Type::Voip,
];

/// For `#[garde(custom(..))]`: a number that says its country itself.
pub fn is_phone(number: &str, (): &()) -> garde::Result {
    match normal(number, None) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new(
            "must be a phone number with its country code, for example +44 20 7946 0000",
        )),
    }
}

/// A number that is one, in the form it is stored in. One without `+` is read as somebody in the
/// country (ISO 3166-1) would dial it; without a country it is none.
pub fn normal(text: &str, country: Option<&str>) -> Option<String> {
    let text = text.trim();
    if !looks_like_one(text) {
        return None;
    }
    let international = text.starts_with('+');
    let home: Option<country::Id> = country.and_then(|it| it.parse().ok());
    if !international && home.is_none() {
        return None;
    }
    let number = phonenumber::parse(home.filter(|_| !international), text).ok()?;
    if number.extension().is_some() {
        return None;
    }
    let national = u16::try_from(number.national().to_string().len()).ok()?;
    is_as_long(number.country().code(), national)
        .then(|| number.format().mode(Mode::E164).to_string())
}

/// Whether any kind of number behind this code has so many digits.
fn is_as_long(code: u16, digits: u16) -> bool {
    let known = DATABASE.by_code(&code).unwrap_or_default();
    known.iter().any(|it| {
        KINDS.iter().any(|kind| {
            it.descriptors().get(*kind).is_some_and(|it| it.possible_length().contains(&digits))
        })
    })
}

/// A number that says its country itself, in the form it is stored in.
pub fn kept(text: &str) -> String {
    normal(text, None).unwrap_or_else(|| text.trim().to_owned())
}

/// Digits with the usual signs between them: what can be a number at all.
pub fn looks_like_one(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let known = text.chars().all(|it| it.is_ascii_digit() || " +-().x/".contains(it));
    known && text.len() <= 32 && (3..=20).contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_its_country_dials_it() {
        for (country, text, stored) in [
            ("GB", "020 7946 0000", "+442079460000"),
            ("GB", "+44 (0)20 7946 0000", "+442079460000"),
            ("GB", "07400 123456", "+447400123456"),
            ("DE", "030/123456", "+4930123456"),
            ("DE", "0151 12345678", "+4915112345678"),
            ("US", "(202) 555-0100", "+12025550100"),
            ("US", "1-202-555-0100", "+12025550100"),
            ("CA", "613 555 0100", "+16135550100"),
            ("FR", "06 12 34 56 78", "+33612345678"),
            // The zero belongs to it.
            ("IT", "06 1234 5678", "+390612345678"),
            ("JP", "03-1234-5678", "+81312345678"),
            ("IE", "(01) 234 5678", "+35312345678"),
            ("HK", "2123 4567", "+85221234567"),
            ("AE", "050 123 4567", "+971501234567"),
            ("AU", "0412 345 678", "+61412345678"),
            ("IN", "099876 54321", "+919987654321"),
            // From abroad, and from a country that has no numbers of its own.
            ("DE", "+1 202 555 0100", "+12025550100"),
            ("DE", "001 202 555 0100", "+12025550100"),
            ("AQ", "+61 412 345 678", "+61412345678"),
        ] {
            assert_eq!(normal(text, Some(country)).as_deref(), Some(stored), "{country} {text}");
            assert_eq!(normal(stored, None).as_deref(), Some(stored));
        }
    }

    #[test]
    fn a_number_without_a_country_says_its_own() {
        assert_eq!(normal(" +44 20 7946 0000 ", None).as_deref(), Some("+442079460000"));
        for text in ["020 7946 0000", "0044 20 7946 0000", "2025550100"] {
            assert_eq!(normal(text, None), None, "{text}");
        }
        assert_eq!(normal("0412 345 678", Some("AQ")), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "12",
            "call me",
            "+",
            "+1 555 0100",
            "+44 20 7946",
            "+999 1234 5678",
            "+44 20 7946 0000 0000",
            "+1 202 555 0100 x12",
            "1-800-FLOWERS",
            "+44 20 7946 0000; 1",
            "++",
            "+0 123 456 789",
        ] {
            assert_eq!(normal(text, Some("US")), None, "{text}");
            assert!(is_phone(text, &()).is_err(), "{text}");
        }
    }
}
