//! `cartwright migrate`

use std::io::{BufRead, IsTerminal, stdin};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chassis::db::{MigrationState, MigrationStatus};

use crate::cli::{Down, Migrate, MigrateAction};
use crate::config::Config;
use crate::registry::{DATABASES, NAMES};
use crate::shop::Stores;

pub(crate) async fn run(args: &Migrate) -> Result<ExitCode> {
    let config = Config::load(&args.shared, None)?;
    match &args.action {
        MigrateAction::Up => {
            Stores::open(&config, &NAMES).await?;
            println!("All databases have the latest schema.");
        }
        MigrateAction::Status => status(&config).await?,
        MigrateAction::Down(args) => return down(&config, args).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(config: &Config) -> Result<()> {
    let stores = Stores::open_as_they_are(config, &NAMES).await?;
    for store in stores.all() {
        let (name, db, migrations) = store?;
        for it in db.migration_status(migrations).await? {
            let state = match it.state {
                MigrationState::Applied => "applied",
                MigrationState::Missing => "missing",
                MigrationState::Unknown => "unknown",
            };
            println!("{name:14} {:14} {:04} {:24} {state}", it.set, it.version, it.description);
        }
    }
    Ok(())
}

/// Takes migrations back, database by database; one that fails leaves those before it done, and
/// the command can be repeated.
async fn down(config: &Config, args: &Down) -> Result<ExitCode> {
    let _lock =
        if config.is_embedded() { Some(crate::serve::data_directory(config)?) } else { None };
    let of = |name: &&str| args.service == "chassis" || **name == args.service;
    let databases: Vec<&'static str> = DATABASES.iter().copied().filter(|it| of(it)).collect();
    let stores = Stores::open_alone(config, &databases).await?;
    let (mut steps, mut shown) = (Vec::new(), Vec::new());
    for store in stores.all() {
        let (name, db, migrations) = store?;
        let status = db.migration_status(migrations).await?;
        let (to, back) = plan(name, &status, args)?;
        let line = |it: &&MigrationStatus| {
            format!("{name}: {} {:04} {}", it.set, it.version, it.description)
        };
        shown.extend(back.iter().rev().map(line));
        if !back.is_empty() {
            steps.push((name, db, migrations, to));
        }
    }
    if steps.is_empty() {
        println!("There is nothing to revert.");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !confirmed(&shown)? {
        println!("Nothing was changed.");
        return Ok(ExitCode::FAILURE);
    }
    for (name, db, migrations, to) in steps {
        let done = db.migrate_down(migrations, &args.service, to).await;
        done.with_context(|| format!("cannot revert the migrations of {name}"))?;
    }
    for line in &shown {
        println!("reverted {line}");
    }
    println!("`cartwright migrate up`, or starting the shop, applies them again.");
    stores.close().await;
    Ok(ExitCode::SUCCESS)
}

/// What to take back in a database, oldest first, and the version that stays.
fn plan<'a>(
    name: &str,
    status: &'a [MigrationStatus],
    args: &Down,
) -> Result<(i64, Vec<&'a MigrationStatus>)> {
    let set: Vec<_> = status.iter().filter(|it| it.set == args.service).collect();
    let applied: Vec<_> =
        set.iter().copied().filter(|it| it.state != MigrationState::Missing).collect();
    let before = applied.len().checked_sub(2).and_then(|it| applied.get(it));
    let to = args.to.unwrap_or_else(|| before.map_or(0, |it| it.version));
    // Versions of the other kind of database are between these.
    if args.to.is_some_and(|to| to > set.last().map_or(0, |it| it.version)) {
        let versions: Vec<_> = set.iter().map(|it| it.version.to_string()).collect();
        bail!("{} has no version {to}; use one of 0, {}", args.service, versions.join(", "));
    }
    let back: Vec<_> = applied.into_iter().filter(|it| it.version > to).collect();
    if let Some(stuck) = back.iter().find(|it| !it.reversible) {
        bail!(
            "version {} of {} in the database of {name} cannot be reverted: {}",
            stuck.version,
            args.service,
            match stuck.state {
                MigrationState::Unknown =>
                    "it belongs to a newer version of this program; use that one to revert it",
                _ => "it has no down migration",
            }
        );
    }
    Ok((to, back))
}

/// Asks on a terminal; elsewhere there is no one to answer.
fn confirmed(steps: &[String]) -> Result<bool> {
    let steps = steps.join("\n  ");
    if !stdin().is_terminal() {
        bail!(
            "these migrations would be reverted and their data lost; add --yes to confirm:\n  {steps}"
        );
    }
    eprint!(
        "These migrations will be reverted and their data lost:\n  {steps}\nType yes to continue: "
    );
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("cannot read the answer")?;
    Ok(line.trim() == "yes")
}
