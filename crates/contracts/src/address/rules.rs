//! What an address has to say in its country, and the form in which it is kept.

use chassis::problem::FieldError;
use chassis::visible::is_visible;
use thiserror::Error;

use super::Address;
use crate::countries::{self, Country, Field, State};
use crate::phone;

/// Why a field is none that the country knows.
#[derive(Debug, Error)]
enum Unknown<'c> {
    #[error("is not a postal code of {}; those look like {example}", country.name)]
    PostalCode { country: &'c Country, example: &'c str },
    #[error(
        "is none of {}; give the code or the name of one that GET /countries/{} lists, such as {} \
         or {}",
        country.name, country.code, example.code, example.name
    )]
    State { country: &'c Country, example: &'c State },
    #[error(
        "is no phone number of {}; one of another country begins with its code, for example +44 \
         20 7946 0000",
        country.name
    )]
    Phone { country: &'c Country },
}

impl Address {
    /// The address in the form it is kept in, or all that is missing or wrong by the rules of its
    /// country: required fields, postal code, state, phone number.
    pub fn checked(&self) -> Result<Self, Vec<FieldError>> {
        let Some(country) = countries::find(&self.country) else {
            return Err(vec![wrong("country", "is not known")]);
        };
        let mut address = self.trimmed();
        let missing = country.required.iter().filter(|it| !address.has(**it));
        let mut errors: Vec<FieldError> =
            missing.map(|it| wrong(it.name(), country.asks_for(*it))).collect();
        errors.extend(keep("postal_code", &mut address.postal_code, |it| country.postal_code(it)));
        errors.extend(keep("region", &mut address.region, |it| country.state(it)));
        errors.extend(keep("phone", &mut address.phone, |it| country.phone(it)));
        if errors.is_empty() { Ok(address) } else { Err(errors) }
    }

    fn trimmed(&self) -> Self {
        let trim = |text: &String| text.trim().to_owned();
        let given = |text: &Option<String>| text.as_ref().map(trim);
        Self {
            name: trim(&self.name),
            company: given(&self.company),
            line1: trim(&self.line1),
            line2: given(&self.line2),
            city: given(&self.city),
            region: given(&self.region),
            postal_code: given(&self.postal_code),
            country: self.country.clone(),
            phone: given(&self.phone),
        }
    }

    fn has(&self, field: Field) -> bool {
        let text = match field {
            Field::Name => Some(&self.name),
            Field::Company => self.company.as_ref(),
            Field::Line1 => Some(&self.line1),
            Field::Line2 => self.line2.as_ref(),
            Field::City => self.city.as_ref(),
            Field::Region => self.region.as_ref(),
            Field::PostalCode => self.postal_code.as_ref(),
        };
        text.is_some_and(|it| is_visible(it))
    }
}

impl Country {
    /// Says that a field is missing, and what it looks like.
    fn asks_for(&self, field: Field) -> String {
        let example = match field {
            Field::PostalCode => self.postal_code.as_ref().and_then(|it| it.examples.first()),
            Field::Region => {
                self.region.as_ref().and_then(|it| it.states.first()).map(|it| &it.code)
            }
            _ => None,
        };
        let example = example.map(|it| format!(", for example {it}")).unwrap_or_default();
        format!("is required for {}{example}", self.name)
    }

    fn postal_code(&self, text: &str) -> Result<String, Unknown<'_>> {
        let Some(rule) = &self.postal_code else { return Ok(text.to_owned()) };
        rule.normal(text).ok_or_else(|| {
            let example = rule.examples.first().map_or("", String::as_str);
            Unknown::PostalCode { country: self, example }
        })
    }

    /// The code of a state, where there is a list of them.
    fn state(&self, text: &str) -> Result<String, Unknown<'_>> {
        let Some(region) = self.region.as_ref().filter(|it| !it.states.is_empty()) else {
            return Ok(text.to_owned());
        };
        let found = region.state(text).map(|it| it.code.clone());
        found.ok_or_else(|| Unknown::State { country: self, example: &region.states[0] })
    }

    fn phone(&self, text: &str) -> Result<String, Unknown<'_>> {
        phone::normal(text, Some(&self.code)).ok_or(Unknown::Phone { country: self })
    }
}

/// Puts a field into the form it is kept in, where it is given at all.
fn keep<'c>(
    field: &str,
    value: &mut Option<String>,
    form: impl Fn(&str) -> Result<String, Unknown<'c>>,
) -> Option<FieldError> {
    let text = value.take().filter(|it| is_visible(it))?;
    match form(&text) {
        Ok(kept) => {
            *value = Some(kept);
            None
        }
        Err(error) => Some(wrong(field, error.to_string())),
    }
}

fn wrong(field: &str, detail: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Given = [(&'static str, &'static str)];

    fn address(country: &str, given: &Given) -> Address {
        let mut address = serde_json::json!({
            "name": "Ada Lovelace", "line1": "12 Analytical Row", "country": country,
        });
        for (field, text) in given {
            address[*field] = (*text).into();
        }
        serde_json::from_value(address).expect("an address")
    }

    fn wrong_fields(country: &str, given: &Given) -> Vec<String> {
        let errors = address(country, given).checked().err().unwrap_or_default();
        errors.into_iter().map(|it| it.field).collect()
    }

    /// Country, what is given beside name and street, and the fields that are wrong.
    const CASES: &[(&str, &Given, &[&str])] = &[
        ("US", &[("city", "Fresno"), ("region", "CA"), ("postal_code", "93650")], &[]),
        ("US", &[("city", "Fresno"), ("region", "california"), ("postal_code", "93650-1234")], &[]),
        ("US", &[("city", "Fresno"), ("postal_code", "93650")], &["region"]),
        ("US", &[("city", "Fresno"), ("region", "Foobar"), ("postal_code", "93650")], &["region"]),
        ("US", &[("city", "Fresno"), ("region", "CA"), ("postal_code", "9365")], &["postal_code"]),
        ("US", &[], &["city", "region", "postal_code"]),
        ("GB", &[("city", "London"), ("postal_code", "sw1a 1aa")], &[]),
        ("GB", &[("city", "London"), ("region", "Greater London"), ("postal_code", "W1A1AA")], &[]),
        ("GB", &[("city", "London")], &["postal_code"]),
        ("GB", &[("city", "London"), ("postal_code", "12345")], &["postal_code"]),
        ("GB", &[("city", "London"), ("postal_code", "ZZ1 1ZZ")], &["postal_code"]),
        ("DE", &[("city", "Berlin"), ("postal_code", "10115")], &[]),
        ("DE", &[("city", "Berlin"), ("postal_code", "1011")], &["postal_code"]),
        ("DE", &[("postal_code", "10115")], &["city"]),
        ("CH", &[("city", "Zürich"), ("postal_code", "CH-8001")], &[]),
        ("CA", &[("city", "Ottawa"), ("region", "Québec"), ("postal_code", "k1a 0b1")], &[]),
        ("CA", &[("city", "Ottawa"), ("region", "ON"), ("postal_code", "12345")], &["postal_code"]),
        // The city is a part of the lines.
        ("JP", &[("region", "Tokyo"), ("postal_code", "112-0001")], &[]),
        ("JP", &[("region", "東京都"), ("postal_code", "１１２ー０００１")], &["postal_code"]),
        ("JP", &[("city", "Bunkyo"), ("region", "13"), ("postal_code", "1120001")], &[]),
        ("JP", &[("postal_code", "112-0001")], &["region"]),
        ("IE", &[("city", "Dublin")], &[]),
        ("IE", &[("city", "Dublin"), ("region", "Dublin"), ("postal_code", "d02 af30")], &[]),
        (
            "IE",
            &[("city", "Dublin"), ("region", "Bavaria"), ("postal_code", "2")],
            &["postal_code", "region"],
        ),
        // No postal codes, so nothing is wrong with one that somebody's form asked for.
        ("HK", &[("city", "Central"), ("region", "Hong Kong Island")], &[]),
        ("HK", &[("region", "九龍"), ("postal_code", "999077")], &[]),
        ("HK", &[("city", "Central")], &["region"]),
        ("AE", &[("region", "Dubai")], &[]),
        ("AE", &[("region", "دبي")], &[]),
        ("AE", &[("region", "DU"), ("city", "Dubai")], &[]),
        ("AE", &[("city", "Dubai")], &["region"]),
        ("SG", &[("postal_code", "546080")], &[]),
        // Provinces are required, but there is no list of them.
        ("CR", &[("city", "Escazú"), ("region", "San José"), ("postal_code", "10203")], &[]),
        // Nothing is known but that there is a city.
        ("AO", &[("city", "Luanda")], &[]),
        ("AO", &[], &["city"]),
    ];

    #[test]
    fn each_country_has_its_rules() {
        for (country, given, wrong) in CASES {
            assert_eq!(wrong_fields(country, given), *wrong, "{country} {given:?}");
        }
    }

    #[test]
    fn an_address_is_kept_in_one_form() {
        let kept = |country, given: &Given| address(country, given).checked().expect("right");
        let american = kept(
            "US",
            &[
                ("city", " Fresno "),
                ("region", " new  york"),
                ("postal_code", " 93650 "),
                ("phone", "(202) 555-0100"),
                ("company", " Acme "),
            ],
        );
        assert_eq!(
            american,
            address(
                "US",
                &[
                    ("city", "Fresno"),
                    ("region", "NY"),
                    ("postal_code", "93650"),
                    ("phone", "+12025550100"),
                    ("company", "Acme"),
                ]
            )
        );
        let code = |country, given: &Given| kept(country, given).postal_code.unwrap();
        assert_eq!(code("GB", &[("city", "London"), ("postal_code", "w1a  1aa")]), "W1A 1AA");
        assert_eq!(code("CH", &[("city", "Zürich"), ("postal_code", "ch-8001")]), "8001");
        assert_eq!(
            code("JP", &[("region", "Tokyo"), ("postal_code", "１１２-０００１")]),
            "112-0001"
        );
        let region = |country, given: &Given| kept(country, given).region.unwrap();
        assert_eq!(region("JP", &[("region", "tokyo"), ("postal_code", "1120001")]), "13");
        assert_eq!(region("IE", &[("city", "Cork"), ("region", "County Cork")]), "CO");
        assert_eq!(region("AE", &[("region", "abu dhabi")]), "AZ");
        assert_eq!(
            region(
                "BR",
                &[("city", "Santos"), ("region", "sao paulo"), ("postal_code", "11010-000"),]
            ),
            "SP"
        );
        // What is kept is right, and stays as it is.
        assert_eq!(american.checked().as_ref(), Ok(&american));
    }

    #[test]
    fn a_phone_number_is_read_by_the_country_of_the_address() {
        let with = |country, phone| {
            wrong_fields(
                country,
                &[("city", "X"), ("region", "CA"), ("postal_code", "12345"), ("phone", phone)],
            )
        };
        assert!(with("DE", "0151 12345678").is_empty());
        assert!(with("DE", "+44 20 7946 0000").is_empty());
        assert!(with("US", "202-555-0100").is_empty());
        assert_eq!(with("US", "555-0100"), ["phone"]);
        assert_eq!(with("DE", "12"), ["phone"]);
    }

    #[test]
    fn what_is_missing_is_said_in_words() {
        let errors = address("US", &[("city", "Fresno"), ("region", "Foobar")]).checked();
        let said: Vec<String> = errors
            .unwrap_err()
            .into_iter()
            .map(|it| format!("{} {}", it.field, it.detail))
            .collect();
        assert_eq!(
            said,
            [
                "postal_code is required for United States, for example 95014",
                "region is none of United States; give the code or the name of one that GET \
             /countries/US lists, such as AL or Alabama",
            ]
        );
    }
}
