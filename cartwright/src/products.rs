//! `cartwright import products`, `export products` and `seed`

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write, stderr, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use catalog::csv::{self, OfExisting, Progress, Report};
use chassis::clock::Clock;
use chassis::db::Session;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Export, ExportWhat, Import, ImportWhat, Shared};
use crate::config::Config;
use crate::shop::Stores;

/// Reads products; bad rows are reported and leave the exit code 0.
pub(crate) async fn import(args: &Import) -> Result<ExitCode> {
    let ImportWhat::Products { file, set_stock, shared } = &args.what;
    let config = Config::load(shared, None)?;
    let (input, size) = open(file)?;
    let stores = Stores::open(&config, &["catalog"]).await?;
    let bar = bar(size);
    let catalog = stores.get("catalog")?;
    let stock = if *set_stock { OfExisting::Set } else { OfExisting::Edited };
    let currency = &config.shop.currency;
    let report = csv::import(catalog, Clock::System, currency, stock, input, |done| {
        advance(&bar, done);
    });
    let report = report.await.with_context(|| format!("cannot import {}", file.display()))?;
    bar.finish_and_clear();
    print(&report);
    if !catalog.is_sqlite() && report.products_created > 0 {
        // PostgreSQL would plan by what the tables were before, until its autovacuum comes by.
        if let Err(error) = catalog.query("ANALYZE").execute().await {
            eprintln!(
                "The products are imported, but lists are slow until PostgreSQL has analysed them: {error}"
            );
        }
    }
    stores.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Writes all products.
pub(crate) async fn export(args: &Export) -> Result<()> {
    let ExportWhat::Products { output, shared } = &args.what;
    let config = Config::load(shared, None)?;
    let stores = Stores::open(&config, &["catalog"]).await?;
    let bar = bar(None);
    let out: Box<dyn Write + Send> = match output {
        Some(path) => {
            let file = File::create(path);
            Box::new(file.with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => Box::new(stdout()),
    };
    let catalog = stores.get("catalog")?;
    let exported = csv::export(catalog, &config.shop.currency, BufWriter::new(out), |done| {
        advance(&bar, done);
    });
    let count = exported.await.context("cannot export the products")?;
    bar.finish_and_clear();
    eprintln!("{} products exported", HumanCount(count));
    stores.close().await;
    Ok(())
}

/// Fills an empty catalogue with the demo shop.
pub(crate) async fn seed(shared: &Shared) -> Result<()> {
    let config = Config::load(shared, None)?;
    let stores = Stores::open(&config, &["catalog", "identity"]).await?;
    let catalog = stores.get("catalog")?;
    let seeded = catalog::demo::seed(catalog, Clock::System, &config.shop.currency).await?;
    match seeded.products {
        0 => println!("The catalog is not empty; nothing was changed."),
        products => println!("{products} products in {} categories added", seeded.categories),
    }
    crate::users::first_admin(&config, stores.get("identity")?, Clock::System, true).await?;
    stores.close().await;
    Ok(())
}

fn open(file: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(stdin()), None));
    }
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let size = opened.metadata().ok().map(|it| it.len());
    Ok((Box::new(BufReader::new(opened)), size))
}

/// A bar on a terminal, nothing elsewhere.
fn bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:40} {bytes}/{total_bytes}  {msg}  {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn advance(bar: &ProgressBar, done: Progress) {
    bar.set_position(done.bytes);
    bar.set_message(format!("{} products", HumanCount(done.products)));
}

fn print(report: &Report) {
    let mut err = stderr().lock();
    for problem in &report.problems {
        let kind = if problem.rejected { "skipped" } else { "warning" };
        // Nobody reads the end of a closed pipe, and nothing else depends on it.
        let _ = writeln!(err, "{kind}: {problem}");
    }
    if report.problems_left_out > 0 {
        let _ = writeln!(err, "and {} more", HumanCount(report.problems_left_out));
    }
    println!(
        "{} created, {} updated, {} unchanged, {} skipped, {} warnings",
        HumanCount(report.products_created),
        HumanCount(report.updated),
        HumanCount(report.unchanged),
        HumanCount(report.rejected),
        HumanCount(report.warnings),
    );
    if report.stock_kept > 0 {
        println!(
            "{} variants keep their stock although the file has a different figure; use \
             --set-stock to set it",
            HumanCount(report.stock_kept),
        );
    }
}
