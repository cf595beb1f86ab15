//! The Stripe double as a program, for browsers' tests and for people.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;
use stripe_double::{Double, Options};

/// A double of Stripe. No money moves.
#[derive(Debug, Parser)]
#[command(name = "stripe-double")]
struct Arguments {
    /// The port of the API, of stripe.js and of their pages; 0 for any free one.
    #[arg(long, default_value_t = 12111)]
    port: u16,
    /// The port on which the control API is reachable also while the double is down.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// The shop's address for webhooks.
    #[arg(long)]
    webhook_url: Option<String>,
    /// What webhooks are signed with; twice while it is rolled.
    #[arg(long = "webhook-secret", default_value = "whsec_double")]
    webhook_secrets: Vec<String>,
    #[arg(long)]
    api_version: Option<String>,
    /// Where ids come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let defaults = Options::default();
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = Options {
        address: local(arguments.port),
        control: local(arguments.control_port),
        api_version: arguments.api_version.unwrap_or(defaults.api_version.clone()),
        seed: arguments.seed,
        ..defaults
    };
    let (secret, publishable) = (options.secret_key.clone(), options.publishable_key.clone());
    let double = Double::start(options).await?;
    if let Some(url) = arguments.webhook_url {
        let secrets: Vec<&str> = arguments.webhook_secrets.iter().map(String::as_str).collect();
        double.add_endpoint(&url, &secrets);
    }
    println!("api_url = \"{}\"", double.url());
    println!("script_url = \"{}\"", double.script_url());
    println!("secret_key = \"{secret}\"");
    println!("publishable_key = \"{publishable}\"");
    println!("# control: {}", double.control_url());
    double.wait().await;
    Ok(())
}
