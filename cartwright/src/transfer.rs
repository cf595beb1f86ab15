//! `cartwright transfer`: moves a shop from SQLite to PostgreSQL.
//!
//! Database by database, each in one transaction (`database`), table by table as the target's
//! catalogue lists them (`layout`), value by value by the types of its columns (`cell`). Nothing
//! in the files is changed. The search index is not moved: a shop builds it again.

mod cell;
mod database;
mod layout;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chassis::db::MigrationState;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Transfer;
use crate::config::Config;
use crate::registry::{DATABASES, migrations};
use crate::shop::Stores;
use database::Move;

/// Moves everything, or says why not. It can be repeated: what has arrived is only compared.
pub(crate) async fn run(args: &Transfer) -> Result<ExitCode> {
    let (source, target) = (source(&args.from)?, target(&args.to)?);
    // Nobody serves the files, and nobody starts to.
    let _lock = crate::serve::data_directory(&source)?;
    let from = Stores::open_alone(&source, &DATABASES).await?;
    check_schema(&from, &args.from).await?;
    let to = Stores::open_alone(&target, &DATABASES).await?;
    // All are looked at before the first is changed.
    let mut moves = Vec::new();
    for &name in DATABASES.iter() {
        let prepared = Move::prepare(
            name,
            from.get(name)?,
            to.get(name)?,
            migrations(name).context("a database has migrations")?,
        )
        .await;
        moves.push(prepared.with_context(|| {
            format!("cannot move the database of {name}; nothing has been copied")
        })?);
    }
    let bar = bar(moves.iter().map(|it| it.rows).sum());
    let mut rows = 0;
    for it in &moves {
        let progress = |rows: u64, table: &str| {
            bar.set_message(format!("{} {table}", it.name));
            bar.inc(rows);
        };
        let moved = it.run(from.get(it.name)?, to.get(it.name)?, progress).await;
        let moved = moved.with_context(|| {
            format!(
                "cannot move the database of {}; fix the problem and run the command again",
                it.name
            )
        })?;
        rows += moved.rows;
        bar.suspend(|| {
            println!(
                "{:14} {:>2} tables {:>12} rows  {}",
                it.name,
                moved.tables,
                HumanCount(moved.rows).to_string(),
                if moved.before {
                    "the same as before"
                } else {
                    "moved, counts and checksums agree"
                }
            );
        });
    }
    bar.finish_and_clear();
    from.close().await;
    to.close().await;
    println!(
        "{} rows moved to PostgreSQL. Start the shop with --database; the files in {} are \
         unchanged.",
        HumanCount(rows),
        args.from.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The settings of the shop in the files.
fn source(directory: &Path) -> Result<Config> {
    let mut config = Config::default();
    config.server.data_dir = directory.to_owned();
    for &name in DATABASES.iter() {
        let file = directory.join(format!("{name}.db"));
        if !file.is_file() {
            bail!(
                "{} is missing; --from must be the data directory of a shop on SQLite",
                file.display()
            );
        }
    }
    Ok(config)
}

/// The settings of the shop in PostgreSQL.
fn target(url: &str) -> Result<Config> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        bail!("--to must start with postgres://");
    }
    let mut config = Config::default();
    config.database.url = url.to_owned();
    Ok(config)
}

/// The files have the schema of this version, neither older nor newer.
async fn check_schema(from: &Stores, directory: &Path) -> Result<()> {
    for store in from.all() {
        let (name, db, migrations) = store?;
        for it in db.migration_status(migrations).await? {
            match it.state {
                MigrationState::Applied => {}
                MigrationState::Missing => bail!(
                    "the database of {name} has an older schema: {} {:04} {} is missing; run \
                     `cartwright migrate up --data-dir {}`",
                    it.set,
                    it.version,
                    it.description,
                    directory.display()
                ),
                MigrationState::Unknown => bail!(
                    "the database of {name} has a newer schema: this program does not know \
                     migration {:04} of {}; use the version of cartwright that ran last",
                    it.version,
                    it.set
                ),
            }
        }
    }
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
fn bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows  {msg}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
