//! Settings: defaults, then a TOML file, then `CARTWRIGHT__SECTION__KEY`, then the command line.

use std::path::Path;

use config::{Config, ConfigError, Environment, File, FileFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    let invalid = |error: ConfigError| Error::Invalid(explain(&error));
    let defaults = Config::try_from(&T::default()).map_err(invalid)?;
    let mut builder = Config::builder().add_source(defaults);
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|it| Error::File(name.clone(), it))?;
        // Read once by itself, so that an unknown key is reported with the file's name.
        toml_check(&text, &name)?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let environment = Environment::with_prefix("CARTWRIGHT")
        .prefix_separator("__")
        .separator("__")
        .ignore_empty(true);
    builder = builder.add_source(environment);
    for (key, value) in overrides {
        builder = builder.set_override(*key, value.as_str()).map_err(invalid)?;
    }
    builder.build().and_then(Config::try_deserialize).map_err(invalid)
}

fn toml_check(text: &str, name: &str) -> Result<(), Error> {
    Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .map(drop)
        .map_err(|error| Error::Invalid(format!("{name}: {error}")))
}

/// The error with the names users write: variables as they are spelled in the environment.
fn explain(error: &ConfigError) -> String {
    match error {
        ConfigError::Type { origin, unexpected, expected, key } => {
            let key = key.as_deref().unwrap_or("a setting");
            let origin = origin.as_deref().unwrap_or("the command line or the defaults");
            let variable = key.to_ascii_uppercase().replace('.', "__");
            format!(
                "{key} (from {origin}) is {unexpected}, but must be {expected}; \
                 as a variable it is CARTWRIGHT__{variable}"
            )
        }
        error => error.to_string(),
    }
}
