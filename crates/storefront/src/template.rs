//! A page as Vite has built it, with places for what only the shop knows.

use bytes::Bytes;

/// Where the head goes.
const HEAD: &str = "<!--head-->";
/// Before it goes what the page's script reads when all else is there.
const FOOT: &str = "</body>";

/// A page, cut at its places.
pub(crate) struct Template {
    before: Bytes,
    between: Bytes,
    after: Bytes,
}

impl Template {
    /// Cuts a page. One without a place for a head has it at the end of its own.
    pub(crate) fn split(page: &Bytes) -> Self {
        let (before, rest) = match find(page, HEAD) {
            Some(at) => (at, at + HEAD.len()),
            None => {
                let at = find(page, "</head>").unwrap_or(page.len());
                (at, at)
            }
        };
        let foot = rest + find(&page[rest..], FOOT).unwrap_or(page.len() - rest);
        Self {
            before: page.slice(..before),
            between: page.slice(rest..foot),
            after: page.slice(foot..),
        }
    }

    /// The page with what was to be put into it, which must be HTML already.
    pub(crate) fn fill(&self, head: &str, foot: &str) -> Vec<u8> {
        let Self { before, between, after } = self;
        [before, head.as_bytes(), between, foot.as_bytes(), after].concat()
    }
}

fn find(page: &[u8], what: &str) -> Option<usize> {
    page.windows(what.len()).position(|it| it == what.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_goes_to_its_place_and_else_to_the_end() {
        for (page, filled) in [
            ("<head><!--head--><x></head><body><p></body>", "<head>H<x></head><body><p>F</body>"),
            ("<head><x></head><body>", "<head><x>H</head><body>F"),
            ("<!--head--></body>", "HF</body>"),
            ("text", "textHF"),
        ] {
            let page = Template::split(&Bytes::from_static(page.as_bytes()));
            assert_eq!(page.fill("H", "F"), filled.as_bytes());
        }
    }
}
