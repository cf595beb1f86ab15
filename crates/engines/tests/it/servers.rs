//! Servers of a test's own, which can be stopped.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chassis::testing::{Engine, eventually};
use tempfile::TempDir;
use tokio::net::TcpStream;

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
    /// A RabbitMQ that can be stopped.
    pub async fn rabbitmq() -> Self {
        installed(Engine::Rabbitmq, RABBITMQ);
        Self::begin(rabbitmq_command).await
    }

    /// A Redis that can be stopped and forgets nothing.
    pub async fn redis() -> Self {
        installed(Engine::Redis, REDIS);
        Self::begin(redis_command).await
    }

    /// A Consul, which forgets everything when it is stopped.
    pub async fn consul() -> Self {
        Self::begin(consul_command).await
    }

    async fn begin(start: fn(&Path, u16) -> Command) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut own = Self { port: free_port(), start, data, child: None };
        own.start().await;
        own
    }

    /// Starts it, again with the data it had. Returns when it accepts connections.
    pub async fn start(&mut self) {
        let mut command = (self.start)(self.data.path(), self.port);
        let log = std::fs::File::create(self.data.path().join("output")).expect("a file");
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(log).process_group(0);
        self.child = Some(command.spawn().expect("the server starts"));
        let child = self.child.as_mut().expect("a child");
        eventually("the server answers", async || {
            if let Some(status) = child.try_wait().expect("a status") {
                let output = std::fs::read_to_string(self.data.path().join("output"));
                panic!("the server ended with {status}: {output:?}");
            }
            answers(self.port).await
        })
        .await;
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

fn installed(engine: Engine, program: &str) {
    let missing = || engine.missing(&format!("{program} is not installed"));
    assert!(Path::new(program).exists(), "{}", missing());
}

/// What `TEST_CONSUL` names, else what `scripts/get-consul` has fetched, else the one in PATH.
pub fn consul_program() -> PathBuf {
    let fetched = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/consul/usr/bin/consul");
    let deeper = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/consul/usr/bin/consul");
    let named = std::env::var_os("TEST_CONSUL").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|it| it.join("consul"));
    let mut all = named.into_iter().chain([fetched.into(), deeper.into()]).chain(in_path);
    let missing = || panic!("{}", Engine::Consul.missing("it is not installed"));
    all.find(|it| it.is_file()).unwrap_or_else(missing)
}

fn consul_command(_: &Path, port: u16) -> Command {
    let mut command = Command::new(consul_program());
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
