//! `cartwright health`: a readiness check, for containers that have no curl.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Uri;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::cli::Health;
use crate::config::Config;
use crate::shop::LISTEN;

/// A shop that needs longer to say that it is well is not.
const PATIENCE: Duration = Duration::from_secs(3);

/// Answers 1 where it is not ready, or not there.
pub(crate) async fn run(args: &Health) -> Result<ExitCode> {
    let uri = match &args.url {
        Some(url) => parse(url)?,
        None => {
            let listen = Config::load(&args.shared, None)?.server.listen;
            let listen = if listen.is_empty() { LISTEN } else { &listen };
            // What listens at every address is asked at this machine's own.
            let listen = listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
            parse(&format!("http://{listen}"))?
        }
    };
    let client: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let Ok(answer) = tokio::time::timeout(PATIENCE, client.get(uri.clone())).await else {
        println!("{uri} does not answer within {} s", PATIENCE.as_secs());
        return Ok(ExitCode::FAILURE);
    };
    match answer {
        Ok(answer) if answer.status().is_success() => {
            println!("{uri} is ready");
            Ok(ExitCode::SUCCESS)
        }
        Ok(answer) => {
            println!("{uri} answers {}", answer.status());
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            println!("{uri} cannot be reached: {error:#}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// An address with its path, `/ready` if it has none.
fn parse(url: &str) -> Result<Uri> {
    let uri: Uri = url
        .parse()
        .with_context(|| format!("{url:?} is not a URL; write it as http://127.0.0.1:8080"))?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() {
        bail!("{url:?} does not start with http://HOST; use the address it listens on");
    }
    match uri.path() {
        "" | "/" => Ok(format!("{}/ready", url.trim_end_matches('/')).parse()?),
        _ => Ok(uri),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn ready_is_asked_unless_something_else_is() {
        for (url, asked) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/ready"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/ready"),
            ("http://orders:8003/live", "http://orders:8003/live"),
        ] {
            assert_eq!(parse(url).expect("a URL").to_string(), asked);
        }
        for url in ["127.0.0.1:8080", "https://shop.example.com", "http://", "x y"] {
            let error = parse(url).expect_err(url).to_string();
            assert!(error.contains("http://"), "{error}");
        }
    }
}
