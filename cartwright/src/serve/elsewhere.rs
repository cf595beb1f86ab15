//! The services in other processes: where they are, how they are asked, and how they find this one.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use chassis::clock::Clock;
use chassis::service_tokens::{MIN_SECRET, ServiceTokens};
use engines::consul::{self, Agent};
use mesh::discovery::Directory;
use mesh::remote::Remote;
use mesh::target::ServiceTarget;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::registry::SERVICES;
use crate::shop::Roles;

/// What a process knows of the others.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) tokens: ServiceTokens,
    directory: Directory,
    consul: Option<Agent>,
    /// Ends looking for others.
    looking: CancellationToken,
    telling: CancellationToken,
    told: JoinSet<()>,
}

impl Elsewhere {
    /// Says what a process that runs a part of the shop lacks.
    pub(super) fn of(config: &Config, roles: &Roles, clock: Clock) -> Result<Self> {
        let secret = &config.services.secret;
        if !roles.is_whole() && secret.len() < MIN_SECRET {
            bail!(
                "services.secret has {} characters, but a shop in several processes needs at least \
                 {MIN_SECRET}, the same in all of them; generate one with `openssl rand -hex 32`",
                secret.len()
            );
        }
        let previous = &config.services.previous_secret;
        let ports: Vec<_> = SERVICES.iter().map(|it| (it.name, it.port)).collect();
        let looking = CancellationToken::new();
        let (directory, consul) = if roles.is_whole() {
            (config.discovery.directory(&ports), Ok(None))
        } else {
            (consul::directory(&config.discovery, &ports, &looking), Agent::of(&config.discovery))
        };
        Ok(Self {
            tokens: ServiceTokens::accepting(secret, previous, clock).of(&roles.names()),
            directory: directory?,
            consul: consul?,
            looking,
            telling: CancellationToken::new(),
            told: JoinSet::new(),
        })
    }

    /// Tells Consul, where there is one, that a service is ready at this address.
    pub(super) fn announce(
        &mut self,
        config: &Config,
        service: &'static str,
        address: SocketAddr,
    ) -> Result<()> {
        if let Some(agent) = &self.consul {
            let copy = config.discovery.advertised(address)?;
            self.told.spawn(consul::announce(agent.clone(), service, copy, self.telling.clone()));
        }
        Ok(())
    }

    /// Takes the services of this process from Consul's list: the first step of a drain.
    pub(super) async fn leave(&mut self) {
        self.telling.cancel();
        while self.told.join_next().await.is_some() {}
    }

    /// The way to a service.
    pub(super) fn way(&self, service: &'static str) -> Result<ServiceTarget> {
        let endpoints = self.directory.of(service).context("every service has its place")?;
        Ok(ServiceTarget::Remote(Remote::new(service, endpoints), self.tokens.clone()))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.looking.cancel();
        self.telling.cancel();
    }
}
