//! Optional Redis. When it does not answer, calls here return "unknown" within milliseconds, and at
//! once while it is known to be down.

mod cache;
mod connection;
mod counter;

pub use cache::SharedCache;
pub use connection::Redis;
pub use counter::SharedCounter;

use std::path::PathBuf;

use chassis::config::{SettingError, Settings};
use serde::{Deserialize, Serialize};

/// Redis, where there is one: what copies of a process share beside their database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `redis://user:password@host:port/database`, or `rediss://` for TLS. Empty: none.
    pub url: String,
    /// The file it is read from instead.
    pub url_file: PathBuf,
    /// What the names of all keys begin with.
    pub prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { url: String::new(), url_file: PathBuf::new(), prefix: "cartwright:".to_owned() }
    }
}

impl Settings for Config {
    /// Never shows the URL, which may have a password.
    fn check(&self) -> Result<(), SettingError> {
        if !self.url.is_empty() {
            connection::client(&self.url)?;
        }
        let fits = |it: char| it.is_ascii_alphanumeric() || "-_.:".contains(it);
        if self.prefix.len() > 64 || !self.prefix.chars().all(fits) {
            let allowed = "at most 64 letters, digits, '-', '_', '.' and ':'";
            return Err(SettingError::new("redis.prefix", format!("{:?}", self.prefix), allowed));
        }
        Ok(())
    }
}

/// The URL may hold a password.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = if self.url.is_empty() { "" } else { "***" };
        f.debug_struct("Config").field("url", &url).field("prefix", &self.prefix).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> Config {
        Config { url: url.to_owned(), ..Config::default() }
    }

    #[test]
    fn good_settings_are_taken() {
        for url in [
            "",
            "redis://127.0.0.1",
            "redis://127.0.0.1:6379/1",
            "rediss://user:p%40ss@redis.example.com:6380",
            "unix:///run/redis.sock",
        ] {
            assert_eq!(with_url(url).check(), Ok(()), "{url}");
        }
    }

    #[test]
    fn bad_settings_are_named_without_the_password() {
        for url in ["localhost:6379", "http://:hunter2@host", "redis://:hunter2@host/zero", "redis"]
        {
            let said = with_url(url).check().unwrap_err().to_string();
            assert!(said.starts_with("redis.url"), "{said}");
            assert!(said.contains("redis://"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let said = Config { prefix: "a b".to_owned(), ..Config::default() }.check();
        let said = said.unwrap_err().to_string();
        assert!(said.starts_with("redis.prefix is \"a b\", but must be at most 64"), "{said}");
    }

    #[test]
    fn the_password_is_not_shown() {
        let shown = format!("{:?}", with_url("redis://:hunter2@host"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
