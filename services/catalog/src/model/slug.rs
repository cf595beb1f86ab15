//! Slugs: how one is made of a text, what one may be, and which look alike.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_security::confusable_detection::skeleton;
use uuid::Uuid;

/// The longest slug that is made, in bytes.
const MADE: usize = 200;
/// The dot above an `i`, which the capital letter of Turkish leaves behind in lower case.
const DOT_ABOVE: char = '\u{307}';

/// Text as part of an address: letters and digits of every script in lower case with their marks,
/// all else one hyphen.
pub(crate) fn slugify(text: &str, otherwise: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.nfc().filter(|it| !is_invisible(*it)).flat_map(char::to_lowercase) {
        if letter == DOT_ABOVE && slug.ends_with('i') {
            continue;
        }
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if slug.is_empty() || slug.ends_with('-') {
            continue;
        } else if is_combining_mark(letter) {
            slug.push(letter);
        } else {
            slug.push('-');
        }
        if slug.len() >= MADE {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { otherwise.to_owned() } else { slug.nfc().collect() }
}

/// A slug in the one form in which its letters are stored.
pub(crate) fn normal(slug: &str) -> Cow<'_, str> {
    if is_nfc(slug) { slug.into() } else { slug.nfc().collect::<String>().into() }
}

/// What is wrong with a slug, if anything is.
pub(crate) fn wrong(slug: &str) -> Option<&'static str> {
    if slug.chars().any(|it| it.is_control() || it == '/') {
        Some("must not contain a slash or a control character")
    } else if matches!(slug, "." | "..") {
        Some("must not be . or .., which lead to another page")
    } else if slug.chars().any(|it| is_invisible(it) || is_unassigned(it)) {
        Some("must not contain invisible or unassigned characters")
    } else if slug.chars().any(|it| it.is_whitespace() && it != ' ') {
        Some("must not contain blanks other than the usual one")
    } else if slug.starts_with(is_combining_mark) {
        Some("must not begin with the mark of a letter that is not there")
    } else if slug.parse::<Uuid>().is_ok() {
        Some("must not look like an id")
    } else {
        None
    }
}

/// What a slug looks like: the same for those that differ in case, width, invisible characters, or
/// in letters that other scripts have alike. Letters and digits of ASCII stand for themselves, since
/// `size-l` and `size-1` are meant to differ.
pub(crate) fn key(slug: &str) -> String {
    if slug.is_ascii() {
        return slug.to_ascii_lowercase();
    }
    let mut key = String::with_capacity(slug.len());
    let visible = slug.nfkc().filter(|it| !is_invisible(*it));
    let mut letter = [0; 4];
    for it in visible.flat_map(char::to_lowercase) {
        if it == DOT_ABOVE && key.ends_with('i') {
            continue;
        }
        if it.is_ascii() {
            key.push(it);
        } else {
            key.extend(skeleton(it.encode_utf8(&mut letter)).flat_map(char::to_lowercase));
        }
    }
    key.nfc().collect()
}

/// What nobody sees: Unicode's default-ignorable characters.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// What has no meaning of its own: private use, no characters, and what stands for broken ones.
fn is_unassigned(letter: char) -> bool {
    let number = u32::from(letter);
    matches!(letter,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. | '\u{fdd0}'..='\u{fdef}' | '\u{fffc}' | '\u{fffd}')
        || number & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_letters_digits_and_hyphens() {
        for (text, slug) in [
            ("  Hello, World! ", "hello-world"),
            ("Größe 42 / blau", "größe-42-blau"),
            ("!!!", "product"),
            ("Thai น้ำปลาแท้", "thai-น้ำปลาแท้"),
            ("हिन्दी किताब", "हिन्दी-किताब"),
            ("İstanbul Kahvesi", "istanbul-kahvesi"),
            ("Cre\u{300}me bru\u{302}le\u{301}e", "crème-brûlée"),
            ("이름 カード", "이름-カード"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("soft\u{ad}ware \u{200b}", "software"),
            ("❤\u{fe0f} Mug", "mug"),
            ("\u{301}x", "x"),
            ("..", "product"),
            (&"ab ".repeat(300), &"ab-".repeat(67)[..200]),
        ] {
            let made = slugify(text, "product");
            assert_eq!(made, slug);
            assert_eq!((wrong(&made), normal(&made)), (None, Cow::from(slug)));
            assert_eq!(slugify(&made, "product"), slug);
        }
    }

    #[test]
    fn a_slug_shows_all_it_is_and_leads_nowhere_else() {
        for slug in [
            ".",
            "..",
            "a/b",
            "a\nb",
            "zw\u{ad}",
            "\u{200b}zw",
            "z\u{200d}w",
            "a\u{202e}b",
            "a\u{a0}b",
            "a\u{3000}b",
            "\u{301}a",
            "\u{e000}",
            "a\u{fffd}",
            "\u{10ffff}",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert!(wrong(slug).is_some(), "{slug:?}");
        }
        for slug in ["a b", "...", "Größe_42", "what?", "100%", "น้ำปลา", "A Handle, kept as it is"]
        {
            assert_eq!(wrong(slug), None, "{slug}");
        }
    }

    #[test]
    fn slugs_that_look_alike_have_one_key() {
        for (slug, alike) in [
            ("zw", "ZW"),
            ("zw", "z\u{200b}w"),
            ("zw", "zw\u{ad}"),
            ("zw", "ｚｗ"),
            ("paypal", "раураl"),
            ("café", "cafe\u{301}"),
            ("café", "CAFÉ"),
            ("istanbul", "İstanbul"),
        ] {
            assert_eq!(key(slug), key(alike), "{slug} {alike}");
        }
        let different = [
            "cafe",
            "café",
            "size-l",
            "size-1",
            "size-i",
            "size-0",
            "size-o",
            "schon",
            "schön",
            "modern",
            "rn",
            "m",
            "น้ำปลา",
            "नमक",
            "鞋",
            "靴",
        ];
        let mut keys: Vec<String> = different.into_iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), different.len());
    }
}
