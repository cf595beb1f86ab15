//! The scripted mail server as a process of its own, and certificates for it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use chassis::testing::{Engine, eventually};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::super::{Encryption, SmtpConfig};

const PASSWORD: &str = "hunter2-secret";

/// A running server. It ends with this.
pub(super) struct MailServer {
    process: Child,
    commands: Mutex<ChildStdin>,
    events: Arc<Mutex<Vec<Value>>>,
    port: u16,
    certificate: Option<Certificate>,
}

/// A certificate for `localhost`, and who is to be trusted for it.
pub(super) struct Certificate {
    certificate: String,
    key: String,
    authority: NamedTempFile,
}

impl MailServer {
    /// In plain text.
    pub(super) async fn plain(options: Value) -> Self {
        Self::start(options, None).await
    }

    pub(super) async fn encrypted(options: Value) -> Self {
        Self::start(options, Some(Certificate::new(|_| ()))).await
    }

    pub(super) async fn start(options: Value, certificate: Option<Certificate>) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp-server");
        if !directory.join("node_modules").exists() {
            panic!("{}", Engine::Smtp.missing("its packages are not installed"));
        }
        let Value::Object(mut all) = options else { panic!("options") };
        if let Some(it) = &certificate {
            all.extend(Map::from_iter([
                ("key".to_owned(), json!(it.key)),
                ("cert".to_owned(), json!(it.certificate)),
            ]));
        }
        let process = Command::new("node")
            .arg(directory.join("server.mjs"))
            .env("SMTP_SERVER", Value::Object(all).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process.unwrap_or_else(|error| {
            panic!("{}", Engine::Smtp.missing(&format!("cannot start node: {error}")))
        });
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let events = Arc::<Mutex<Vec<Value>>>::default();
        let seen = events.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                seen.lock().push(serde_json::from_str(&line).unwrap());
            }
        });
        let commands = process.stdin.take().unwrap().into();
        let mut server = Self { process, commands, events, port: 0, certificate };
        eventually("the mail server listens", async || server.seen("listening") > 0).await;
        server.port = server.of("listening").await[0]["port"].as_u64().unwrap() as u16;
        server
    }

    /// What the server has said of this kind until now.
    pub(super) async fn of(&self, event: &str) -> Vec<Value> {
        // It says what happens before it answers, but on another way.
        let before = self.seen("synced");
        self.command("sync");
        eventually("the mail server has said all", async || self.seen("synced") > before).await;
        self.events.lock().iter().filter(|it| it["event"] == event).cloned().collect()
    }

    pub(super) async fn count(&self, event: &str) -> usize {
        self.of(event).await.len()
    }

    /// How often it is known to have said this.
    pub(super) fn seen(&self, event: &str) -> usize {
        self.events.lock().iter().filter(|it| it["event"] == event).count()
    }

    /// The messages to a recipient as they came.
    pub(super) async fn messages(&self, recipient: &str) -> Vec<String> {
        let messages = self.of("message").await.into_iter().filter(|it| it["to"] == recipient);
        messages.map(|it| it["raw"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn close_connections(&self) {
        self.command("drop");
        self.of("dropped").await;
    }

    fn command(&self, command: &str) {
        self.commands.lock().write_all(format!("{command}\n").as_bytes()).unwrap();
    }

    /// How a shop sends by this server.
    pub(super) fn config(&self) -> SmtpConfig {
        let certificate = self.certificate.as_ref();
        SmtpConfig {
            host: "localhost".to_owned(),
            port: self.port,
            encryption: certificate.map_or(Encryption::None, |_| Encryption::Starttls),
            ca_file: certificate.map(|it| it.authority.path().to_owned()).unwrap_or_default(),
            timeout_ms: 50_000,
            ..SmtpConfig::default()
        }
    }

    /// The same, with the server's name and password for a login.
    pub(super) fn with_login(&self) -> SmtpConfig {
        let (username, password) = ("shop".to_owned(), PASSWORD.into());
        SmtpConfig { username, password, ..self.config() }
    }

    /// What such a server requires.
    pub(super) fn login(methods: &[&str]) -> Value {
        json!({ "username": "shop", "password": PASSWORD, "methods": methods })
    }

    pub(super) fn name(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Certificate {
    /// A good one, but for what is done to it.
    pub(super) fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["Test authority".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority.pem()).unwrap();
        Self { certificate, key: key.serialize_pem(), authority: file }
    }

    /// The same, for another server.
    pub(super) fn copy(&self) -> Self {
        let file = NamedTempFile::new().unwrap();
        std::fs::copy(self.authority.path(), file.path()).unwrap();
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        Self { certificate, key, authority: file }
    }

    pub(super) fn expired() -> Self {
        Self::new(|it| {
            it.not_before = date_time_ymd(2020, 1, 1);
            it.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    pub(super) fn of_another() -> Self {
        let other = CertificateParams::new(["mail.example.org".to_owned()]).unwrap();
        Self::new(|it| it.subject_alt_names = other.subject_alt_names)
    }
}
