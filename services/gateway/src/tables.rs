//! Tables of routes in use: where each was read from, and how a new one takes its place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use arc_swap::ArcSwap;
use chassis::clock::Clock;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::routes::{Described, RouteFileError, RouteView, Table};

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The largest routes file.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The table of one listener.
pub(crate) struct Routes {
    name: String,
    file: Option<PathBuf>,
    table: ArcSwap<Table>,
    state: Mutex<State>,
    described: Arc<Described>,
    clock: Clock,
}

/// What is known of the file.
#[derive(Default)]
struct State {
    seen: Option<Seen>,
    loaded: DateTime<Utc>,
    error: Option<RouteFileError>,
}

/// A file that was looked at.
#[derive(PartialEq)]
struct Seen {
    modified: Option<SystemTime>,
    length: u64,
    text: String,
}

/// A table in use, for people.
#[derive(Clone, Debug, Serialize)]
pub struct RoutesView {
    /// The listener's name.
    pub listener: String,
    /// None: built in.
    pub file: Option<String>,
    /// When the table in use was read.
    pub loaded: DateTime<Utc>,
    /// Why the file as it is now is not in use.
    pub error: Option<String>,
    pub routes: Vec<RouteView>,
}

impl Routes {
    /// Reads the table of a listener: a file's, or the built-in one.
    pub(crate) fn load(
        name: &str,
        file: Option<&Path>,
        described: Arc<Described>,
        clock: Clock,
    ) -> Result<Self, RouteFileError> {
        let mut state = State { loaded: clock.now(), ..State::default() };
        let table = match file {
            None => {
                let table = Table::builtin()?;
                table.check_limits(&described)?;
                table
            }
            Some(file) => {
                let seen = look(file, None)?;
                let table = read(file, &seen.text, &described)?;
                state.seen = Some(seen);
                table
            }
        };
        Ok(Self {
            name: name.to_owned(),
            file: file.map(Path::to_owned),
            table: ArcSwap::from_pointee(table),
            state: Mutex::new(state),
            described,
            clock,
        })
    }

    /// The table as it is now. Who has taken it keeps it.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// Looks whether the file has changed; takes its table if it is well-formed.
    fn refresh(&self) {
        let Some(file) = &self.file else { return };
        let mut state = self.state.lock();
        let seen = match look(file, state.seen.as_ref()) {
            Ok(seen) => seen,
            Err(error) => return self.refuse(&mut state, error),
        };
        if state.seen.as_ref() == Some(&seen) {
            // A file that could not be read for a while is as it was.
            if matches!(state.error, Some(RouteFileError::Unreadable { .. })) {
                state.error = None;
            }
            return;
        }
        match read(file, &seen.text, &self.described) {
            Ok(table) => {
                let routes = table.routes().len();
                self.table.store(Arc::new(table));
                state.loaded = self.clock.now();
                state.error = None;
                tracing::info!(listener = self.name, routes, "reloaded the routes file");
            }
            Err(error) => self.refuse(&mut state, error),
        }
        state.seen = Some(seen);
    }

    fn refuse(&self, state: &mut State, error: RouteFileError) {
        let told = state.error.as_ref().map(ToString::to_string);
        if told != Some(error.to_string()) {
            tracing::error!(listener = self.name, %error, "invalid routes file; keeping the current routes");
            state.error = Some(error);
        }
    }

    pub(crate) fn view(&self) -> RoutesView {
        let state = self.state.lock();
        RoutesView {
            listener: self.name.clone(),
            file: self.file.as_ref().map(|it| it.display().to_string()),
            loaded: state.loaded,
            error: state.error.as_ref().map(ToString::to_string),
            routes: self.table().routes().iter().map(|it| RouteView::of(it)).collect(),
        }
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Follows the files until stopped.
pub(crate) async fn watch(all: Vec<Arc<Routes>>, stop: CancellationToken) {
    let all: Vec<_> = all.into_iter().filter(|it| it.file.is_some()).collect();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        for routes in &all {
            let routes = routes.clone();
            // Reading and checking a large file takes some milliseconds.
            let refreshed = tokio::task::spawn_blocking(move || routes.refresh()).await;
            if let Err(error) = refreshed {
                tracing::error!(%error, "cannot reload the routes file");
            }
        }
    }
}

/// Reads a routes file and says how many routes it has, or what is wrong with it and where.
pub(crate) fn check(file: &Path, described: &Described) -> Result<usize, RouteFileError> {
    Ok(read(file, &look(file, None)?.text, described)?.routes().len())
}

fn read(file: &Path, text: &str, described: &Described) -> Result<Table, RouteFileError> {
    let table = Table::parse(text, &file.display().to_string())?;
    table.check(described)?;
    Ok(table)
}

/// The file as it is now. Who writes within the granularity of the file's time is found out by
/// the text itself, as long as the time is recent.
fn look(file: &Path, before: Option<&Seen>) -> Result<Seen, RouteFileError> {
    let cannot = |source| RouteFileError::Unreadable { file: file.to_owned(), source };
    let meta = fs::metadata(file).map_err(cannot)?;
    let (modified, length) = (meta.modified().ok(), meta.len());
    if length > MAX_FILE {
        let reason = format!("it has more than {MAX_FILE} bytes");
        return Err(cannot(io::Error::new(io::ErrorKind::FileTooLarge, reason)));
    }
    let old = modified.and_then(|it| it.elapsed().ok()).is_some_and(|it| it > 3 * EVERY);
    if let Some(before) = before.filter(|it| old && (it.modified, it.length) == (modified, length))
    {
        return Ok(Seen { modified, length, text: before.text.clone() });
    }
    let text = fs::read_to_string(file).map_err(cannot)?;
    Ok(Seen { modified, length, text })
}
