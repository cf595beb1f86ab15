//! Addresses of pictures. One that cannot be used is left out: it is no reason to lose a product.

use crate::header::shown;
use crate::product::Wrong;

/// The longest address.
const MAX_URL: usize = 2_048;
/// Where the shop's own pictures are.
const OWN: &str = "/api/v1/media/";

/// The address of a picture, in a form a browser can load from a page of the shop.
pub(crate) fn picture(text: &str, line: u64, warnings: &mut Vec<Wrong>) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let scheme = |it: &str| text.get(..it.len()).is_some_and(|got| got.eq_ignore_ascii_case(it));
    let url = if text.starts_with("//") {
        format!("https:{text}")
    } else if scheme("https://") {
        format!("https://{}", &text[8..])
    } else if scheme("http://") {
        format!("http://{}", &text[7..])
    } else {
        text.to_owned()
    };
    let url = url.replace(' ', "%20");
    let rest = ["https://", "http://", OWN].iter().find_map(|it| url.strip_prefix(it));
    let broken = |it: char| it.is_whitespace() || it.is_control() || "<>\"".contains(it);
    if rest.is_none_or(|it| it.is_empty() || it.contains(broken)) || url.len() > MAX_URL {
        let text = format!("the picture {:?} is left out: not a web address", shown(text));
        warnings.push((line, text));
        return None;
    }
    if url.starts_with("http://") {
        let text = format!(
            "the picture {:?} is not shown: its address must begin with https://",
            shown(&url)
        );
        warnings.push((line, text));
    }
    Some(url)
}

/// The addresses in a field that has one, or several with commas between them.
pub(crate) fn pictures(text: &str, line: u64, warnings: &mut Vec<Wrong>) -> Vec<String> {
    addresses(text).filter_map(|it| picture(it, line, warnings)).collect()
}

/// A comma ends an address only before the next one: within one it may stand as well.
fn addresses(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        text = text.trim();
        if text.is_empty() {
            return None;
        }
        let begins = |at: &usize| {
            let next = text[at + 1..].trim_start();
            ["http://", "https://", "//", OWN]
                .iter()
                .any(|it| next.get(..it.len()).is_some_and(|next| next.eq_ignore_ascii_case(it)))
        };
        let end = text.match_indices(',').map(|(at, _)| at).find(begins);
        let (first, rest) = end.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
        text = rest;
        Some(first.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_were_meant() {
        for (text, urls, warned) in [
            ("https://example.com/a.jpg", vec!["https://example.com/a.jpg"], 0),
            ("//cdn.example.com/a.jpg", vec!["https://cdn.example.com/a.jpg"], 0),
            ("HTTPS://EXAMPLE.COM/A.JPG", vec!["https://EXAMPLE.COM/A.JPG"], 0),
            ("https://example.com/with space.jpg", vec!["https://example.com/with%20space.jpg"], 0),
            ("https://example.com/a,b.jpg", vec!["https://example.com/a,b.jpg"], 0),
            ("/api/v1/media/1", vec!["/api/v1/media/1"], 0),
            ("http://example.com/a.jpg", vec!["http://example.com/a.jpg"], 1),
            (
                "https://example.com/1.jpg, https://example.com/2.jpg,//x/3",
                vec!["https://example.com/1.jpg", "https://example.com/2.jpg", "https://x/3"],
                0,
            ),
            ("a.jpg", vec![], 1),
            ("https://", vec![], 1),
            ("https://a/<b>", vec![], 1),
            ("", vec![], 0),
        ] {
            let mut warnings = Vec::new();
            assert_eq!(pictures(text, 1, &mut warnings), urls, "{text}");
            assert_eq!(warnings.len(), warned, "{text}: {warnings:?}");
        }
    }
}
