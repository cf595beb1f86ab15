//! The `cartwright` being measured: its processes, its data, and what the kernel knows of them.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use crate::http::{self, Connection};
use crate::load::Target;

/// How long a start may take; a large catalogue may be indexed in it.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a shop may take to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Every limit is counted, as in a real shop, and none is ever reached.
const SETTINGS: &str = r#"
[log]
level = "warn"

[gateway.quotas]
checkout = { per_minute = 600000000, burst = 10000000 }
write = { per_minute = 600000000, burst = 10000000 }
read = { per_minute = 600000000, burst = 10000000 }
"#;

/// The program to measure.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

/// A directory that is removed in the end.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// A process that is stopped in the end.
#[derive(Debug)]
pub struct Running(Child);

/// Where a shop keeps its data.
#[derive(Clone, Debug)]
pub struct Place {
    program: PathBuf,
    directory: PathBuf,
    /// PostgreSQL instead of files.
    database: Option<String>,
}

/// A shop that serves.
#[derive(Debug)]
pub struct Shop {
    pub address: SocketAddr,
    /// From its start to its first 200 on `/ready`.
    pub start: Duration,
    process: Running,
}

impl Program {
    /// The named one, or the one beside this program.
    pub fn find(named: Option<&Path>) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => std::env::current_exe()?.with_file_name("cartwright"),
        };
        ensure!(
            path.is_file(),
            "there is no {}; build it first (make bench does), or name one with --program",
            path.display()
        );
        Ok(Self(path.canonicalize()?))
    }

    pub fn version(&self) -> Result<String> {
        let output = Command::new(&self.0).arg("--version").output();
        let output = output.with_context(|| format!("cannot run {}", self.0.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A new place for a shop, empty or with the demo products.
    pub fn place(&self, scratch: &Scratch, name: &str, demo: bool) -> Result<Place> {
        let directory = scratch.0.join(name);
        fs::create_dir_all(&directory)?;
        let text = format!("[shop]\ndemo = {demo}\n{SETTINGS}");
        fs::write(directory.join("cartwright.toml"), text)?;
        Ok(Place { program: self.0.clone(), directory, database: None })
    }
}

impl Scratch {
    pub fn new(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("cartwright-bench-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path.canonicalize()?))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}

impl Running {
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended, and well.
    pub fn ended(&mut self) -> Result<Option<bool>> {
        Ok(self.0.try_wait()?.map(|it| it.success()))
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status()?;
        ensure!(asked.success(), "cannot stop a process");
        let asked = Instant::now();
        while self.ended()?.is_none() {
            ensure!(asked.elapsed() < DRAIN, "a process does not stop");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already, mostly.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    pub fn on(self, database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..self }
    }

    /// A command on this shop's data; what it says goes to a file.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.directory);
        command.arg("--config").arg(self.directory.join("cartwright.toml"));
        command.arg("--data-dir").arg(self.directory.join("data"));
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        // Settings of whoever runs the benchmark are not part of it.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARTWRIGHT")) {
            command.env_remove(name);
        }
        command.env_remove("DATABASE_URL").env_remove("RUST_LOG");
        let log = File::options().create(true).append(true).open(self.log())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.directory.join("output")
    }

    /// The last things a command said.
    pub fn said(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Starts the shop and waits until it is ready.
    pub async fn serve(&self) -> Result<Shop> {
        let address = free_address()?;
        let mut command = self.command(&["serve", "--listen", &address.to_string()])?;
        let began = Instant::now();
        let mut process = Running::new(command.spawn().context("cannot start the shop")?);
        let ready = http::get("/ready");
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.ask(&ready).await.is_ok_and(|it| it.status == 200)
            {
                return Ok(Shop { address, start: began.elapsed(), process });
            }
            if process.ended()?.is_some() {
                bail!("the shop does not start:\n{}", self.said());
            }
            ensure!(began.elapsed() < PATIENCE, "the shop does not get ready:\n{}", self.said());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Runs a command to its end; returns how long it took and the most memory it had, in KiB.
    pub async fn run(&self, arguments: &[&str]) -> Result<(Duration, u64)> {
        let began = Instant::now();
        let mut process = Running::new(self.command(arguments)?.spawn()?);
        let mut most = 0;
        loop {
            // Gone between two looks at the latest.
            most = most.max(memory(process.id(), "VmHWM").unwrap_or(0));
            if let Some(well) = process.ended()? {
                ensure!(well, "cartwright {} failed:\n{}", arguments.join(" "), self.said());
                return Ok((began.elapsed(), most));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Shop {
    pub fn target(&self) -> Target {
        Target { address: self.address, process: self.process.id() }
    }

    /// Memory in use, in KiB, and how much of it is pages of files: the program's own, mostly,
    /// which the kernel can take back at any time.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let process = self.process.id();
        Ok((memory(process, "VmRSS")?, memory(process, "RssFile")?))
    }

    pub async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A line of `/proc/PID/status`, in KiB.
fn memory(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|it| it.trim().strip_suffix("kB")?.trim().parse().ok());
    number.with_context(|| format!("the kernel does not tell {name}"))
}

/// Processor time a process has used, to a hundredth of a second.
pub fn cpu_time(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in parentheses, may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Vec<u64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|it| it.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/{process}/stat cannot be read");
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}
