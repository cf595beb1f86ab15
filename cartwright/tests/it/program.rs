//! The real program as a process.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use chassis::testing::eventually;

use crate::shop::Place;

/// The program, running. Killed when dropped.
pub struct Program {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Program {
    /// Starts `serve` with these roles (all, where there are none), listening at `address`.
    pub fn start(place: &Place, roles: &[&str], address: SocketAddr) -> Self {
        Self::start_under("", place, roles, address)
    }

    /// The same after a command of the shell, such as one that lowers a limit.
    pub fn start_under(shell: &str, place: &Place, roles: &[&str], address: SocketAddr) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let listen = address.to_string();
        let mut command = place.command(&["serve", "--listen", &listen]);
        if !shell.is_empty() {
            let program = std::mem::replace(&mut command, Command::new("sh"));
            command
                .arg("-c")
                .arg(format!("{shell}; exec \"$0\" \"$@\""))
                .arg(program.get_program());
            command.args(program.get_args()).env_clear();
            command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        }
        let mut directory = place.config.server.data_dir.clone();
        if let [role] = roles {
            directory.push(role);
            command.env("CARTWRIGHT__SERVER__DATA_DIR", &directory);
        }
        std::fs::create_dir_all(&directory).expect("a directory");
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = directory.join(format!("{number}.log"));
        let stderr = std::fs::File::create(&log).expect("a file");
        let child = command.args(roles).stdout(Stdio::null()).stderr(stderr).spawn();
        Self { child: child.expect("the program"), address, log }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it says that it serves. Another process may listen at the same address.
    pub async fn ready(&mut self) {
        eventually(format!("the program at {} is ready", self.address), async || {
            if let Some(status) = self.child.try_wait().expect("a status") {
                panic!("the program ended: {status}\n{}", self.said());
            }
            self.said().contains(" serves ")
        })
        .await;
    }

    /// What it has written so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("the end");
    }

    /// Sends a signal such as `TERM` or `STOP`.
    pub fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Tells it to stop and waits until it has, which must be a good end.
    pub async fn stop(mut self) {
        self.signal("TERM");
        let ended = async || self.child.try_wait().expect("a status");
        let status = eventually(format!("the program at {} stops", self.address), ended).await;
        assert!(status.success(), "{status}\n{}", self.said());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
