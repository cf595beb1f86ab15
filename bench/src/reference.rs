//! What the shop is compared with: axum answering one path with ready-made bytes, and nothing
//! else. It runs in a process of its own, as the shop does.

use std::io::{Read, Write, stdin, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use crate::load::Target;
use crate::process::Running;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file whose bytes are the answer
    body: PathBuf,
}

/// Serves until standard input ends, which it does when the benchmark is gone.
pub fn serve(args: &Args) -> Result<()> {
    let body = Bytes::from(std::fs::read(&args.body)?);
    let answer = move || std::future::ready(([(CONTENT_TYPE, "application/json")], body.clone()));
    let router = Router::new().route("/api/v1/products/{id}", get(answer));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(stdout(), "{}", listener.local_addr()?)?;
        std::thread::spawn(|| {
            // Nothing is ever written to it.
            let _ = stdin().read(&mut [0]);
            std::process::exit(0);
        });
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("no TCP_NODELAY: {error}");
            }
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}

/// Starts one that answers with the bytes of a file.
pub fn start(body: &Path) -> Result<(Running, Target)> {
    let program = std::env::current_exe().context("this program is not where it was")?;
    let mut child = Command::new(program)
        .arg("reference")
        .arg(body)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the reference")?;
    let said = child.stdout.take();
    let process = Running::new(child);
    let mut address = String::new();
    let said = said.context("the reference has no standard output")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut address)?;
    let address: SocketAddr = address.trim().parse().context("the reference did not start")?;
    let target = Target { address, processes: vec![process.id()] };
    Ok((process, target))
}
