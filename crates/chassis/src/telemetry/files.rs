//! The log files: which service a line belongs to, and a file for each.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{Lines, LogConfig, lines};

/// The file of what belongs to no service.
const PROCESS: &str = "cartwright";

/// Writes a line to the file of its owner: the service whose crate wrote it, or else the one named
/// by the line's field `service` or by that of a span around it. The chassis writes on behalf of
/// many.
pub(super) struct Files<S> {
    services: HashMap<&'static str, Lines<S>>,
    process: Lines<S>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Files<S> {
    /// Opens a file for each service, a new one every day.
    pub(super) fn open(config: &LogConfig, services: &[&'static str]) -> io::Result<Self> {
        std::fs::create_dir_all(&config.directory)?;
        let open = |owner| -> io::Result<_> {
            let file = RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix(owner)
                .filename_suffix("log")
                .max_log_files(config.keep_files)
                .build(&config.directory)
                .map_err(io::Error::other)?;
            Ok(lines(config.format, false, file))
        };
        let services = services.iter().map(|&it| Ok((it, open(it)?)));
        Ok(Self { services: services.collect::<io::Result<_>>()?, process: open(PROCESS)? })
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Files<S> {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut named = Named { files: self, name: None };
        attributes.record(&mut named);
        if let (Some(name), Some(span)) = (named.name, context.span(id)) {
            span.extensions_mut().insert(OwnedBy(name));
        }
        self.process.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.process.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let written_by = event.metadata().target().split("::").next().unwrap_or_default();
        let file = self.services.get(written_by).or_else(|| {
            let mut named = Named { files: self, name: None };
            event.record(&mut named);
            let mut spans = context.event_scope(event).into_iter().flatten();
            let around = || spans.find_map(|it| it.extensions().get::<OwnedBy>().map(|it| it.0));
            self.services.get(named.name.or_else(around)?)
        });
        file.unwrap_or(&self.process).on_event(event, context);
    }
}

/// The service a span is about.
struct OwnedBy(&'static str);

/// Looks for the field `service`.
struct Named<'a, S> {
    files: &'a Files<S>,
    name: Option<&'static str>,
}

impl<S> Visit for Named<'_, S> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "service" {
            self.name = self.files.services.get_key_value(value).map(|(name, _)| *name);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "service" {
            self.record_str(field, &format!("{value:?}"));
        }
    }
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
