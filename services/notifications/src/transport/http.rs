//! Requests to the APIs of providers: the client, what is known after a failure, and what may be
//! kept of an answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chassis::config::SettingError;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode, Url};

use super::DeliveryError;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// More than any answer to a message has.
const MAX_ANSWER: usize = 64 << 10;
/// The longest part of a provider's own text that is kept.
const MAX_TEXT: usize = 160;
/// The longest word of it: keys and tokens are longer.
const MAX_WORD: usize = 40;
/// The longest pause a provider is believed to want.
const MAX_PAUSE: TimeDelta = TimeDelta::hours(1);

/// The base URL of an API must be one that nobody on the way can read.
pub(super) const ALLOWED_URL: &str =
    "an https:// URL without a slash at its end, query or password (http:// only on this machine)";
/// What a timeout may be, in milliseconds: shorter than the deadline of a message.
pub(super) const TIMEOUTS_MS: std::ops::RangeInclusive<u64> = 1_000..=55_000;

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// Refuses a base URL that is not [`ALLOWED_URL`].
pub(super) fn check_url(setting: &str, url: &str) -> Result<(), SettingError> {
    let is_good = Url::parse(url).is_ok_and(|it| {
        let plain = it.username().is_empty() && it.password().is_none() && it.query().is_none();
        plain && (it.scheme() == "https" || it.scheme() == "http" && is_local(&it))
    });
    if is_good && !url.ends_with('/') {
        return Ok(());
    }
    let value = format!("{:?}", chassis::config::without_password(url));
    Err(SettingError::new(setting, value, ALLOWED_URL))
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
}

/// A client of the API at this base URL, with these headers in every request. A request takes
/// `timeout` at most. Connections are used again.
pub(super) fn client(
    headers: HeaderMap,
    api_url: &str,
    timeout: Duration,
) -> Result<reqwest::Client, ClientError> {
    let mut http = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(concat!("cartwright/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_WITHIN.min(timeout))
        .timeout(timeout)
        // Never with the key to somewhere else.
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls()?);
    if Url::parse(api_url).is_ok_and(|it| is_local(&it)) {
        http = http.no_proxy();
    }
    Ok(http.build()?)
}

/// The public roots, compiled in: the program needs none of the machine it runs on.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Empty if it was cut off or too large: the status says what was done.
    pub(super) body: Vec<u8>,
}

/// Sends a request once.
///
/// # Errors
///
/// `Unavailable` if there was no connection, so that nothing was sent; `Unknown` if there was no
/// answer.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Answer, DeliveryError> {
    let response = request.send().await.map_err(|error| {
        // Without the URL, which may name an account.
        let error = error.without_url();
        if error.is_connect() || error.is_builder() {
            return DeliveryError::unavailable(format!("no connection: {}", root(&error)));
        }
        let what = if error.is_timeout() {
            "no answer in time"
        } else {
            "the connection was lost before the answer"
        };
        DeliveryError::Unknown(what.to_owned())
    })?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read(response).await.unwrap_or_default();
    Ok(Answer { status, headers, body })
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// What an error comes from in the end, such as "Connection refused (os error 111)".
fn root(error: &reqwest::Error) -> String {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    cleaned(&root.to_string())
}

impl Answer {
    /// What every API's status means beyond what it has done with a message: that it can do nothing
    /// now, or that nobody knows. `said` is the provider's own text.
    pub(super) fn outage(&self, said: &str, now: DateTime<Utc>) -> Option<DeliveryError> {
        let status = self.status;
        let reason = with(&format!("status {}", status.as_u16()), said);
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                Some(DeliveryError::Unavailable { reason, retry_after: self.pause(now) })
            }
            // From in front of the API, which may have taken the message meanwhile.
            StatusCode::GATEWAY_TIMEOUT => Some(DeliveryError::Unknown(reason)),
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Some(DeliveryError::Unavailable { reason, retry_after: self.pause(now) })
            }
            _ => None,
        }
    }

    /// For how long the provider wants no further requests.
    pub(super) fn pause(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let number = |name: &str| -> Option<i64> {
            self.headers.get(name)?.to_str().ok()?.trim().parse().ok()
        };
        let after = number(RETRY_AFTER.as_str()).and_then(TimeDelta::try_seconds);
        let reset = || {
            let at = DateTime::from_timestamp(number("x-ratelimit-reset")?, 0)?;
            Some(at - now)
        };
        let pause = after.or_else(reset)?;
        (pause > TimeDelta::zero()).then(|| pause.min(MAX_PAUSE))
    }
}

/// What happened, with the provider's own words for it if there are any.
pub(super) fn with(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") }
}

/// A provider's text as the history may keep it: one line, short, without addresses, numbers of
/// phones, links or anything else that may be somebody's or secret.
pub(super) fn cleaned(text: &str) -> String {
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let kept = words.filter(|it| !it.is_empty()).map(|it| {
        let digits = it.bytes().filter(u8::is_ascii_digit).count();
        let private = it.contains('@') || it.contains("://") || digits > 6;
        if private || it.len() > MAX_WORD { "…" } else { it }
    });
    let line = kept.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: headers.collect(), body: vec![] }
    }

    #[test]
    fn a_providers_text_is_kept_short_and_without_what_is_private() {
        for (text, kept) in [
            ("Does not contain a valid address.", "Does not contain a valid address."),
            ("ada@example.com  is\r\nnot valid", "… is not valid"),
            ("The number +4915112345678 is unknown", "The number … is unknown"),
            ("see https://shop.test/reset?token=hunter2", "see …"),
            ("", ""),
        ] {
            assert_eq!(cleaned(text), kept);
        }
        assert_eq!(cleaned(&"x".repeat(41)), "…");
        assert_eq!(cleaned(&"ä ".repeat(500)).chars().count(), MAX_TEXT);
    }

    #[test]
    fn a_pause_is_kept_within_bounds() {
        let now = chassis::testing::noon();
        let reset = |seconds: i64| (now.timestamp() + seconds).to_string();
        for (header, value, pause) in [
            ("retry-after", "7".to_owned(), Some(7)),
            ("retry-after", "0".to_owned(), None),
            ("retry-after", "-7".to_owned(), None),
            ("retry-after", "soon".to_owned(), None),
            ("retry-after", "9000000".to_owned(), Some(3600)),
            ("x-ratelimit-reset", reset(30), Some(30)),
            ("x-ratelimit-reset", reset(-30), None),
            ("x-ratelimit-reset", i64::MAX.to_string(), None),
        ] {
            let found = answer(429, &[(header, &value)]).pause(now);
            assert_eq!(found.map(|it| it.num_seconds()), pause, "{header}: {value}");
        }
    }

    #[test]
    fn what_was_in_front_of_the_api_leaves_it_unknown_whether_it_was_done() {
        let now = chassis::testing::noon();
        let of = |status| answer(status, &[]).outage("away", now);
        for status in [429, 500, 503, 408] {
            let reason = format!("status {status}: away");
            assert_eq!(of(status), Some(DeliveryError::Unavailable { reason, retry_after: None }));
        }
        assert_eq!(of(504), Some(DeliveryError::Unknown("status 504: away".to_owned())));
        for status in [202, 400, 401, 404] {
            assert_eq!(of(status), None, "{status}");
        }
    }

    #[test]
    fn a_url_that_others_can_read_is_refused() {
        for good in ["https://api.sendgrid.com", "http://127.0.0.1:9", "http://[::1]:9"] {
            assert_eq!(check_url("a.url", good), Ok(()), "{good}");
        }
        for bad in ["", "api", "http://api.test", "https://api.test/", "https://u:hunter2@api.test"]
        {
            let error = check_url("a.url", bad).unwrap_err().to_string();
            assert!(error.contains("a.url") && !error.contains("hunter2"), "{error}");
        }
    }
}
