//! The container files say what the program understands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use cartwright::config::SECRETS;
use cartwright::registry::{NAMES, definition};
use chassis::testing::on;

use crate::shop::Shape;

const FILES: [&str; 2] = ["compose.yaml", "compose.prod.yaml"];

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The words of a text that start with `CARTWRIGHT__`.
fn variables(text: &str) -> BTreeSet<&str> {
    text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_')
        .filter(|it| it.starts_with("CARTWRIGHT__") && *it != "CARTWRIGHT__SECTION__KEY")
        .collect()
}

#[test]
fn every_variable_is_a_setting() {
    let settings: toml::Table = read("cartwright.example.toml").parse().expect("TOML");
    let files = FILES.iter().chain(&["Dockerfile", "README.md", ".env.example"]);
    for file in files.map(|it| format!("deploy/{it}")) {
        let text = read(&file);
        let found = variables(&text);
        assert!(found.len() > 5 || !file.contains("compose"), "{file}: {found:?}");
        for variable in found {
            let key = variable.trim_start_matches("CARTWRIGHT__").to_ascii_lowercase();
            let (first, path) = key.split_once("__").expect("a section");
            let known = path
                .split("__")
                .try_fold(settings.get(first).expect("a section"), |at, it| at.as_table()?.get(it));
            assert!(known.is_some(), "{file} sets {variable}, which is no setting");
        }
    }
}

#[test]
fn every_service_is_there_and_asked_at_its_port() {
    for file in FILES {
        let text = read(&format!("deploy/{file}"));
        for name in NAMES.into_iter().chain([gateway::NAME]) {
            let (_, service) = text
                .split_once(&format!("\n  {name}:\n"))
                .unwrap_or_else(|| panic!("{file} has no {name}"));
            let service = service.split("\n\n").next().unwrap_or_default();
            let port = definition(name).map_or(8080, |it| it.port);
            for expected in [
                format!("command: [serve, {name}]"),
                format!("cartwright, health, \"http://127.0.0.1:{port}\"]"),
            ] {
                assert!(service.contains(&expected), "{file}, {name}: {expected}\n{service}");
            }
            assert_eq!(service.contains("ports:"), name == gateway::NAME, "{file}, {name}");
        }
    }
}

/// The names after this text, up to the end of the word.
fn named<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let ends = |it: char| !it.is_ascii_alphanumeric() && it != '_';
    text.split(before).skip(1).filter_map(|it| it.split(ends).next()).collect()
}

#[test]
fn every_secret_is_a_file_that_is_made_and_none_is_a_variable() {
    let made = tempfile::tempdir().expect("a directory");
    let directory = made.path().join("secrets");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let make = || {
        let made = Command::new(root.join("deploy/make-secrets")).arg(&directory).output();
        let made = made.expect("bash");
        assert!(made.status.success(), "{made:?}");
        let files = fs::read_dir(&directory).expect("a directory").map(|it| {
            let path = it.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a secret"))
        });
        files.collect::<BTreeMap<_, _>>()
    };
    let secrets = make();
    assert_eq!(make(), secrets, "what is there stays");
    let mode = fs::metadata(&directory).expect("a directory").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    for (url, password) in [
        ("database_url", "postgres_password"),
        ("redis_url", "redis_password"),
        ("bus_url", "rabbitmq_password"),
        ("rabbitmq_conf", "rabbitmq_password"),
    ] {
        assert!(secrets[url].contains(secrets[password].trim_end()), "{url}");
    }
    let values: BTreeSet<_> = secrets.values().filter(|it| it.trim_end().len() >= 32).collect();
    assert_eq!(values.len(), secrets.len(), "long, and each its own");
    for file in FILES {
        let text = read(&format!("deploy/{file}"));
        let declared = named(&text, "file: ./secrets/");
        for name in &declared {
            assert!(secrets.contains_key(*name), "{file}: {name} is not made");
        }
        let used = named(&text, ": /run/secrets/");
        assert!(used.len() > 4 && used.is_subset(&declared), "{file}: {used:?}");
        let variables = variables(&text);
        for path in SECRETS {
            let variable = format!("CARTWRIGHT__{}", path.to_ascii_uppercase().replace('.', "__"));
            assert!(!variables.contains(variable.as_str()), "{file}: {variable} is no file");
        }
        let given = text.split("${").skip(1).filter_map(|it| it.split('}').next());
        for given in given {
            let secret = ["PASSWORD", "SECRET", "TOKEN"].iter().any(|it| given.contains(it));
            assert!(!secret, "{file}: ${{{given}}} is a variable");
        }
    }
}

#[test]
fn a_shop_in_production_is_given_what_it_does_not_start_without() {
    let text = read("deploy/compose.prod.yaml");
    assert!(text.contains("ENVIRONMENT: production\n"), "{text}");
    assert!(text.contains("CARTWRIGHT__GATEWAY__HOSTS: ${CARTWRIGHT_HOSTS:?"), "{text}");
    let example = read("deploy/.env.example");
    for name in text.split("${").skip(1).filter_map(|it| it.split([':', '}']).next()) {
        assert!(name == "CARTWRIGHT_SANDBOX" || example.contains(&format!("\n{name}=")), "{name}");
    }
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_process_is_asked_by_the_program_itself_whether_it_is_well(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    let mut asked = vec![format!("http://{}", shop.http.address())];
    // Apart, every service is asked at its own port.
    asked.extend(place.ports.iter().flatten().map(|(_, at)| format!("http://{at}/ready")));
    for url in &asked {
        assert!(place.says(&["health", url]).contains("is ready"), "{url}");
    }
    shop.stop().await;
    let said = place.run(&["health", &asked[0]]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stdout).contains("cannot be reached"), "{said:?}");
    let nowhere = place.run(&["health", "http://127.0.0.1:1/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
}
