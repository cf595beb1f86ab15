//! Secrets come from files, are changed while the shop serves, and stand in no log.

use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use cartwright::cli::Shared;
use cartwright::config::{Config, SECRETS};
use chassis::testing::{eventually, on};
use serde_json::{Value, json};

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, Place, Shape, address, sqlite};

/// A secret of the kind a setting has.
fn example(path: &str) -> &'static str {
    match path {
        "database.url" => "postgres://user:hunter2-database@host/shop",
        "redis.url" => "redis://:hunter2-redis@host",
        "bus.url" => "amqp://user:hunter2-bus@host",
        "payments.stripe.secret_key" => "sk_test_hunter2",
        "payments.stripe.webhook_secrets" => "whsec_hunter2",
        "notifications.smtp.dkim_private_key" => DKIM_KEY,
        "notifications.fcm.service_account" => &SERVICE_ACCOUNT,
        _ => "hunter2 in at least thirty-two characters",
    }
}

/// What has to stand beside a secret.
fn beside(path: &str) -> &'static str {
    match path {
        "payments.stripe.secret_key" => "publishable_key = \"pk_test_abc\"",
        "payments.stripe.webhook_secrets" => {
            "secret_key = \"sk_test_abc\"\npublishable_key = \"pk_test_abc\""
        }
        "notifications.smtp.password" => "username = \"shop\"",
        "notifications.smtp.dkim_private_key" => "dkim_selector = \"shop\"",
        _ => "",
    }
}

/// That of RFC 8463, A.2.
const DKIM_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----";

/// The key of a service account, as Google's console makes it.
static SERVICE_ACCOUNT: LazyLock<String> = LazyLock::new(|| {
    let private_key =
        include_str!("../../../services/notifications/tests/data/service_account_private.pem");
    let account = serde_json::json!({
        "type": "service_account",
        "project_id": "hunter2",
        "private_key_id": "hunter2",
        "private_key": private_key,
        "client_email": "hunter2@shop.example",
    });
    account.to_string()
});

/// The settings with one table of TOML in place of their defaults.
fn load(section: &str, settings: &str) -> anyhow::Result<Config> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), format!("[{section}]\n{settings}\n"))?;
    Config::load(&Shared { config: Some(file.path().to_owned()), ..Shared::default() }, None)
}

#[test]
fn every_secret_can_stand_in_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("secret");
    let shown = file.display().to_string();
    for path in SECRETS {
        let (section, key) = path.rsplit_once('.').expect("a section");
        let (secret, beside) = (example(path), beside(path));
        std::fs::write(&file, format!("{secret}\n")).expect("written");
        let named = format!("{beside}\n{key}_file = {shown:?}");
        let config = load(section, &named).expect("settings");
        let mut settings = toml::Value::try_from(&config).expect("settings");
        for name in path.split('.') {
            settings = settings[name].clone();
        }
        let is_list = settings.is_array();
        let read = if is_list { &settings[0] } else { &settings };
        assert_eq!(read.as_str(), Some(secret), "{path}");

        let written = if is_list { format!("[{secret:?}]") } else { format!("{secret:?}") };
        let both = load(section, &format!("{named}\n{key} = {written}")).expect_err("both");
        assert_eq!(both.to_string(), format!("{path} and {path}_file are both set; keep one"));

        let missing = load(section, &format!("{key}_file = \"/nowhere/secret\""));
        let missing = missing.expect_err("no file").to_string();
        let expected = format!("{path}_file: /nowhere/secret: No such file");
        assert!(missing.starts_with(&expected), "{missing}");

        std::fs::write(&file, "\n").expect("written");
        let empty = load(section, &named).expect_err("an empty file").to_string();
        assert_eq!(empty, format!("{path}_file: {shown}: it is empty"));
    }
}

#[test]
fn a_printed_secret_is_not_taken_for_a_secret() {
    for (section, settings) in [
        ("services", "secret = \"***\""),
        ("database", "url = \"postgres://user:***@host/shop\""),
        ("payments.stripe", "webhook_secrets = [\"***\"]"),
    ] {
        let wrong = load(section, settings).expect_err("a mask").to_string();
        assert!(wrong.starts_with(&format!("{section}.")), "{wrong}");
        assert!(wrong.contains("`config print` shows in place of a secret"), "{wrong}");
    }
}

#[test]
fn a_variable_names_the_file_of_a_secret() {
    let place = sqlite();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "postgres://user:hunter2@host/shop\n").expect("written");
    let print = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = place.command(&[&["config", "print"], args].concat());
        command.env("CARTWRIGHT__DATABASE__URL_FILE", file.path());
        let output = command.envs(variables.iter().copied()).output().expect("the program");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains("hunter2"), "{said}");
        said
    };
    let named = format!("url_file = {:?}", file.path());
    assert!(print(&[], &[]).contains(&named));
    // A setting of our own goes before the name other programs use, the command line before all.
    assert!(print(&[("DATABASE_URL", "postgres://other/shop")], &[]).contains(&named));
    let other = print(&[], &["--database", "postgres://u:p@other/shop"]);
    assert!(other.contains("url = \"postgres://u:***@other/shop\""), "{other}");
    let both = print(&[("CARTWRIGHT__DATABASE__URL", "postgres://other/shop")], &[]);
    assert!(both.contains("database.url and database.url_file are both set"), "{both}");
}

#[test]
fn a_wrong_secret_is_not_shown() {
    for (path, reason) in [
        ("database.url", "is not a URL"),
        ("bus.url", "is not a URL"),
        ("redis.url", ""),
        ("payments.stripe.secret_key", "is something else"),
    ] {
        let (section, key) = path.rsplit_once('.').expect("a section");
        let wrong =
            load(section, &format!("{key} = \"hunter2\"")).expect_err("not a URL").to_string();
        assert!(wrong.starts_with(path) && wrong.contains(reason), "{wrong}");
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }
}

/// Some processes sign with the old secret and some with the new one, as half-way through a change.
#[on(apart, flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_of_the_services_is_changed_while_they_serve(shape: Shape) {
    let mut place = shape.place().await;
    let directory = tempfile::tempdir().expect("a directory");
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    std::fs::write(&old, "the old secret of all these processes\n").expect("written");
    std::fs::write(&new, "the new secret of all these processes\n").expect("written");
    place.config.services.secret.clear();
    let ports = place.ports.clone().expect("many processes");
    let mut programs = Vec::new();
    for (at, (role, address)) in ports.iter().enumerate() {
        let (secret, previous) = if at % 2 == 0 { (&old, &new) } else { (&new, &old) };
        place.config.services.secret_file.clone_from(secret);
        place.config.services.previous_secret_file.clone_from(previous);
        programs.push(Program::start(&place, &[role], *address));
    }
    for program in &mut programs {
        program.ready().await;
    }
    let shop = place.adopt(programs).await;
    shop.product("LAMP-1", 1_999, 5).await;
    let customer = shop.customer("ada").await;
    let item = json!({ "sku": "LAMP-1", "quantity": 1 });
    customer.post("/cart/items", item).await.expect(200);
    let body = json!({
        "shipping_address": address(), "payment": { "provider": "sandbox", "token": "tok_visa" },
    });
    customer.post("/orders/checkout", body).key("a").await.expect(201);
    shop.check().await;
    shop.stop().await;
}

#[on(sqlite, postgres, flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrators_password_is_in_a_file_and_in_no_log(shape: Shape) {
    let mut place = shape.place().await;
    place.config.admin.password.clear();
    let file = place.config.server.data_dir.join("admin-password");
    let mut program = Program::start(&place, &[], free_address());
    program.ready().await;
    let kept = std::fs::read_to_string(&file).expect("the file");
    let password = kept.trim_end().to_owned();
    let said = program.said();
    assert!(said.contains(&file.display().to_string()), "{said}");
    assert!(password.len() > 20 && !said.contains(&password), "{said}");
    let http = Http::new(program.address());
    let login = json!({ "email": ADMIN.0, "password": password });
    http.post("/auth/login", login.clone()).await.expect(200);
    program.stop().await;
    let mut again = Program::start(&place, &[], free_address());
    again.ready().await;
    assert!(!again.said().contains("administrator"), "{}", again.said());
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), kept);
    Http::new(again.address()).post("/auth/login", login).await.expect(200);
    again.stop().await;
}

/// A process that died after it had written the file and before there was an account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_in_the_file_already_is_the_administrators() {
    for (left, taken) in [("left-from-before-8", true), ("", false)] {
        let mut place = sqlite();
        place.config.admin.password.clear();
        let directory = &place.config.server.data_dir;
        std::fs::create_dir_all(directory).expect("a directory");
        std::fs::write(directory.join("admin-password"), left).expect("written");
        let shop = place.start().await;
        let kept = std::fs::read_to_string(directory.join("admin-password")).expect("the file");
        assert_eq!(kept == left, taken);
        let login = json!({ "email": ADMIN.0, "password": kept.trim_end() });
        shop.http.post("/auth/login", login).await.expect(200);
        shop.stop().await;
    }
}

/// The lines of a log for machines.
fn lines(text: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|it| panic!("{it}: {line}"));
    text.lines().map(parse).collect()
}

/// `serve` with logs for machines, which go to this file.
fn json_logs(place: &Place, log: &Path) -> std::process::Command {
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let log = std::fs::File::create(log).expect("a file");
    command.env("CARTWRIGHT__LOG__FORMAT", "json").stdout(Stdio::null()).stderr(log);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_a_log_for_machines_is_json() {
    let mut place = sqlite();
    place.config.shop.demo = true;
    place.config.admin.password.clear();
    place.config.gateway.metrics_listen = "127.0.0.1:0".to_owned();
    let directory = tempfile::tempdir().expect("a directory");
    let (log, other) = (directory.path().join("log"), directory.path().join("other"));
    let mut child = json_logs(&place, &log).spawn().expect("the program");
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    eventually("the shop serves", async || said().contains("Stop with Ctrl-C")).await;
    let second = json_logs(&place, &other).status().expect("the program");
    assert_eq!(second.code(), Some(1));
    let refused = lines(&std::fs::read_to_string(&other).expect("a log"));
    let last = refused.last().expect("a line");
    assert_eq!(last["level"], "ERROR");
    assert!(
        last["message"].as_str().is_some_and(|it| it.contains("another cartwright process uses"))
    );
    let stop = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(stop.expect("kill").success() && child.wait().expect("the end").success());
    let told = lines(&said());
    let messages: Vec<&str> = told.iter().filter_map(|it| it["message"].as_str()).collect();
    for beginning in
        ["Cartwright ", "API documentation: ", "Metrics: ", "created the administrator ", "Stop "]
    {
        assert!(messages.iter().any(|it| it.starts_with(beginning)), "{beginning}: {messages:#?}");
    }
}
