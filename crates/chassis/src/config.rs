//! Settings: defaults, then a TOML file, then `CARTWRIGHT__SECTION__KEY`, then the command line.
//!
//! A secret may stand in a file of its own: `services.secret_file` names the one that
//! `services.secret` is read from. In the file of a list each line is a secret.

mod setting;

use std::path::Path;

use config::builder::{ConfigBuilder, DefaultState};
use config::{Config, ConfigError, File, FileFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::setting::{Environment, SettingError, Settings, at_least, in_range};

/// What is wrong with the settings: which one, where it came from, what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the configuration file {0}: {1}")]
    File(String, std::io::Error),
    #[error("{0}")]
    Invalid(String),
}

/// What is shown in place of a secret.
pub const MASK: &str = "***";

/// Reads the settings. `overrides` are `section.key` with the value from the command line;
/// `secrets` are the settings that may also be read from the file their `_file` form names.
pub fn load<T: Serialize + DeserializeOwned + Default>(
    file: Option<&Path>,
    overrides: &[(&str, String)],
    secrets: &[&str],
) -> Result<T, Error> {
    let invalid = |error: ConfigError| Error::Invalid(explain(&error, file, overrides));
    let defaults = Config::try_from(&T::default()).map_err(invalid)?;
    let mut lists = Vec::new();
    let settings = serde_json::to_value(T::default()).map_err(|it| Error::Invalid(it.to_string()));
    find_lists("", &settings?, &mut lists);
    let mut builder = Config::builder().add_source(defaults.clone());
    if let Some(path) = file {
        // Read before, so that a missing file is told as the system tells it.
        std::fs::metadata(path).map_err(|it| Error::File(path.display().to_string(), it))?;
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let environment = config::Environment::with_prefix("CARTWRIGHT")
        .prefix_separator("__")
        .separator("__")
        .ignore_empty(true);
    builder = builder.add_source(environment);
    for key in &lists {
        if let Some(value) = std::env::var(variable(key)).ok().filter(|it| !it.is_empty()) {
            let items: Vec<&str> = value.split(',').map(str::trim).collect();
            builder = builder.set_override(key, items).map_err(invalid)?;
        }
    }
    for (key, value) in overrides {
        builder = builder.set_override(*key, value.as_str()).map_err(invalid)?;
        if secrets.contains(key) {
            // It goes before a file that is named elsewhere.
            builder = builder.set_override(format!("{key}_file"), "").map_err(invalid)?;
        }
    }
    builder = read_secrets(builder, &defaults, secrets, &lists)?;
    builder.build().and_then(Config::try_deserialize).map_err(invalid)
}

/// Puts the contents of the files that secrets are in where the secrets themselves would stand.
fn read_secrets(
    mut builder: ConfigBuilder<DefaultState>,
    defaults: &Config,
    secrets: &[&str],
    lists: &[String],
) -> Result<ConfigBuilder<DefaultState>, Error> {
    // What is wrong with the rest is told when all of it is read.
    let Ok(given) = builder.build_cloned() else { return Ok(builder) };
    let text = |config: &Config, key: &str| config.get_string(key).unwrap_or_default();
    for &key in secrets {
        let values = values(&given, key);
        if values.iter().any(|it| it == MASK || it.contains(&format!(":{MASK}@"))) {
            return Err(Error::Invalid(format!(
                "{key} has {MASK}, which `config print` shows in place of a secret; write the \
                 secret itself, or name the file it is in with {key}_file"
            )));
        }
        let path = text(&given, &format!("{key}_file"));
        if path.is_empty() {
            continue;
        }
        if values != self::values(defaults, key) {
            return Err(Error::Invalid(format!("{key} and {key}_file are both set; keep one")));
        }
        let secret = secret(Path::new(&path))
            .map_err(|reason| Error::Invalid(format!("{key}_file: {path}: {reason}")))?;
        let read = if lists.iter().any(|it| it == key) {
            builder.set_override(key, secret.lines().collect::<Vec<_>>())
        } else {
            builder.set_override(key, secret)
        };
        builder = read.map_err(|it| Error::Invalid(it.to_string()))?;
    }
    Ok(builder)
}

/// The texts of a setting: one, or those of a list.
fn values(config: &Config, key: &str) -> Vec<String> {
    match config.get_array(key) {
        Ok(items) => items.into_iter().filter_map(|it| it.into_string().ok()).collect(),
        Err(_) => vec![config.get_string(key).unwrap_or_default()],
    }
}

/// Why there is no secret in a file.
#[derive(Debug, thiserror::Error)]
enum NoSecret {
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// Without what is there instead.
    #[error("it is not UTF-8")]
    NotText,
    #[error("it is empty")]
    Empty,
}

/// The secret in a file, without the newline editors put at the end.
fn secret(path: &Path) -> Result<String, NoSecret> {
    let text = String::from_utf8(std::fs::read(path)?).map_err(|_| NoSecret::NotText)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err(NoSecret::Empty) } else { Ok(line.to_owned()) }
}

/// A text with the password of a URL hidden. Rather too much is hidden than too little: from the
/// first colon after `://` to the last `@`, and every parameter that is named like a secret.
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = match rest.rsplit_once('@') {
        Some((user, rest)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:{MASK}@{rest}"),
            None => format!("{user}@{rest}"),
        },
        None => rest.to_owned(),
    };
    let Some((address, query)) = rest.split_once('?') else { return format!("{scheme}://{rest}") };
    let hidden = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_named_secret(name) => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    });
    format!("{scheme}://{address}?{}", hidden.collect::<Vec<_>>().join("&"))
}

/// Whether a name says that its value is a secret.
pub fn is_named_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["secret", "pass", "token", "key", "credential"].iter().any(|it| name.contains(it))
}

/// Collects the settings that are lists. A variable is a text, so it has commas between the items.
/// The crate splits them only where it guesses types too, which makes 12345 of the secret 0012345.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_hidden_and_nothing_else() {
        for (url, shown) in [
            ("", ""),
            ("memory:", "memory:"),
            ("postgres://host:5432/shop", "postgres://host:5432/shop"),
            ("postgres://user@host/shop", "postgres://user@host/shop"),
            ("postgres://user:hunter2@host:5432/shop", "postgres://user:***@host:5432/shop"),
            ("postgres://user:hunt@er/2@host/shop", "postgres://user:***@host/shop"),
            ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
            (
                "amqp://user:hunter2@host:5672/%2f?heartbeat=5",
                "amqp://user:***@host:5672/%2f?heartbeat=5",
            ),
            (
                "postgres://host/shop?user=a&password=hunter2",
                "postgres://host/shop?user=a&password=***",
            ),
            ("postgres://user:hunter2?@host", "postgres://user:***@host"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn one_newline_at_the_end_of_a_secret_does_not_count() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (content, read) in [
            ("hunter2", Ok("hunter2")),
            ("hunter2\n", Ok("hunter2")),
            ("hunter2\r\n", Ok("hunter2")),
            ("hunter2\n\n", Ok("hunter2\n")),
            (" hunter2 ", Ok(" hunter2 ")),
            ("", Err("it is empty")),
            ("\n", Err("it is empty")),
        ] {
            std::fs::write(file.path(), content).unwrap();
            let secret = secret(file.path()).map_err(|error| error.to_string());
            assert_eq!(secret.as_deref(), read.map_err(str::to_owned).as_ref().copied());
        }
        std::fs::write(file.path(), b"\xff").unwrap();
        assert!(matches!(secret(file.path()), Err(NoSecret::NotText)));
        let missing = secret(&file.path().join("x")).unwrap_err().to_string();
        assert!(missing.contains("os error"), "{missing}");
    }
}
