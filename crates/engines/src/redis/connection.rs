//! One connection to Redis for short commands, kept by a task of its own.
//!
//! Requests use the connection that stands or go without. They never wait for one to be made, so
//! that a dead Redis costs them nothing. One that is frozen costs a few of them [`PATIENCE`], until
//! the connection counts as lost. Nothing is tried twice: the caller has a fallback.
//! The crate's `ConnectionManager` makes commands wait while it connects, and takes a frozen server for a
//! good one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chassis::config::{SettingError, Settings};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisError, RedisResult};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::link::LinkError;

/// How long a request waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);
/// How many answers in a row may be late before the connection counts as lost.
const LATE: u32 = 3;
/// How long to wait between two tries to connect, and between two looks whether it still stands.
const PAUSE: Duration = Duration::from_secs(1);
/// How long connecting, or a look, may take.
const CONNECT: Duration = Duration::from_secs(1);

/// A handle of a Redis that may be away. Clones share one connection.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
    /// Ends the task that keeps the connection, with the last clone.
    _keeper: Arc<DropGuard>,
}

struct Shared {
    client: Client,
    prefix: String,
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    /// Before the first try has ended.
    Unknown,
    Up(Arc<Link>),
    Down,
}

struct Link {
    connection: MultiplexedConnection,
    /// Late answers since the last one in time.
    late: AtomicU32,
}

/// Makes sense of a URL; an error says what is allowed and does not show it.
pub(super) fn client(url: &str) -> Result<Client, SettingError> {
    Client::open(url).map_err(|error| {
        let reason = error.detail().unwrap_or_else(|| error.category());
        let shape =
            "like redis://host:6379, redis://user:password@host:6379/0, or rediss:// for TLS";
        SettingError::new("redis.url", format!("unusable ({reason})"), shape)
    })
}

impl Redis {
    /// Begins to connect, in the background. Fails only where a setting is wrong.
    pub fn open(config: &super::Config) -> Result<Self, SettingError> {
        config.check()?;
        let client = client(&config.url)?;
        let state = watch::Sender::new(State::Unknown);
        let shared = Arc::new(Shared { client, prefix: config.prefix.clone(), state });
        let stop = CancellationToken::new();
        let keeper = shared.clone().keep();
        tokio::spawn(stop.clone().run_until_cancelled_owned(keeper));
        Ok(Self { shared, _keeper: Arc::new(stop.drop_guard()) })
    }

    /// Waits until the first try to connect has ended, and returns whether Redis is there.
    pub async fn is_up(&self) -> bool {
        let mut state = self.shared.state.subscribe();
        let known = state.wait_for(|it| !matches!(it, State::Unknown)).await;
        known.is_ok_and(|it| matches!(*it, State::Up(_)))
    }

    /// Pings it, or says why there is none.
    pub async fn probe(&self) -> Result<(), LinkError> {
        let ask = |mut connection| async move { ping(&mut connection).await };
        let alive = self.ask("health", ask).await;
        alive.ok_or_else(|| LinkError::Silent(place(&self.shared.client)))
    }

    /// The full name of a key.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.shared.prefix)
    }

    /// What connects to the same server with a connection of its own: for commands that block.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Asks for something short. None where there is no answer in time; `purpose` is for the
    /// metrics.
    pub(crate) async fn ask<T, F>(
        &self,
        purpose: &'static str,
        command: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let state = self.shared.state.borrow().clone();
        let State::Up(link) = state else {
            count(purpose, "away");
            return None;
        };
        match timeout(PATIENCE, command(link.connection.clone())).await {
            Ok(Ok(answer)) => {
                link.late.store(0, Ordering::Relaxed);
                count(purpose, "answered");
                return Some(answer);
            }
            Ok(Err(error)) if error.is_unrecoverable_error() || error.is_io_error() => {
                count(purpose, "lost");
                self.shared.lose(&link, &shown(&error));
            }
            Ok(Err(error)) => {
                count(purpose, "refused");
                tracing::debug!(purpose, error = shown(&error), "Redis rejected a command");
            }
            Err(_) => {
                count(purpose, "late");
                if link.late.fetch_add(1, Ordering::Relaxed) + 1 >= LATE {
                    self.shared.lose(&link, "it does not answer in time");
                }
            }
        }
        None
    }
}

impl Shared {
    /// Connects, watches the connection, and reconnects, forever.
    async fn keep(self: Arc<Self>) {
        let server = place(&self.client);
        let mut state = self.state.subscribe();
        let up = metrics::gauge!("redis_up");
        loop {
            match self.connect().await {
                Ok(connection) => {
                    up.set(1.0);
                    tracing::info!(server, "Redis is connected");
                    let link = Arc::new(Link { connection, late: AtomicU32::new(0) });
                    self.state.send_replace(State::Up(link.clone()));
                    self.watch(&link, &mut state).await;
                    up.set(0.0);
                }
                Err(error) => {
                    up.set(0.0);
                    // One line when it goes, not one a second.
                    if !matches!(*self.state.borrow(), State::Down) {
                        let error = shown(&error);
                        tracing::warn!(
                            server,
                            error,
                            "Redis is unavailable; continuing without it"
                        );
                    }
                    self.state.send_replace(State::Down);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CONNECT));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        // A server that wants a password lets one connect without, but do nothing.
        ping(&mut connection).await?;
        Ok(connection)
    }

    /// Returns when the connection is lost.
    async fn watch(&self, link: &Arc<Link>, state: &mut watch::Receiver<State>) {
        let lost = async {
            let _ = state.wait_for(|it| !matches!(it, State::Up(_))).await;
        };
        let looking = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                if let Err(error) = ping(&mut link.connection.clone()).await {
                    break self.lose(link, &shown(&error));
                }
            }
        };
        tokio::select! {
            () = lost => {}
            () = looking => {}
        }
    }

    /// Releases a connection, if it is still the one in use.
    fn lose(&self, link: &Arc<Link>, reason: &str) {
        let lost = self.state.send_if_modified(|state| match state {
            State::Up(it) if Arc::ptr_eq(it, link) => {
                *state = State::Down;
                true
            }
            _ => false,
        });
        if lost {
            let server = place(&self.client);
            tracing::warn!(server, error = reason, "Redis is unavailable; continuing without it");
        }
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("server", &place(&self.shared.client)).finish()
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    redis::cmd("PING").query_async(connection).await
}

fn count(purpose: &'static str, outcome: &'static str) {
    metrics::counter!("redis_calls_total", "purpose" => purpose, "outcome" => outcome).increment(1);
}

/// Where the server is, without the password.
fn place(client: &Client) -> String {
    match client.get_connection_info().addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            format!("{host}:{port}")
        }
        other => other.to_string(),
    }
}

/// What an error says, in one line.
fn shown(error: &RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
