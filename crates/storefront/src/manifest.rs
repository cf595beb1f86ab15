//! What the web build tells of the storefront: its pages, what each asks the API first, and the
//! sizes of pictures. `web/src/store/manifest.ts` writes it.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::escape::component;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// What every page asks: all categories, for its navigation.
    pub(crate) categories: String,
    pub(crate) pages: Vec<Page>,
    pub(crate) pictures: Pictures,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Such as `/products/{slug}`.
    pub(crate) path: String,
    /// What its head tells of; without it search engines are kept away.
    pub(crate) shows: Option<Shows>,
    /// Whether customers pay on it: then it may use what their payment provider needs.
    #[serde(default)]
    pub(crate) pays: bool,
    #[serde(default)]
    pub(crate) questions: Vec<Question>,
}

/// What a page is about, by the address of the API that tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shows {
    Home,
    Product(String),
    Category(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// `{slug}` in it is that of the page's path.
    address: String,
    /// What of the page's own query goes along.
    #[serde(default)]
    query: Vec<String>,
}

/// The shop's own pictures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pictures {
    /// In pixels; every one is kept in these.
    pub(crate) widths: Vec<u32>,
    /// For who cannot choose.
    pub(crate) usual: u32,
    /// How wide the first picture of a product is shown, in HTML's words.
    pub(crate) sizes: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("it is missing")]
    Missing,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the page / is missing")]
    NoHome,
    #[error("{0}: two pages have this path")]
    Twice(String),
    #[error("{path}: {reason}")]
    Page { path: String, reason: PageError },
    #[error(transparent)]
    Categories(PageError),
}

/// What is wrong with a page, or with what it asks.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("a path must begin with /")]
    Relative,
    #[error("{0:?} is not a valid path segment")]
    Segment(String),
    #[error("{0:?} is not an API path with the parameters of this page")]
    Address(String),
}

impl Manifest {
    pub(crate) fn read(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    pub(crate) fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|it| it.path == path)
    }

    /// All but `/`.
    pub(crate) fn below(&self) -> impl Iterator<Item = (usize, &Page)> {
        self.pages.iter().enumerate().filter(|(_, it)| it.path != "/")
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.page("/").is_none() {
            return Err(ManifestError::NoHome);
        }
        let mut shapes = BTreeSet::new();
        for page in &self.pages {
            let path = &page.path;
            let wrong = |reason| ManifestError::Page { path: path.clone(), reason };
            page.check().map_err(wrong)?;
            let shape = segments(path).map(|it| if it.starts_with('{') { "{}" } else { it });
            if !shapes.insert(shape.collect::<Vec<_>>()) {
                return Err(ManifestError::Twice(path.clone()));
            }
        }
        check_address(&self.categories, &[]).map_err(ManifestError::Categories)
    }
}

impl Page {
    /// The addresses of its questions but that of what it shows. `path` and `query` are what it is
    /// asked for with.
    pub(crate) fn ask<'a>(
        &'a self,
        path: &'a [(String, String)],
        query: &'a str,
    ) -> impl Iterator<Item = String> {
        self.questions.iter().map(move |it| {
            let mut address = fill(&it.address, path);
            for (name, value) in form_urlencoded::parse(query.as_bytes()) {
                if it.query.iter().any(|it| *it == name) && !value.trim().is_empty() {
                    address.push(if address.contains('?') { '&' } else { '?' });
                    address.push_str(&format!("{name}={}", component(&value)));
                }
            }
            address
        })
    }

    fn check(&self) -> Result<(), PageError> {
        if !self.path.starts_with('/') {
            return Err(PageError::Relative);
        }
        let plain = |it: char| it.is_ascii_alphanumeric() || "-_.~".contains(it);
        let mut names = Vec::new();
        for segment in segments(&self.path).filter(|_| self.path != "/") {
            let name = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            names.extend(name);
            let text = name.unwrap_or(segment);
            if text.is_empty() || !text.chars().all(plain) {
                return Err(PageError::Segment(segment.to_owned()));
            }
        }
        let shown = self.shows.iter().filter_map(Shows::address);
        let mut addresses = shown.chain(self.questions.iter().map(|it| &*it.address));
        addresses.try_for_each(|it| check_address(it, &names))
    }
}

impl Shows {
    fn address(&self) -> Option<&str> {
        match self {
            Self::Home => None,
            Self::Product(address) | Self::Category(address) => Some(address),
        }
    }

    /// What is asked for what is shown.
    pub(crate) fn ask(&self, path: &[(String, String)]) -> Option<String> {
        self.address().map(|it| fill(it, path))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

fn fill(address: &str, path: &[(String, String)]) -> String {
    let mut filled = address.to_owned();
    for (name, value) in path {
        filled = filled.replace(&format!("{{{name}}}"), &component(value).to_string());
    }
    filled
}

/// Refuses an address that is not one of the API once these names are filled in.
fn check_address(address: &str, names: &[&str]) -> Result<(), PageError> {
    let path: Vec<_> = names.iter().map(|it| ((*it).to_owned(), "x".to_owned())).collect();
    let filled = fill(address, &path);
    let is_address = filled.parse::<http::Uri>().is_ok() && !filled.contains(['{', '}']);
    if is_address && filled.starts_with("/api/") {
        Ok(())
    } else {
        Err(PageError::Address(address.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn whole() -> Value {
        json!({
            "categories": "/api/v1/categories",
            "pages": [
                { "path": "/", "shows": "home" },
                {
                    "path": "/shelves/{slug}",
                    "shows": { "category": "/api/v1/categories/{slug}" },
                    "questions": [
                        { "address": "/api/v1/products?shelf={slug}", "query": ["sort", "size"] },
                        { "address": "/api/v1/tags", "query": ["tag"] },
                    ],
                },
                { "path": "/cart" },
            ],
            "pictures": { "widths": [320, 640], "usual": 640, "sizes": "100vw" },
        })
    }

    fn read(manifest: &Value) -> Result<Manifest, String> {
        Manifest::read(manifest.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_asks_with_what_is_in_its_own_address() {
        let manifest = read(&whole()).unwrap();
        let page = manifest.page("/shelves/{slug}").unwrap();
        let path = [("slug".to_owned(), "tea & {slug}/ä".to_owned())];
        let slug = "tea%20%26%20%7Bslug%7D%2F%C3%A4";
        assert_eq!(
            page.shows.as_ref().unwrap().ask(&path),
            Some(format!("/api/v1/categories/{slug}"))
        );
        let query = "size=M&utm_source=x&sort=a%26b&size=L+l&tag=+&shelf=other&tag=new";
        assert_eq!(
            page.ask(&path, query).collect::<Vec<_>>(),
            [
                format!("/api/v1/products?shelf={slug}&size=M&sort=a%26b&size=L%20l"),
                "/api/v1/tags?tag=new".to_owned(),
            ]
        );
        let below: Vec<_> = manifest.below().map(|(_, it)| it.path.as_str()).collect();
        assert_eq!(below, ["/shelves/{slug}", "/cart"]);
        assert_eq!(manifest.page("/").unwrap().shows.as_ref().unwrap().ask(&[]), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let page = |page: Value| {
            let mut manifest = whole();
            manifest["pages"].as_array_mut().unwrap().push(page);
            read(&manifest).unwrap_err()
        };
        for (wrong, reason) in [
            (json!({ "path": "cart" }), "cart: a path must begin with /"),
            (json!({ "path": "/a//b" }), "/a//b: \"\" is not a valid path segment"),
            (json!({ "path": "/a/" }), "/a/: \"\" is not a valid path segment"),
            (json!({ "path": "/a/$id" }), "/a/$id: \"$id\" is not a valid path segment"),
            (json!({ "path": "/a/{*all}" }), "/a/{*all}: \"{*all}\" is not a valid path segment"),
            (json!({ "path": "/shelves/{id}" }), "/shelves/{id}: two pages have this path"),
            (json!({ "path": "/cart" }), "/cart: two pages have this path"),
            (
                json!({ "path": "/a/{id}", "shows": { "product": "/api/v1/products/{slug}" } }),
                "/a/{id}: \"/api/v1/products/{slug}\" is not an API path",
            ),
            (
                json!({ "path": "/a", "questions": [{ "address": "//evil.example/api/" }] }),
                "/a: \"//evil.example/api/\" is not an API path",
            ),
            (json!({ "path": "/a", "shows": "everything" }), "unknown variant `everything`"),
            (json!({ "path": "/a", "title": "A" }), "unknown field `title`"),
        ] {
            let error = page(wrong);
            assert!(error.starts_with(reason), "{error}");
        }
        let mut manifest = whole();
        manifest["categories"] = json!("/api/v1/categories/{slug}");
        assert!(read(&manifest).unwrap_err().contains("is not an API path"));
        let mut manifest = whole();
        manifest["pages"].as_array_mut().unwrap().remove(0);
        assert_eq!(read(&manifest).unwrap_err(), "the page / is missing");
        let mut manifest = whole();
        manifest.as_object_mut().unwrap().remove("pictures");
        assert!(read(&manifest).unwrap_err().starts_with("missing field `pictures`"));
    }
}
