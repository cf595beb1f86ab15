//! A postal address, as clients send it, users keep it and orders copy it.

use chassis::cards::no_card_number;
use chassis::names::no_link;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where something is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who receives it.
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
    #[garde(length(chars, max = 100), custom(is_line))]
    #[schema(max_length = 100, example = "London")]
    pub city: String,
    /// State, province or county.
    #[garde(length(chars, max = 100), inner(custom(is_line)))]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    #[garde(length(chars, max = 20), inner(custom(is_line)))]
    #[schema(max_length = 20, example = "W1A 1AA")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, in capital letters.
    #[garde(custom(is_country))]
    #[schema(min_length = 2, max_length = 2, example = "GB")]
    pub country: String,
    #[garde(length(chars, max = 32), inner(custom(is_phone)))]
    #[schema(max_length = 32, example = "+44 20 7946 0000")]
    pub phone: Option<String>,
}

/// Every officially assigned code of ISO 3166-1 alpha-2, sorted.
pub const COUNTRIES: [&str; 249] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// One line of text with something on it, no link and no card number.
fn is_line(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    match text.chars().any(char::is_control) {
        true => Err(garde::Error::new("must be one line without control characters")),
        false => no_link(text, &()).and_then(|()| no_card_number(text, &())),
    }
}

fn is_country(code: &str, (): &()) -> garde::Result {
    match COUNTRIES.binary_search(&code) {
        Ok(_) => Ok(()),
        Err(_) => Err(garde::Error::new(
            "must be an ISO 3166-1 alpha-2 code in capital letters, for example DE",
        )),
    }
}

fn is_phone(number: &str, (): &()) -> garde::Result {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let known = number.chars().all(|it| it.is_ascii_digit() || " +-().x/".contains(it));
    match known && (3..=20).contains(&digits) {
        true => Ok(()),
        false => Err(garde::Error::new("must be a phone number, for example +44 20 7946 0000")),
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
            city: "London".to_owned(),
            region: None,
            postal_code: Some("W1A 1AA".to_owned()),
            country: "GB".to_owned(),
            phone: Some("+44 20 7946 0000".to_owned()),
        }
    }

    #[test]
    fn the_list_of_countries_is_sorted() {
        assert!(COUNTRIES.is_sorted());
    }

    #[test]
    fn a_plain_address_is_accepted() {
        address().validate().unwrap();
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = Address {
            name: "  ".to_owned(),
            company: Some("A\nB".to_owned()),
            line1: "x".repeat(201),
            line2: Some(String::new()),
            city: String::new(),
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
