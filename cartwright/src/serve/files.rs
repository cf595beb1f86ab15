//! How many files the process may have open, and how many connections that is enough for.
//!
//! Every connection is an open file. Where they run out, none can be accepted any more and no
//! database opened; so connections are refused before that.

use mesh::server;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;
use crate::registry::DATABASES;
use crate::shop::Roles;

/// Files that are kept for the index, the log, listeners, and connections to engines.
const OTHERS: u64 = 64;

/// What the process may open.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenFiles {
    /// Files, after and before the limit was raised; none where there is no limit.
    limit: Option<u64>,
    before: Option<u64>,
    /// Files that are not for clients.
    kept: u64,
    /// Connections that were asked for, and what there is room for.
    wanted: usize,
    connections: usize,
}

/// Raises the limit of open files to the highest that is allowed, and lowers `max_connections` to
/// what it is enough for.
pub(super) fn prepare(config: &mut Config, roles: &Roles) -> OpenFiles {
    let Rlimit { current: before, maximum } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let limit = getrlimit(Resource::Nofile).current;
    let (kept, wanted) = (kept(config, roles), config.connections.max_connections);
    if let Some(limit) = limit {
        fit(&mut config.connections, limit, kept, each(roles));
    }
    OpenFiles { limit, before, kept, wanted, connections: config.connections.max_connections }
}

impl OpenFiles {
    /// Says so in the log.
    pub(super) fn log(self) {
        let Self { limit, before, kept, wanted, connections } = self;
        let what = "limit of open files; some are reserved for databases, index, logs and brokers";
        tracing::info!(limit, before, kept, connections, "{what}");
        if connections < wanted / 2 {
            tracing::warn!(
                "connections.max_connections is {wanted}, but the limit of open files allows \
                 {connections}; raise the limit (ulimit -Hn, LimitNOFILE=, --ulimit nofile=) or set \
                 connections.max_connections = {connections}"
            );
        }
    }
}

/// Files that are not for clients.
fn kept(config: &Config, roles: &Roles) -> u64 {
    let databases =
        if roles.is_whole() { DATABASES.len() } else { roles.services.len() + 1 } as u64;
    let connections = u64::from(config.database.connections);
    let each = if config.is_embedded() {
        // Those that read and one that writes, each with the file and its log; their shared memory.
        2 * (connections + 1) + 1
    } else {
        connections
    };
    databases * each + OTHERS
}

/// Files that a client's connection needs: where other processes are asked, one to them besides.
fn each(roles: &Roles) -> u64 {
    if roles.is_whole() { 1 } else { 2 }
}

fn fit(connections: &mut server::Config, limit: u64, kept: u64, each: u64) {
    let most = limit.saturating_sub(kept) / each;
    connections.lower(usize::try_from(most).unwrap_or(usize::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(limit: u64, roles: &Roles) -> server::Config {
        let config = Config::default();
        let mut connections = config.connections.clone();
        fit(&mut connections, limit, kept(&config, roles), each(roles));
        connections
    }

    #[test]
    fn connections_are_fewer_than_files_and_nobody_has_them_all() {
        let (whole, part) = (Roles::all(), Roles::of(&["orders".to_owned()]));
        assert_eq!(fitted(1_000_000, &whole), server::Config::default());
        let some = |it: &server::Config| {
            [it.max_connections, it.max_connections_per_address, it.max_connections_from_loopback]
        };
        for (limit, roles, expected) in [
            (20_000, &whole, [19_784, 200, 9_892]),
            (1_024, &whole, [808, 200, 404]),
            (256, &whole, [40, 20, 20]),
            (256, &part, [77, 38, 38]),
            (10, &whole, [2, 1, 1]),
        ] {
            assert_eq!(some(&fitted(limit, roles)), expected, "{limit}");
        }
    }
}
