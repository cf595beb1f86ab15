//! Discovery with Consul: processes register their services with its agent and look up others
//! there.
//!
//! What a process knows outlives Consul. While its agent is down, has no leader or answers with an
//! error, the last known instances are kept. After that, or when its index has gone backwards (it
//! lost its state or was restored), it is in doubt for half a minute while services register again:
//! its answers may add instances but remove none. Otherwise its answers are trusted, including an
//! empty list.
//!
//! Services are registered as `cartwright-NAME`.

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
