//! Which bus a process uses: within itself, or over a broker.

use std::path::PathBuf;

use chassis::bus::{Bus, Subscription};
use chassis::config::{SettingError, Settings, in_range};
use serde::{Deserialize, Serialize};

use crate::rabbitmq::RabbitMq;
use crate::streams::Streams;

/// The bus between services.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `memory:` within one process, `amqp://` or `amqps://` for RabbitMQ, `redis://` or
    /// `rediss://` for Redis.
    pub url: String,
    /// The file it is read from instead.
    pub url_file: PathBuf,
    /// The exchange events are published to, with queues of this name and their own; on Redis the
    /// stream.
    pub exchange: String,
    /// Events a consumer may hold before it has stored them. 1 to 10000.
    pub prefetch: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "memory:".to_owned(),
            url_file: PathBuf::new(),
            exchange: "cartwright.events".to_owned(),
            prefetch: 500,
        }
    }
}

/// Makes the bus of a process. `subscriptions` are those of the whole shop, wherever the consumers
/// run: what they want is kept for them also before they start for the first time.
///
/// Connects nowhere: a broker that is away is waited for once the bus delivers.
pub fn bus(config: &Config, subscriptions: &[Subscription]) -> Result<Bus, SettingError> {
    config.check()?;
    match scheme(&config.url) {
        "memory" => Ok(Bus::memory()),
        "redis" | "rediss" => Ok(Bus::over(Streams::new(config, subscriptions)?)),
        _ => Ok(Bus::over(RabbitMq::new(config, subscriptions)?)),
    }
}

impl Config {
    /// Whether events leave the process.
    pub fn is_remote(&self) -> bool {
        scheme(&self.url) != "memory"
    }
}

impl Settings for Config {
    /// Never shows the URL, which may have a password.
    fn check(&self) -> Result<(), SettingError> {
        check_url(&self.url)?;
        // RabbitMQ has 255 bytes for the name of a queue, of which the consumer's name is a part.
        let wrong =
            |allowed| SettingError::new("bus.exchange", format!("{:?}", self.exchange), allowed);
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
        if self.exchange.is_empty()
            || self.exchange.len() > 100
            || !self.exchange.bytes().all(plain)
        {
            return Err(wrong("1 to 100 letters, digits, dots, hyphens or underscores"));
        }
        if self.exchange.starts_with("amq.") {
            return Err(wrong("without the prefix \"amq.\", which RabbitMQ reserves"));
        }
        in_range("bus.prefetch", self.prefetch, 1..=10_000)
    }
}

fn check_url(url: &str) -> Result<(), SettingError> {
    let value = match scheme(url) {
        "memory" if url == "memory:" => return Ok(()),
        "amqp" | "amqps" => return RabbitMq::check(url),
        "redis" | "rediss" => return Streams::check(url),
        "memory" => "memory: with something after it".to_owned(),
        other if url.contains("://") => format!("{other}://…"),
        // Not shown where it is no scheme: it may be a password.
        _ => "not a URL".to_owned(),
    };
    let allowed = "memory: or start with amqp://, amqps://, redis:// or rediss://";
    Err(SettingError::new("bus.url", value, allowed))
}

fn scheme(url: &str) -> &str {
    url.split(':').next().unwrap_or_default()
}

/// The URL may have a password.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("url", &format_args!("{}:…", scheme(&self.url)))
            .field("exchange", &self.exchange)
            .field("prefetch", &self.prefetch)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_setting_is_named_with_what_is_allowed() {
        let with = |url: &str| Config { url: url.to_owned(), ..Config::default() };
        let named = |name: &str| Config { exchange: name.to_owned(), ..Config::default() };
        for (config, expected) in [
            (with(""), "bus.url is not a URL, but must be memory: or start with amqp://"),
            (with("secret"), "bus.url is not a URL"),
            (with("kafka://h"), "bus.url is kafka://…, but must be memory: or start with amqp://"),
            (with("memory:x"), "bus.url is memory: with something after it, but must be memory:"),
            (with("amqp:"), "bus.url is unusable ("),
            (with("amqp://"), "bus.url is unusable (it names no host), but must be amqp://user:"),
            (with("amqp://u:secret@h:port"), "bus.url is unusable ("),
            (with("amqp://[::1]:5672"), "bus.url is an IPv6 address instead of the name of a host"),
            (with("redis://"), "bus.url is unusable ("),
            (with("redis://u:secret@h/x"), "bus.url is unusable ("),
            (with("amqp://h/?heartbeat=x"), "bus.url is unusable ("),
            (named(""), "bus.exchange is \"\", but must be 1 to 100 letters"),
            (named("a b"), "bus.exchange is \"a b\""),
            (named("amq.x"), "bus.exchange is \"amq.x\", but must be without the prefix"),
            (Config { prefetch: 0, ..Config::default() }, "bus.prefetch is 0, but must be 1 to"),
        ] {
            let error = config.check().unwrap_err();
            let shape = match config.url.split(':').next() {
                Some("amqp") => "amqp://user:password@host:port/vhost",
                Some("redis") => "redis://user:password@host:port/database",
                _ => "",
            };
            assert!(error.allowed.starts_with(shape), "{error}");
            let error = error.to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        for url in [
            "memory:",
            "redis://h/1",
            "rediss://:p@h:6380",
            "amqp://h",
            "amqps://user:p%40ss@broker.example.com:5671/shop",
        ] {
            assert_eq!(with(url).check(), Ok(()), "{url}");
        }
        assert!(!format!("{:?}", with("amqp://u:secret@h")).contains("secret"));
    }
}
