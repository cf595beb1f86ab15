//! Content codings: how an answer can be made smaller for who understands it.

use http::header::{self, HeaderMap, HeaderValue};

/// A way to make an answer smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The one the client likes best, brotli if it does not care.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT_ENCODING) {
            return None;
        }
        let (mut brotli, mut gzip) = (0.0, 0.0);
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
        for item in lines.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(',')) {
            let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|it| it.parse().ok());
            let weight: f32 = weight.unwrap_or(0.0);
            match name.trim() {
                "br" => brotli = weight,
                "gzip" | "x-gzip" => gzip = weight,
                _ => {}
            }
        }
        match (brotli, gzip) {
            (brotli, gzip) if brotli > 0.0 && brotli >= gzip => Some(Self::Brotli),
            (_, gzip) if gzip > 0.0 => Some(Self::Gzip),
            _ => None,
        }
    }

    /// As `Content-Encoding` says it.
    pub fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        })
    }
}
