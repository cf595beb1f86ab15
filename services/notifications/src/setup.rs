//! Whether messages reach customers, for `cartwright messages check`: whether the providers in the
//! settings take them, and what has to be in DNS.

use std::net::IpAddr;

use axum::http::Uri;
use chassis::clock::Clock;
use chassis::config::SettingError;
use chassis::service::BoxError;
use chassis::setup::{Finding, Verdict};
use chassis::shop::ShopProfile;
use contracts::email::{is_email, normal};

use crate::Config;
use crate::delivery::{Attempt, Delivery};
use crate::model::{Channel, masked};
use crate::transport::{OutgoingMessage, Provider, Setup, signing};

/// What is checked.
#[derive(Clone, Debug, Default)]
pub struct SetupOptions {
    /// The e-mail address that a test message goes to.
    pub send_to: Option<String>,
}

/// Connects to every provider in the settings and logs in there; sends nothing but the test message.
///
/// # Errors
///
/// Settings with which no message can be sent, or a recipient that is no e-mail address.
pub async fn check_setup(
    config: &Config,
    shop: &ShopProfile,
    clock: Clock,
    options: &SetupOptions,
) -> Result<Vec<Finding>, BoxError> {
    if let Some(address) = options.send_to.as_deref()
        && is_email(address, &()).is_err()
    {
        let value = format!("{address:?}");
        return Err(SettingError::new("--send-to", value, "an e-mail address").into());
    }
    let delivery = Delivery::open(&Setup { config, shop, clock })?;
    let mut findings = vec![];
    for channel in Channel::ALL {
        findings.extend(nobody(config, channel));
    }
    for route in delivery.routes() {
        let transport = &route.transport;
        let (verdict, text) = match transport.check().await {
            Ok(connected) => (Verdict::Ok, connected),
            Err(error) => (Verdict::Wrong, error.to_string()),
        };
        findings.push(Finding::new(transport.provider().as_str(), verdict, text));
    }
    if delivery.delivers(Channel::Email) {
        findings.extend(records(config, shop)?);
    }
    findings.push(public_url(shop));
    if let Some(address) = &options.send_to {
        findings.push(send(&delivery, shop, &normal(address)).await);
    }
    Ok(findings)
}

/// What it means that a channel has no provider.
fn nobody(config: &Config, channel: Channel) -> Option<Finding> {
    if !config.channel(channel).providers.is_empty() {
        return None;
    }
    let setting = channel.providers_setting();
    let (verdict, text) = match channel {
        Channel::Email => {
            let text = format!(
                "e-mails are only logged, so nobody can reset a password: name \"smtp\" or \
                 \"sendgrid\" in {setting}"
            );
            (Verdict::Wrong, text)
        }
        Channel::Sms => {
            (Verdict::Note, format!("text messages are only logged: {setting} is empty"))
        }
        Channel::Push => {
            (Verdict::Note, format!("push messages are only logged: {setting} is empty"))
        }
    };
    Some(Finding::new(channel.as_str(), verdict, text))
}

/// What DNS should have so that mailboxes take the shop's e-mail for its own. It is not asked: what
/// is true here need not be true elsewhere.
fn records(config: &Config, shop: &ShopProfile) -> Result<Vec<Finding>, SettingError> {
    let from = normal(&shop.email_from);
    let Some((_, domain)) = from.rsplit_once('@') else { return Ok(vec![]) };
    let mut senders = vec![];
    if config.uses(Provider::Smtp) {
        let host = &config.smtp.host;
        senders.push(match host.parse() {
            Ok(IpAddr::V4(_)) => format!("ip4:{host}"),
            Ok(IpAddr::V6(_)) => format!("ip6:{host}"),
            Err(_) => format!("a:{host}"),
        });
    }
    if config.uses(Provider::Sendgrid) {
        senders.push("include:sendgrid.net".to_owned());
    }
    let note = |text: String| Finding::new("dns", Verdict::Note, text);
    let mut findings = vec![note(format!(
        "SPF: {domain} TXT \"v=spf1 {} ~all\", or what your mail provider says instead",
        senders.join(" ")
    ))];
    findings.push(match signing(&config.smtp, domain)? {
        Some(key) => {
            let (name, value) = key.record();
            if is_aligned(&key.domain, domain) {
                note(format!("DKIM: {name} TXT \"{value}\""))
            } else {
                let text = format!(
                    "DKIM: messages of {domain} are signed by {}, which DMARC does not accept: \
                     leave notifications.smtp.dkim_domain empty",
                    key.domain
                );
                Finding::new("dns", Verdict::Missing, text)
            }
        }
        None => note(
            "DKIM: the shop does not sign: let your mail provider sign, or set \
             notifications.smtp.dkim_private_key and dkim_selector"
                .to_owned(),
        ),
    });
    findings.push(note(format!(
        "DMARC: _dmarc.{domain} TXT \"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}\""
    )));
    Ok(findings)
}

/// Whether one domain is the other or belongs to it, as DMARC wants it of who signs.
fn is_aligned(signer: &str, from: &str) -> bool {
    let within = |inner: &str, outer: &str| inner == outer || inner.ends_with(&format!(".{outer}"));
    let (signer, from) = (signer.to_ascii_lowercase(), from.to_ascii_lowercase());
    within(&from, &signer) || within(&signer, &from)
}

/// Whether links in messages lead to the shop.
fn public_url(shop: &ShopProfile) -> Finding {
    let url = &shop.public_url;
    let uri = url.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost"
        || host.parse().is_ok_and(|it: IpAddr| it.is_loopback())
        || host.is_empty();
    let (verdict, text) = if is_local {
        let text = format!(
            "links in messages lead to {url}, where customers do not find the shop: set \
             shop.public_url to its public address, such as https://shop.example.com"
        );
        (Verdict::Wrong, text)
    } else if uri.scheme_str() == Some("https") {
        (Verdict::Ok, format!("links in messages lead to {url}"))
    } else {
        let text =
            format!("links in messages lead to {url}: set shop.public_url to an https address");
        (Verdict::Missing, text)
    };
    Finding::new("public_url", verdict, text)
}

/// Sends a message as the shop would, by the first provider that takes it.
async fn send(delivery: &Delivery, shop: &ShopProfile, to: &str) -> Finding {
    let name = &shop.name;
    let message = OutgoingMessage {
        id: chassis::id::new(),
        channel: Channel::Email,
        template: None,
        recipient: to.to_owned(),
        subject: Some(format!("Test message from {name}")),
        text: format!(
            "This is a test message from {name} ({}).\n\nIf you read it, e-mails of the shop arrive.\n",
            shop.public_url
        ),
        html: None,
        language: Some("en".to_owned()),
        order_number: None,
        link: None,
        unsubscribe: None,
        attachments: vec![],
    };
    let to = masked(to);
    let (about, verdict, text) = match delivery.deliver(&message).await {
        Attempt::Accepted(provider, accepted) => {
            let id = accepted.provider_message_id;
            let id = id.map(|it| format!(" as {it}")).unwrap_or_default();
            (provider.as_str(), Verdict::Ok, format!("took a test message to {to}{id}"))
        }
        Attempt::Failed(provider, error) => {
            let text = format!("did not take a test message to {to}: {error}");
            (provider.as_str(), Verdict::Wrong, text)
        }
        Attempt::NoProvider | Attempt::Postponed(_) => {
            ("email", Verdict::Wrong, format!("no provider takes a test message to {to}"))
        }
    };
    Finding::new(about, verdict, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelConfig, Encryption, SmtpConfig};

    fn config() -> Config {
        let smtp = SmtpConfig {
            host: "127.0.0.1".to_owned(),
            // Nothing listens there.
            port: 1,
            encryption: Encryption::None,
            ..SmtpConfig::default()
        };
        let email = ChannelConfig { providers: vec![Provider::Smtp] };
        Config { email, smtp, ..Config::default() }
    }

    fn shop() -> ShopProfile {
        ShopProfile {
            email_from: "shop@example.com".to_owned(),
            public_url: "https://shop.example.com".to_owned(),
            ..ShopProfile::default()
        }
    }

    async fn lines(config: &Config, shop: &ShopProfile) -> String {
        let options = SetupOptions { send_to: Some("ada@example.com".to_owned()) };
        let findings = check_setup(config, shop, Clock::System, &options).await.unwrap();
        findings.iter().map(|it| format!("{it}\n")).collect()
    }

    #[tokio::test]
    async fn a_shop_without_e_mail_is_told_what_that_means() {
        insta::assert_snapshot!(lines(&Config::default(), &ShopProfile::default()).await, @r#"
        wrong    email: e-mails are only logged, so nobody can reset a password: name "smtp" or "sendgrid" in notifications.email.providers
        note     sms: text messages are only logged: notifications.sms.providers is empty
        note     push: push messages are only logged: notifications.push.providers is empty
        wrong    public_url: links in messages lead to http://127.0.0.1:8080, where customers do not find the shop: set shop.public_url to its public address, such as https://shop.example.com
        wrong    email: no provider takes a test message to a***@example.com
        "#);
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_wrong_and_records_are_shown_all_the_same() {
        insta::assert_snapshot!(lines(&config(), &shop()).await, @r#"
        note     sms: text messages are only logged: notifications.sms.providers is empty
        note     push: push messages are only logged: notifications.push.providers is empty
        wrong    smtp: cannot connect to 127.0.0.1:1: Connection refused (os error 111)
        note     dns: SPF: example.com TXT "v=spf1 ip4:127.0.0.1 ~all", or what your mail provider says instead
        note     dns: DKIM: the shop does not sign: let your mail provider sign, or set notifications.smtp.dkim_private_key and dkim_selector
        note     dns: DMARC: _dmarc.example.com TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.com"
        ok       public_url: links in messages lead to https://shop.example.com
        wrong    smtp: did not take a test message to a***@example.com: cannot connect to 127.0.0.1:1: Connection refused (os error 111)
        "#);
    }

    #[tokio::test]
    async fn a_signature_of_another_domain_is_missing_its_purpose() {
        for (domain, verdict) in
            [("", Verdict::Note), ("mail.example.com", Verdict::Note), ("a.test", Verdict::Missing)]
        {
            let mut config = config();
            config.smtp.dkim_selector = "shop".to_owned();
            config.smtp.dkim_domain = domain.to_owned();
            config.smtp.dkim_private_key = crate::transport::ED25519.into();
            let findings = records(&config, &shop()).unwrap();
            assert_eq!(findings[1].verdict, verdict, "{domain}");
        }
    }

    #[tokio::test]
    async fn a_test_message_needs_an_address() {
        let options = SetupOptions { send_to: Some("ada".to_owned()) };
        let error = check_setup(&config(), &shop(), Clock::System, &options).await.unwrap_err();
        assert!(error.to_string().starts_with("--send-to"), "{error}");
    }
}
