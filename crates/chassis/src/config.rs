//! Settings: defaults, then a TOML file, then `CARTWRIGHT__SECTION__KEY`, then the command line.

use std::path::Path;

use config::{Config, ConfigError, Environment, File, FileFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is wrong with the settings: which one, where it came from, what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the configuration file {0}: {1}")]
    File(String, std::io::Error),
    #[error("{0}")]
    Invalid(String),
}

/// Reads the settings. `overrides` are `section.key` with the value from the command line.
pub fn load<T: Serialize + DeserializeOwned + Default>(
    file: Option<&Path>,
    overrides: &[(&str, String)],
) -> Result<T, Error> {
    let invalid = |error: ConfigError| Error::Invalid(explain(&error, file, overrides));
    let defaults = Config::try_from(&T::default()).map_err(invalid)?;
    let mut lists = Vec::new();
    let settings = serde_json::to_value(T::default()).map_err(|it| Error::Invalid(it.to_string()));
    find_lists("", &settings?, &mut lists);
    let mut builder = Config::builder().add_source(defaults);
    if let Some(path) = file {
        // Read before, so that a missing file is told as the system tells it.
        std::fs::metadata(path).map_err(|it| Error::File(path.display().to_string(), it))?;
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let environment = Environment::with_prefix("CARTWRIGHT")
        .prefix_separator("__")
        .separator("__")
        .ignore_empty(true);
    builder = builder.add_source(environment);
    for key in lists {
        if let Some(value) = std::env::var(variable(&key)).ok().filter(|it| !it.is_empty()) {
            let items: Vec<&str> = value.split(',').map(str::trim).collect();
            builder = builder.set_override(&key, items).map_err(invalid)?;
        }
    }
    for (key, value) in overrides {
        builder = builder.set_override(*key, value.as_str()).map_err(invalid)?;
    }
    builder.build().and_then(Config::try_deserialize).map_err(invalid)
}

/// Collects the settings that are lists. A variable is a text, so it has commas between the items.
fn find_lists(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(_) => found.push(key.to_owned()),
        Value::Object(settings) => {
            for (name, value) in settings {
                let separator = if key.is_empty() { "" } else { "." };
                find_lists(&format!("{key}{separator}{name}"), value, found);
            }
        }
        _ => {}
    }
}

fn variable(key: &str) -> String {
    format!("CARTWRIGHT__{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// The value a word stands for, for settings that are one of a few words.
pub fn word<T: Copy>(word: &str, words: &[(&str, T)]) -> Result<T, String> {
    let allowed = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let found = words.iter().find(|(it, _)| *it == word).map(|(_, value)| *value);
    found.ok_or_else(|| format!("{word:?} is not one of: {}", allowed()))
}

/// The error with what a user needs: the setting, where it came from, what is allowed.
fn explain(error: &ConfigError, file: Option<&Path>, overrides: &[(&str, String)]) -> String {
    let (key, wrong) = match error {
        ConfigError::Type { unexpected, expected, key: Some(key), .. } => {
            (key, format!("is {unexpected}, but must be {expected}"))
        }
        ConfigError::At { error, key: Some(section), .. } => {
            let wrong = error.to_string();
            // The name of an unknown setting is in the message, its section in the key.
            let unknown = wrong.strip_prefix("unknown field `").and_then(|it| it.split('`').next());
            match unknown {
                Some(name) => (&format!("{section}.{name}"), format!("is wrong: {wrong}")),
                None => (section, format!("is wrong: {wrong}")),
            }
        }
        ConfigError::FileParse { cause, .. } => {
            let name = file.map(|it| it.display().to_string()).unwrap_or_default();
            return format!("{name} is not valid TOML: {cause}");
        }
        error => return error.to_string(),
    };
    let variable = variable(key);
    let origin = if overrides.iter().any(|(it, _)| it == key) {
        "the command line".to_owned()
    } else if std::env::var(&variable).is_ok_and(|it| !it.is_empty()) {
        format!("the environment variable {variable}")
    } else {
        file.map_or_else(|| "the defaults".to_owned(), |it| it.display().to_string())
    };
    format!("{key} (from {origin}) {wrong}")
}
