//! The settings of notifications: which providers deliver what, and the providers' own sections.

use std::time::Duration;

use chassis::config::{SettingError, Settings};
use chassis::shop::ShopProfile;
use contracts::email::is_email;
use serde::{Deserialize, Serialize};

use crate::model::Channel;
use crate::transport::{FcmConfig, Provider, SendgridConfig, SmtpConfig, TwilioConfig};

/// The settings of notifications. The shop's name, address and looks are in the section `shop`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Shows links with their secrets in the log, for trying things out without a mail server.
    /// Not for production.
    pub log_secrets: bool,
    pub email: ChannelConfig,
    pub sms: ChannelConfig,
    pub push: ChannelConfig,
    pub smtp: SmtpConfig,
    pub sendgrid: SendgridConfig,
    pub twilio: TwilioConfig,
    pub fcm: FcmConfig,
}

/// How the messages of a channel are delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelConfig {
    /// In this order: each is used where those before it are unavailable. None: messages are only
    /// logged.
    pub providers: Vec<Provider>,
}

/// How long the slowest provider may take for a message.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(60);

impl Config {
    pub(crate) fn channel(&self, channel: Channel) -> &ChannelConfig {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
            Channel::Push => &self.push,
        }
    }

    /// Whether a provider delivers messages of the shop.
    pub(crate) fn uses(&self, provider: Provider) -> bool {
        self.channel(provider.channel()).providers.contains(&provider)
    }

    /// Refuses a shop that cannot send e-mail with these settings.
    ///
    /// # Errors
    ///
    /// An address that is none, or none where e-mail is sent.
    pub fn check_with(&self, shop: &ShopProfile) -> Result<(), SettingError> {
        let is_sent = !self.email.providers.is_empty();
        for (setting, address, required) in [
            ("shop.email_from", &shop.email_from, is_sent),
            ("shop.email_reply_to", &shop.email_reply_to, false),
        ] {
            let is_missing = address.is_empty() && required;
            if is_missing || !address.is_empty() && is_email(address, &()).is_err() {
                let when = if required { "" } else { ", or empty" };
                let allowed = format!("an e-mail address such as \"shop@example.com\"{when}");
                return Err(SettingError::new(setting, format!("{address:?}"), allowed));
            }
        }
        Ok(())
    }

    /// What whoever runs a shop with these settings should know of its messages.
    pub fn warnings(&self, production: bool) -> Vec<&'static str> {
        let warnings = [(
            production && self.email.providers.is_empty(),
            "e-mails are not delivered: notifications.email.providers is empty",
        )];
        warnings.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), SettingError> {
        for channel in Channel::ALL {
            self.check_channel(channel)?;
        }
        self.smtp.check()?;
        if self.uses(Provider::Smtp) {
            self.smtp.check_in_use()?;
        }
        self.sendgrid.check(self.uses(Provider::Sendgrid))?;
        self.twilio.check(self.uses(Provider::Twilio))?;
        self.fcm.check(self.uses(Provider::Fcm))
    }

    fn check_for_production(&self) -> Result<(), SettingError> {
        if self.log_secrets {
            let allowed = "false in production";
            return Err(SettingError::new("notifications.log_secrets", true, allowed));
        }
        if self.uses(Provider::Smtp) { self.smtp.check_for_production() } else { Ok(()) }
    }
}

impl Config {
    fn check_channel(&self, channel: Channel) -> Result<(), SettingError> {
        let providers = &self.channel(channel).providers;
        let setting = channel.providers_setting();
        let known: Vec<_> =
            Provider::ALL.into_iter().filter(|it| it.channel() == channel).collect();
        let allowed = || {
            let names: Vec<_> = known.iter().map(|it| format!("{:?}", it.as_str())).collect();
            format!("{}, each once, or empty", names.join(" and "))
        };
        for (at, it) in providers.iter().enumerate() {
            if !known.contains(it) || providers[..at].contains(it) {
                return Err(SettingError::new(setting, format!("{:?}", it.as_str()), allowed()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mail_needs_an_address_that_it_comes_from() {
        let shop = |email_from: &str, email_reply_to: &str| ShopProfile {
            email_from: email_from.to_owned(),
            email_reply_to: email_reply_to.to_owned(),
            ..ShopProfile::default()
        };
        let email = ChannelConfig { providers: vec![Provider::Smtp] };
        let (on, off) = (Config { email, ..Config::default() }, Config::default());
        for (config, shop, wrong) in [
            (&off, shop("", ""), None),
            (&off, shop("shop", ""), Some("shop.email_from")),
            (&on, shop("", ""), Some("shop.email_from")),
            (&on, shop("Shop <shop@example.com>", ""), Some("shop.email_from")),
            (&on, shop("shop@example.com", "help"), Some("shop.email_reply_to")),
            (&on, shop("shop@example.com", "help@example.com"), None),
        ] {
            let error = config.check_with(&shop).err().map(|it| it.setting);
            assert_eq!(error.as_deref(), wrong, "{shop:?}");
        }
    }

    #[test]
    fn a_mail_server_in_use_has_a_name() {
        let email = ChannelConfig { providers: vec![Provider::Smtp] };
        let error = Config { email, ..Config::default() }.check().unwrap_err();
        assert_eq!(error.setting, "notifications.smtp.host");
        Config::default().check().unwrap();
    }
}
