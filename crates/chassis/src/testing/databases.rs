//! Fresh databases of a test's own.

use std::sync::Arc;

use sqlx::migrate::Migrator;
use tempfile::TempDir;
use uuid::Uuid;

use super::engines::{Case, Engine, is_left_out};
use super::waiting::PATIENCE;
use super::{noon, verifier};
use crate::cache::Cache;
use crate::clock::Clock;
use crate::db::{Db, Limits, Migrations, Session};
use crate::money::Currency;
use crate::service::Platform;

/// What a service stands on in a test; dropping it removes its files.
#[derive(Clone, Debug)]
pub struct TestPlatform {
    pub platform: Platform,
    /// `sqlite` or `postgres`, for messages.
    pub kind: &'static str,
    _files: Arc<TempDir>,
    _schemas: Option<Arc<Schemas>>,
}

impl std::ops::Deref for TestPlatform {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

static NONE: Migrator = Migrator::DEFAULT;

/// A database with the chassis's own tables only.
pub const CHASSIS_ONLY: Migrations = Migrations { service: "test", migrator: &NONE };

/// What a test's data is in: one case of a test for all of them, `#[databases]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Case for Database {
    fn needs(&self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &[Engine::Postgres],
        }
    }
}

impl Database {
    /// A platform on a fresh, migrated database: a file, or a schema of its own on the server.
    pub async fn platform(self, migrations: Migrations) -> TestPlatform {
        let files = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let (kind, url, schemas) = match self {
            Self::Sqlite => {
                let file = files.path().join(format!("{}.db", migrations.service));
                ("sqlite", format!("sqlite:{}", file.display()), None)
            }
            Self::Postgres => {
                let schemas = Schemas::create(&postgres_url(), &[""]).await;
                ("postgres", schemas.url(""), Some(Arc::new(schemas)))
            }
        };
        let limits = Limits { connections: 4, acquire: PATIENCE, ..Limits::default() };
        let db = Db::connect(&url, limits).await.expect("a database");
        db.migrate(migrations).await.expect("migrations");
        let clock = Clock::Fixed(noon());
        let (verifier, currency, cache) = (verifier(), Currency::default(), Cache::default());
        let platform = Platform { db, clock, verifier, currency, cache };
        TestPlatform { platform, kind, _files: files, _schemas: schemas }
    }
}

/// A platform per database, for a test that compares them. PostgreSQL is among them unless
/// `TEST_WITHOUT` names it.
pub async fn platforms(migrations: Migrations) -> Vec<TestPlatform> {
    let mut platforms = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        if !is_left_out(&database) {
            platforms.push(database.platform(migrations).await);
        }
    }
    platforms
}

/// The URL of the PostgreSQL server of tests: `TEST_POSTGRES_URL`, else the one on this machine.
pub fn postgres_url() -> String {
    let local = || "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
    std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| local())
}

/// Schemas of one test on a PostgreSQL server. Dropped with everything in them at its end, so that
/// the server's catalogue stays small.
#[derive(Debug)]
pub struct Schemas {
    url: String,
    names: Vec<String>,
}

impl Schemas {
    /// Creates them: a name of this test's own and one of `suffixes` each.
    pub async fn create(url: &str, suffixes: &[&str]) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let names: Vec<String> = suffixes.iter().map(|it| format!("{name}{it}")).collect();
        let admin = connect_once(url).await;
        for name in &names {
            let create: &'static str = format!("CREATE SCHEMA {name}").leak();
            admin.query(create).execute().await.expect("a schema");
        }
        admin.close().await;
        Self { url: url.to_owned(), names }
    }

    /// A URL whose tables are in the schema of the first suffix, with the suffix replaced.
    pub fn url(&self, suffixes: &str) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let name = self.names.first().map_or("", String::as_str);
        let name = name.get(..37).unwrap_or(name);
        format!("{}{separator}options=-csearch_path%3D{name}{suffixes}", self.url)
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        let (url, names) = (std::mem::take(&mut self.url), std::mem::take(&mut self.names));
        // A thread of its own: the test's runtime is not waited on here.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let admin = connect_once(&url).await;
                for name in names {
                    let drop: &'static str = format!("DROP SCHEMA {name} CASCADE").leak();
                    if let Err(error) = admin.query(drop).execute().await {
                        eprintln!("the schema {name} stays: {error}");
                    }
                }
                admin.close().await;
            });
        });
        if dropped.join().is_err() {
            eprintln!("the schemas of this test stay");
        }
    }
}

async fn connect_once(url: &str) -> Db {
    let limits =
        Limits { connections: 1, acquire: PATIENCE, statement: PATIENCE, ..Limits::default() };
    let missing = |error| panic!("{}", Engine::Postgres.missing(&format!("{error:#}")));
    Db::connect(url, limits).await.unwrap_or_else(missing)
}
