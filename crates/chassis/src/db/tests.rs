mod files;
mod many;
mod rows;

use sqlx::migrate::Migrator;

use super::*;
use crate::testing::{Database, databases, on};

static NONE: Migrator = Migrator::DEFAULT;
const CHASSIS_ONLY: Migrations = Migrations { service: "test", migrator: &NONE };

#[databases]
async fn a_dropped_transaction_leaves_nothing(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    create(&platform.db).await;
    let mut tx = platform.db.begin().await.unwrap();
    insert(&mut tx, 1).await.unwrap();
    drop(tx);
    assert_eq!(count(&platform.db).await, 0, "{}", platform.kind);
    let mut tx = platform.db.begin().await.unwrap();
    insert(&mut tx, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&platform.db).await, 1);
}

#[on(postgres)]
async fn a_statement_given_up_half_way_does_no_harm(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    create(db).await;
    // More than there are connections.
    for value in 0..12 {
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(30), async {
            let mut tx = db.begin().await.unwrap();
            insert(&mut tx, value).await.unwrap();
            tx.query("SELECT pg_sleep(0.5)").execute().await
        });
        assert!(given_up.await.is_err());
    }
    for value in 0..12 {
        insert(db, value).await.unwrap();
    }
    assert_eq!(count(db).await, 12);
}

#[on(postgres)]
async fn what_a_frozen_transaction_has_locked_is_free_after_a_moment(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    create(db).await;
    insert(db, 1).await.unwrap();
    let mut frozen = db.begin().await.unwrap();
    let change = "UPDATE numbers SET value = value + 1";
    frozen.query(change).execute().await.unwrap();
    let sooner = "SELECT set_config('idle_in_transaction_session_timeout', '300', false)";
    frozen.query(sooner).execute().await.unwrap();
    // Longer than its statement may take, another one would not wait.
    assert_eq!(db.query(change).execute().await.unwrap(), 1);
    let late = frozen.query(change).execute().await;
    assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
    assert!(matches!(frozen.commit().await, Err(Error::Unavailable(_))));
    db.query("SELECT 1 FROM numbers WHERE value = 2").one::<(i32,)>().await.unwrap();
}

#[on(postgres)]
async fn postgresql_knows_when_a_copy_is_lost(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    for (setting, value) in [
        ("idle_in_transaction_session_timeout", "5s"),
        ("tcp_keepalives_idle", "5"),
        ("tcp_keepalives_interval", "2"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "10000"),
    ] {
        let set = platform.db.query("SELECT current_setting($1)").bind(setting);
        let (set,): (String,) = set.one().await.unwrap();
        assert_eq!(set.trim_end_matches("ms"), value.trim_end_matches("ms"), "{setting}");
    }
}

#[databases]
async fn a_cancelled_begin_does_not_swallow_the_next_write(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    create(&platform.db).await;
    for value in 0..200 {
        let cancelled =
            tokio::time::timeout(std::time::Duration::from_micros(50 + value * 5), async {
                let _tx = platform.db.begin().await;
                std::future::pending::<()>().await;
            });
        assert!(cancelled.await.is_err());
        insert(&platform.db, value as i64).await.unwrap();
    }
    assert_eq!(count(&platform.db).await, 200, "{}", platform.kind);
}

#[databases]
async fn writers_queue_instead_of_failing(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    create(&platform.db).await;
    let writes = (0..64).map(|value| {
        let db = platform.db.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await?;
            insert(&mut tx, value).await?;
            tx.commit().await
        })
    });
    for write in futures::future::join_all(writes).await {
        write.unwrap().unwrap();
    }
    assert_eq!(count(&platform.db).await, 64);
}

#[databases]
async fn errors_are_told_apart(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    create(&platform.db).await;
    insert(&platform.db, 1).await.unwrap();
    assert!(matches!(insert(&platform.db, 1).await, Err(Error::Duplicate(_))));
    assert!(matches!(insert(&platform.db, -1).await, Err(Error::Constraint(_))));
    platform.db.close().await;
    assert!(matches!(insert(&platform.db, 2).await, Err(Error::Unavailable(_))));
}

#[on(sqlite)]
async fn a_full_disk_is_survived(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let db = &platform.db;
    db.query("CREATE TABLE texts (text TEXT NOT NULL)").execute().await.unwrap();
    // A limit of the connection itself, as small as the file is now.
    db.query("PRAGMA max_page_count = 1").execute().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let insert = "INSERT INTO texts (text) VALUES ($1)";
    let refused = tx.query(insert).bind("x".repeat(100_000)).execute().await;
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    drop(tx);
    // Somebody makes room.
    db.query("PRAGMA max_page_count = 1000000").execute().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.query(insert).bind("x".repeat(100_000)).execute().await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn why_there_is_no_connection_is_told() {
    // Nothing listens on the port of a socket that was closed.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let limits = Limits { acquire: std::time::Duration::from_millis(200), ..Limits::default() };
    let error = Db::connect(&format!("postgres://{free}/shop"), limits).await.unwrap_err();
    let Error::Unavailable(cause) = &error else { panic!("{error:?}") };
    assert!(cause.to_string().contains("refused"), "{cause}");
}

#[databases]
async fn migrations_are_applied_once_and_listed(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    platform.db.migrate(CHASSIS_ONLY).await.unwrap();
    let status = platform.db.migration_status(CHASSIS_ONLY).await.unwrap();
    assert!(
        status.len() >= 2 && status.iter().all(|it| it.state == MigrationState::Applied),
        "{status:?}"
    );
}

async fn create(db: &Db) {
    let create = "CREATE TABLE numbers (value BIGINT NOT NULL PRIMARY KEY CHECK (value >= 0))";
    db.query(create).execute().await.unwrap();
}

async fn insert(db: impl Session<'_>, value: i64) -> Result<u64> {
    db.query("INSERT INTO numbers (value) VALUES ($1)").bind(value).execute().await
}

async fn count(db: &Db) -> i64 {
    db.query("SELECT count(*) FROM numbers").one::<(i64,)>().await.unwrap().0
}
