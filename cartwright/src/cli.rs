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
    /// Move an embedded shop to PostgreSQL, with everything it has
    Transfer(Transfer),
    /// Fill an empty catalogue with a small demo shop
    Seed(Shared),
    /// Read something into the shop from a file
    Import(Import),
    /// Write something of the shop to a file
    Export(Export),
    /// Manage accounts
    User(User),
    /// Show or change the keys that access tokens are signed with
    Keys(Keys),
    /// Check that stock, orders, payments and events agree; exit code 1 if something does not
    Check(Shared),
    /// Ask a running shop or service whether it is ready; exit code 1 if it is not
    Health(Health),
    /// List the services, their ports and databases
    Services,
    /// Print the OpenAPI document of the whole API
    Openapi,
    /// Show or check the settings
    Config(Config),
    /// Show the gateway's built-in routes, or check a routes file
    Routes(Routes),
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
    /// What this process runs of the shop: services, or the gateway before them; all if none is
    /// named. A service that runs apart listens at a port of its own
    #[arg(value_name = "SERVICE", value_parser = clap::builder::PossibleValuesParser::new(crate::registry::NAMES.into_iter().chain([gateway::NAME])))]
    pub services: Vec<String>,
    /// Where to listen [default: 127.0.0.1:8080, or the port of the one service that is named]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// A routes file in place of the built-in routes; docs/routes.md explains it
    #[arg(long, value_name = "FILE")]
    pub routes: Option<PathBuf>,
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
    /// Take migrations of one service back, before an older version of the program is started.
    /// What their tables and columns hold is lost. Not while a shop serves the databases
    Down(Down),
}

#[derive(Clone, Debug, Args)]
pub struct Down {
    /// Whose migrations; chassis is the outbox and inbox in every database
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(
        crate::registry::DATABASES.iter().copied().chain(["chassis"])))]
    pub service: String,
    /// The version that stays as the newest; 0 for none [default: the one before the newest]
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i64).range(0..))]
    pub to: Option<i64>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Moves an embedded shop to PostgreSQL.
///
/// Every table of every database, compared by counts and checksums. The shop must be stopped; its
/// files stay as they are. The databases in PostgreSQL are created; ones that are there must be
/// empty, or as an earlier transfer left them: after a failure, repeat the command. Events that
/// were not sent are sent by the shop afterwards. The search index is built again.
#[derive(Debug, Args)]
pub struct Transfer {
    /// The data directory of the embedded shop
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Where to: postgres://user:password@host/name, one database per service, named as by
    /// --database of the other commands
    #[arg(long, value_name = "URL", env = "CARTWRIGHT__DATABASE__URL", hide_env_values = true)]
    pub to: String,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    pub what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub enum ImportWhat {
    /// Products, variants, stock and categories from a CSV file in Shopify's format
    ///
    /// New variants begin with the stock of the file. Those that exist get what was changed in the
    /// file since its export (the columns "Inventory Qty At Export" and "Inventory Export" tell),
    /// whatever moved meanwhile; without these columns they keep their own.
    Products {
        /// The file; - for standard input
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Set the stock of variants that exist to the file's figure, which has just been counted:
        /// what moved since is undone
        #[arg(long)]
        set_stock: bool,
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
pub struct Keys {
    #[command(subcommand)]
    pub action: KeysAction,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Publish a new key, which signs ten seconds later. Nobody is logged out: the old ones are
    /// published for as long as tokens they signed count. Also beside a running shop
    Rotate,
    /// List every key with its age and what it is used for
    List,
}

#[derive(Debug, Args)]
pub struct Health {
    /// Where it listens; /ready is asked if there is no path [default: the address of the
    /// settings, as `cartwright serve` would use it]
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    #[command(flatten)]
    pub shared: Shared,
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

#[derive(Debug, Args)]
pub struct Routes {
    #[command(subcommand)]
    pub action: RoutesAction,
}

#[derive(Debug, Subcommand)]
pub enum RoutesAction {
    /// Print the built-in routes as a routes file
    Print,
    /// Say whether a routes file is well-formed and leads to paths that exist
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
