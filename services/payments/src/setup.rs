//! Whether customers can pay, for `cartwright payments check`: what is set up at the providers that
//! are on, and what is missing there or in the settings.

use chassis::clock::Clock;
use chassis::config::SettingError;
use chassis::money::Currency;
pub use chassis::setup::{Finding, NewSecret, Verdict};
use reqwest::Url;

use crate::{Config, providers};

/// What is checked, and whether what is missing is made.
#[derive(Clone, Debug)]
pub struct SetupOptions {
    /// The shop's public address; none for that of `payments.return_url`.
    pub url: Option<String>,
    /// Whether webhooks and the shop's domain are registered at the providers.
    pub register: bool,
}

/// The shop, as its providers check their set-up for it.
pub(crate) struct SetupCheck<'a> {
    pub(crate) config: &'a Config,
    pub(crate) currency: &'a Currency,
    pub(crate) clock: Clock,
    /// The shop's public address, without a path.
    pub(crate) url: Url,
    pub(crate) register: bool,
}

impl SetupCheck<'_> {
    /// Where a provider sends its webhooks.
    pub(crate) fn webhook_url(&self, provider: &str) -> String {
        format!("{}/api/v1/webhooks/{provider}", self.url.origin().ascii_serialization())
    }

    /// Whether the address leads to this machine only.
    pub(crate) fn is_local(&self) -> bool {
        is_local(&self.url)
    }
}

/// Looks at everything that has to be set up for payments, at the providers as well. `config` is
/// [resolved](Config::resolved).
///
/// # Errors
///
/// The options or the settings have no address of the shop.
pub async fn check_setup(
    config: &Config,
    currency: &Currency,
    clock: Clock,
    options: &SetupOptions,
) -> Result<Vec<Finding>, SettingError> {
    let returned_to = address("payments.return_url", &config.return_url)?;
    let url = match &options.url {
        Some(url) => shop_address(url)?,
        None => returned_to.clone(),
    };
    let register = options.register;
    let shop = SetupCheck { config, currency, clock, url, register };
    let mut findings = providers::check_setup(&shop).await;
    if findings.is_empty() {
        let text = "no provider is on, so nobody can pay: set the keys of one, such as \
                    payments.stripe, or turn on payments.sandbox to try the shop out";
        return Ok(vec![Finding::new(crate::NAME, Verdict::Wrong, text)]);
    }
    findings.push(return_address(&shop, &returned_to));
    Ok(findings)
}

/// Whether customers come back from their banks.
fn return_address(shop: &SetupCheck<'_>, returned_to: &Url) -> Finding {
    let origin = |it: &Url| it.origin().ascii_serialization();
    let (back, own) = (origin(returned_to), origin(&shop.url));
    let (verdict, text) = if back == own {
        (Verdict::Ok, format!("customers come back from their bank to {back}"))
    } else {
        let verdict = if is_local(returned_to) { Verdict::Wrong } else { Verdict::Note };
        let text = format!(
            "customers come back from their bank to {back}, not to {own}: set payments.return_url to \
             {own}/orders/{{order_id}}?payment={{payment_id}}"
        );
        (verdict, text)
    };
    Finding::new(crate::NAME, verdict, text)
}

fn shop_address(url: &str) -> Result<Url, SettingError> {
    let address = address("--url", url)?;
    let plain = address.path() == "/" && address.query().is_none() && address.fragment().is_none();
    if plain && address.password().is_none() { Ok(address) } else { Err(no_address("--url", url)) }
}

fn address(setting: &str, url: &str) -> Result<Url, SettingError> {
    let parsed = Url::parse(url).ok();
    let is_web = |it: &Url| matches!(it.scheme(), "http" | "https") && it.has_host();
    parsed.filter(is_web).ok_or_else(|| no_address(setting, url))
}

fn no_address(setting: &str, url: &str) -> SettingError {
    let value = format!("{:?}", chassis::config::without_password(url));
    SettingError::new(setting, value, "the shop's public address, such as https://shop.example.com")
}

/// Whether a URL leads to the machine itself.
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use chassis::testing::in_time;

    use super::*;
    use crate::SandboxMode;

    async fn found(config: &Config, url: &str) -> Result<Vec<Finding>, SettingError> {
        let options = SetupOptions { url: Some(url.to_owned()), register: true };
        let currency = Currency::default();
        in_time("a check", check_setup(config, &currency, Clock::System, &options)).await
    }

    #[tokio::test]
    async fn somebody_has_to_take_the_money_and_customers_have_to_come_back() {
        let shop = "https://shop.example";
        let off = Config { sandbox: SandboxMode::Off, ..Config::default() };
        let [nobody] = &found(&off, shop).await.expect("a check")[..] else { panic!("one line") };
        assert_eq!((nobody.about, nobody.verdict), ("payments", Verdict::Wrong));

        let on = Config { sandbox: SandboxMode::On, ..Config::default() };
        let back = |url: &str| Config { return_url: format!("{url}/orders/1"), ..on.clone() };
        for (config, verdict) in [
            (&on, Verdict::Wrong),
            (&back("https://www.shop.example"), Verdict::Note),
            (&back(shop), Verdict::Ok),
        ] {
            let findings = found(config, shop).await.expect("a check");
            let verdicts: Vec<_> = findings.iter().map(|it| (it.about, it.verdict)).collect();
            assert_eq!(verdicts, [("sandbox", Verdict::Note), ("payments", verdict)]);
        }
    }

    #[tokio::test]
    async fn an_address_without_a_path_is_the_shops() {
        let config = Config::default();
        assert!(found(&config, "https://shop.example/").await.is_ok());
        for url in ["shop.example", "ftp://a", "https://a/b", "https://a?b", "https://u:hunter2@a"]
        {
            let error = found(&config, url).await.expect_err(url).to_string();
            assert!(error.starts_with("--url is "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
