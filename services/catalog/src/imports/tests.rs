use chassis::clock::Clock;
use chassis::db::{Db, Session};
use chassis::testing::{Database, TestPlatform, databases, noon};
use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::*;
use crate::Config;

/// An app of a process that does nothing by itself, at a time.
fn app(test: &TestPlatform, at: DateTime<Utc>) -> (App, TempDir) {
    let index = tempfile::tempdir().expect("a directory");
    let mut platform = test.platform.clone();
    platform.clock = Clock::Fixed(at);
    let app = App::new(&platform, &Config::default(), index.path()).expect("an app");
    (app, index)
}

/// A file of products, one row each.
fn file(products: usize) -> Bytes {
    let rows = (0..products).map(|n| format!("p{n},Product {n},1.00,SKU-{n}\n"));
    let header = "Handle,Title,Variant Price,Variant SKU\n".to_owned();
    std::iter::once(header).chain(rows).collect::<String>().into()
}

async fn take(app: &App, products: usize) -> Import {
    take_in(app, id::new(), ("p.csv".to_owned(), file(products)), OfExisting::Edited)
        .await
        .expect("an import")
}

async fn find(app: &App, id: Uuid) -> (Import, Report) {
    let import = store::find(&app.db, id).await.expect("a database").expect("an import");
    let report = serde_json::from_value(import.report.0.clone()).expect("a report");
    (import, report)
}

async fn count(app: &App, table: &'static str) -> i64 {
    app.db.query(table).one::<(i64,)>().await.expect("a count").0
}

const PARTS: &str = "SELECT count(*) FROM import_parts";
const PRODUCTS: &str = "SELECT count(*) FROM products";

/// Works as far as a process came that was killed after one step.
async fn killed(app: &App, noted: bool) -> Import {
    let now = app.clock.now();
    let mut import = claim(&app.db, now).await.expect("an import");
    let input = Cursor::new(store::file(&app.db, import.id).await.unwrap());
    let run = Run::begin(&app.db, app.clock, &app.currency, OfExisting::Edited, input);
    let mut run = run.await.unwrap();
    assert!(run.step().await.unwrap());
    if noted {
        import.rows_done = run.done().rows as i64;
        import.products_done = run.done().products as i64;
        import.report = Json(serde_json::to_value(run.report()).unwrap());
        assert!(store::note(&app.db, &import, now + LEASE).await.unwrap());
    }
    import
}

#[databases]
async fn another_process_goes_on_where_one_was_killed(database: Database) {
    let stop = CancellationToken::new();
    let test = database.platform(crate::MIGRATIONS).await;
    for noted in [true, false] {
        let (before, _index) = app(&test, noon());
        let (later, _index) = app(&test, noon() + TimeDelta::seconds(61));
        let id = take(&before, 250).await.id;
        let dead = killed(&before, noted).await;
        assert!(!turn(&before, &stop).await.unwrap(), "it may only be slow");
        assert!(turn(&later, &stop).await.unwrap());
        let (import, report) = find(&later, id).await;
        assert_eq!((import.state, import.rows, import.rows_done), (State::Done, 250, 250));
        assert_eq!(import.finished_at, Some(later.clock.now()));
        // What was written and not noted is found to be there.
        let unchanged = if noted { 0 } else { 100 };
        assert_eq!((report.products_created, report.unchanged), (250 - unchanged, unchanged));
        assert_eq!((count(&later, PRODUCTS).await, count(&later, PARTS).await), (250, 0));
        // Should it wake again, it has nothing to say any more.
        assert!(!store::note(&before.db, &dead, noon() + LEASE).await.unwrap());
        let done = Import { state: State::Done, ..dead };
        end(&before, &done, File::Discarded).await.unwrap();
        assert_eq!(find(&later, id).await.0.finished_at, Some(later.clock.now()));
        assert!(!turn(&later, &stop).await.unwrap());
        for table in ["DELETE FROM stock", "DELETE FROM products", "DELETE FROM stock_ledger"] {
            later.db.query(table).execute().await.unwrap();
        }
    }
}

#[databases]
async fn a_process_that_stops_leaves_an_import_to_the_next_at_once(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (app, _index) = app(&test, noon());
    let id = take(&app, 150).await.id;
    let stopping = CancellationToken::new();
    stopping.cancel();
    assert!(turn(&app, &stopping).await.unwrap());
    let (import, report) = find(&app, id).await;
    assert_eq!((import.state, import.rows_done), (State::Running, 100));
    assert_eq!(report.products_created, 100);
    assert!(turn(&app, &CancellationToken::new()).await.unwrap());
    let (import, report) = find(&app, id).await;
    assert_eq!((import.state, report.products_created), (State::Done, 150));
}

#[databases]
async fn an_import_is_taken_by_one_worker(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (app, _index) = app(&test, noon());
    let ids = [take(&app, 1).await.id, take(&app, 1).await.id];
    let claim = || claim(&app.db, noon());
    let (a, b, c) = tokio::join!(claim(), claim(), claim());
    let taken = [a, b, c].map(|it| it.map(|it| it.id));
    for id in ids {
        assert_eq!(taken.iter().filter(|it| **it == Some(id)).count(), 1, "{test:?}");
    }
}

#[databases]
async fn an_import_does_not_wait_for_a_clock_that_was_put_back(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (app, _index) = app(&test, noon());
    let id = take(&app, 1).await.id;
    let before = noon() + TimeDelta::hours(1);
    assert!(claim(&app.db, before).await.is_some());
    assert!(IMPORTS.any_due(&app.db, noon()).await.unwrap());
    let taken = claim(&app.db, noon()).await;
    assert_eq!(taken.map(|it| it.id), Some(id), "{test:?}");
    assert!(!IMPORTS.any_due(&app.db, noon()).await.unwrap());
}

#[databases]
async fn an_import_that_never_comes_to_its_end_fails_and_can_be_tried_again(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (app, _index) = app(&test, noon());
    let id = take(&app, 250).await.id;
    killed(&app, true).await;
    let often = app.db.query("UPDATE imports SET attempts = $1, lease_until = NULL");
    often.bind(MAX_ATTEMPTS).execute().await.unwrap();
    assert!(turn(&app, &CancellationToken::new()).await.unwrap());
    let (import, report) = find(&app, id).await;
    assert_eq!((import.state, report.products_created), (State::Failed, 100));
    assert!(import.error.unwrap().contains("too often"));
    let dead = async || IMPORTS.stats(&app.db, noon()).await.unwrap().dead;
    assert_eq!((dead().await, count(&app, PARTS).await), (1, 1));
    assert_eq!(IMPORTS.replay(&app.db, noon()).await.unwrap(), 1);
    assert!(turn(&app, &CancellationToken::new()).await.unwrap());
    let (import, report) = find(&app, id).await;
    assert_eq!((import.state, import.error), (State::Done, None));
    assert_eq!((report.products_created, report.unchanged), (250, 0));
    assert_eq!((dead().await, count(&app, PARTS).await), (0, 0));
}

#[databases]
async fn an_import_whose_file_is_at_fault_leaves_nothing_to_try_again(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (app, _index) = app(&test, noon());
    let id = take(&app, 1).await.id;
    // Between a look at its rows and the import, as a file that was damaged in the database.
    let damaged =
        app.db.query("UPDATE import_parts SET bytes = $1").bind(b"no,products\n".to_vec());
    damaged.execute().await.unwrap();
    assert!(turn(&app, &CancellationToken::new()).await.unwrap());
    let (import, _) = find(&app, id).await;
    assert_eq!((import.state, count(&app, PARTS).await), (State::Failed, 0), "{:?}", import.error);
    assert_eq!(IMPORTS.stats(&app.db, noon()).await.unwrap().dead, 0);
    assert_eq!(IMPORTS.replay(&app.db, noon()).await.unwrap(), 0);
}

#[databases]
async fn few_imports_wait_and_ended_ones_go_after_a_month(database: Database) {
    let test = database.platform(crate::MIGRATIONS).await;
    let (now, _index) = app(&test, noon());
    for _ in 0..MAX_OPEN {
        take(&now, 1).await;
    }
    let refused = take_in(&now, id::new(), ("p.csv".to_owned(), file(1)), OfExisting::Edited);
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code, "imports_waiting");
    while turn(&now, &CancellationToken::new()).await.unwrap() {}
    assert_eq!(store::list(&now.db, None, 100).await.unwrap().len() as i64, MAX_OPEN);
    let (later, _index) = app(&test, noon() + KEPT + TimeDelta::seconds(1));
    let new = take(&later, 1).await.id;
    assert!(turn(&later, &CancellationToken::new()).await.unwrap());
    let left = store::list(&later.db, None, 100).await.unwrap();
    assert_eq!(left.iter().map(|it| it.id).collect::<Vec<_>>(), [new]);
}

async fn claim(db: &Db, now: DateTime<Utc>) -> Option<Import> {
    IMPORTS.claim(db, now, LEASE, 1).await.expect("a database").pop()
}
