//! Cartwright: the only binary. It knows every service, reads the settings and wires up what the
//! command line asks for.
//!
//! `registry` lists the services, `shop` opens their databases and builds the services; `serve`
//! runs them; the other modules are one command each, working on the same databases, also next to a
//! running shop.

pub mod cli;
pub mod config;

pub mod private;
pub mod registry;
pub mod serve;
pub mod shop;

pub mod check;
mod health;
mod keys;
mod message_setup;
mod migrate;
mod payment_setup;
mod products;
mod routes;
mod settings;
mod transfer;
mod users;

use std::process::ExitCode;

use cli::{Cli, Command};

/// Carries out one command. The exit code is 1 where the command's answer is "no".
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        // Boxed: what starts a shop is nested deeper than an optimizing compiler follows at once.
        Command::Serve(args) => return Box::pin(serve::run(&args)).await,
        Command::Migrate(args) => return migrate::run(&args).await,
        Command::Transfer(args) => return transfer::run(&args).await,
        Command::Seed(args) => products::seed(&args).await?,
        Command::Import(args) => return products::import(&args).await,
        Command::Export(args) => products::export(&args).await?,
        Command::User(args) => users::run(&args).await?,
        Command::Keys(args) => keys::run(&args).await?,
        Command::Health(args) => return health::run(&args).await,
        Command::Check(args) => return check::run(&args).await,
        Command::Payments(args) => return payment_setup::run(&args).await,
        Command::Messages(args) => return message_setup::run(&args).await,
        Command::Services => registry::print(),
        Command::Openapi => settings::openapi()?,
        Command::Config(args) => settings::run(&args)?,
        Command::Routes(args) => return routes::run(&args),
    }
    Ok(ExitCode::SUCCESS)
}
