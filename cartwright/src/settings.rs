//! `cartwright config` and `cartwright openapi`

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use axum::Router;
use chassis::auth::Verifier;
use chassis::clock::Clock;
use chassis::config::{MASK, without_password};
use tokio::sync::watch;
use toml_edit::{DocumentMut, Item, Table};

use crate::cli::{self, ConfigAction};
use crate::config::{Config, SECRETS, Shop};
use crate::registry::NAMES;
use crate::shop::Roles;

/// The settings with their explanations; a test holds it against the code.
const EXAMPLE: &str = include_str!("../../cartwright.example.toml");

pub(crate) fn run(args: &cli::Config) -> Result<()> {
    let config = Config::load(&args.shared, None)?;
    match args.action {
        ConfigAction::Print => print!("{}", explained(&config)?),
        ConfigAction::Check => {
            config.check_for_production(&Roles::all())?;
            println!("The settings are valid.");
        }
    }
    Ok(())
}

/// The settings in force, as the example file with its values replaced. Secrets are hidden.
pub fn explained(config: &Config) -> Result<String> {
    let mut document: DocumentMut = EXAMPLE.parse().context("the example settings")?;
    let mut values = toml::Table::try_from(config)?;
    hide(&mut values);
    // Once more as settings: a table forgets their order.
    let shown: Config = values.try_into()?;
    let values: DocumentMut = toml::to_string(&shown)?.parse()?;
    put(document.as_table_mut(), values.as_table());
    Ok(document.to_string())
}

/// Hides secrets, and the passwords of all URLs, also of those that are no secrets of ours. A
/// secret that was read from a file is left out: the file is named beside it.
fn hide(settings: &mut toml::Table) {
    for (section, key) in SECRETS.iter().filter_map(|it| it.rsplit_once('.')) {
        let Some(section) = table(settings, section) else { continue };
        let file = section.get(&format!("{key}_file")).and_then(|it| it.as_str());
        let from_file = file.is_some_and(|it| !it.is_empty());
        match section.get_mut(key) {
            Some(toml::Value::Array(secrets)) if from_file => secrets.clear(),
            Some(toml::Value::Array(secrets)) => {
                secrets.iter_mut().for_each(|it| *it = MASK.into());
            }
            Some(toml::Value::String(secret)) if from_file => secret.clear(),
            Some(toml::Value::String(secret)) if key != "url" && !secret.is_empty() => {
                MASK.clone_into(secret);
            }
            _ => {}
        }
    }
    settings.iter_mut().for_each(|(_, it)| hide_passwords(it));
}

/// A section, which may be within another.
fn table<'a>(settings: &'a mut toml::Table, path: &str) -> Option<&'a mut toml::Table> {
    path.split('.').try_fold(settings, |table, name| table.get_mut(name)?.as_table_mut())
}

fn hide_passwords(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => *text = without_password(text),
        toml::Value::Array(items) => items.iter_mut().for_each(hide_passwords),
        toml::Value::Table(settings) => settings.iter_mut().for_each(|(_, it)| hide_passwords(it)),
        _ => {}
    }
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
    let document = gateway::openapi(&parts).map_err(anyhow::Error::from_boxed)?;
    println!("{}", serde_json::to_string_pretty(&document)?);
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

    /// Every setting that is a text, with its section, by its path in the example.
    fn texts(settings: &mut toml::Table, path: &str, visit: &mut dyn FnMut(&str, &mut String)) {
        for (key, value) in settings {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                toml::Value::String(text) => visit(&path, text),
                toml::Value::Table(settings) => texts(settings, &path, visit),
                toml::Value::Array(items) => {
                    items.push(toml::Value::String(String::new()));
                    if let Some(toml::Value::String(text)) = items.last_mut() {
                        visit(&path, text);
                    }
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_secret_and_no_password_of_a_url_is_shown_whatever_setting_it_stands_in() {
        let mut settings: toml::Table = EXAMPLE.parse().expect("TOML");
        texts(&mut settings, "", &mut |path, text| {
            "scheme://user:hunter2@host".clone_into(text);
            if SECRETS.contains(&path) && !path.ends_with(".url") {
                "hunter2".clone_into(text);
            } else if path.ends_with("_file") {
                text.clear();
            }
        });
        assert!(settings.to_string().contains("hunter2"));
        hide(&mut settings);
        assert!(!settings.to_string().contains("hunter2"), "{settings}");
        for path in SECRETS {
            let (section, key) = path.rsplit_once('.').expect("a section");
            let shown = table(&mut settings, section).expect("a table")[key].to_string();
            assert!(shown.contains(MASK), "{path} shows that it is set: {shown}");
        }
    }

    #[test]
    fn every_setting_named_like_a_secret_is_known_as_one_and_has_a_file() {
        // What is named so and is none: a file, a public address.
        const NONE: [&str; 12] = [
            "gateway.tls.key",
            "shop.public_url",
            "shop.logo_url",
            "payments.return_url",
            "payments.stripe.publishable_key",
            "payments.stripe.api_url",
            "payments.stripe.script_url",
            "notifications.sendgrid.webhook_public_key",
            "notifications.sendgrid.api_url",
            "notifications.twilio.api_url",
            "notifications.fcm.api_url",
            "notifications.fcm.token_url",
        ];
        let mut settings: toml::Table = EXAMPLE.parse().expect("TOML");
        let mut found = Vec::new();
        texts(&mut settings, "", &mut |path, _| found.push(path.to_owned()));
        assert!(SECRETS.iter().all(|it| found.iter().any(|path| path == it)), "{found:?}");
        for path in &found {
            let key = path.rsplit('.').next().expect("a key");
            let like = key.ends_with("url") || chassis::config::is_named_secret(key);
            if like && !key.ends_with("_file") && !NONE.contains(&path.as_str()) {
                assert!(SECRETS.contains(&path.as_str()), "{path} is no secret; see SECRETS");
            }
            let has_file = found.contains(&format!("{path}_file"));
            assert_eq!(has_file, SECRETS.contains(&path.as_str()), "{path}");
        }
    }

    #[test]
    fn settings_in_a_log_show_no_secret() {
        let mut settings: toml::Table = EXAMPLE.parse().expect("TOML");
        texts(&mut settings, "", &mut |path, text| {
            if SECRETS.contains(&path) {
                "postgres://user:hunter2@host".clone_into(text);
            }
        });
        settings["gateway"]["listeners"] = toml::Value::Array(Vec::new());
        for channel in ["email", "sms", "push"] {
            settings["notifications"][channel]["providers"] = toml::Value::Array(Vec::new());
        }
        let config: Config = settings.try_into().expect("settings");
        assert_eq!(*config.admin.password, "postgres://user:hunter2@host");
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }

    #[test]
    fn a_secret_that_came_from_a_file_is_printed_as_the_name_of_that_file() {
        let mut config = Config::default();
        config.services.secret = "hunter2".into();
        config.services.secret_file = "/run/secrets/services".into();
        config.admin.password = "hunter2".into();
        let stripe = &mut config.payments.stripe;
        stripe.secret_key = "hunter2".into();
        stripe.webhook_secrets = vec!["hunter2".into()];
        stripe.webhook_secrets_file = "/run/secrets/webhooks".into();
        let printed: toml::Table = explained(&config).expect("printable").parse().expect("TOML");
        assert_eq!(printed["services"]["secret"].as_str(), Some(""));
        assert_eq!(printed["services"]["secret_file"].as_str(), Some("/run/secrets/services"));
        assert_eq!(printed["admin"]["password"].as_str(), Some(MASK));
        let stripe = &printed["payments"]["stripe"];
        assert_eq!(stripe["secret_key"].as_str(), Some(MASK));
        assert_eq!(stripe["webhook_secrets"].as_array().map(Vec::len), Some(0));
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
