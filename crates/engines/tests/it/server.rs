//! A Redis server of a test's own, to be stopped at will.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use chassis::testing::{Engine, eventually};
use engines::redis::{Config, Redis};
use tempfile::TempDir;

/// A server with nothing in it. Killed when dropped.
pub struct Server {
    pub port: u16,
    directory: TempDir,
    child: Option<Child>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self { port, directory, child: None };
        server.run();
        assert!(server.open().await.is_up().await, "the server does not come up");
        server
    }

    /// Starts it, again if it was killed.
    pub fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let missing =
            |error| panic!("{}", Engine::Redis.missing(&format!("redis-server: {error}")));
        self.child = Some(command.spawn().unwrap_or_else(missing));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a kill");
            child.wait().expect("the end");
        }
    }

    /// Sends a signal, such as `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("a running server").id();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    pub fn config(&self) -> Config {
        Config { url: format!("redis://127.0.0.1:{}", self.port), ..Config::default() }
    }

    /// A connection, once the server answers.
    pub async fn open(&self) -> Redis {
        eventually("Redis comes up", async || {
            let redis = Redis::open(&self.config()).expect("good settings");
            redis.is_up().await.then_some(redis)
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
