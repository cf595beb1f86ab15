//! The log files: which service a line belongs to, and where it is written.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::path::Path;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The file of what belongs to no service.
const PROCESS: &str = "cartwright";

thread_local! {
    /// Whose line is written on this thread just now.
    static OWNER: Cell<&'static str> = const { Cell::new(PROCESS) };
}

/// Finds out whose line it is: the service's whose crate wrote it, or else the one named by the
/// line's field `service` or by that of a span around it. The chassis writes on behalf of many.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) services: Vec<&'static str>,
}

impl Owner {
    fn known(&self, name: &str) -> Option<&'static str> {
        self.services.iter().find(|it| **it == name).copied()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Owner {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut named = Named { owner: self, name: None };
        attributes.record(&mut named);
        if let (Some(name), Some(span)) = (named.name, context.span(id)) {
            span.extensions_mut().insert(OwnedBy(name));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let written_by = event.metadata().target().split("::").next().unwrap_or_default();
        let owner = self.known(written_by).or_else(|| {
            let mut named = Named { owner: self, name: None };
            event.record(&mut named);
            let spans = || context.event_scope(event).into_iter().flatten();
            named.name.or_else(|| {
                spans().find_map(|span| span.extensions().get::<OwnedBy>().map(|it| it.0))
            })
        });
        OWNER.set(owner.unwrap_or(PROCESS));
    }
}

/// The service a span is about.
struct OwnedBy(&'static str);

/// Looks for the field `service`.
struct Named<'a> {
    owner: &'a Owner,
    name: Option<&'static str>,
}

impl Visit for Named<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "service" {
            self.name = self.owner.known(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "service" {
            self.name = self.owner.known(&format!("{value:?}"));
        }
    }
}

/// Writes a line to standard error and, where there is a directory, to the file of its owner.
pub(super) struct Writer {
    pub(super) files: Option<Files>,
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { files: self.files.as_ref() }
    }
}

pub(super) struct Line<'a> {
    files: Option<&'a Files>,
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A full disk must not silence standard error too.
        let filed = self.files.map_or(Ok(()), |files| files.write(OWNER.get(), line));
        io::stderr().write_all(line)?;
        filed.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A directory with a file per service and day, opened when its first line comes.
pub(super) struct Files {
    directory: String,
    keep: usize,
    open: Mutex<HashMap<&'static str, RollingFileAppender>>,
}

impl Files {
    pub(super) fn new(directory: &str, keep: usize) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        probe(Path::new(directory))?;
        Ok(Self { directory: directory.to_owned(), keep, open: Mutex::default() })
    }

    fn write(&self, owner: &'static str, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock();
        if !open.contains_key(owner) {
            let appender = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix(owner)
                .filename_suffix("log")
                .max_log_files(self.keep)
                .build(&self.directory)
                .map_err(io::Error::other)?;
            open.insert(owner, appender);
        }
        match open.get_mut(owner) {
            Some(file) => io::Write::write_all(file, line),
            None => Ok(()),
        }
    }
}

/// Fails where the directory cannot be written to.
fn probe(directory: &Path) -> io::Result<()> {
    let file = directory.join(".write-probe");
    std::fs::write(&file, b"")?;
    std::fs::remove_file(&file)
}

#[cfg(test)]
mod tests {
    use crate::telemetry::{LogConfig, LogFormat, subscriber};

    /// What is in the file of `owner`, if there is one.
    fn lines(directory: &std::path::Path, owner: &str) -> String {
        let files = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
        let mut files = files.filter(|it| it.file_name().to_string_lossy().starts_with(owner));
        files.next().map(|it| std::fs::read_to_string(it.path()).unwrap()).unwrap_or_default()
    }

    fn log(format: LogFormat, write: impl FnOnce()) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let config = LogConfig {
            directory: directory.path().display().to_string(),
            format,
            ..LogConfig::default()
        };
        let subscriber = subscriber(&config, &["orders", "catalog"]).unwrap();
        tracing::subscriber::with_default(subscriber, write);
        directory
    }

    #[test]
    fn a_line_is_in_the_file_of_the_service_it_belongs_to_and_in_no_other() {
        let directory = log(LogFormat::Pretty, || {
            tracing::info!(target: "orders::checkout", "by its crate");
            tracing::info!(service = "orders", "by its field");
            tracing::info!(service = %"orders", "by its displayed field");
            let span = tracing::error_span!("request", service = "orders", request_id = "r-1");
            span.in_scope(|| tracing::info!("by its span"));
            tracing::info!(service = "unheard of", "of the process");
            tracing::info!(target: "sqlx::query", "of a library");
            tracing::debug!(target: "orders", "too quiet");
        });
        let orders = lines(directory.path(), "orders");
        for line in ["by its crate", "by its field", "by its displayed field", "by its span"] {
            assert!(orders.contains(line), "{line}: {orders}");
        }
        assert_eq!(orders.lines().count(), 4, "{orders}");
        assert!(orders.contains(r#"request_id="r-1""#), "{orders}");
        let process = lines(directory.path(), "cartwright");
        assert_eq!(process.lines().count(), 2, "{process}");
        assert_eq!(lines(directory.path(), "catalog"), "");
    }

    #[test]
    fn a_line_for_machines_carries_the_request_id() {
        let directory = log(LogFormat::Json, || {
            let span = tracing::error_span!("request", service = "catalog", request_id = "r-2");
            span.in_scope(|| tracing::warn!(target: "chassis::problem", code = 7, "slow"));
        });
        let line = lines(directory.path(), "catalog");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["message"], "slow");
        assert_eq!(line["code"], 7);
        assert_eq!(line["span"]["request_id"], "r-2");
    }
}
