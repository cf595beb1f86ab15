//! The language somebody reads, as the shop keeps it: a primary language tag (BCP 47) of two or
//! three letters, in lower case (`en`, `de`).
//!
//! Script and region are dropped: what the shop writes is translated by language. Whether there is
//! a translation is not asked here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language, such as `de`. Read from any tag of it: `de-AT` is `de`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(example = "de")]
pub struct Language(String);

/// The longest tag that is read. RFC 5646, 4.4.1: room for every tag in use.
const MAX: usize = 35;

/// A text that is no language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a language tag, for example `de` or `en-GB`")]
pub struct NotALanguage;

impl Language {
    /// The language of a tag, with or without script and region; none if it is no such tag.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX {
            return None;
        }
        let mut subtags = text.split('-');
        let language = subtags.next()?;
        let is_language = (2..=3).contains(&language.len())
            && language.bytes().all(|it| it.is_ascii_alphabetic());
        let is_subtag = |it: &str| {
            (1..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
        };
        (is_language && subtags.all(is_subtag)).then(|| Self(language.to_ascii_lowercase()))
    }

    /// The language that an `Accept-Language` (RFC 9110, 12.5.4) likes best, the first of several
    /// that it likes as much. `*` and whatever is malformed count for nothing; none if nothing is
    /// left.
    pub fn of_header(accept_language: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for range in accept_language.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, "q=1"));
            let (Some(language), Some(weight)) = (Self::parse(tag), weight(parameters)) else {
                continue;
            };
            if weight > best.as_ref().map_or(0, |(best, _)| *best) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In thousandths: `q=0.8` is 800. None if it is no weight (RFC 9110, 12.4.2).
fn weight(parameters: &str) -> Option<u16> {
    let (name, value) = parameters.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, decimals) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let are_decimals = decimals.len() <= 3 && decimals.bytes().all(|it| it.is_ascii_digit());
    let thousandths = format!("{decimals:0<3}").parse().ok().filter(|_| are_decimals)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;

    fn try_from(text: String) -> Result<Self, NotALanguage> {
        Self::parse(&text).ok_or(NotALanguage)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

chassis::stored_as!(Language as String);

#[cfg(test)]
mod tests {
    use super::*;

    fn of_header(header: &str) -> Option<String> {
        Language::of_header(header).map(String::from)
    }

    #[test]
    fn a_tag_is_read_as_its_language() {
        for (tag, language) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE", "de"),
            ("En-gb", "en"),
            ("zh-Hant-TW", "zh"),
            ("gsw-CH", "gsw"),
            ("sl-rozaj-biske-1994", "sl"),
            ("en-x-shop", "en"),
            (" fr ", "fr"),
        ] {
            assert_eq!(Language::parse(tag).unwrap().as_str(), language, "{tag:?}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "",
            " ",
            "d",
            "*",
            "german",
            "de_AT",
            "de-",
            "de--AT",
            "-de",
            "d3",
            "dé",
            "de AT",
            "de;q=1",
            "de-abcdefghi",
            "de-<b>",
            "i-klingon",
            "de-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa",
            "../de",
        ] {
            assert_eq!(Language::parse(text), None, "{text:?}");
            assert_eq!(Language::try_from(text.to_owned()), Err(NotALanguage), "{text:?}");
        }
    }

    #[test]
    fn a_header_is_read_as_its_first_wish() {
        for (header, language) in [
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("en;q=0.8, de;q=0.9", "de"),
            ("en;q=0.8,de", "de"),
            // As much: the first.
            ("fr, de", "fr"),
            ("fr;q=0.5,de;q=0.5", "fr"),
            ("fr;q=0.50,de;q=0.501", "de"),
            ("FR ; Q=0.3 , EN-us;q=0.2", "fr"),
            ("en;q=1.000,de;q=1.0", "en"),
            ("en;q=0.,de;q=0.001", "de"),
            // What cannot be read is passed over.
            ("*, de;q=0.5", "de"),
            ("klingon, de;q=0.2", "de"),
            ("en;q=2, de;q=0.1", "de"),
            ("en;q=, fr;q=-1, it;q=0.1234, es;q=0x1, de;q=0.1", "de"),
            ("en;level=1, de;q=0.1", "de"),
            (",,de,", "de"),
        ] {
            assert_eq!(of_header(header).as_deref(), Some(language), "{header:?}");
        }
    }

    #[test]
    fn a_header_may_wish_for_no_language() {
        for header in
            ["", "*", "*;q=0.5", "de;q=0", "de;q=0.000, *", "1, 2", ";", "q=1", "de;q=1.1"]
        {
            assert_eq!(of_header(header), None, "{header:?}");
        }
    }

    #[test]
    fn it_is_a_string_in_json() {
        let language: Language = serde_json::from_str(r#""de-AT""#).unwrap();
        assert_eq!(serde_json::to_string(&language).unwrap(), r#""de""#);
        let error = serde_json::from_str::<Language>(r#""german""#).unwrap_err();
        assert!(error.to_string().contains("must be a language tag"), "{error}");
    }
}
