//! The `cartwright` being measured: where it keeps its data, and its processes.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use crate::http::{self, Connection};
use crate::load::Target;
use crate::process::{Running, free_addresses, memory};

/// How long a start may take; a large catalogue may be indexed in it.
const PATIENCE: Duration = Duration::from_secs(180);

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

/// Where a shop, or a process of it, keeps its data, and what it is set to.
#[derive(Clone, Debug)]
pub struct Place {
    program: PathBuf,
    directory: PathBuf,
    settings: Vec<(String, String)>,
}

/// A shop, or a part of it, that serves.
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
        Ok(Place { program: self.0.clone(), directory, settings: Vec::new() })
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

impl Place {
    /// With a setting, for example `database.url`.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Into<String>) -> Self {
        let name = format!("CARTWRIGHT__{}", setting.replace('.', "__").to_uppercase());
        self.settings.push((name, value.into()));
        self
    }

    /// A place of its own for one of several processes, with the same settings.
    pub fn of(&self, process: &str) -> Result<Self> {
        let directory = self.directory.join(process);
        fs::create_dir_all(&directory)?;
        fs::copy(self.directory.join("cartwright.toml"), directory.join("cartwright.toml"))?;
        Ok(Self { directory, ..self.clone() })
    }

    /// A command on this shop's data; what it says goes to a file.
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.directory);
        command.arg("--config").arg(self.directory.join("cartwright.toml"));
        command.arg("--data-dir").arg(self.directory.join("data"));
        // Settings in the caller's environment are ignored.
        for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
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
        let address = free_addresses(1)?;
        self.serve_at(address[0], None).await
    }

    /// Starts the shop or one of its services and waits until it is ready.
    pub async fn serve_at(&self, address: SocketAddr, service: Option<&str>) -> Result<Shop> {
        let what = service.unwrap_or("shop");
        let listen = address.to_string();
        let arguments: Vec<&str> =
            ["serve"].into_iter().chain(service).chain(["--listen", &listen]).collect();
        let mut command = self.command(&arguments)?;
        let began = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot start the {what}"))?;
        let mut process = Running::new(process);
        let ready = http::get("/ready");
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.ask(&ready).await.is_ok_and(|it| it.status == 200)
            {
                return Ok(Shop { address, start: began.elapsed(), process });
            }
            if process.ended()?.is_some() {
                bail!("the {what} does not start:\n{}", self.said());
            }
            ensure!(began.elapsed() < PATIENCE, "the {what} does not get ready:\n{}", self.said());
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

/// Whether `cartwright` understands a variable.
fn is_setting(name: &str) -> bool {
    name.starts_with("CARTWRIGHT")
        || name.ends_with("_SERVICE_URL")
        || ["DATABASE_URL", "RUST_LOG"].contains(&name)
}

impl Shop {
    pub fn target(&self) -> Target {
        Target { address: self.address, processes: vec![self.id()] }
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Memory in use, in KiB, and how much of it is pages of files: the program's own, mostly,
    /// which the kernel can take back at any time.
    pub fn memory(&self) -> Result<(u64, u64)> {
        Ok((memory(self.id(), "VmRSS")?, memory(self.id(), "RssFile")?))
    }

    pub async fn stop(self) -> Result<()> {
        self.process.stop().await
    }
}
