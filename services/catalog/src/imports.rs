//! Files of products that staff send: kept in the database, and imported by a worker that goes on
//! where another one left off.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis::db;
use chassis::db::Json;
use chassis::id;
use chassis::problem::{Problem, Result};
use chassis::service::BoxError;
use chassis::threads;
use chassis::work::Loop;
use chrono::TimeDelta;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::csv::{self, ImportError, OfExisting, Preview, Report, Run};
use crate::store::imports::{self as store, File, IMPORTS, Import, State};
use crate::{App, problems};

/// Bytes of a file that is sent.
pub(crate) const MAX_BYTES: usize = 32 << 20;
/// Files that may be on their way, or previewed, at once; each is held in memory.
const PLACES: usize = 2;
/// Imports that may wait or run.
const MAX_OPEN: i64 = 5;
/// How long one may take for some products before another worker takes over.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long to wait where the database was busy.
const PAUSE: TimeDelta = TimeDelta::seconds(10);
/// How often an import is begun or gone on with before it has failed.
const MAX_ATTEMPTS: i64 = 20;
/// How long ended imports are listed.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How long the worker sleeps when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// Bounds how many files are in memory, and wakes the worker.
#[derive(Debug)]
pub(crate) struct Counter {
    places: Semaphore,
    wake: Arc<Notify>,
}

impl Default for Counter {
    fn default() -> Self {
        Self { places: Semaphore::new(PLACES), wake: Arc::default() }
    }
}

impl Counter {
    /// A place for a file, before it is read.
    pub(crate) fn place(&self) -> Result<SemaphorePermit<'_>> {
        self.places.try_acquire().map_err(|_| problems::imports_busy())
    }
}

/// Tells what an import of a file would do.
pub(crate) async fn preview(app: &App, file: Bytes, stock: OfExisting) -> Result<Preview> {
    let (app, file) = (app.clone(), Cursor::new(file));
    let preview = threads::own(async move {
        csv::preview(&app.db, app.clock, &app.currency, stock, file).await.map_err(refused)
    });
    preview.await
}

/// Takes a file in; the worker imports it.
pub(crate) async fn take_in(
    app: &App,
    user: Uuid,
    (name, file): (String, Bytes),
    stock: OfExisting,
) -> Result<Import> {
    let counted = {
        let file = file.clone();
        tokio::task::spawn_blocking(move || csv::count_rows(Cursor::new(file))).await
    };
    let rows = counted.map_err(Problem::internal)?.map_err(refused)?;
    let import = Import {
        id: id::new(),
        state: State::Waiting,
        file_name: name,
        created_by: user,
        set_stock: stock == OfExisting::Set,
        rows: i64::try_from(rows).unwrap_or(i64::MAX),
        rows_done: 0,
        products_done: 0,
        report: Json(serde_json::to_value(Report::default()).map_err(Problem::internal)?),
        error: None,
        attempts: 0,
        fence: 0,
        created_at: app.clock.now(),
        finished_at: None,
    };
    let mut tx = app.db.begin().await?;
    if store::open(&mut tx).await? >= MAX_OPEN {
        return Err(problems::imports_waiting(MAX_OPEN));
    }
    store::insert(&mut tx, &import, &file).await?;
    tx.wakes(&app.counter.wake);
    tx.commit().await?;
    Ok(import)
}

fn refused(error: ImportError) -> Problem {
    match error {
        ImportError::Database(error) => error.into(),
        ImportError::Busy => problems::imports_busy(),
        error => problems::import_unreadable(&error.to_string()),
    }
}

/// Imports what waits until cancelled.
pub(crate) async fn work(app: App, stop: CancellationToken) -> Result<(), BoxError> {
    IMPORTS.inherit(&app.db, app.clock.now()).await?;
    let imports = Loop::new(IMPORTS.name(), POLL).woken_by(&app.counter.wake);
    imports.run(&stop, || turn(&app, &stop)).await;
    Ok(())
}

/// Works on one import, if one is due; returns whether there was one.
async fn turn(app: &App, stop: &CancellationToken) -> db::Result<bool> {
    let now = app.clock.now();
    let Some(import) = IMPORTS.claim::<Import>(&app.db, now, LEASE, 1).await?.pop() else {
        return Ok(false);
    };
    // What nobody looks at any more goes when something new comes.
    store::forget(&app.db, now - KEPT).await?;
    if import.attempts > MAX_ATTEMPTS {
        fail(app, import, "it was begun too often and never came to its end", File::Kept).await?;
        return Ok(true);
    }
    // On a task of its own, so that a file that makes us panic ends its import and nothing else;
    // and on a thread of its own, since it keeps a database's thread busy for long.
    let (id, working) = (import.id, import.clone());
    let (task_app, task_stop) = (app.clone(), stop.clone());
    let worked =
        tokio::spawn(threads::own(async move { go_on(&task_app, working, &task_stop).await }));
    let worked = worked.await;
    match worked {
        Ok(Ok(())) => {}
        Ok(Err(ImportError::Database(error))) => {
            postpone(app, &import).await?;
            return Err(error);
        }
        Ok(Err(ImportError::Busy)) => {
            tracing::warn!(import = %id, "the database is busy; the import continues later");
            postpone(app, &import).await?;
        }
        Ok(Err(error)) => fail(app, import, &error.to_string(), File::Discarded).await?,
        Err(_) => fail(app, import, "an internal error occurred; see the log", File::Kept).await?,
    }
    Ok(true)
}

async fn postpone(app: &App, import: &Import) -> db::Result<()> {
    let now = app.clock.now();
    store::leave(&app.db, import, now, now + PAUSE).await
}

/// Imports what is left of a file. Leaves it where it is when stopped, or when somebody else
/// has taken it over.
async fn go_on(app: &App, mut import: Import, stop: &CancellationToken) -> Result<(), ImportError> {
    let file = store::file(&app.db, import.id).await?;
    let stock = if import.set_stock { OfExisting::Set } else { OfExisting::Edited };
    let file = Cursor::new(file);
    let mut run = Run::begin(&app.db, app.clock, &app.currency, stock, file).await?;
    let report: Report = serde_json::from_value(import.report.0.take()).unwrap_or_default();
    run.resume(import.products_done.unsigned_abs(), report)?;
    loop {
        let more = run.step().await?;
        let (done, now) = (run.done(), app.clock.now());
        import.rows_done = i64::try_from(done.rows).unwrap_or(i64::MAX);
        import.products_done = i64::try_from(done.products).unwrap_or(i64::MAX);
        import.report = Json(serde_json::to_value(run.report()).unwrap_or_default());
        if !more {
            break;
        }
        if stop.is_cancelled() {
            store::note(&app.db, &import, now).await?;
            return Ok(());
        }
        if !store::note(&app.db, &import, now + LEASE).await? {
            tracing::warn!(import = %import.id, "another process took over this import");
            return Ok(());
        }
    }
    import.report = Json(serde_json::to_value(run.into_report()).unwrap_or_default());
    import.state = State::Done;
    Ok(end(app, &import, File::Discarded).await?)
}

/// Ends an import with what went wrong. Its file is kept where the same file may do another time:
/// an operator has it tried again.
async fn fail(app: &App, import: Import, error: &str, file: File) -> db::Result<()> {
    tracing::error!(import = %import.id, error, "import failed");
    // How far it came was noted on the way.
    let noted = store::find(&app.db, import.id).await?;
    let mut failed = Import { fence: import.fence, ..noted.unwrap_or(import) };
    failed.state = State::Failed;
    failed.error = Some(error.to_owned());
    end(app, &failed, file).await
}

async fn end(app: &App, import: &Import, file: File) -> db::Result<()> {
    let mut tx = app.db.begin().await?;
    if store::finish(&mut tx, import, file, app.clock.now()).await? {
        tx.commit().await
    } else {
        tx.rollback().await
    }
}

#[cfg(test)]
mod tests;
