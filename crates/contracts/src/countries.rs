//! Countries, and how addresses are written there. The data are libaddressinput's
//! (`data/countries.json`, made by `scripts/countries`), read once.

use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use utoipa::ToSchema;

/// Every officially assigned code of ISO 3166-1, sorted.
static ALL: LazyLock<Vec<Country>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/countries.json")).expect("a test reads it")
});

/// A country and its address format.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    pub code: String,
    /// In English.
    #[schema(example = "United Kingdom")]
    pub name: String,
    /// The fields of an address, in the order they are written.
    pub fields: Vec<Field>,
    pub required: Vec<Field>,
    pub city: City,
    /// Null if there are no postal codes.
    pub postal_code: Option<PostalCode>,
    /// Null if addresses have no region.
    pub region: Option<Region>,
}

/// A field of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AddressField)]
pub enum Field {
    Name,
    Company,
    Line1,
    Line2,
    City,
    Region,
    PostalCode,
}

/// The kind of place in the field `city`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CountryCity)]
pub struct City {
    /// `city`, `district`, `post_town` or `suburb`.
    pub kind: String,
}

/// The postal codes of a country.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CountryPostalCode)]
pub struct PostalCode {
    /// `postal`, `postcode`, `zip`, `pin` or `eircode`.
    pub kind: String,
    /// A regular expression for the whole code in upper case. Null if any code is valid.
    pub pattern: Option<String>,
    #[serde(default)]
    #[schema(required)]
    pub examples: Vec<String>,
    /// The prefix on mail from abroad. It is accepted and not stored.
    pub prefix: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Regex>,
}

/// The regions of a country.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CountryRegion)]
pub struct Region {
    /// `area`, `county`, `department`, `district`, `do_si`, `emirate`, `island`, `oblast`,
    /// `parish`, `prefecture`, `province` or `state`.
    pub kind: String,
    /// All regions. If empty, any text is valid.
    pub states: Vec<State>,
}

/// A state, province, prefecture or similar.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CountryState)]
pub struct State {
    /// The code stored in addresses: the second part of ISO 3166-2, if there is one.
    #[schema(example = "CA")]
    pub code: String,
    #[schema(example = "California")]
    pub name: String,
    /// The name in Latin script, if `name` is in another script.
    pub latin_name: Option<String>,
    /// How it is written on mail from abroad, if not as the code.
    pub written: Option<String>,
    /// What else it is called.
    #[serde(default, skip_serializing)]
    also: Vec<String>,
}

/// All countries, sorted by code.
pub fn all() -> &'static [Country] {
    &ALL
}

/// The country with this code, in capital letters.
pub fn find(code: &str) -> Option<&'static Country> {
    let at = ALL.binary_search_by(|it| it.code.as_str().cmp(code)).ok()?;
    Some(&ALL[at])
}

impl PostalCode {
    /// A postal code in the form it is stored in; none if the country has no such.
    pub fn normal(&self, text: &str) -> Option<String> {
        let text: String = text.nfkc().collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(pattern) = &self.pattern else { return Some(text) };
        let code = text.to_uppercase();
        let pattern = self.compiled.get_or_init(|| compile(pattern));
        if pattern.is_match(&code) {
            return Some(code);
        }
        let bare = code.strip_prefix(self.prefix.as_deref()?)?.trim_start();
        pattern.is_match(bare).then(|| bare.to_owned())
    }
}

fn compile(pattern: &str) -> Regex {
    // Without Unicode only the ten ASCII digits are digits.
    let whole = RegexBuilder::new(&format!("^(?:{pattern})$")).unicode(false).build();
    whole.expect("a test compiles every pattern")
}

impl Region {
    /// The state with this code or name, whatever the letters' case and marks.
    pub fn state(&self, text: &str) -> Option<&State> {
        let wanted = bare(text);
        let is_named = |it: &&State| {
            let names = [&it.name].into_iter().chain(&it.latin_name).chain(&it.also);
            names.into_iter().any(|name| bare(name) == wanted)
        };
        let by_code = self.states.iter().find(|it| bare(&it.code) == wanted);
        by_code.or_else(|| self.states.iter().find(is_named))
    }
}

/// The letters and digits of a name alone, small and without marks.
fn bare(text: &str) -> String {
    let letters = text.nfkd().filter(|it| it.is_alphanumeric() && !is_combining_mark(*it));
    letters.flat_map(char::to_lowercase).collect()
}

impl Field {
    /// As the API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Company => "company",
            Self::Line1 => "line1",
            Self::Line2 => "line2",
            Self::City => "city",
            Self::Region => "region",
            Self::PostalCode => "postal_code",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;

    #[test]
    fn there_is_every_country_once_and_in_order() {
        assert_eq!(all().len(), 249);
        assert!(all().is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(find("GB").unwrap().name, "United Kingdom");
        for code in ["gb", "UK", "", "XX", "ZZ"] {
            assert!(find(code).is_none(), "{code}");
        }
    }

    #[test]
    fn every_example_of_a_postal_code_passes_its_own_rule() {
        for country in all() {
            let Some(postal) = &country.postal_code else { continue };
            assert_eq!(postal.pattern.is_some(), !postal.examples.is_empty(), "{country:?}");
            for example in &postal.examples {
                assert_eq!(postal.normal(example).as_ref(), Some(example), "{country:?}");
            }
        }
    }

    #[test]
    fn every_state_is_found_by_its_code_and_all_its_names() {
        for country in all() {
            let Some(region) = &country.region else { continue };
            for state in &region.states {
                let names = [&state.code, &state.name].into_iter();
                for name in names.chain(&state.latin_name).chain(&state.also) {
                    let found = region.state(name).map(|it| it.code.as_str());
                    assert_eq!(found, Some(state.code.as_str()), "{}: {name}", country.code);
                }
            }
        }
    }

    #[test]
    fn what_is_required_can_be_given() {
        for country in all() {
            assert!(country.required.iter().all(|it| country.fields.contains(it)), "{country:?}");
            assert_eq!(country.fields.contains(&Field::PostalCode), country.postal_code.is_some());
            assert_eq!(country.fields.contains(&Field::Region), country.region.is_some());
        }
    }

    proptest! {
        /// However it is typed, an example of a country's postal codes is one, and stays one.
        #[test]
        fn a_postal_code_is_one_however_it_is_typed(
            country in select(all().iter().filter(|it| {
                it.postal_code.as_ref().is_some_and(|it| it.pattern.is_some())
            }).collect::<Vec<_>>()),
            example in any::<Index>(),
            small in any::<bool>(),
            wide in any::<bool>(),
            prefixed in any::<bool>(),
            around in "[ \t\u{a0}\u{3000}]{0,3}",
        ) {
            let postal = country.postal_code.as_ref().unwrap();
            let example = example.get(&postal.examples);
            let mut typed = example.clone();
            if let (true, Some(prefix)) = (prefixed, &postal.prefix) {
                typed = format!("{prefix} {typed}");
            }
            if small {
                typed = typed.to_lowercase();
            }
            if wide {
                // As Japanese keyboards write them.
                let widen = |it: char| match it {
                    '0'..='9' => char::from_u32(it as u32 - 0x30 + 0xff10).unwrap(),
                    it => it,
                };
                typed = typed.chars().map(widen).collect();
            }
            let stored = postal.normal(&format!("{around}{typed}{around}"));
            prop_assert_eq!(stored.as_ref(), Some(example), "{}", country.code);
        }

        /// No text makes it panic, and what it gives is taken again as it is.
        #[test]
        fn what_is_stored_is_accepted_again(
            country in select(all().iter().collect::<Vec<_>>()),
            text in ".{0,20}",
        ) {
            if let Some(code) = country.postal_code.as_ref().and_then(|it| it.normal(&text)) {
                let again = country.postal_code.as_ref().unwrap().normal(&code);
                prop_assert_eq!(again, Some(code));
            }
            if let Some(state) = country.region.as_ref().and_then(|it| it.state(&text)) {
                prop_assert!(!state.code.is_empty());
            }
        }
    }
}
