//! The container files say what the program understands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cartwright::shop::NAMES;
use chassis::discovery::default_port;

use crate::shop::places;

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
            let known = key
                .split_once("__")
                .and_then(|(section, key)| settings.get(section)?.as_table()?.get(key));
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
            let port = default_port(name).unwrap_or(8080);
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

#[test]
fn no_password_has_a_default() {
    for file in FILES {
        let text = read(&format!("deploy/{file}"));
        let secrets = text.split("${").skip(1).filter_map(|it| it.split('}').next());
        let secrets: Vec<_> =
            secrets.filter(|it| it.contains("_PASSWORD") || it.contains("_SECRET")).collect();
        assert!(secrets.len() > 4, "{secrets:?}");
        for secret in secrets {
            // The first administrator's may be missing: a random one is made.
            let required = secret.contains(":?") || secret == "CARTWRIGHT_ADMIN_PASSWORD:-";
            assert!(required, "{file}: ${{{secret}}}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_is_asked_by_the_program_itself_whether_it_is_well() {
    for place in places().await {
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
        assert!(String::from_utf8_lossy(&said.stdout).contains("cannot be asked"), "{said:?}");
        let nowhere = place.run(&["health", "http://127.0.0.1:1/nowhere"]);
        assert_eq!(nowhere.status.code(), Some(1));
    }
}
