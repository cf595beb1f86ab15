//! The servers tests use: those of this machine, and own ones that can be stopped.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

/// The RabbitMQ tests may use: `TEST_RABBITMQ_URL`, else the one on this machine if it answers.
/// `none` does without.
pub async fn rabbitmq() -> Option<String> {
    at_hand("TEST_RABBITMQ_URL", "amqp://127.0.0.1:5672", 5672).await
}

/// The Redis tests may use: `TEST_REDIS_URL`, else the one on this machine if it answers. `none`
/// does without.
pub async fn redis() -> Option<String> {
    at_hand("TEST_REDIS_URL", "redis://127.0.0.1:6379", 6379).await
}

async fn at_hand(variable: &str, url: &str, port: u16) -> Option<String> {
    let found = match std::env::var(variable) {
        Ok(url) if url == "none" => None,
        Ok(url) => Some(url),
        Err(_) => answers(port).await.then(|| url.to_owned()),
    };
    if found.is_none() {
        eprintln!("skipped: no server at {url}; {variable} names another one");
    }
    found
}

async fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}

/// A server of one test, with its data in a temporary directory.
pub struct Own {
    pub port: u16,
    start: fn(&Path, u16) -> Command,
    data: TempDir,
    child: Option<Child>,
}

impl Own {
    /// A RabbitMQ that can be stopped; none where it is not installed.
    pub async fn rabbitmq() -> Option<Self> {
        Self::begin(RABBITMQ, rabbitmq_command).await
    }

    /// A Redis that can be stopped and forgets nothing; none where it is not installed.
    pub async fn redis() -> Option<Self> {
        Self::begin(REDIS, redis_command).await
    }

    /// A Consul, which forgets everything when it is stopped; none where there is no program:
    /// `TEST_CONSUL`, else what `scripts/get-consul` has fetched, else the one in PATH.
    pub async fn consul() -> Option<Self> {
        Self::begin(consul_program()?.to_str()?, consul_command).await
    }

    async fn begin(program: &str, start: fn(&Path, u16) -> Command) -> Option<Self> {
        if !Path::new(program).exists() {
            eprintln!("skipped: {program} is not installed");
            return None;
        }
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut own = Self { port: free_port(), start, data, child: None };
        own.start().await;
        Some(own)
    }

    /// Starts it, again with the data it had. Returns when it accepts connections.
    pub async fn start(&mut self) {
        let mut command = (self.start)(self.data.path(), self.port);
        let log = std::fs::File::create(self.data.path().join("output")).expect("a file");
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(log).process_group(0);
        let mut child = command.spawn().expect("the server starts");
        for _ in 0..600 {
            if answers(self.port).await {
                self.child = Some(child);
                return;
            }
            if let Some(status) = child.try_wait().expect("a status") {
                let output = std::fs::read_to_string(self.data.path().join("output"));
                panic!("the server ended with {status}: {output:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        end(&mut child, "KILL");
        panic!("the server does not answer within 60 s");
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, "TERM");
        }
    }

    /// Stops it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child, "KILL");
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends a server and what it started, which are a process group of their own.
fn end(child: &mut Child, signal: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill").args(["-s", signal, "--", &group]).status();
    assert!(sent.is_ok_and(|it| it.success()), "the server cannot be stopped");
    child.wait().expect("the server ends");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn consul_program() -> Option<PathBuf> {
    let fetched = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/consul/usr/bin/consul");
    let deeper = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/consul/usr/bin/consul");
    let named = std::env::var_os("TEST_CONSUL").map(PathBuf::from);
    if named.as_deref() == Some(Path::new("none")) {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|it| it.join("consul"));
    let mut all = named.into_iter().chain([fetched.into(), deeper.into()]).chain(in_path);
    let found = all.find(|it| it.is_file());
    if found.is_none() {
        eprintln!("skipped: no Consul; scripts/get-consul fetches one, or set TEST_CONSUL");
    }
    found
}

fn consul_command(_: &Path, port: u16) -> Command {
    let mut command = Command::new(consul_program().expect("it was there before"));
    command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1"]);
    command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1"]);
    let ports =
        [("-http-port", port), ("-server-port", free_port()), ("-serf-lan-port", free_port())];
    for (option, port) in ports {
        command.args([option, &port.to_string()]);
    }
    command
}

const RABBITMQ: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

fn rabbitmq_command(data: &Path, port: u16) -> Command {
    std::fs::write(data.join("plugins"), "[].").expect("a file");
    let mut command = Command::new(RABBITMQ);
    command
        // The cookie of its own is there.
        .env("HOME", data)
        .env("RABBITMQ_NODENAME", format!("test{port}@localhost"))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", free_port().to_string())
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_MNESIA_BASE", data.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", data.join("log"))
        .env("RABBITMQ_PID_FILE", data.join("pid"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", data.join("plugins"))
        .env("RABBITMQ_CONFIG_FILE", data.join("none"))
        .env("RABBITMQ_CONF_ENV_FILE", data.join("none"));
    command
}

const REDIS: &str = "/usr/bin/redis-server";

fn redis_command(data: &Path, port: u16) -> Command {
    let mut command = Command::new(REDIS);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
    command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(data);
    command
}
