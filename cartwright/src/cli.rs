//! The command line, as `--help` shows it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A complete shop backend: catalog, carts, checkout, payments, accounts and messages.
///
/// `cartwright serve` runs the whole shop on SQLite files in ./data, with nothing else to install.
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
    /// Migrate the databases to the schema of this version, or show their state
    Migrate(Migrate),
    /// Move a shop from SQLite to PostgreSQL, with all its data
    Transfer(Transfer),
    /// Fill an empty catalog with demo products
    Seed(Shared),
    /// Import data from a file
    Import(Import),
    /// Export data to a file
    Export(Export),
    /// Manage user accounts
    User(User),
    /// List or rotate the keys that sign access tokens
    Keys(Keys),
    /// Verify that stock, orders, payments and events are consistent; exits with 1 if not
    Check(Check),
    /// Check that customers can pay: keys, webhooks and domains at the payment providers
    Payments(Payments),
    /// Check that messages reach customers: mail servers and other providers, DNS records, links
    Messages(Messages),
    /// Check whether a running shop or service is ready; exits with 1 if not
    Health(Health),
    /// List the services, their ports and databases
    Services,
    /// Print the OpenAPI document of the API
    Openapi,
    /// Print or validate the settings
    Config(Config),
    /// Print the built-in routes, or validate a routes file
    Routes(Routes),
}

/// Options of every command that uses the shop's data.
#[derive(Clone, Debug, Default, Args)]
pub struct Shared {
    /// Settings file (TOML) [default: ./cartwright.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "CARTWRIGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Directory for the SQLite files and the search index [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Use PostgreSQL: postgres://user:password@host/name. Every service has its own database:
    /// {service} in the name is replaced, else _SERVICE is appended
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Check {
    /// Compare payments with the records of payment providers, such as Stripe, over the network too
    #[arg(long)]
    pub providers: bool,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Services to run in this process, or the gateway; without any, the whole shop. A single service
    /// listens on its own port
    #[arg(value_name = "SERVICE", value_parser = clap::builder::PossibleValuesParser::new(crate::registry::NAMES.into_iter().chain([gateway::NAME])))]
    pub services: Vec<String>,
    /// Address to listen on [default: 127.0.0.1:8080, or the port of a single service]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Routes file that replaces the built-in routes; see docs/routes.md
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
    /// Apply pending migrations
    Up,
    /// List all migrations and whether they are applied
    Status,
    /// Revert migrations of one service, to start an older version of the program. The data in their
    /// tables and columns is lost. Stop the shop first
    Down(Down),
}

#[derive(Clone, Debug, Args)]
pub struct Down {
    /// Service to revert; chassis is the outbox and inbox of every database
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(
        crate::registry::DATABASES.iter().copied().chain(["chassis"])))]
    pub service: String,
    /// Version to go back to; 0 reverts all [default: the one before the latest]
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(i64).range(0..))]
    pub to: Option<i64>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Move a shop from SQLite to PostgreSQL.
///
/// Copies every table of every database and verifies counts and checksums. Stop the shop first; its
/// files are not changed. The databases in PostgreSQL are created; existing ones must be empty or left
/// by an interrupted transfer, so after a failure run the command again. Unsent events are sent by the
/// shop afterwards. The search index is rebuilt.
#[derive(Debug, Args)]
pub struct Transfer {
    /// Data directory of the SQLite shop
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Target: postgres://user:password@host/name. Every service has its own database, named as
    /// described for --database of the other commands
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
    /// Import products, variants, stock and categories from Shopify's product CSV
    ///
    /// New variants start with the stock in the file. For existing ones the difference edited since
    /// the export is applied (columns "Inventory Qty At Export" and "Inventory Export"); without these
    /// columns their stock does not change.
    Products {
        /// CSV file; - for standard input
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Set the stock of existing variants to the figures in the file, as after a stock-take. This
        /// overwrites all movements since the count
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
    /// Export all products as Shopify's product CSV
    Products {
        /// File to write [default: standard output]
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
    /// Create a user account
    Create {
        /// Role of the account
        #[arg(long, default_value = "customer", value_parser = ["customer", "staff", "admin"])]
        role: String,
        /// E-mail address to log in with
        #[arg(long)]
        email: String,
        /// 8 to 128 characters [default: read from standard input]
        #[arg(long, env = "CARTWRIGHT_USER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// Display name [default: the local part of the e-mail address]
        #[arg(long)]
        name: Option<String>,
        /// Username to log in with, besides the e-mail address
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
    /// Create a new signing key, used after ten seconds. Nobody is logged out: old keys stay published
    /// until the tokens they signed expire. Works while the shop is running
    Rotate,
    /// List all keys with their age and use
    List,
}

#[derive(Debug, Args)]
pub struct Payments {
    #[command(subcommand)]
    pub action: PaymentsAction,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Subcommand)]
pub enum PaymentsAction {
    /// Check the set-up at every payment provider that is on; exits with 1 if customers cannot pay
    ///
    /// Asks each provider, with the keys in the settings, whether it takes them, whether the account
    /// can be paid in the shop's currency, whether it tells this shop what happens (webhooks), and
    /// whether wallets may be offered on the shop's domain. Every line begins with ok, note, missing
    /// (customers can pay, but something is to be done) or wrong (customers cannot pay). Nothing is
    /// charged, and nothing changed without --register-webhooks. Keys are never shown. docs/payments.md explains each step.
    Check(PaymentsCheck),
}

#[derive(Debug, Args)]
pub struct PaymentsCheck {
    /// Public address of the shop, such as https://shop.example.com [default: the one in
    /// payments.return_url]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Register webhooks and the shop's domain at the providers where they are missing, and correct
    /// them where they are incomplete. The secret that new webhooks are signed with is shown once; if
    /// standard output is no terminal, it is written to a file in the data directory instead
    #[arg(long)]
    pub register_webhooks: bool,
}

#[derive(Debug, Args)]
pub struct Messages {
    #[command(subcommand)]
    pub action: MessagesAction,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, Subcommand)]
pub enum MessagesAction {
    /// Check the set-up of e-mail, text and push messages; exits with 1 if they do not reach customers
    ///
    /// Connects to every provider in the settings and logs in there, prints the DNS records (SPF,
    /// DKIM, DMARC) that shop.email_from needs, and looks at the address that links in messages lead
    /// to. Every line begins with ok, note, missing (messages go out, but something is to be done) or
    /// wrong (messages do not reach customers). Nothing is sent without --send-to, DNS is not asked,
    /// and secrets are never shown. docs/messages.md explains each step.
    Check(MessagesCheck),
}

#[derive(Debug, Args)]
pub struct MessagesCheck {
    /// Send a test message to this e-mail address, by the first provider that takes it
    #[arg(long, value_name = "ADDRESS")]
    pub send_to: Option<String>,
}

#[derive(Debug, Args)]
pub struct Health {
    /// URL to check; /ready if it has no path [default: the address in the settings]
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
    /// Print the effective settings as a commented settings file
    Print,
    /// Validate the settings
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
    /// Check that a routes file is valid and leads only to existing paths
    Check {
        /// Routes file
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
