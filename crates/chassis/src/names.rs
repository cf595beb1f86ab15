//! Rules for names and addresses that are repeated to others: in an e-mail's greeting, on an
//! invoice, next to a review. A name with a link or invisible characters is a message to someone
//! else, and is refused on input. Names stored before this rule are not used in e-mails.

use std::borrow::Cow;

/// The longest name that is repeated, in characters.
const MAX: usize = 200;

/// Zero-width joiner and non-joiner: part of Persian and Indic names.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// For `#[garde(custom(..))]`: no links, no line breaks, nothing invisible that changes how it
/// reads.
pub fn no_link(text: &str, (): &()) -> garde::Result {
    match wrong(text) {
        Some(detail) => Err(garde::Error::new(detail)),
        None => Ok(()),
    }
}

/// The name as a mail may say it; none where it is not one.
pub fn in_mail(name: &str) -> Option<&str> {
    if wrong(name).is_some() {
        return None;
    }
    let name = name.trim();
    let is_one = !name.is_empty() && !name.contains('@') && name.chars().count() <= MAX;
    is_one.then_some(name)
}

fn wrong(text: &str) -> Option<&'static str> {
    if text.chars().any(breaks_line) {
        return Some("must be one line without control characters");
    }
    if text.chars().any(is_invisible) || has_loose_joiner(text) {
        return Some("must not contain invisible characters");
    }
    let seen: Cow<'_, str> =
        if text.contains(JOINERS) { text.replace(JOINERS, "").into() } else { text.into() };
    let seen = seen.to_lowercase();
    (seen.contains("://") || seen.contains("www.")).then_some("must not contain a link")
}

/// Control characters, and the two separators that Unicode has for lines and paragraphs.
fn breaks_line(it: char) -> bool {
    it.is_control() || matches!(it, '\u{2028}' | '\u{2029}')
}

/// Zero-width space, word joiner, byte order mark; embeddings, overrides and isolates, by which a
/// text shows in another order than it has.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Joiners follow a letter or one of its marks; anywhere else there is nothing to join.
fn has_loose_joiner(text: &str) -> bool {
    let mut before = None;
    text.chars().any(|it| {
        let letter = before.is_some_and(|it: char| it.is_alphabetic() || !it.is_ascii());
        let loose =
            JOINERS.contains(&it) && (!letter || before.is_some_and(|it| JOINERS.contains(&it)));
        before = Some(it);
        loose
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_everywhere_pass() {
        for name in [
            "Ada Lovelace",
            "Seán O'Brien-Łukasz, Jr.",
            "J. R. R. Tolkien",
            "محمد رضا",
            // Persian, with a non-joiner between letters.
            "علی\u{200c}رضا",
            // Kannada and Malayalam, with joiners after a virama, also at the end.
            "ಕ್\u{200d}ಷಮಾ",
            "അവന്\u{200d}",
            "山田 太郎",
            "Wwwilliam",
            "12 Analytical Row",
        ] {
            assert!(no_link(name, &()).is_ok(), "{name}");
            assert_eq!(in_mail(name), Some(name));
        }
    }

    #[test]
    fn texts_with_links_or_hidden_characters_do_not() {
        for name in [
            "your account is LOCKED: http://evil.example",
            "see HTTPS://evil.example",
            "see WWW.evil.example",
            // Hidden from a look for `www.`, not from a mail program.
            "see ww\u{200d}w.evil.example",
            "Ada\nBcc: all@example.com",
            "Ada\r",
            "Ada\u{2028}Lovelace",
            "Ada\u{85}",
            "\u{200b}",
            "A\u{200b}da",
            "A\u{2060}da",
            "\u{feff}Ada",
            "\u{202a}Ada",
            "Ada\u{202e}",
            "Ada\u{2066}",
            "Ada\u{2069}",
            "\u{200d}",
            "\u{200c}Ada",
            "Ada \u{200d}",
            "علی\u{200c}\u{200c}رضا",
        ] {
            assert!(no_link(name, &()).is_err(), "{name:?}");
            assert_eq!(in_mail(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_mail_greets_nobody_by_an_address_or_a_blank() {
        for name in ["", "  ", "ada@example.com", &"x".repeat(201)] {
            assert_eq!(in_mail(name), None, "{name:?}");
        }
        assert_eq!(in_mail(" Ada "), Some("Ada"));
    }
}
