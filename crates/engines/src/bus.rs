//! Which bus a process uses: within itself, or over a broker.

use std::path::PathBuf;

use chassis::bus::{Bus, Subscription};
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
    /// Events a consumer may have at hand before it has stored them. 1 to 10000.
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
pub fn bus(config: &Config, subscriptions: &[Subscription]) -> Result<Bus, String> {
    config.validate()?;
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

    /// Says which setting is wrong and what is allowed. Never shows the URL, which has a password.
    pub fn validate(&self) -> Result<(), String> {
        match scheme(&self.url) {
            "memory" if self.url != "memory:" => {
                return Err("bus.url has something after memory:, which is not possible".to_owned());
            }
            "memory" => {}
            "amqp" | "amqps" => RabbitMq::check(&self.url)?,
            "redis" | "rediss" => Streams::check(&self.url)?,
            // Not shown where it is no scheme: it may be a password.
            other => {
                let begins = match self.url.contains("://") {
                    true => format!("begins with {other:?}"),
                    false => "is no URL".to_owned(),
                };
                return Err(format!(
                    "bus.url {begins}, but must be memory: or begin with amqp://, amqps://, \
                     redis:// or rediss://"
                ));
            }
        }
        // RabbitMQ has 255 bytes for the name of a queue, of which the consumer's name is a part.
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
        if self.exchange.is_empty()
            || self.exchange.len() > 100
            || !self.exchange.bytes().all(plain)
        {
            return Err(format!(
                "bus.exchange is {:?}, but must have 1 to 100 letters, digits, dots, hyphens or \
                 underscores",
                self.exchange
            ));
        }
        if self.exchange.starts_with("amq.") {
            return Err("bus.exchange begins with \"amq.\", which RabbitMQ keeps for itself".into());
        }
        if !(1..=10_000).contains(&self.prefetch) {
            return Err(format!("bus.prefetch is {}, but must be from 1 to 10000", self.prefetch));
        }
        Ok(())
    }
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
            (with(""), "bus.url is no URL, but must be memory: or begin with amqp://"),
            (with("secret"), "bus.url is no URL"),
            (with("kafka://h"), "bus.url begins with \"kafka\""),
            (with("memory:x"), "bus.url has something after memory:"),
            (with("amqp:"), "bus.url must be amqp://user:password@host:port/vhost"),
            (with("amqp://"), "bus.url must be amqp://user:password@host:port/vhost"),
            (
                with("amqp://u:secret@h:port"),
                "bus.url must be amqp://user:password@host:port/vhost",
            ),
            (with("amqp://[::1]:5672"), "bus.url has an IPv6 address"),
            (with("redis://"), "bus.url must be redis://user:password@host:port/database"),
            (with("redis://u:secret@h/x"), "bus.url must be redis://"),
            (with("amqp://h/?heartbeat=x"), "bus.url must be amqp://"),
            (named(""), "bus.exchange is \"\", but must have 1 to 100"),
            (named("a b"), "bus.exchange is \"a b\""),
            (named("amq.x"), "bus.exchange begins with \"amq.\""),
            (Config { prefetch: 0, ..Config::default() }, "bus.prefetch is 0, but must be from 1"),
        ] {
            let error = config.validate().unwrap_err();
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
            assert_eq!(with(url).validate(), Ok(()), "{url}");
        }
        assert!(!format!("{:?}", with("amqp://u:secret@h")).contains("secret"));
    }
}
