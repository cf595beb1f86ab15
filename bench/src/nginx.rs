//! What the gateway is compared with: nginx as a reverse proxy.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use crate::http::Connection;
use crate::process::{Running, children, free_addresses, terminate};

/// Where it is if it is in no directory of `PATH`, which leaves this one out for most people.
const ELSEWHERE: &str = "/usr/sbin/nginx";
const PATIENCE: Duration = Duration::from_secs(10);

/// An nginx that serves.
#[derive(Debug)]
pub struct Nginx {
    pub address: SocketAddr,
    workers: Vec<u32>,
    master: Running,
}

/// The program, if it is installed, and its version.
pub fn find() -> Option<(PathBuf, String)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).map(|it| it.join("nginx"));
    let program = named.chain([ELSEWHERE.into()]).find(|it| it.is_file())?;
    let said = Command::new(&program).arg("-v").output().ok()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let version = said.trim().rsplit('/').next()?.split(' ').next()?;
    Some((program, version.to_owned()))
}

impl Nginx {
    /// Starts one before a service, with its files in a directory of its own.
    pub async fn start(program: &Path, directory: &Path, upstream: SocketAddr) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let address = free_addresses(1)?[0];
        fs::write(directory.join("nginx.conf"), settings(address, upstream))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(directory).args(["-e", "error.log", "-c", "nginx.conf"]);
        let log = File::create(directory.join("output"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut master = Running::new(command.spawn().context("cannot start nginx")?);
        let began = Instant::now();
        while Connection::open(address).await.is_err() {
            if master.ended()?.is_some() {
                let said = fs::read_to_string(directory.join("output")).unwrap_or_default();
                bail!("nginx does not start: {said}");
            }
            ensure!(began.elapsed() < PATIENCE, "nginx does not listen at {address}");
            sleep(Duration::from_millis(10)).await;
        }
        let workers = children(master.id())?;
        Ok(Self { address, workers, master })
    }

    /// The processes that do the work.
    pub fn workers(&self) -> &[u32] {
        &self.workers
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A master that is killed leaves its workers behind; one that is asked waits for them.
        let asked = Instant::now();
        let _ = terminate(&[self.master.id()]);
        while matches!(self.master.ended(), Ok(None)) {
            if asked.elapsed() > PATIENCE {
                eprintln!("nginx does not stop; its workers are {:?}", self.workers);
                let _ = terminate(&self.workers);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What is written in its handbook for a proxy with kept connections, and no more: a worker for
/// each core, no log of requests, and connections of clients that may stay as long as they like.
fn settings(address: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "daemon off;
worker_processes auto;
pid nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_requests 1000000000;
    upstream catalog {{
        server {upstream};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://catalog;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"
    )
}
