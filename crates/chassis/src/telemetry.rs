//! Logs and metrics of a process.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use tracing::Metadata;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Logging.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug` or `trace`, also per module: `info,orders=debug`.
    pub level: String,
    /// `pretty` for people, `json` for machines.
    pub format: LogFormat,
    /// Also write to files in this directory, one per service and day. Empty: only standard error.
    pub directory: String,
    /// Files kept per service.
    pub keep_files: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Starts logging. Says what is wrong with a level or a directory.
pub fn start_logging(config: &LogConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|error| {
        format!(
            "log.level is {:?}: {error}; allowed are error, warn, info, debug, trace or \
                 module=level, separated by commas",
            config.level
        )
    })?;
    let writer = Writer::new(config)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match config.format {
        LogFormat::Pretty => builder.with_ansi(config.directory.is_empty()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| format!("logging cannot start: {error}"))
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
        handle
    })
}

/// Writes a line to standard error and, where a directory is set, to the file of the service it
/// comes from: the crate that logged it.
struct Writer {
    files: Option<Files>,
}

struct Files {
    directory: String,
    keep: usize,
    open: Mutex<HashMap<String, RollingFileAppender>>,
}

struct Line<'a> {
    files: Option<(&'a Files, String)>,
}

impl Writer {
    fn new(config: &LogConfig) -> Result<Self, String> {
        if config.directory.is_empty() {
            return Ok(Self { files: None });
        }
        let directory = Path::new(&config.directory);
        std::fs::create_dir_all(directory)
            .and_then(|()| tempfile_in(directory))
            .map_err(|error| format!("log.directory {}: {error}", config.directory))?;
        let (directory, keep) = (config.directory.clone(), config.keep_files);
        Ok(Self { files: Some(Files { directory, keep, open: Mutex::default() }) })
    }
}

/// Fails where the directory cannot be written to.
fn tempfile_in(directory: &Path) -> io::Result<()> {
    let probe = directory.join(".write-probe");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { files: self.files.as_ref().map(|files| (files, "cartwright".to_owned())) }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        let service = meta.target().split("::").next().unwrap_or("cartwright").to_owned();
        Line { files: self.files.as_ref().map(|files| (files, service)) }
    }
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some((files, service)) = &self.files {
            files.write(service, line)?;
        }
        io::stderr().write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Files {
    fn write(&self, service: &str, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        if !open.contains_key(service) {
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix(service)
                .filename_suffix("log")
                .max_log_files(self.keep)
                .build(&self.directory)
                .map_err(io::Error::other)?;
            open.insert(service.to_owned(), appender);
        }
        match open.get_mut(service) {
            Some(file) => io::Write::write_all(file, line),
            None => Ok(()),
        }
    }
}
