//! A page as Vite has built it, with a place for what only the shop knows.

use bytes::Bytes;

/// Where the head goes.
const PLACE: &str = "<!--head-->";

/// A page, cut where the head goes.
pub(super) struct Template {
    before: Bytes,
    after: Bytes,
}

impl Template {
    /// Cuts a page. One without a place has it at the end of its own head.
    pub(super) fn split(page: &Bytes) -> Self {
        let find = |what: &str| page.windows(what.len()).position(|it| it == what.as_bytes());
        let (at, skip) = match find(PLACE) {
            Some(at) => (at, PLACE.len()),
            None => (find("</head>").unwrap_or(page.len()), 0),
        };
        Self { before: page.slice(..at), after: page.slice(at + skip..) }
    }

    /// The page with a head. The head must be HTML already.
    pub(super) fn fill(&self, head: &str) -> Vec<u8> {
        [&self.before[..], head.as_bytes(), &self.after[..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_goes_to_its_place_and_else_to_the_end_of_the_pages_own() {
        for (page, filled) in [
            ("<head><!--head--><x></head>", "<head>HEAD<x></head>"),
            ("<head><x></head><body>", "<head><x>HEAD</head><body>"),
            ("text", "textHEAD"),
        ] {
            let page = Template::split(&Bytes::from_static(page.as_bytes()));
            assert_eq!(page.fill("HEAD"), filled.as_bytes());
        }
    }
}
