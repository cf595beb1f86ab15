//! Where and when it ran.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::Bench;
use crate::report::{median, time};

/// What a reader must know to compare.
pub fn describe(bench: &Bench) -> Result<Vec<String>> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|it| it.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory = memory.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let directory = bench.scratch.path();
    let settings = &bench.settings;
    Ok(vec![
        format!("{}, {}", said("date", &["-u", "+%F %H:%M UTC"]), bench.program.version()?),
        format!(
            "{model}, {cores} cores, {} GiB, Linux {}",
            memory.unwrap_or_default() / (1024 * 1024),
            kernel.trim()
        ),
        format!(
            "data on {}, where writing 4 KiB durably takes {}",
            filesystem(directory)?,
            time(durable_write(directory)?)
        ),
        format!(
            "{} s per load, median of {} rounds; clients and servers share the cores",
            settings.seconds, settings.rounds
        ),
        format!("before: {}", busy()?),
    ])
}

/// How busy the machine is, also with other things.
pub fn busy() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    Ok(format!("load average {load} (1, 5, 15 minutes)"))
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned()).unwrap_or_default()
}

/// The kind of file system a directory is on.
fn filesystem(directory: &Path) -> Result<String> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (at, kind) = (fields.next()?, fields.next()?);
        directory.starts_with(at).then_some((at.len(), kind))
    });
    let innermost = mounted.max_by_key(|(length, _)| *length);
    Ok(innermost.map_or("an unknown file system", |(_, kind)| kind).to_owned())
}

/// How long the disk takes to keep something: what every commit waits for.
fn durable_write(directory: &Path) -> Result<Duration> {
    let path = directory.join("durable-write");
    let mut file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    fs::remove_file(path)?;
    Ok(median(times))
}
