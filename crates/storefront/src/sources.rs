//! What the pages of the front may use of other sites: nothing, but for those on which customers
//! pay, which need the scripts and frames of the payment providers.

use chassis::page_sources::PageSources;
use http::header::{self, HeaderName, HeaderValue, InvalidHeaderValue};

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// No page but those on which customers pay opens the browser's payment sheet.
const NO_PAYMENT: HeaderValue = HeaderValue::from_static("payment=()");

/// A source that would not mean in a header what it says.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not an origin, such as https://js.provider.example or https://*.provider.example"
)]
pub struct UnusableSource(String);

/// The headers that say what a page may do in a browser.
#[derive(Clone, Debug)]
pub(crate) struct PagePolicy {
    content: HeaderValue,
    permissions: HeaderValue,
    opener: Option<HeaderValue>,
}

impl PagePolicy {
    /// Of the pages on which customers pay.
    pub(crate) fn paying(sources: &PageSources) -> Result<Self, UnusableSource> {
        if sources.is_empty() {
            return Ok(Self::store());
        }
        let lists = [&sources.script, &sources.frame, &sources.connect, &sources.payment];
        if let Some(wrong) = lists.into_iter().flatten().find(|it| !is_source(it)) {
            return Err(UnusableSource(wrong.clone()));
        }
        let unusable = |_: InvalidHeaderValue| UnusableSource(format!("{sources:?}"));
        let payment = sources.payment.iter().map(|it| format!(" \"{it}\"")).collect::<String>();
        Ok(Self {
            content: HeaderValue::try_from(content(sources)).map_err(unusable)?,
            permissions: HeaderValue::try_from(format!("payment=(self{payment})"))
                .map_err(unusable)?,
            // Wallets and banks ask in windows of their own, which answer the page.
            opener: Some(HeaderValue::from_static("same-origin-allow-popups")),
        })
    }

    /// Of the pages of the storefront: their own scripts and styles and nobody else's, and
    /// pictures, which merchants may keep anywhere.
    pub(crate) fn store() -> Self {
        Self::strict(HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; \
            img-src 'self' data: https:; font-src 'self'; connect-src 'self'; \
            manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
    }

    /// Of the admin: its components style themselves, and show pictures before they are uploaded.
    pub(crate) fn admin() -> Self {
        Self::strict(HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; \
            style-src 'self' 'unsafe-inline'; img-src 'self' data: https: blob:; \
            font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
            base-uri 'none'; frame-ancestors 'none'",
        ))
    }

    fn strict(content: HeaderValue) -> Self {
        Self { content, permissions: NO_PAYMENT, opener: None }
    }

    /// The headers; what is not among them is the gateway's to say.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        [
            Some((header::CONTENT_SECURITY_POLICY, self.content.clone())),
            Some((PERMISSIONS, self.permissions.clone())),
            self.opener.clone().map(|it| (OPENER, it)),
        ]
        .into_iter()
        .flatten()
    }
}

/// The strict policy of the store, widened by these sources.
fn content(sources: &PageSources) -> String {
    let with = |list: &[String]| list.iter().map(|it| format!(" {it}")).collect::<String>();
    let styles = if sources.inline_styles { " 'unsafe-inline'" } else { "" };
    let frames = if sources.frame.is_empty() { " 'none'".to_owned() } else { with(&sources.frame) };
    format!(
        "default-src 'none'; script-src 'self'{}; style-src 'self'{styles}; \
        img-src 'self' data: https:; font-src 'self'; connect-src 'self'{}; frame-src{frames}; \
        manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        with(&sources.script),
        with(&sources.connect),
    )
}

/// Whether it is a scheme, a host and perhaps a port, with nothing that ends it early in a header.
fn is_source(source: &str) -> bool {
    let rest = source.strip_prefix("https://").or_else(|| source.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.strip_prefix("*.").unwrap_or(rest);
        let (name, port) = host.split_once(':').unwrap_or((host, "0"));
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '.';
        !name.is_empty() && name.chars().all(is_name) && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(policy: &PagePolicy, name: &HeaderName) -> Option<String> {
        let mut headers = policy.headers();
        headers.find(|it| it.0 == name).map(|(_, value)| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn sources_widen_the_strict_policy_and_nothing_else_of_it() {
        let list = |it: &str| vec![it.to_owned()];
        let sources = PageSources {
            script: list("https://*.js.example"),
            frame: list("https://hooks.example"),
            connect: list("http://127.0.0.1:8420"),
            payment: list("https://js.example"),
            inline_styles: true,
        };
        let policy = PagePolicy::paying(&sources).unwrap();
        let wide = header(&policy, &header::CONTENT_SECURITY_POLICY).unwrap();
        let strict = header(&PagePolicy::store(), &header::CONTENT_SECURITY_POLICY).unwrap();
        let back = wide
            .replace(" https://*.js.example", "")
            .replace(" http://127.0.0.1:8420", "")
            .replace(" 'unsafe-inline'", "")
            .replace(" frame-src https://hooks.example;", "");
        assert_eq!(back, strict);
        assert!(wide.contains("script-src 'self' https://*.js.example;"), "{wide}");
        assert!(wide.contains("connect-src 'self' http://127.0.0.1:8420;"), "{wide}");
        let permissions = header(&policy, &PERMISSIONS).unwrap();
        assert_eq!(permissions, "payment=(self \"https://js.example\")");
        assert_eq!(header(&policy, &OPENER).unwrap(), "same-origin-allow-popups");
    }

    #[test]
    fn without_sources_a_page_is_as_strict_as_the_others() {
        let policy = PagePolicy::paying(&PageSources::default()).unwrap();
        let strict = PagePolicy::store();
        assert!(policy.headers().eq(strict.headers()));
        assert_eq!(header(&policy, &PERMISSIONS).unwrap(), "payment=()");
    }

    #[test]
    fn a_source_is_an_origin_and_no_more() {
        for wrong in [
            "",
            "js.example",
            "https://",
            "https://*",
            "https://js.example; script-src *",
            "https://js.example 'unsafe-eval'",
            "https://js.example/v3",
            "https://js.example:port",
            "data:",
        ] {
            let sources = PageSources { frame: vec![wrong.to_owned()], ..Default::default() };
            assert!(PagePolicy::paying(&sources).is_err(), "{wrong}");
        }
    }
}
