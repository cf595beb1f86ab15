//! E-mail addresses: which the shop takes, and the one form in which it keeps and compares them.
//!
//! Letters of every script are fine on both sides of the `@` (RFC 6531, IDNA). The domain needs a
//! dot: `a@b` is well-formed, but nothing anybody shops with, and nearly always a slip of the
//! fingers. Quoted names and addresses of machines in brackets are not taken either.

use chassis::visible::is_ignorable;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321, 4.5.3.1.3: a path has at most 256 bytes with its brackets.
const MAX: usize = 254;
const MAX_LOCAL: usize = 64;

/// For `#[garde(custom(..))]`: an address mail can be sent to, once it is trimmed.
pub fn is_email(text: &str, (): &()) -> garde::Result {
    match parse(text) {
        Some(email) if email.len() > MAX => {
            Err(garde::Error::new(format!("must have at most {MAX} characters")))
        }
        Some(_) => Ok(()),
        None => Err(garde::Error::new("must be an e-mail address, for example ada@example.com")),
    }
}

/// An address as it is stored and looked up: trimmed, in lower case, the domain as DNS has it
/// (`bücher.example` is `xn--bcher-kva.example`). What is no address is only trimmed and put into
/// lower case, so that it can be looked up all the same.
pub fn normal(text: &str) -> String {
    parse(text).unwrap_or_else(|| trimmed(text).to_lowercase())
}

/// What is looked for in a list: an address in the form it is stored in, anything else only
/// trimmed.
pub fn sought(text: &str) -> String {
    parse(text).unwrap_or_else(|| text.trim().to_owned())
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|it: char| it.is_whitespace() || is_ignorable(it))
}

fn parse(text: &str) -> Option<String> {
    let text: String = trimmed(text).nfc().collect();
    let (local, domain) = text.rsplit_once('@')?;
    let local = local.to_lowercase();
    if !(1..=MAX_LOCAL).contains(&local.len()) || !local.chars().all(is_local) {
        return None;
    }
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let (_, last) = domain.rsplit_once('.')?;
    let is_name = !last.is_empty() && !last.bytes().all(|it| it.is_ascii_digit());
    is_name.then(|| format!("{local}@{domain}"))
}

/// What may stand before the `@` without quotes (HTML's rule), and every visible letter or sign
/// beyond ASCII.
fn is_local(it: char) -> bool {
    if it.is_ascii() {
        it.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(it)
    } else {
        !it.is_whitespace() && !it.is_control() && !is_ignorable(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form() {
        for (text, stored) in [
            ("ada@example.com", "ada@example.com"),
            (" Ada@Example.COM ", "ada@example.com"),
            ("\u{feff}ada@example.com\u{200b}\n", "ada@example.com"),
            ("ada+shop.1@sub.example.co.uk", "ada+shop.1@sub.example.co.uk"),
            // Phones in Japan had such.
            ("a..b@example.jp", "a..b@example.jp"),
            ("ädä@example.com", "ädä@example.com"),
            ("ÄDÄ@example.com", "ädä@example.com"),
            // The same letters, composed and not.
            ("a\u{308}d\u{61}\u{308}@example.com", "ädä@example.com"),
            ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
            ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ] {
            is_email(text, &()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(normal(text), stored, "{text:?}");
            assert_eq!(normal(stored), stored);
        }
    }

    #[test]
    fn what_no_mail_can_be_sent_to_is_refused() {
        for text in [
            "",
            " ",
            "ada",
            "ada@",
            "@example.com",
            "a@b",
            "ada@example",
            "ada@example.",
            "ada@.example.com",
            "ada@a..b",
            "ada@exa mple.com",
            "a b@c.de",
            "ada@exa_mple.com",
            "ada@-example.com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "\"a b\"@example.com",
            "ada@example.com, eve@example.com",
            "<ada@example.com>",
            "ada@eve@example.com",
            "a\r\nBcc: eve@example.com",
            "a\u{200b}da@example.com",
            "\u{202e}ada\u{202e}x@example.com",
            "ada@xn--a.example",
        ] {
            assert!(is_email(text, &()).is_err(), "{text:?}");
        }
        for long in [
            format!("{}@example.com", "a".repeat(65)),
            format!("a@{}.com", "x".repeat(64)),
            format!("a@{}com", "x.".repeat(130)),
        ] {
            assert!(is_email(&long, &()).is_err(), "{long}");
        }
        assert_eq!(normal(" Ada@Host "), "ada@host");
        assert_eq!(sought(" Ada@Host "), "Ada@Host");
        assert_eq!(sought(" Ada@BÜCHER.example "), "ada@xn--bcher-kva.example");
    }
}
