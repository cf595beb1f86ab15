//! Logs and metrics of a process.
//!
//! A line tells the request it belongs to: the gateway opens a span `request` with `request_id`
//! and `service`, and every line written within it carries both.

mod files;

use std::error::Error;
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

pub use metrics_exporter_prometheus::PrometheusHandle;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use self::files::Files;
use crate::config::{SettingError, Settings, at_least};
use crate::db::Word;

/// An error as a field of a line, which then tells what it came from too:
/// `tracing::warn!(error = cause(&error), "..")`.
pub fn cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error
}

/// Logging.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`, also per module: `info,orders=debug`.
    pub level: String,
    /// `pretty` for people, `json` for machines.
    pub format: LogFormat,
    /// Also write to files in this directory, one per service and day. Empty: only standard error.
    pub directory: String,
    /// Files kept per service, at least 1.
    pub keep_files: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Word)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum LogFormat {
    Pretty,
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Pretty,
            directory: String::new(),
            keep_files: 7,
        }
    }
}

impl Settings for LogConfig {
    fn check(&self) -> Result<(), SettingError> {
        if !self.directory.is_empty() {
            at_least("log.keep_files", self.keep_files, 1)?;
        }
        filter(&self.level).map(drop)
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("log.directory {directory}")]
    Directory { directory: String, source: std::io::Error },
    #[error("logging cannot start")]
    Started(#[from] SetGlobalDefaultError),
}

/// Starts logging. With a directory, each of `services` has its own file there, and the rest goes
/// to `cartwright`.
pub fn start_logging(config: &LogConfig, services: &[&'static str]) -> Result<(), LogError> {
    let subscriber = subscriber(config, services)?;
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}

fn subscriber(
    config: &LogConfig,
    services: &[&'static str],
) -> Result<impl Subscriber + Send + Sync, LogError> {
    config.check()?;
    let filter = filter(&config.level)?;
    let files =
        match config.directory.as_str() {
            "" => None,
            directory => Some(Files::open(config, services).map_err(|source| {
                LogError::Directory { directory: directory.to_owned(), source }
            })?),
        };
    // Files and terminal share what is written of a span.
    let colours = files.is_none() && std::io::stderr().is_terminal();
    let lines = lines(config.format, colours, std::io::stderr);
    Ok(Registry::default().with(filter).with(lines).with(files))
}

/// What writes lines in one of the formats.
type Lines<S> = Box<dyn Layer<S> + Send + Sync>;

fn lines<S, W>(format: LogFormat, colours: bool, writer: W) -> Lines<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Pretty => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

fn filter(level: &str) -> Result<EnvFilter, SettingError> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let wrong = |reason: String| {
        let allowed =
            format!("some of {} or module=level, separated by commas: {reason}", LEVELS.join(", "));
        SettingError::new("log.level", format!("{level:?}"), allowed)
    };
    // To the filter a word that is no level is the name of a module: a typo would go unnoticed.
    for word in level.split(',').map(str::trim).filter(|it| !it.contains(['=', '['])) {
        if !LEVELS.iter().any(|it| it.eq_ignore_ascii_case(word)) {
            return Err(wrong(format!("{word:?} is no level")));
        }
    }
    // The client of RabbitMQ tells every failed try, where one line is told when it goes away.
    let quiet = if level.contains("lapin") { String::new() } else { format!("lapin=off,{level}") };
    let level = if quiet.is_empty() { level } else { &quiet };
    EnvFilter::try_new(level).map_err(|error| wrong(error.to_string()))
}

/// Starts collecting metrics; the handle renders them in Prometheus' text format.
pub fn start_metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let buckets =
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        let builder = PrometheusBuilder::new().set_buckets(&buckets).expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Only a second recorder in the same process can refuse this, which a test may do.
        let _ = metrics::set_global_recorder(recorder);
        let upkeep = handle.clone();
        let keeper = std::thread::Builder::new().name("metrics".to_owned());
        // Every measured duration is kept until it is put into its bucket.
        let kept = keeper.spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(2));
                upkeep.run_upkeep();
            }
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "metrics are only aggregated when /metrics is read");
        }
        handle
    })
}

/// The answer to who asks for the metrics.
pub fn rendered(metrics: &PrometheusHandle) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_does_not_exist_is_named_with_what_is_allowed() {
        for level in ["loud", "info,chatty", "orders=loud", ""] {
            let error = filter(level).unwrap_err().to_string();
            assert!(error.starts_with(&format!("log.level is {level:?}, but must be ")), "{error}");
            assert!(error.contains("error, warn, info, debug, trace, off"), "{error}");
        }
        for level in ["info", "INFO", "off", "warn,orders=debug", "orders[request]=trace"] {
            assert!(filter(level).is_ok(), "{level}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let directory = file.path().join("logs").display().to_string();
        let config = LogConfig { directory: directory.clone(), ..LogConfig::default() };
        let error = subscriber(&config, &[]).err().unwrap();
        assert_eq!(error.to_string(), format!("log.directory {directory}"));
        assert!(error.source().unwrap().is::<std::io::Error>(), "{error:?}");
    }
}
