//! Discovery by Consul: processes tell its agent where their services are and ask it for others.
//!
//! What a process knows outlives Consul. While its agent is away, has no leader or answers with
//! an error, the last known copies stay. After such a time, or when its index has gone back (it
//! lost its state or was restored), it is in doubt for half a minute, in which services tell it
//! again where they are: what it lists is added, and nothing is taken away. Apart from that it is
//! believed, also where it lists no copy at all.
//!
//! A service is known to Consul as `cartwright-NAME`.

mod agent;
mod announce;
mod follow;

use chassis::config::SettingError;
use mesh::discovery::{Config, Directory, Endpoints};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::agent::{Agent, Error};
pub use self::announce::announce;

/// Where these services are: where the settings say, else where Consul says, else on this machine.
/// Follows Consul until stopped.
pub fn directory(
    config: &Config,
    services: &[(&'static str, u16)],
    stop: &CancellationToken,
) -> Result<Directory, SettingError> {
    let Some(agent) = Agent::of(config)? else { return config.directory(services) };
    let mut directory = Directory::default();
    for &(service, _) in services {
        let configured = config.configured(service)?;
        if configured.is_empty() {
            directory.follow(service, follow(agent.clone(), service, stop.clone()))
        } else {
            directory.fixed(service, configured)
        }
    }
    Ok(directory)
}

/// The copies of a service that Consul calls healthy, kept current until stopped. None before
/// its first answer.
pub fn follow(agent: Agent, service: &'static str, stop: CancellationToken) -> Endpoints {
    let (list, endpoints) = watch::channel([].into());
    tokio::spawn(follow::run(agent, service, list, stop));
    endpoints
}

/// What Consul calls a service.
fn name(service: &str) -> String {
    format!("cartwright-{service}")
}
