//! The files of the web front, as Vite has built them, and how they are sent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chassis::coding::Coding;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use rust_embed::Embed;

use crate::manifest::{Manifest, ManifestError};
use crate::tag;
use crate::template::Template;

/// Part of the program; a debug build reads it when it starts.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Embedded;

/// What the build says of the storefront; for the server alone.
const MANIFEST: &str = "manifest.json";
/// What Vite puts here has a hash of its content in its name.
const HASHED: &str = "assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
pub(crate) const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The files of a web front. Clones share them.
#[derive(Clone, Default)]
pub struct Dist(Arc<Files>);

#[derive(Default)]
struct Files {
    store: Option<Store>,
    admin: Option<Template>,
    /// All but the pages, by their paths without a slash at the beginning.
    others: HashMap<String, File>,
}

/// The storefront.
pub(crate) struct Store {
    /// The file that all of its pages are.
    pub(crate) page: Template,
    pub(crate) manifest: Manifest,
}

struct File {
    kind: HeaderValue,
    keep: HeaderValue,
    tag: HeaderValue,
    plain: Bytes,
    brotli: Option<Bytes>,
}

/// The front was built without a manifest that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{MANIFEST} of the web front (web/dist): {0}; rebuild it with make web")]
pub struct UnusableFront(ManifestError);

impl Dist {
    /// The front this program was built with; empty where it was built without one. Fails where its
    /// manifest is missing or wrong, saying how.
    pub fn embedded() -> Result<Self, UnusableFront> {
        let files = Embedded::iter().filter_map(|path| {
            let data = Embedded::get(&path)?.data;
            let data = match data {
                Cow::Borrowed(it) => Bytes::from_static(it),
                Cow::Owned(it) => it.into(),
            };
            Some((path.into_owned(), data))
        });
        Self::of(files)
    }

    /// A front of these files: paths such as `index.html`, and what is in them. Fails as
    /// [`Dist::embedded`] does.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Result<Self, UnusableFront> {
        let mut plain: HashMap<String, Bytes> = files.into_iter().collect();
        let packed: Vec<String> = plain.keys().filter(|it| it.ends_with(".br")).cloned().collect();
        let mut brotli: HashMap<String, Bytes> = HashMap::new();
        for path in packed {
            if let (Some(name), Some(bytes)) = (path.strip_suffix(".br"), plain.remove(&path)) {
                brotli.insert(name.to_owned(), bytes);
            }
        }
        let manifest = plain.remove(MANIFEST);
        let mut page = |name| plain.remove(name).map(|it| Template::split(&it));
        let (store, admin) = (page("index.html"), page("admin.html"));
        let store = store.map(|page| Ok(Store { page, manifest: read(manifest.as_deref())? }));
        let store = store.transpose().map_err(UnusableFront)?;
        let others = plain.into_iter().map(|(path, plain)| {
            let brotli = brotli.remove(&path).filter(|it| it.len() < plain.len());
            let keep = if path.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN };
            let file = File { kind: kind(&path), keep, tag: tag::of(&plain), plain, brotli };
            (path, file)
        });
        Ok(Self(Arc::new(Files { store, admin, others: others.collect() })))
    }

    /// Whether there is a front at all.
    pub fn is_built(&self) -> bool {
        self.store().is_some()
    }

    /// The storefront; none where the program was built without a front.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.0.store.as_ref()
    }

    /// The page of the admin.
    pub(crate) fn admin(&self) -> Option<&Template> {
        self.0.admin.as_ref()
    }

    /// Sends the file at a path, which begins with a slash.
    pub(crate) fn send(&self, path: &str, asked: &HeaderMap) -> Option<Response> {
        Some(self.0.others.get(path.strip_prefix('/')?)?.send(asked))
    }
}

impl std::fmt::Debug for Dist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dist").field("files", &self.0.others.len()).finish_non_exhaustive()
    }
}

impl File {
    fn send(&self, asked: &HeaderMap) -> Response {
        let mut response = Response::default();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.keep.clone());
        headers.insert(header::ETAG, self.tag.clone());
        let understands = Coding::accepted(asked) == Some(Coding::Brotli);
        let brotli = self.brotli.clone().filter(|_| understands);
        // A plain one may be packed on its way out, which is told then.
        if brotli.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if tag::is_known(asked, &self.tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, self.kind.clone());
        if brotli.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        *response.body_mut() = Body::from(brotli.unwrap_or_else(|| self.plain.clone()));
        response
    }
}

fn read(manifest: Option<&[u8]>) -> Result<Manifest, ManifestError> {
    Manifest::read(manifest.ok_or(ManifestError::Missing)?)
}

fn kind(path: &str) -> HeaderValue {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    HeaderValue::from_static(match end {
        "css" => "text/css; charset=utf-8",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Front, Way, router};

    fn of(files: &[(&str, &'static str)]) -> Result<Dist, UnusableFront> {
        let files = files.iter();
        Dist::of(
            files.map(|(path, text)| ((*path).to_owned(), Bytes::from_static(text.as_bytes()))),
        )
    }

    const MANIFEST: (&str, &str) = (
        "manifest.json",
        r#"{
            "categories": "/api/v1/categories",
            "pages": [{ "path": "/" }, { "path": "/cart" }],
            "pictures": { "widths": [320], "usual": 320, "sizes": "100vw" }
        }"#,
    );

    #[test]
    fn a_front_comes_with_its_manifest() {
        let dist = of(&[("index.html", "page"), MANIFEST]).unwrap();
        assert!(dist.is_built());
        assert!(dist.store().unwrap().manifest.page("/cart").is_some());
        assert!(dist.send("/manifest.json", &HeaderMap::new()).is_none(), "it is no file to send");
    }

    #[test]
    fn a_front_without_a_good_manifest_is_refused() {
        let missing = of(&[("index.html", "page")]).unwrap_err().to_string();
        assert!(missing.starts_with("manifest.json of the web front"), "{missing}");
        assert!(missing.contains("it is missing; rebuild it with make web"), "{missing}");
        let wrong = of(&[("index.html", "page"), ("manifest.json", "{}")]).unwrap_err().to_string();
        assert!(
            wrong.contains("manifest.json of the web front (web/dist): missing field"),
            "{wrong}"
        );
    }

    #[test]
    fn where_nothing_was_built_there_is_no_front() {
        for files in [&[][..], &[("favicon.svg", "<svg/>")], &[("manifest.json", "{}")]] {
            assert!(!of(files).unwrap().is_built());
        }
    }

    /// What the web build of this checkout has made, if it was made.
    #[test]
    fn the_front_of_this_program_is_a_good_one() {
        let dist = Dist::embedded().unwrap();
        let Some(store) = dist.store() else { return };
        for path in ["/products/{slug}", "/categories/{slug}", "/search", "/cart"] {
            assert!(store.manifest.page(path).is_some(), "{path}");
        }
        // Two pages that get in each other's way panic here.
        let front = Front::new(dist, "Shop".to_owned(), "EUR", |_| Way::Nowhere);
        let _ = router(Arc::new(front));
    }
}
