//! The command line, as `--help` shows it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A complete shop backend: catalogue, carts, checkout, payments, accounts and mail in one program.
///
/// `cartwright serve` runs the whole shop on files in ./data, with nothing else installed.
#[derive(Debug, Parser)]
#[command(name = "cartwright", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the shop, or some of its services, until Ctrl-C or SIGTERM
    Serve(Serve),
    /// Bring the databases to the schema this version needs, or show where they stand
    Migrate(Migrate),
    /// Fill an empty catalogue with a small demo shop
    Seed(Shared),
    /// Read something into the shop from a file
    Import(Import),
    /// Write something of the shop to a file
    Export(Export),
    /// Manage accounts
    User(User),
    /// Check that stock, orders, payments and events agree; exit code 1 if something does not
    Check(Shared),
    /// Print the OpenAPI document of the whole API
    Openapi,
    /// Show or check the settings
    Config(Config),
}

/// What every command that touches the shop's data understands.
#[derive(Clone, Debug, Default, Args)]
pub struct Shared {
    /// Settings file (TOML); by default ./cartwright.toml if there is one
    #[arg(long, global = true, value_name = "FILE", env = "CARTWRIGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where an embedded shop keeps its files [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Keep the data in PostgreSQL: postgres://user:password@host/name. One database per service:
    /// {service} in the URL is replaced, else _SERVICE is appended to the name
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Services to run; all if none is named
    #[arg(value_name = "SERVICE", value_parser = clap::builder::PossibleValuesParser::new(crate::shop::NAMES))]
    pub services: Vec<String>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Args)]
pub struct Migrate {
    #[command(subcommand)]
    pub action: MigrateAction,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Subcommand)]
pub enum MigrateAction {
    /// Apply what is missing
    Up,
    /// List every migration and whether it has been applied; changes nothing
    Status,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    pub what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub enum ImportWhat {
    /// Products, variants, stock and categories from a CSV file in Shopify's format
    Products {
        /// The file; - for standard input
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Debug, Args)]
pub struct Export {
    #[command(subcommand)]
    pub what: ExportWhat,
}

#[derive(Debug, Subcommand)]
pub enum ExportWhat {
    /// All products as a CSV file in Shopify's format
    Products {
        /// Where to write it; standard output if not given
        #[arg(long, short, value_name = "FILE.csv")]
        output: Option<PathBuf>,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    pub action: UserAction,
}

#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Create an account
    Create {
        /// What the account may do
        #[arg(long, default_value = "customer", value_parser = ["customer", "staff", "admin"])]
        role: String,
        #[arg(long)]
        email: String,
        /// 8 to 128 characters; asked for on standard input if not given
        #[arg(long, env = "CARTWRIGHT_USER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// The person's name; the first part of the e-mail address if not given
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        username: Option<String>,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    pub action: ConfigAction,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print the settings in force as a commented settings file
    Print,
    /// Say whether the settings are valid
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
