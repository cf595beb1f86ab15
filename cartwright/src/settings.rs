//! `cartwright config` and `cartwright openapi`

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use axum::Router;
use chassis::auth::Verifier;
use chassis::clock::Clock;
use tokio::sync::watch;
use toml_edit::{DocumentMut, Item, Table};

use crate::cli::{self, ConfigAction};
use crate::config::{Config, Shop};
use crate::shop::NAMES;

/// The settings with their explanations; a test holds it against the code.
const EXAMPLE: &str = include_str!("../../cartwright.example.toml");

pub(crate) fn run(args: &cli::Config) -> Result<()> {
    let config = Config::load(&args.shared, None)?;
    match args.action {
        ConfigAction::Print => print!("{}", explained(&config)?),
        ConfigAction::Check => {
            let production = config.is_production();
            config.payments.clone().resolved(production).map_err(anyhow::Error::msg)?;
            println!("The settings are valid.");
        }
    }
    Ok(())
}

/// The settings in force, as the example file with its values replaced. A password is left out.
pub fn explained(config: &Config) -> Result<String> {
    let mut document: DocumentMut = EXAMPLE.parse().context("the example settings")?;
    let mut shown = config.clone();
    shown.admin.password.clear();
    shown.services.secret.clear();
    let values: DocumentMut = toml::to_string(&shown)?.parse()?;
    put(document.as_table_mut(), values.as_table());
    Ok(document.to_string())
}

/// Replaces the values of a table by those of another, keeping its comments.
fn put(shown: &mut Table, values: &Table) {
    for (key, value) in values {
        match (shown.get_mut(key), value) {
            (Some(Item::Table(shown)), Item::Table(values)) => put(shown, values),
            (Some(Item::Value(shown)), value) => {
                // A table becomes one in braces where the example has one.
                if let Ok(value) = value.clone().into_value() {
                    let decor = shown.decor().clone();
                    *shown = value;
                    *shown.decor_mut() = decor;
                }
            }
            (_, value) => {
                shown.insert(key, value.clone());
            }
        }
    }
}

/// Prints the document the gateway serves at `/openapi.json`.
pub(crate) fn openapi() -> Result<()> {
    let nowhere: BTreeMap<_, _> = NAMES.into_iter().map(|it| (it, Router::new().into())).collect();
    let clock = Clock::System;
    let (_ready, readiness) = watch::channel(false);
    let (verifier, shop) = (Verifier::new(clock), Shop::default());
    let parts = crate::serve::gateway_parts(&nowhere, &verifier, &shop, readiness, clock);
    println!("{}", serde_json::to_string_pretty(&gateway::openapi(&parts))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_shows_every_setting_with_its_default() {
        let example: Config = toml::from_str(EXAMPLE).expect("the example is valid");
        assert_eq!(example, Config::default());
        assert_eq!(explained(&Config::default()).expect("printable"), EXAMPLE);
    }

    #[test]
    fn printed_settings_are_read_back() {
        let mut config = Config::default();
        config.server.listen = "0.0.0.0:80".to_owned();
        config.orders.tax_basis_points = 825;
        let printed = explained(&config).expect("printable");
        assert_eq!(toml::from_str::<Config>(&printed).expect("valid"), config);
    }
}
