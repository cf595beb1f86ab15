//! The settings of Stripe.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Secret;
use chassis::config::{SettingError, in_range};
use serde::{Deserialize, Deserializer, Serialize};

use crate::setup::is_local;
use chassis::page_sources::PageSources;

/// The webhook secrets that can be valid at a time: the old and the new one, during rotation.
const MAX_WEBHOOK_SECRETS: usize = 2;

/// Stripe's limit for a statement descriptor, of which the suffix is a part.
const MAX_STATEMENT_DESCRIPTOR: usize = 22;

/// The account at Stripe. Off unless `secret_key` is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StripeConfig {
    /// The secret key, or a restricted one: `sk_test_…`, `sk_live_…`, `rk_test_…`, `rk_live_…`.
    pub secret_key: Secret,
    /// The file it is read from instead.
    pub secret_key_file: PathBuf,
    /// The publishable key of the same account and mode, which browsers get.
    pub publishable_key: String,
    /// What webhooks are signed with, `whsec_…`: one, or two during rotation.
    #[serde(deserialize_with = "secrets")]
    pub webhook_secrets: Vec<Secret>,
    /// The file they are read from instead, one a line.
    pub webhook_secrets_file: PathBuf,
    /// What the customer's card statement shows after the shop's name. Empty: nothing.
    pub statement_descriptor_suffix: String,
    /// The countries of customers who are offered Stripe, by their ISO 3166-1 alpha-2 codes. None: all.
    pub countries: Vec<String>,
    /// How long one request may take, in milliseconds. `payments.try_ms` limits it further.
    pub request_ms: u64,
    /// Where Stripe's API is.
    pub api_url: String,
    /// Where browsers load Stripe.js from.
    pub script_url: String,
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            secret_key: Secret::default(),
            secret_key_file: PathBuf::new(),
            publishable_key: String::new(),
            webhook_secrets: Vec::new(),
            webhook_secrets_file: PathBuf::new(),
            statement_descriptor_suffix: String::new(),
            countries: Vec::new(),
            request_ms: 20_000,
            api_url: "https://api.stripe.com".to_owned(),
            script_url: "https://js.stripe.com/endive/stripe.js".to_owned(),
        }
    }
}

/// Whether keys move real money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Test,
    Live,
}

impl StripeConfig {
    /// Whether the shop uses Stripe.
    pub(crate) fn is_on(&self) -> bool {
        !self.secret_key.is_empty()
    }

    /// The mode of the secret key; none if it is not set or no key.
    pub(crate) fn mode(&self) -> Option<Mode> {
        mode_of(&self.secret_key, &["sk_", "rk_"])
    }

    pub(crate) fn request_within(&self) -> Duration {
        Duration::from_millis(self.request_ms)
    }

    pub(crate) fn check(&self) -> Result<(), SettingError> {
        in_range("payments.stripe.request_ms", self.request_ms, 1_000..=80_000)?;
        self.check_urls()?;
        self.check_statement_descriptor()?;
        self.check_countries()?;
        self.check_webhook_secrets()?;
        self.check_keys()
    }

    /// What Stripe.js needs on the pages on which customers pay; nothing where Stripe is off. See
    /// "Integration security guide" in Stripe's documentation, content security policy.
    pub(crate) fn page_sources(&self) -> PageSources {
        const SCRIPTS: [&str; 2] = ["https://js.stripe.com", "https://*.js.stripe.com"];
        const FRAMES: [&str; 1] = ["https://hooks.stripe.com"];
        if !self.is_on() {
            return PageSources::default();
        }
        let own = origin(&self.script_url);
        let script: Vec<String> = match own {
            Some(own) if own != SCRIPTS[0] => vec![own.to_owned()],
            _ => SCRIPTS.map(str::to_owned).to_vec(),
        };
        let frames = FRAMES.into_iter().map(str::to_owned);
        let api = origin(&self.api_url).into_iter().map(str::to_owned);
        PageSources {
            frame: script.iter().cloned().chain(frames).collect(),
            connect: api.chain(script.iter().cloned()).collect(),
            payment: script.iter().filter(|it| !it.contains('*')).cloned().collect(),
            script,
            inline_styles: true,
        }
    }

    fn check_keys(&self) -> Result<(), SettingError> {
        let Self { secret_key, publishable_key, webhook_secrets, .. } = self;
        if !self.is_on() {
            let half = !publishable_key.is_empty() || !webhook_secrets.is_empty();
            let allowed = "set where payments.stripe has other keys; without it Stripe is off";
            return if half { Err(wrong("secret_key", "empty", allowed)) } else { Ok(()) };
        }
        let Some(mode) = self.mode() else {
            let allowed = "a secret key (sk_test_… or sk_live_…) or a restricted one (rk_test_… or \
                           rk_live_…) from Stripe's dashboard, Developers, API keys";
            return Err(wrong("secret_key", kind_of(secret_key), allowed));
        };
        let publishable = mode_of(publishable_key, &["pk_"]);
        let (word, prefix) = mode.words();
        if publishable == Some(mode) {
            return Ok(());
        }
        let value = match publishable {
            Some(other) => format!("a {} key", other.words().0),
            None => kind_of(publishable_key).to_owned(),
        };
        let allowed = format!(
            "the publishable key (pk_{prefix}_…) of the same account: payments.stripe.secret_key is a \
             {word} key"
        );
        Err(wrong("publishable_key", value, allowed))
    }

    fn check_countries(&self) -> Result<(), SettingError> {
        let is_code = |it: &str| contracts::countries::find(it).is_some();
        match self.countries.iter().find(|it| !is_code(it)) {
            None => Ok(()),
            Some(other) => {
                let allowed = "ISO 3166-1 alpha-2 codes such as \"DE\"";
                Err(wrong("countries", format!("{other:?}"), allowed))
            }
        }
    }

    /// Whether customers from there are offered Stripe; they are while nobody knows where they are.
    pub(crate) fn is_offered_in(&self, country: Option<&str>) -> bool {
        let countries = &self.countries;
        country.is_none_or(|it| countries.is_empty() || countries.iter().any(|own| own == it))
    }

    fn check_webhook_secrets(&self) -> Result<(), SettingError> {
        let secrets = &self.webhook_secrets;
        if secrets.len() > MAX_WEBHOOK_SECRETS {
            let allowed = format!("{MAX_WEBHOOK_SECRETS} at most: the old one and the new one");
            return Err(wrong("webhook_secrets", format!("{} secrets", secrets.len()), allowed));
        }
        let is_secret = |it: &Secret| it.strip_prefix("whsec_").is_some_and(is_key_text);
        match secrets.iter().find(|it| !is_secret(it)) {
            None => Ok(()),
            Some(other) => {
                let allowed = "the signing secret of a webhook endpoint (whsec_…) from Stripe's \
                               dashboard, Developers, Webhooks";
                Err(wrong("webhook_secrets", kind_of(other), allowed))
            }
        }
    }

    fn check_urls(&self) -> Result<(), SettingError> {
        let allowed = "an https:// URL without a path's end, query or password (http:// only on this \
                       machine)";
        if !is_secure(&self.api_url) || self.api_url.ends_with('/') {
            let value = chassis::config::without_password(&self.api_url);
            return Err(wrong("api_url", format!("{value:?}"), allowed));
        }
        if !is_secure(&self.script_url) {
            let value = chassis::config::without_password(&self.script_url);
            let allowed = "the https:// URL of Stripe.js (http:// only on this machine)";
            return Err(wrong("script_url", format!("{value:?}"), allowed));
        }
        Ok(())
    }

    /// Stripe refuses every payment with a suffix that breaks its rules.
    fn check_statement_descriptor(&self) -> Result<(), SettingError> {
        let suffix = &self.statement_descriptor_suffix;
        let allowed_in =
            |it: char| (it == ' ' || it.is_ascii_graphic()) && !"<>\\'\"*".contains(it);
        if suffix.is_empty()
            || suffix.len() <= MAX_STATEMENT_DESCRIPTOR
                && suffix.chars().all(allowed_in)
                && suffix.chars().any(|it| it.is_ascii_alphabetic())
        {
            return Ok(());
        }
        let allowed = format!(
            "{MAX_STATEMENT_DESCRIPTOR} characters at most, at least one of them a letter, only Latin \
             ones, and none of < > \\ ' \" *"
        );
        Err(wrong("statement_descriptor_suffix", format!("{suffix:?}"), allowed))
    }
}

impl Mode {
    /// How it is called, and what it is in a key.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Test => ("test", "test"),
            Self::Live => ("live", "live"),
        }
    }
}

/// A list of secrets, or one by itself: an error of serde's would show what it is instead.
fn secrets<'de, D: Deserializer<'de>>(written: D) -> Result<Vec<Secret>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "must be a list of texts")]
    enum Written {
        One(Secret),
        Some(Vec<Secret>),
    }
    Ok(match Written::deserialize(written)? {
        Written::One(secret) => vec![secret],
        Written::Some(secrets) => secrets,
    })
}

fn wrong(key: &str, value: impl std::fmt::Display, allowed: impl Into<String>) -> SettingError {
    SettingError::new(format!("payments.stripe.{key}"), value, allowed)
}

fn mode_of(key: &str, prefixes: &[&str]) -> Option<Mode> {
    let rest = prefixes.iter().find_map(|it| key.strip_prefix(it))?;
    let (mode, text) = match rest.split_once('_')? {
        ("test", text) => (Mode::Test, text),
        ("live", text) => (Mode::Live, text),
        _ => return None,
    };
    is_key_text(text).then_some(mode)
}

/// What follows the prefix of a key: a space or a newline in it was copied by mistake.
fn is_key_text(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
}

/// What a wrong key is, without showing it.
fn kind_of(key: &str) -> &'static str {
    match key {
        "" => "empty",
        it if it.trim() != it => "a text with spaces around it",
        it if it.starts_with("pk_") => "a publishable key (pk_…)",
        it if it.starts_with("sk_") || it.starts_with("rk_") => "a secret key (sk_… or rk_…)",
        it if it.starts_with("whsec_") => "a webhook secret (whsec_…)",
        _ => "something else",
    }
}

/// Whether nobody on the way can read what is sent there.
fn is_secure(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    plain && (url.scheme() == "https" || url.scheme() == "http" && is_local(&url))
}

/// The scheme and host of a URL.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    url.get(..scheme.len() + 3 + host.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> StripeConfig {
        StripeConfig {
            secret_key: "sk_test_hunter2".into(),
            publishable_key: "pk_test_abc".to_owned(),
            webhook_secrets: vec!["whsec_hunter2".into()],
            ..StripeConfig::default()
        }
    }

    fn refused(change: impl Fn(&mut StripeConfig)) -> String {
        let mut config = valid();
        change(&mut config);
        config.check().expect_err("refused").to_string()
    }

    #[test]
    fn stripe_is_off_until_there_is_a_key() {
        assert_eq!(StripeConfig::default().check(), Ok(()));
        assert!(!StripeConfig::default().is_on());
        assert_eq!(valid().check(), Ok(()));
        assert!(valid().is_on());
        let error = refused(|it| it.secret_key = "".into());
        assert!(
            error.starts_with("payments.stripe.secret_key is empty, but must be set"),
            "{error}"
        );
    }

    #[test]
    fn a_key_of_another_kind_or_mode_is_named_and_never_shown() {
        type Change = fn(&mut StripeConfig);
        let keys: [(&str, Change); 8] = [
            ("secret_key is a publishable key", |it| it.secret_key = "pk_test_hunter2".into()),
            ("secret_key is a text with spaces", |it| it.secret_key = "sk_test_hunter2\n".into()),
            ("secret_key is something else", |it| it.secret_key = "hunter2".into()),
            ("secret_key is a webhook secret", |it| it.secret_key = "whsec_hunter2".into()),
            ("publishable_key is a secret key", |it| it.publishable_key = "sk_test_hunter2".into()),
            ("publishable_key is a live key", |it| it.publishable_key = "pk_live_hunter2".into()),
            ("publishable_key is a test key", |it| it.secret_key = "rk_live_hunter2".into()),
            ("webhook_secrets is a secret key", |it| {
                it.webhook_secrets.push("sk_live_hunter2".into());
            }),
        ];
        for (said, change) in keys {
            let error = refused(change);
            assert!(error.starts_with(&format!("payments.stripe.{said}")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(!format!("{:?}", valid()).contains("hunter2"));
    }

    #[test]
    fn two_webhook_secrets_are_valid_while_one_replaces_the_other() {
        let mut config = valid();
        config.webhook_secrets.push("whsec_new".into());
        assert_eq!(config.check(), Ok(()));
        let error = refused(|it| it.webhook_secrets = vec!["whsec_a".into(); 3]);
        assert!(error.contains("is 3 secrets, but must be 2 at most"), "{error}");
    }

    #[test]
    fn a_webhook_secret_is_not_shown_however_it_is_written() {
        let read = |written: serde_json::Value| {
            let settings = serde_json::json!({ "webhook_secrets": written });
            serde_json::from_value::<StripeConfig>(settings).map(|it| it.webhook_secrets)
        };
        assert_eq!(read("hunter2".into()).unwrap(), ["hunter2".into()]);
        assert_eq!(read(vec!["hunter2"].into()).unwrap(), ["hunter2".into()]);
        let error = read(serde_json::json!({ "hunter2": 1 })).unwrap_err().to_string();
        assert_eq!(error, "must be a list of texts");
    }

    #[test]
    fn a_key_is_sent_to_secure_addresses_only() {
        for url in
            ["https://api.stripe.com", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost"]
        {
            let config = StripeConfig { api_url: url.to_owned(), ..valid() };
            assert_eq!(config.check(), Ok(()), "{url}");
        }
        for url in
            ["http://api.stripe.com", "http://10.0.0.1", "https://api.stripe.com/", "stripe", ""]
        {
            let error = refused(|it| url.clone_into(&mut it.api_url));
            assert!(error.starts_with("payments.stripe.api_url"), "{url}: {error}");
        }
        let error = refused(|it| "https://user:hunter2@host".clone_into(&mut it.api_url));
        assert!(!error.contains("hunter2"), "{error}");
        let error = refused(|it| "http://js.stripe.com".clone_into(&mut it.script_url));
        assert!(error.contains("script_url"), "{error}");
    }

    #[test]
    fn stripe_is_offered_in_the_countries_that_are_named() {
        let german = StripeConfig { countries: vec!["DE".to_owned()], ..valid() };
        assert_eq!(german.check(), Ok(()));
        for (country, offered) in [(Some("DE"), true), (Some("FR"), false), (None, true)] {
            assert_eq!(german.is_offered_in(country), offered, "{country:?}");
            assert!(valid().is_offered_in(country));
        }
        let error = refused(|it| it.countries = vec!["Germany".to_owned()]);
        assert!(error.contains("countries"), "{error}");
    }

    #[test]
    fn pages_use_the_hosts_of_the_urls_and_nothing_where_stripe_is_off() {
        assert_eq!(StripeConfig::default().page_sources(), PageSources::default());
        let sources = valid().page_sources();
        assert_eq!(sources.script, ["https://js.stripe.com", "https://*.js.stripe.com"]);
        assert!(sources.frame.iter().any(|it| it == "https://hooks.stripe.com"));
        assert!(sources.connect.iter().any(|it| it == "https://api.stripe.com"));
        let double = StripeConfig {
            api_url: "http://127.0.0.1:9".to_owned(),
            script_url: "http://127.0.0.1:9/stripe.js".to_owned(),
            ..valid()
        };
        let sources = double.page_sources();
        assert_eq!(sources.script, ["http://127.0.0.1:9"]);
        assert_eq!(sources.payment, ["http://127.0.0.1:9"]);
    }

    #[test]
    fn a_statement_descriptor_that_stripe_would_refuse_is_refused_at_once() {
        for suffix in ["", "A", "SHOP 12", "ABCDEFGHIJKLMNOPQRSTUV"] {
            let suffix = suffix.to_owned();
            let config = StripeConfig { statement_descriptor_suffix: suffix, ..valid() };
            assert_eq!(config.check(), Ok(()), "{:?}", config.statement_descriptor_suffix);
        }
        for suffix in ["12", "ABCDEFGHIJKLMNOPQRSTUVW", "A*B", "A'B", "A\\", "<A>", "Ä", "A\n"] {
            let error = refused(|it| suffix.clone_into(&mut it.statement_descriptor_suffix));
            assert!(error.contains("statement_descriptor_suffix"), "{error}");
        }
    }
}
