//! A shop that may open few files.

use std::net::SocketAddr;

use chassis::testing::{eventually, in_time};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, sqlite};

/// What one client holds without ever finishing a request.
async fn hold(shop: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 2], 0).into()).expect("an address of this machine");
        let connected = in_time("a connection", socket.connect(shop)).await;
        let mut stream = connected.expect("a connection");
        // The shop may have refused it already.
        let _ = stream.write_all(b"GET / HT").await;
        held.push(stream);
    }
    held
}

async fn answers_others(shop: SocketAddr) {
    let http = Http::new(shop);
    for _ in 0..10 {
        assert_eq!(http.get("/products").attempt().await.expect("an answer").status, 200);
        let login = json!({ "email": ADMIN.0, "password": ADMIN.1 });
        let answer = http.post("/auth/login", login).attempt().await;
        assert_eq!(answer.expect("an answer").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_with_256_open_files_answers_others_beside_a_client_that_takes_300() {
    let place = sqlite();
    let address = free_address();
    let mut program = Program::start_under("ulimit -n 256", &place, &[], address);
    program.ready().await;
    let held = hold(address, 300).await;
    answers_others(address).await;
    drop(held);
    let said = program.said();
    assert!(said.contains("limit=256") && said.contains("connections=40"), "{said}");
    assert!(said.contains("the limit of open files allows 40"), "{said}");
    for out in ["Too many open files", "unable to open database"] {
        assert!(!said.contains(out), "{said}");
    }
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_open_files_is_raised_to_the_highest_at_start() {
    let place = sqlite();
    let address = free_address();
    let shell = "ulimit -Sn 256 && ulimit -Hn 1024";
    let mut program = Program::start_under(shell, &place, &[], address);
    program.ready().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", program.id()));
    let limits = limits.expect("the limits of a process");
    let files = limits.lines().find(|it| it.starts_with("Max open files")).expect("a limit");
    let files: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(files[3..5], ["1024", "1024"]);
    // Said a moment after the program has said that it serves.
    let line = "limit=1024 before=256 kept=216 connections=808";
    eventually(line, async || program.said().contains(line)).await;
    let held = hold(address, 300).await;
    answers_others(address).await;
    drop(held);
    program.stop().await;
}
