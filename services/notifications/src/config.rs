//! The settings of notifications: which providers deliver what, and the providers' own sections.

use std::time::Duration;

use chassis::config::{SettingError, Settings};
use serde::{Deserialize, Serialize};

use crate::model::Channel;
use crate::transport::Provider;

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
        Ok(())
    }

    fn check_for_production(&self) -> Result<(), SettingError> {
        if self.log_secrets {
            let allowed = "false in production";
            return Err(SettingError::new("notifications.log_secrets", true, allowed));
        }
        Ok(())
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
