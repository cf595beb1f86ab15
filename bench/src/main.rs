//! How fast is the shop? Runs the real `cartwright` and prints a table; see docs/performance.md.
//!
//! `machine` says where it ran, `shop` runs the shop and `apart` one in several processes,
//! `servers` knows the servers it needs for that, `reference` and `nginx` are what it is compared
//! with, `http` and `load` ask as many questions as are answered, `goods` makes products to sell,
//! `measure` holds the measurements and `report` the table.

mod apart;
mod goods;
mod http;
mod load;
mod machine;
mod measure;
mod nginx;
mod process;
mod reference;
mod report;
mod servers;
mod shop;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::Report;
use crate::servers::Servers;
use crate::shop::{Program, Scratch};

/// The one `cartwright` uses, so that the reference is not slower for another reason.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures how fast the shop is and prints a table in Markdown.
///
/// Runs the `cartwright` that lies beside it with data of its own in a temporary directory and on
/// free ports. Progress goes to standard error. Run it on a quiet machine.
///
/// Some measurements need servers: TEST_POSTGRES_URL, TEST_RABBITMQ_URL and TEST_REDIS_URL name
/// them, by default those on localhost; "none" does without. What is made on them is removed.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The bare handler the shop is compared with; run by the benchmark itself.
    #[command(hide = true)]
    Reference(reference::Args),
}

/// How to measure.
#[derive(Clone, Debug, Args)]
struct Settings {
    /// Measure these only, separated by commas
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    only: Vec<Name>,
    /// How long each load runs, in seconds, after a second or more of warming up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often each load runs; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=50))]
    rounds: u64,
    /// Connections of the loads on products
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=5000))]
    connections: u64,
    /// Products in the large shop
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(200..=1_000_000))]
    products: u64,
    /// Where to keep the data meanwhile; it should be on the disk a shop would use
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The program to measure [default: cartwright beside this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A product by the full way through the gateway, against a bare handler
    Detail,
    /// Orders with full durability, on SQLite and, where a server answers, on PostgreSQL
    Checkout,
    /// Memory when idle, and the time to start
    Footprint,
    /// Import, start, search, list and detail with many products
    Scale,
    /// A product through the gateway before a remote catalogue, against nginx before the same
    Gateway,
    /// 10,000 open clients that seldom ask: errors, latency, memory
    Crowd,
    /// Orders with every service in a process of its own, over PostgreSQL and RabbitMQ
    Apart,
    /// Events from an outbox in PostgreSQL to RabbitMQ, and from there into an inbox
    Events,
    /// Transactions on the storage engine alone
    Storage,
    /// 10,000 queued e-mails sent to a mail server on this machine, and the memory meanwhile
    Messages,
}

/// What every measurement needs.
#[derive(Debug)]
struct Bench {
    program: Program,
    scratch: Scratch,
    servers: Servers,
    settings: Settings,
}

impl Settings {
    fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Some(Command::Reference(args)) => reference::serve(&args),
        None => run(cli.settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: Settings) -> Result<()> {
    let program = Program::find(settings.program.as_deref())?;
    let scratch = Scratch::new(settings.dir.as_deref())?;
    // One thread: the servers need the others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let bench = Bench { program, scratch, servers: Servers::find().await, settings };
        tokio::select! {
            report = measure_all(&bench) => return report,
            () = stopped() => {}
        }
        // Its processes have ended with it.
        bench.servers.clean().await?;
        bail!("stopped before the end")
    })?;
    print!("{report}");
    ensure!(!report.is_partial(), "not everything could be measured");
    Ok(())
}

/// One measurement that fails keeps no other from being made.
async fn measure_all(bench: &Bench) -> Result<Report> {
    let mut report = Report::new(machine::describe(bench)?);
    let only = &bench.settings.only;
    let names = Name::value_variants().iter().filter(|it| only.is_empty() || only.contains(it));
    for name in names {
        let measured = match name {
            Name::Detail => measure::detail(bench, &mut report).await,
            Name::Checkout => measure::checkout(bench, &mut report).await,
            Name::Footprint => measure::footprint(bench, &mut report).await,
            Name::Scale => measure::scale(bench, &mut report).await,
            Name::Gateway => measure::gateway(bench, &mut report).await,
            Name::Crowd => measure::crowd(bench, &mut report).await,
            Name::Apart => measure::apart(bench, &mut report).await,
            Name::Events => measure::events(bench, &mut report).await,
            Name::Storage => measure::storage(bench, &mut report).await,
            Name::Messages => measure::messages(bench, &mut report).await,
        };
        if let Err(error) = measured {
            report.fail(&format!("{name:?}").to_lowercase(), &error);
        }
    }
    report.finish(format!("after: {}", machine::busy()?));
    Ok(report)
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
