//! A postal address, as clients send it, users keep it and orders copy it.
//!
//! Its type says what is well-formed anywhere; [`Address::checked`] holds it to the rules of its
//! country.

mod rules;

use chassis::cards::no_card_number;
use chassis::names::no_link;
use chassis::visible::is_visible;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{countries, phone};

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The recipient.
    #[garde(length(chars, max = 200), custom(is_line))]
    #[schema(max_length = 200, example = "Ada Lovelace")]
    pub name: String,
    #[garde(length(chars, max = 200), inner(custom(is_line)))]
    #[schema(max_length = 200)]
    pub company: Option<String>,
    /// Street and number.
    #[garde(length(chars, max = 200), custom(is_line))]
    #[schema(max_length = 200, example = "12 Analytical Row")]
    pub line1: String,
    #[garde(length(chars, max = 200), inner(custom(is_line)))]
    #[schema(max_length = 200)]
    pub line2: Option<String>,
    /// Required in most countries; see `GET /countries/{code}`.
    #[garde(length(chars, max = 100), inner(custom(is_line)))]
    #[schema(max_length = 100, example = "London")]
    pub city: Option<String>,
    /// A state, province, county or similar, as a code or a name. Stored as a code if the country
    /// has a list of regions.
    #[garde(length(chars, max = 100), inner(custom(is_line)))]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    #[garde(length(chars, max = 20), inner(custom(is_line)))]
    #[schema(max_length = 20, example = "W1A 1AA")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, in upper case.
    #[garde(custom(is_country))]
    #[schema(min_length = 2, max_length = 2, example = "GB")]
    pub country: String,
    /// In national format, or with `+` and the country code. Stored in E.164 format.
    #[garde(length(chars, max = 32), inner(custom(is_phone)))]
    #[schema(max_length = 32, example = "+442079460000")]
    pub phone: Option<String>,
}

/// One line of text with something on it, no link and no card number.
fn is_line(text: &str, (): &()) -> garde::Result {
    if !is_visible(text) {
        return Err(garde::Error::new("must not be blank"));
    }
    if text.chars().any(char::is_control) {
        Err(garde::Error::new("must be one line without control characters"))
    } else {
        no_link(text, &()).and_then(|()| no_card_number(text, &()))
    }
}

fn is_country(code: &str, (): &()) -> garde::Result {
    match countries::find(code) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new(
            "must be an ISO 3166-1 alpha-2 code in capital letters, for example DE",
        )),
    }
}

fn is_phone(number: &str, (): &()) -> garde::Result {
    if phone::looks_like_one(number) {
        Ok(())
    } else {
        Err(garde::Error::new("must be a phone number, for example +44 20 7946 0000"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            name: "Ada Lovelace".to_owned(),
            company: None,
            line1: "12 Analytical Row".to_owned(),
            line2: None,
            city: Some("London".to_owned()),
            region: None,
            postal_code: Some("W1A 1AA".to_owned()),
            country: "GB".to_owned(),
            phone: Some("+44 20 7946 0000".to_owned()),
        }
    }

    #[test]
    fn a_plain_address_is_accepted() {
        address().validate().unwrap();
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = Address {
            name: " \u{200b}".to_owned(),
            company: Some("A\nB".to_owned()),
            line1: "x".repeat(201),
            line2: Some(String::new()),
            city: Some(String::new()),
            region: Some("\u{7}".to_owned()),
            postal_code: Some("1".repeat(21)),
            country: "gb".to_owned(),
            phone: Some("call me".to_owned()),
        };
        let report = wrong.validate().unwrap_err();
        let fields: Vec<String> = report.iter().map(|(path, _)| path.to_string()).collect();
        for field in [
            "name",
            "company",
            "line1",
            "line2",
            "city",
            "region",
            "postal_code",
            "country",
            "phone",
        ] {
            assert!(fields.iter().any(|it| it == field), "{field} in {fields:?}");
        }
    }
}
