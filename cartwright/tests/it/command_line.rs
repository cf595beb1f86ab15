//! The program as its user meets it.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Output, Stdio};

use chassis::testing::{eventually, on};
use serde_json::json;

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{Place, Shape, eventually_answers, sqlite};

impl Place {
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program")
    }

    #[track_caller]
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let text = text(&output);
        assert!(output.status.success(), "{args:?}: {text}");
        text
    }

    #[track_caller]
    pub fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        assert!(text.starts_with("error: ") && !text.contains("panicked"), "{text}");
        text
    }
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_shop_is_ready_to_sell() {
    let mut place = sqlite();
    place.config.shop.demo = true;
    place.config.admin = Default::default();
    let shop = place.start().await;
    shop.http.get("//ready").await.expect(200);
    let products = shop.http.get("/products?limit=100&count=true").await.expect(200);
    assert!(products["total"].as_i64().unwrap() >= 24, "{}", products["total"]);
    let categories = shop.http.get("/categories").await.expect(200);
    assert!(categories["items"].as_array().unwrap().len() >= 6);
    for product in products["items"].as_array().unwrap() {
        let image = product["images"][0]["url"].as_str().expect("a picture");
        let picture = shop.http.get(&format!("/{image}")).await;
        assert_eq!(picture.status, 200, "{image}");
        assert_eq!(picture.headers["content-type"], "image/svg+xml");
        let available = &product["variants"][0]["available"];
        assert!(available.is_null() || available.as_i64() >= Some(0), "{product}");
    }
    shop.check().await;
    shop.stop().await;
    assert!(place.says(&["seed"]).contains("nothing was changed"));
    assert!(place.says(&["check"]).contains("are consistent"));
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn commands_work_beside_a_running_shop(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let csv = place.config.server.data_dir.join("lamp.csv");
    std::fs::write(
        &csv,
        "Handle,Title,Variant SKU,Variant Price\nlamp,Lamp,LAMP-1,19.99\nbad,Bad,B-1,\n",
    )
    .unwrap();
    let csv = csv.display().to_string();
    let said = place.says(&["import", "products", &csv]);
    assert!(said.contains("1 created") && said.contains("line 3, bad"), "{said}");
    assert!(
        place.says(&["import", "products", &csv]).contains("0 created, 0 updated, 1 unchanged")
    );
    eventually_answers(
        async || shop.http.get("/products/lamp").await.body,
        |it| it["price"]["amount"] == 1_999,
    )
    .await;
    eventually_answers(
        async || shop.http.get("/products?search=lmap").await.body,
        |it| it["items"][0]["slug"] == "lamp",
    )
    .await;
    assert!(place.says(&["export", "products"]).contains("lamp,Lamp"));

    let create = ["user", "create", "--role", "staff", "--email", "eve@example.com", "--password"];
    let create = |password| [&create[..], &[password]].concat();
    assert!(place.says(&create("correct horse battery")).contains("eve@example.com"));
    assert!(place.fails(&create("correct horse battery")).contains("eve@example.com"));
    assert!(place.fails(&create("short")).contains("password"));
    let login = json!({ "email": "eve@example.com", "password": "correct horse battery" });
    shop.http.post("/auth/login", login).await.expect(200);
    assert!(place.says(&["check"]).contains("are consistent"));
    assert!(place.says(&["migrate", "status"]).contains("applied"));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_shop_on_the_same_directory_is_refused() {
    let place = sqlite();
    let shop = place.start().await;
    let said = place.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another cartwright process uses"), "{said}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_told_to_end_finishes_and_says_so() {
    let place = sqlite();
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let mut command = place.command(&["serve", "--listen", &address.to_string()]);
    let mut child = command.stderr(Stdio::null()).spawn().expect("the program");
    let http = Http::new(address);
    let ready = async || http.get("//ready").attempt().await.is_ok_and(|it| it.status == 200);
    eventually("the shop is ready", ready).await;
    let signal =
        std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(signal.expect("kill").success());
    assert_eq!(child.wait().expect("the end").code(), Some(0));
}

#[test]
fn wrong_settings_are_named_with_their_origin() {
    let place = sqlite();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display().to_string();
    for (toml, expected) in [
        ("[server]\nlisten = 5", "server.listen"),
        ("[server]\nlisten = \"nowhere\"", "127.0.0.1:8080"),
        ("[orders]\ntax_basis_points = \"much\"", "orders.tax_basis_points"),
        ("[shop]\ncurrency = \"dollars\"", "three capital letters"),
        ("[shop]\nenvironment = \"prod\"", "production"),
        (
            "[shop]\nenvironment = \"production\"\n[payments]\nsandbox = true",
            "gateway.hosts is empty",
        ),
        (
            "[shop]\nenvironment = \"production\"\n[payments]\nsandbox = true\n\
             [gateway]\nhosts = [\"shop.example\"]\n\
             cors_origins = [\"https://a.example\", \"*\"]",
            "gateway.cors_origins is \"*\"",
        ),
        (
            "[shop]\nenvironment = \"production\"\n[gateway]\nhosts = [\"shop.example\"]",
            "payments.sandbox is \"auto\", but must be true in production",
        ),
        ("[payments]\nsandbox = \"maybe\"", "auto, true, false"),
        ("[database]\nurl = \"mysql://x\"", "postgres://"),
        ("[orders]\ncolour = 1", "colour"),
        ("[orders]\ncountries = [\"DE\", \"UK\"]", "orders.countries is [\"UK\"]"),
        ("[orders]\naction_minutes = 0", "orders.action_minutes is 0"),
        (
            "[orders]\ntax_basis_points = -5",
            "orders.tax_basis_points is -5, but must be 0 to 10000",
        ),
        ("[payments]\ntries = 0", "payments.tries is 0, but must be 1 to 5"),
        ("[payments]\ntry_ms = 0", "payments.try_ms is 0"),
        ("[identity]\nfailure_window_minutes = 0", "identity.failure_window_minutes is 0"),
        ("[log]\nlevel = \"loud\"", "log.level is \"loud\""),
        ("[services]\nsecret = \"short\"", "services.secret is 5 characters long, but must be 32"),
        (
            "[services]\nprevious_secret = \"short\"",
            "services.previous_secret is 5 characters long",
        ),
        ("[discovery]\nbasket = [\"http://basket:80\"]", "discovery.basket"),
        (
            "[shop]\nenvironment = \"production\"\n[payments]\nsandbox = true\n\
             [gateway]\nhosts = [\"shop.example\"]\n[notifications]\nlog_secrets = true",
            "notifications.log_secrets is true, but must be false in production",
        ),
        ("[connections]\nmax_connections = 0", "connections.max_connections is 0"),
        ("[catalog]\nhold_minutes = 0", "catalog.hold_minutes is 0"),
        ("[catalog]\nunpaid_share = 101", "catalog.unpaid_share is 101"),
        ("[gateway]\ntimeout_seconds = 0", "gateway.timeout_seconds is 0, but must be 1 or more"),
        ("[gateway]\nhosts = [\"a:80\"]", "gateway.hosts is \"a:80\""),
        ("[gateway]\ncors_origins = [\"shop\"]", "gateway.cors_origins is \"shop\""),
        ("[gateway]\ntrusted_proxies = [\"all\"]", "gateway.trusted_proxies is \"all\""),
        ("[gateway]\nadmin_listen = \"0.0.0.0:1\"", "gateway.admin_listen is \"0.0.0.0:1\""),
        ("[gateway.tls]\nkey = \"key.pem\"", "gateway.tls.certificate is empty"),
        (
            "[gateway.quotas]\nwish = { per_minute = 1, burst = 1 }",
            "a class of gateway.quotas is wish",
        ),
        ("[gateway.quotas]\nlogin = { per_minute = 0, burst = 1 }", "gateway.quotas.login"),
        ("[bus]\nurl = \"kafka://host\"", "amqp://"),
        ("[bus]\nexchange = \"\"", "bus.exchange"),
        ("[redis]\nurl = \"http://host\"", "redis://host:6379"),
        ("[discovery]\norders = [\"orders:80\"]", "discovery.orders"),
        ("[discovery]\nconsul = \"consul\"", "discovery.consul"),
        ("[orders", "TOML"),
    ] {
        file.as_file().set_len(0).expect("empty");
        std::fs::write(file.path(), toml).expect("written");
        let said = place.fails_with_file(&path);
        assert!(said.contains(expected), "{toml:?}: {said}");
    }
    let missing = place.run(&["config", "check", "--config", "/nowhere.toml"]);
    assert!(text(&missing).contains("/nowhere.toml"));
    let mut command = place.command(&["config", "check"]);
    let output = command.env("CARTWRIGHT__SERVER__DRAIN", "1").output().unwrap();
    let said = text(&output);
    assert!(said.contains("the environment variable CARTWRIGHT__SERVER__DRAIN"), "{said}");
    let mut command = place.command(&["config", "check"]);
    let output = command.env("CARTWRIGHT__ORDERS__TAX_BASIS_POINTS", "much").output().unwrap();
    let said = text(&output);
    assert!(said.contains("orders.tax_basis_points (from the environment variable"), "{said}");
}

#[test]
fn a_shop_in_production_does_not_start_without_its_names() {
    let place = sqlite();
    let serve = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = place.command(&[&["serve", "--listen", "127.0.0.1:0"], args].concat());
        command.env("CARTWRIGHT__SHOP__ENVIRONMENT", "production");
        // A place where nothing can be kept ends what would otherwise go on.
        command.env("CARTWRIGHT__SERVER__DATA_DIR", "/dev/null/nowhere");
        let output = command.envs(variables.iter().copied()).output().expect("the program");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        text(&output)
    };
    let hosts = ("CARTWRIGHT__GATEWAY__HOSTS", "shop.example.com");
    let said = serve(&[], &[]);
    assert!(said.contains("gateway.hosts is empty") && said.contains("shop.example.com"), "{said}");
    let said = serve(&[hosts, ("CARTWRIGHT__GATEWAY__CORS_ORIGINS", "*")], &[]);
    assert!(said.contains("gateway.cors_origins is \"*\""), "{said}");
    for said in [serve(&[hosts], &[]), serve(&[], &["orders"])] {
        assert!(!said.contains("gateway."), "{said}");
    }
}

#[test]
fn a_list_can_be_a_variable() {
    let place = sqlite();
    let origins = "https://a.example.com, https://b.example.com";
    let mut command = place.command(&["config", "print"]);
    let output = command.env("CARTWRIGHT__GATEWAY__CORS_ORIGINS", origins).output().unwrap();
    let said = text(&output);
    let list = "[\"https://a.example.com\", \"https://b.example.com\"]";
    assert!(said.contains(&format!("cors_origins = {list}")), "{said}");
    let mut command = place.command(&["config", "print"]);
    let said = text(&command.env("CARTWRIGHT__ORDERS__COUNTRIES", "DE,AT").output().unwrap());
    assert!(said.contains("countries = [\"DE\", \"AT\"]"), "{said}");
}

impl Place {
    /// What `config check` says of a file; `serve` has to refuse it in the same words.
    fn fails_with_file(&self, path: &str) -> String {
        let run = |args: &[&str]| {
            // A place where nothing can be kept ends what would otherwise go on.
            let common = ["--config", path, "--data-dir", "/dev/null/nowhere"];
            let mut command = self.command(&[args, &common].concat());
            // Only the file speaks.
            let output = command.env_clear().output().expect("the program");
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
            text(&output)
        };
        let said = run(&["config", "check"]);
        assert_eq!(run(&["serve"]), said);
        said
    }
}

#[test]
fn a_port_in_use_and_a_directory_that_cannot_be_written_are_explained() {
    let place = sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let said = place.fails(&["serve", "--listen", &address]);
    assert!(said.contains("another program uses it"), "{said}");

    let file = tempfile::NamedTempFile::new().expect("a file");
    let inside = file.path().join("data").display().to_string();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &inside]);
    let output = command.output().expect("the program");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("data directory"), "{}", text(&output));

    let said = place.fails(&["migrate", "up", "--database", "postgres://127.0.0.1:1/shop"]);
    assert!(said.contains("cannot open the database") && said.contains("127.0.0.1:1"), "{said}");
}

#[test]
fn a_part_of_a_shop_says_what_it_lacks() {
    let mut place = sqlite();
    let said = place.fails(&["serve", "orders"]);
    assert!(said.contains("services.secret") && said.contains("openssl rand"), "{said}");
    place.config.services.secret = "short".into();
    let said = place.fails(&["serve", "orders"]);
    assert!(said.contains("is 5 characters long") && !said.contains("short"), "{said}");
    place.config.services.secret = "a secret of more than 32 characters".into();
    let said = place.fails(&["serve", "orders"]);
    assert!(said.contains("bus.url is memory:") && said.contains("amqp://"), "{said}");
}

#[test]
fn a_broken_csv_is_explained() {
    let place = sqlite();
    for (content, expected) in
        [(&b""[..], "empty"), (b"Title,Price\nA,1\n", "Handle"), (b"\x00\xff\xfe\x00", "header")]
    {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        let said = place.fails(&["import", "products", &file.path().display().to_string()]);
        assert!(said.to_lowercase().contains(&expected.to_lowercase()), "{said}");
    }
    assert!(place.fails(&["import", "products", "/nowhere.csv"]).contains("/nowhere.csv"));
}

#[test]
fn help_is_given_for_every_command() {
    let place = sqlite();
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["migrate", "down", "--help"],
        &["transfer", "--help"],
        &["keys", "--help"],
        &["health", "--help"],
        &["seed", "--help"],
        &["import", "products", "--help"],
        &["export", "products", "--help"],
        &["user", "create", "--help"],
        &["check", "--help"],
        &["payments", "check", "--help"],
        &["openapi", "--help"],
        &["config", "--help"],
    ] {
        assert!(place.says(args).contains("Usage: cartwright"), "{args:?}");
    }
    let printed = place.says(&["config", "print"]);
    assert!(printed.contains("[orders]") && !printed.contains("correct horse"), "{printed}");
}

/// Only if it is asked to, `check` asks the providers; one that does not answer is named.
#[tokio::test]
async fn a_check_says_which_provider_could_not_be_asked() {
    let place = sqlite();
    let check = |args: &[&str]| {
        let mut command = place.command(&[&["check"], args].concat());
        for (name, value) in [
            ("SECRET_KEY", "sk_test_hunter2"),
            ("PUBLISHABLE_KEY", "pk_test_abc"),
            ("API_URL", &format!("http://{}", free_address())),
        ] {
            command.env(format!("CARTWRIGHT__PAYMENTS__STRIPE__{name}"), value);
        }
        let output = command.output().expect("the program");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = check(&[]);
    assert!(code == Some(0) && said.contains("are consistent"), "{said}");
    let (code, said) = check(&["--providers"]);
    assert_eq!(code, Some(1), "{said}");
    let why = "unreachable: stripe: unknown: GET /v1/payment_intents: no connection";
    assert!(said.contains(why) && said.contains("try again later"), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("are consistent"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_shop_starts_again_at_once() {
    let place = sqlite();
    let address = free_address();
    for _ in 0..3 {
        let mut program = Program::start(&place, &[], address);
        program.ready().await;
        program.kill();
    }
    assert!(place.says(&["check"]).contains("are consistent"));
}
