//! What is particular to SQLite's files.

use std::time::Duration;

use super::*;
use crate::db::Limits;

async fn file(acquire: Duration) -> (tempfile::TempDir, String, Db) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("numbers.db").display().to_string();
    let limits = Limits { acquire, ..Limits::default() };
    let db = Db::connect(&format!("sqlite:{path}"), limits).await.unwrap();
    create(&db).await;
    (directory, path, db)
}

/// On one thread: had it waited in SQLite, nobody would have been left to end the wait.
#[tokio::test]
async fn another_process_with_the_file_is_waited_for_on_no_thread() {
    let (_directory, path, db) = file(Duration::from_secs(60)).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (inserted, ()) = tokio::join!(insert(&db, 1), async {
        // For the insert to begin to wait; the same if it has not.
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(inserted.unwrap(), 1);

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (tx, ()) = tokio::join!(db.begin(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("ROLLBACK").unwrap();
    });
    tx.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_file_that_stays_taken_is_a_database_that_does_not_answer() {
    let (_directory, path, db) = file(Duration::from_millis(50)).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(db.begin().await, Err(Error::Unavailable(_))));
    assert!(matches!(insert(&db, 1).await, Err(Error::Unavailable(_))));
    assert_eq!(count(&db).await, 0, "readers go on");
    other.execute_batch("COMMIT").unwrap();
    insert(&db, 1).await.unwrap();
}

#[tokio::test]
async fn a_reader_does_not_write() {
    let (_directory, _, db) = file(Duration::from_secs(1)).await;
    insert(&db, 1).await.unwrap();
    // Taken for a statement that reads by its first word.
    let refused = db.query("SELECT 1; DELETE FROM numbers").execute().await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(count(&db).await, 1);
}

/// Both kinds of runtime, each with many transactions at once.
#[test]
fn every_kind_of_runtime_commits() {
    let run = |mut builder: tokio::runtime::Builder| {
        builder.enable_all().build().unwrap().block_on(async {
            let (_directory, _, db) = file(Duration::from_secs(30)).await;
            let writes = (0..64).map(|value| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut tx = db.begin().await?;
                    insert(&mut tx, value).await?;
                    tx.commit().await
                })
            });
            for write in futures::future::join_all(writes).await {
                write.unwrap().unwrap();
            }
            assert_eq!(count(&db).await, 64);
            db.close().await;
            assert!(matches!(db.begin().await, Err(Error::Unavailable(_))));
        });
    };
    run(tokio::runtime::Builder::new_current_thread());
    run(tokio::runtime::Builder::new_multi_thread());
}
