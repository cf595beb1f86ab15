//! Processes: starting and stopping them, and what the kernel knows of them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

/// How long a process may take to stop.
const DRAIN: Duration = Duration::from_secs(40);

/// A process that is stopped in the end.
#[derive(Debug)]
pub struct Running(Child);

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
        ensure!(terminate(&[self.id()])?, "cannot stop a process");
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

/// Asks processes to stop; whether all of them were there.
pub fn terminate(processes: &[u32]) -> Result<bool> {
    let ids = processes.iter().map(u32::to_string);
    Ok(Command::new("kill").arg("-TERM").args(ids).output()?.status.success())
}

/// Addresses nobody listens at, each another one.
pub fn free_addresses(count: usize) -> Result<Vec<SocketAddr>> {
    let bound: std::io::Result<Vec<TcpListener>> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    Ok(bound?.iter().map(TcpListener::local_addr).collect::<std::io::Result<_>>()?)
}

/// A line of `/proc/PID/status`, in KiB.
pub fn memory(process: u32, name: &str) -> Result<u64> {
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

/// How often the kernel has switched between its threads, those that are left.
pub fn switches(process: u32) -> Result<u64> {
    let mut switches = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let Ok(status) = fs::read_to_string(thread?.path().join("status")) else { continue };
        let counts = status.lines().filter(|it| it.contains("ctxt_switches"));
        switches +=
            counts.filter_map(|it| it.split_whitespace().last()?.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(switches)
}

/// The processes a process has started.
pub fn children(process: u32) -> Result<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    Ok(text.split_whitespace().filter_map(|it| it.parse().ok()).collect())
}

/// Lets this process, and those it starts from now on, have so many files open. Says what to do
/// where that is not allowed.
pub fn allow_open_files(count: u64) -> Result<()> {
    if open_files()? >= count {
        return Ok(());
    }
    // Fails where it is not allowed, which is seen below.
    let _ = Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string(), "--nofile"])
        .arg(format!("{count}:{count}"))
        .output();
    let allowed = open_files()?;
    ensure!(
        allowed >= count,
        "a process may have {allowed} files open, and {count} are needed; raise it with \
         `ulimit -n {count}`"
    );
    Ok(())
}

fn open_files() -> Result<u64> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|it| it.strip_prefix("Max open files"));
    let soft = line.and_then(|it| it.split_whitespace().next());
    match soft {
        Some("unlimited") => Ok(u64::MAX),
        soft => soft.and_then(|it| it.parse().ok()).context("the kernel tells no limit of files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_addresses_differ() {
        let mut addresses = free_addresses(20).unwrap();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 20);
    }

    #[test]
    fn the_kernel_is_understood() {
        let own = std::process::id();
        assert!(memory(own, "VmRSS").unwrap() > 100);
        cpu_time(own).unwrap();
        children(own).unwrap();
        assert!(open_files().unwrap() > 0);
    }

    #[test]
    fn too_many_files_are_refused_with_advice() {
        let error = allow_open_files(u64::MAX - 1).unwrap_err().to_string();
        assert!(error.contains("ulimit -n"), "{error}");
    }
}
