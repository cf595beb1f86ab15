//! What the layout of the code promises, held by tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use cartwright::config::Shop;
use cartwright::registry::{DATABASES, NAMES, SERVICES};
use cartwright::shop::{Stores, build};
use chassis::auth::Verifier;
use chassis::cache::Cache;
use chassis::clock::Clock;
use contracts::subscriptions::SUBSCRIPTIONS;
use tokio::sync::watch;

use crate::shop::sqlite;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The rooms of the workspace a manifest names as dependencies, of any kind.
fn names(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    let crates = fs::read_dir(root().join("crates")).expect("crates");
    let crates = crates.map(|it| it.expect("a crate").file_name().into_string().expect("a name"));
    let rooms = crates.chain(["gateway"].into_iter().chain(NAMES).map(str::to_owned));
    let rooms: BTreeSet<String> = rooms.collect();
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|kind| manifest.get(*kind)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .filter(|name| rooms.contains(name))
        .collect()
}

#[test]
fn no_service_names_another() {
    for service in NAMES {
        let names = names(&root().join("services").join(service).join("Cargo.toml"));
        // A crate that begins with its name is a part of it.
        let part = format!("{service}-");
        let own = |it: &str| it == "chassis" || it == "contracts" || it.starts_with(&part);
        let foreign: Vec<_> = names.iter().filter(|it| !own(it)).collect();
        assert!(foreign.is_empty(), "{service} names {foreign:?}");
    }
}

/// A broker keeps what they want also before they start for the first time.
#[tokio::test]
async fn everybody_knows_of_every_consumer() {
    let place = sqlite();
    let stores = Stores::open(&place.config, &NAMES).await.expect("databases");
    let way = |_| Router::new().into();
    let built = build(&place.config, &stores, &NAMES, way, &Cache::default(), Clock::System).await;
    let built = built.expect("the services");
    let listening: BTreeSet<_> = built.services.iter().flat_map(|it| it.subscriptions()).collect();
    assert_eq!(listening, BTreeSet::from(SUBSCRIPTIONS));
}

#[test]
fn dependencies_point_in_one_direction() {
    let crates = root().join("crates");
    assert!(names(&crates.join("macros/Cargo.toml")).is_empty());
    assert_eq!(names(&crates.join("chassis/Cargo.toml")), BTreeSet::from(["macros".to_owned()]));
    assert_eq!(names(&crates.join("contracts/Cargo.toml")), BTreeSet::from(["chassis".to_owned()]));
    assert_eq!(names(&crates.join("mesh/Cargo.toml")), BTreeSet::from(["chassis".to_owned()]));
    let engines = names(&crates.join("engines/Cargo.toml"));
    assert_eq!(engines, BTreeSet::from(["chassis", "mesh"].map(str::to_owned)));
    assert!(names(&crates.join("catalog-csv/Cargo.toml")).is_empty());
    for part in ["reshape", "storefront", "catalog-search"] {
        let names = names(&crates.join(part).join("Cargo.toml"));
        assert_eq!(names, BTreeSet::from(["chassis".to_owned()]), "{part}");
    }
    let gateway = names(&root().join("services/gateway/Cargo.toml"));
    assert_eq!(
        gateway,
        BTreeSet::from(["chassis", "mesh", "reshape", "storefront"].map(str::to_owned)),
        "the gateway knows paths, not types"
    );
}

/// Every source file under a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|it| it.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
        .collect()
}

/// What is under all services lists none of them: a new one changes nothing there.
#[test]
fn the_chassis_knows_no_service() {
    for room in ["chassis", "macros", "mesh", "engines"].map(|it| format!("crates/{it}/src")) {
        for path in sources(&root().join(&room)) {
            let text = fs::read_to_string(&path).expect("a source");
            let shown = path.display().to_string();
            // Tests speak of the shop they run in.
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = text.lines().filter(|it| !it.trim_start().starts_with("//"));
            let text = code.collect::<Vec<_>>().join("\n");
            for name in NAMES.into_iter().filter(|_| !shown.contains("test")) {
                assert!(!text.contains(&format!("\"{name}\"")), "{shown} names {name}");
            }
        }
    }
}

/// Callers, handlers and fakes all use the declaration.
#[test]
fn the_path_of_an_internal_route_is_written_once() {
    let internal = |path: &Path| fs::read_to_string(path).expect("a source").contains("/internal/");
    let allowed = [
        // Declares them.
        "crates/contracts/src",
        // Knows what they all begin with.
        "crates/chassis/src/route",
        "crates/chassis/src/channel/tests.rs",
        // Knows no declaration, and leads to none of them.
        "services/gateway",
        "cartwright/tests/it/structure.rs",
    ];
    let allowed = allowed.map(|it| root().join(it).display().to_string());
    for room in ["crates", "services", "cartwright"] {
        for path in sources(&root().join(room)).iter().filter(|it| internal(it)) {
            let shown = path.display().to_string();
            assert!(allowed.iter().any(|it| shown.starts_with(it)), "{shown} writes one out");
        }
    }
    let mut declared = BTreeSet::new();
    for path in sources(&root().join("crates/contracts/src")) {
        let text = fs::read_to_string(&path).expect("a source");
        let paths = text.split("\"/internal/").skip(1).filter_map(|it| it.split('"').next());
        for it in paths.map(str::to_owned) {
            assert!(declared.insert(it.clone()), "{} declares {it} again", path.display());
        }
    }
    assert!(!declared.is_empty());
}

#[test]
fn every_service_has_a_port_and_a_database_of_its_own() {
    let ports: BTreeSet<_> = SERVICES.iter().map(|it| it.port).collect();
    assert_eq!(ports.len(), SERVICES.len());
    for service in SERVICES {
        assert_eq!(service.databases[0].service, service.name);
    }
    assert_eq!(DATABASES.iter().collect::<BTreeSet<_>>().len(), DATABASES.len());
}

/// Where an error may be a text after all, and why.
const TEXTS: [(&str, &str); 1] =
    [("crates/chassis/src/testing/waiting.rs", "only whoever reads that a test failed sees it")];

/// Who gets an error can tell what it is only from its type.
#[test]
fn no_error_is_a_text() {
    let mut left = BTreeSet::from(TEXTS.map(|(file, _)| file.to_owned()));
    for source in ["crates", "services"].iter().flat_map(|it| sources(&root().join(it))) {
        let name = source.strip_prefix(root()).expect("in the workspace").display().to_string();
        if !name.contains("/src/") || name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&source).expect("a source");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = texts(text);
        if !lines.is_empty() && !left.remove(&name) {
            panic!("{name}: an error is a String in line {lines:?}; make it a type (thiserror)");
        }
    }
    assert!(left.is_empty(), "these have no such error any more: {left:?}");
}

/// The lines in which a text has a `Result` whose error is a `String`.
fn texts(text: &str) -> Vec<usize> {
    let results = text.match_indices("Result<").map(|(at, it)| at + it.len());
    let results = results.filter(|from| error_of(&text[*from..]) == Some("String"));
    let aliases = ["type Err = String;", "type Error = String;"];
    let aliases = aliases.iter().flat_map(|it| text.match_indices(it)).map(|(at, _)| at);
    results.chain(aliases).map(|at| text[..at].matches('\n').count() + 1).collect()
}

/// The second argument of a type, whose arguments a text begins with.
fn error_of(text: &str) -> Option<&str> {
    let (mut depth, mut from, mut found, mut before) = (0, 0, Vec::new(), ' ');
    for (at, it) in text.char_indices() {
        match it {
            '<' | '(' | '[' => depth += 1,
            '>' if before == '-' => {}
            '>' if depth == 0 => {
                found.push(&text[from..at]);
                break;
            }
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        before = it;
    }
    found.get(1).map(|it| it.trim())
}

#[test]
fn an_error_that_is_a_text_is_found() {
    for (text, found) in [
        ("Result<u8, String>", true),
        ("io::Result<Vec<(u8, String)>, String>", true),
        ("Result<\n    impl Fn(u8) -> Option<u8>,\n    String,\n>", true),
        ("type Err = String;", true),
        ("Result<String>", false),
        ("Result<BTreeMap<String, String>, Wrong>", false),
        ("Result<(u8, String), Box<String>>", false),
    ] {
        assert_eq!(texts(text), if found { vec![1] } else { vec![] }, "{text}");
    }
}

/// A permission that no service declared could be given to nobody.
#[test]
fn what_routes_ask_for_is_declared_once() {
    let mut asked = BTreeSet::new();
    for service in &parts().services {
        let paths = serde_json::to_value(&service.openapi.paths).expect("JSON");
        let operations = paths.as_object().expect("paths").values();
        let operations = operations.flat_map(|it| it.as_object().expect("operations").values());
        for scheme in operations.flat_map(|it| it["security"].as_array().expect("a policy")) {
            let scopes = scheme["bearer"].as_array().into_iter().flatten();
            asked.extend(scopes.map(|it| it.as_str().expect("a permission").to_owned()));
        }
    }
    let declared: Vec<_> =
        SERVICES.iter().flat_map(|it| it.permissions).map(|it| it.name).collect();
    let once: BTreeSet<_> = declared.iter().map(|&it| it.to_owned()).collect();
    assert_eq!(once.len(), declared.len(), "{declared:?}");
    assert_eq!(asked, once);
}

/// Statements are the chassis's to run, on whichever database there is.
#[test]
fn no_service_names_a_driver() {
    for service in NAMES {
        for path in sources(&root().join("services").join(service).join("src")) {
            let text = fs::read_to_string(&path).expect("a source").replace("sqlx::migrate", "");
            for driver in ["sqlx", "rusqlite"] {
                assert!(
                    !text.contains(&format!("{driver}::")),
                    "{} names {driver}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_described_route_is_reachable_and_has_a_policy() {
    let parts = parts();
    assert_eq!(gateway::unrouted(&parts), Vec::<String>::new());
    for service in &parts.services {
        let paths = serde_json::to_value(&service.openapi.paths).expect("JSON");
        for (path, operations) in paths.as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let policy = operation["security"].as_array();
                assert!(policy.is_some_and(|it| !it.is_empty()), "{method} {path} has no policy");
                let summary = operation["summary"].as_str().unwrap_or_default();
                assert!(!summary.is_empty(), "{method} {path} has no summary");
            }
        }
    }
}

/// Status, code and description of an error stand at its function, with `#[problem]`; the policy's
/// and the extractors' are added by the chassis.
#[test]
fn no_handler_describes_an_error_by_hand() {
    for path in ["crates", "services"].iter().flat_map(|it| sources(&root().join(it))) {
        let text = fs::read_to_string(&path).expect("a source");
        for by_hand in ["(status = 4", "body = Problem"] {
            let line = text.lines().position(|it| it.contains(by_hand)).map(|it| it + 1);
            assert_eq!(line, None, "{}: list a function of problems.rs", path.display());
        }
    }
}

/// A client that may send a request that is refused is told with which codes.
#[test]
fn every_4xx_of_every_operation_names_its_codes() {
    let document = gateway::openapi(&parts()).expect("a description");
    let items = document["paths"].as_object().expect("paths").values();
    let operations = items.flat_map(|it| it.as_object().expect("operations").values());
    let mut codes = BTreeSet::new();
    for operation in operations {
        let id = &operation["operationId"];
        let responses = operation["responses"].as_object().expect("responses");
        for (status, response) in responses.iter().filter(|(it, _)| it.starts_with('4')) {
            let schema = &response["content"]["application/problem+json"]["schema"];
            let code = &schema["allOf"][1]["properties"]["code"]["examples"];
            let named = code.as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(!named.is_empty(), "{id} does not name the codes of its {status}");
            codes.extend(named.iter().filter_map(|it| it.as_str()).map(str::to_owned));
        }
    }
    assert!(codes.contains("order_not_found") && codes.contains("validation_failed"));
}

/// Who documents what a body may have (`x-body-limit`) enforces it, and the gateway lets it
/// through.
#[test]
fn the_limits_of_bodies_are_said_once_and_more_is_for_those_who_may() {
    let parts = parts();
    assert_eq!(gateway::wrong_body_limits(&parts), Vec::<String>::new());
    for service in &parts.services {
        let paths = serde_json::to_value(&service.openapi.paths).expect("JSON");
        for (path, operations) in paths.as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                if operation["x-body-limit"].is_null() {
                    continue;
                }
                // A provider proves who it is by what it sends.
                if path.starts_with("/api/v1/webhooks/") {
                    continue;
                }
                let scopes = &operation["security"][0]["bearer"][0];
                assert!(scopes.is_string(), "{method} {path} takes much from everybody");
            }
        }
    }
}

/// The gateway before services that are nowhere.
fn parts() -> gateway::Parts {
    let nowhere: BTreeMap<_, _> = NAMES.into_iter().map(|it| (it, Router::new().into())).collect();
    let (_ready, readiness) = watch::channel(true);
    let verifier = Verifier::new(Clock::System);
    let shop = Shop::default();
    cartwright::serve::gateway_parts(&nowhere, &verifier, &shop, readiness, Clock::System)
}

/// CONTRIBUTING.md, "Words": nothing has a name from the left column.
#[test]
fn a_name_that_was_given_up_is_not_given_again() {
    let contributing = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("a document");
    let (_, words) = contributing.split_once("| not | but |").expect("the table of words");
    let left = words.lines().filter_map(|it| it.strip_prefix("| ")?.split(" | ").next());
    let names: BTreeSet<_> = left.flat_map(|it| it.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 20, "{names:?}");
    let rooms = ["crates", "services", "cartwright/src", "bench/src"];
    for path in rooms.iter().flat_map(|it| sources(&root().join(it))) {
        let text = fs::read_to_string(&path).expect("a source");
        for line in text.lines() {
            let mut words = line.split(|it: char| !it.is_alphanumeric() && it != '_');
            let kinds = ["struct", "enum", "trait", "type", "fn"];
            let Some(_) = words.find(|it| kinds.contains(it)) else { continue };
            let name = words.next().unwrap_or_default();
            assert!(!names.contains(name), "{}: {line}", path.display());
        }
    }
}

/// Clients make the names of their methods of these. What they are is pinned by web/openapi.json.
#[test]
fn operations_are_named_by_resource_and_verb() {
    const OWN: [&str; 31] = [
        "bulk",
        "cancel",
        "capture",
        "change_password",
        "checkout",
        "clear",
        "confirm",
        "find",
        "forgot_password",
        "login",
        "logout",
        "merge",
        "moderate",
        "pay",
        "preview",
        "quote",
        "receive",
        "refresh",
        "register",
        "release",
        "reorder",
        "replay",
        "resend_verification",
        "reset_password",
        "restore",
        "retry",
        "send",
        "test",
        "undo_email_change",
        "update_status",
        "verify_email",
    ];
    let verbs = ["list", "get", "create", "update", "replace", "delete"];
    let document = gateway::openapi(&parts()).expect("a document");
    let operations = document["paths"].as_object().expect("paths").values();
    let operations = operations.flat_map(|it| it.as_object().expect("operations").values());
    let mut own = BTreeSet::new();
    for operation in operations {
        let id = operation["operationId"].as_str().expect("an id");
        let (resource, verb) = id.split_once('.').unwrap_or_else(|| panic!("{id} has no verb"));
        let is_word = |it: &str| it.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        assert!(is_word(resource) && is_word(verb), "{id}");
        if !verbs.contains(&verb) {
            own.insert(verb);
        }
    }
    assert_eq!(own, BTreeSet::from(OWN), "the shop's own verbs");
}

#[test]
fn the_web_fronts_client_is_made_of_what_the_program_describes() {
    let described = serde_json::to_string_pretty(&gateway::openapi(&parts()).expect("a document"))
        .expect("JSON");
    let committed = fs::read_to_string(root().join("web/openapi.json")).expect("a description");
    assert!(
        committed.trim_end() == described,
        "web/openapi.json is out of date; regenerate it:\n\
         cargo run --bin cartwright -- openapi > /tmp/o && mv /tmp/o web/openapi.json"
    );
}

#[tokio::test]
async fn the_paths_that_were_promised_are_described() {
    let place = sqlite();
    let live = place.start().await;
    let described = live.http.get("//openapi.json").await.expect(200);
    for (method, path) in [
        ("post", "/auth/register"),
        ("post", "/auth/login"),
        ("post", "/auth/refresh"),
        ("post", "/auth/logout"),
        ("get", "/users/me"),
        ("get", "/users"),
        ("get", "/products"),
        ("post", "/products"),
        ("get", "/products/{id}"),
        ("put", "/products/{id}"),
        ("patch", "/products/{id}"),
        ("delete", "/products/{id}"),
        ("get", "/categories"),
        ("post", "/categories"),
        ("get", "/categories/{id}/subcategories"),
        ("get", "/inventory/{sku}"),
        ("put", "/inventory/{sku}"),
        ("get", "/cart"),
        ("delete", "/cart"),
        ("post", "/cart/items"),
        ("patch", "/cart/items/{sku}"),
        ("delete", "/cart/items/{sku}"),
        ("post", "/cart/merge"),
        ("post", "/orders"),
        ("post", "/orders/checkout"),
        ("get", "/orders"),
        ("get", "/orders/{id}"),
        ("post", "/orders/{id}/payments"),
        ("post", "/orders/{id}/cancel"),
        ("patch", "/orders/{id}/status"),
        ("get", "/payments/{id}"),
        ("post", "/payments/{id}/confirm"),
        ("post", "/payments/{id}/refunds"),
        ("post", "/reviews"),
        ("get", "/reviews/{id}"),
        ("get", "/products/{id}/reviews"),
        ("post", "/notifications/email"),
        ("post", "/notifications/sms"),
        ("post", "/notifications/push"),
        ("get", "/notifications/history"),
        ("get", "/notifications/templates"),
        ("put", "/notifications/templates/{key}"),
        ("post", "/notifications/{id}/retry"),
    ] {
        let operation = &described["paths"][format!("/api/v1{path}")][method];
        assert!(operation.is_object(), "{method} {path}");
    }
    live.stop().await;
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let live = sqlite().start().await;
    let described = live.http.get("//openapi.json").await.expect(200);
    let text = described.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).filter_map(|it| it.split('"').next());
    let lost: Vec<&str> = references.filter(|it| described.pointer(it).is_none()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    live.stop().await;
}

/// Where test code pauses or looks at a clock, how often, and why a busy machine cannot break it.
const PAUSES: [(&str, usize, &str); 23] = [
    ("cartwright/tests/it/apart.rs", 2, "a copy that runs now and then"),
    ("cartwright/tests/it/broker_away.rs", 1, "the time the broker is away"),
    ("cartwright/tests/it/engines_away.rs", 3, "clients that pause; a bound with a wide margin"),
    ("cartwright/tests/it/faults.rs", 1, "where it is too short, fewer points are tried"),
    ("cartwright/tests/it/transfer.rs", 1, "killed at some moment, whichever it is"),
    ("crates/chassis/src/db/tests.rs", 2, "given up at some moment, whichever it is"),
    ("crates/chassis/src/db/tests/files.rs", 2, "a file that is taken for a while"),
    ("crates/mesh/src/server/upload.rs", 4, "a client that takes its time; a lower bound"),
    ("crates/chassis/src/testing/waiting.rs", 2, "what all the others wait with"),
    ("crates/chassis/src/work/tests.rs", 2, "lower bounds, and half an hour"),
    ("crates/mesh/tests/it/drain.rs", 3, "a service and clients that take their time"),
    ("crates/mesh/tests/it/framing.rs", 1, "a client that sends piece by piece"),
    ("crates/mesh/tests/it/remote.rs", 2, "a lower bound; longer than a deadline"),
    ("crates/mesh/tests/it/remote/copy.rs", 2, "a slow service"),
    ("crates/mesh/tests/it/remote/uploads.rs", 1, "a slow client"),
    ("crates/mesh/tests/it/server.rs", 5, "slow clients and a slow service; a lower bound"),
    ("crates/engines/tests/it/bus/conformance.rs", 2, "nothing happens meanwhile"),
    ("crates/engines/tests/it/bus/outage.rs", 2, "nothing happens meanwhile"),
    ("crates/engines/tests/it/consul.rs", 3, "nothing happens meanwhile"),
    ("crates/engines/tests/it/counter.rs", 1, "nothing happens meanwhile"),
    ("services/gateway/tests/it/edge.rs", 3, "a slow service; nothing happens meanwhile"),
    ("services/identity/src/store/tests.rs", 1, "nothing happens meanwhile"),
    ("services/orders/tests/it/links.rs", 1, "a lower bound"),
];

/// What is waited for is a condition, and what must end has a minute: a busy machine may take long.
#[test]
fn no_test_depends_on_how_fast_the_machine_is() {
    let mut found = BTreeSet::new();
    for room in ["cartwright", "crates", "services"] {
        for path in sources(&root().join(room)) {
            let name = path.strip_prefix(root()).expect("a source of ours").display().to_string();
            let text = fs::read_to_string(&path).expect("a source");
            let pauses: usize = test_code(&name, &text).map(pauses).sum();
            if pauses > 0 {
                found.insert((name, pauses));
            }
        }
    }
    let known: BTreeSet<_> = PAUSES.iter().map(|it| (it.0.to_owned(), it.1)).collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "wait with chassis::testing::eventually and bound with in_time; where a pause is all the \
         same what a test needs, say in PAUSES why: {unknown:?}"
    );
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "take out of PAUSES what is there no more: {gone:?}");
}

/// The lines of a source that are tests or made for tests, without comments.
fn test_code<'a>(name: &str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let all = name.contains("/tests/") || name.ends_with("/tests.rs") || name.contains("/testing");
    let from = if all { Some(0) } else { text.find("#[cfg(test)]\nmod ") };
    let code = from.map_or("", |it| &text[it..]);
    code.lines().filter(|it| !it.trim_start().starts_with("//"))
}

/// How often a line pauses, looks how long something took, or gives it a limit of its own.
fn pauses(line: &str) -> usize {
    let calls = |name: &str| {
        let before = line.match_indices(name).map(|(at, _)| &line[..at]);
        // Not of another name that ends like it.
        before.filter(|it| !it.ends_with(|it: char| it.is_alphanumeric() || it == '_')).count()
    };
    // Put together, so that this line is none of them.
    ["sleep", "timeout", "elapsed"].map(|it| calls(&format!("{it}("))).iter().sum()
}

#[test]
fn a_pause_is_seen_in_tests_alone() {
    let line = format!("    tokio::time::{}(SHORT).await;", "sleep");
    assert_eq!(pauses(&line), 1);
    assert_eq!(pauses(&format!("assert!(began{}() < QUICK);", ".elapsed")), 1);
    assert_eq!(pauses(&format!("tx.query(\"SELECT pg_{}(1)\")", "sleep")), 0);
    let module = format!("{line}\n#[cfg(test)]\nmod tests {{\n{line}\n    // {line}\n}}\n");
    let seen = |name: &str| test_code(name, &module).map(pauses).sum::<usize>();
    assert_eq!((seen("crates/a/src/lib.rs"), seen("crates/a/tests/it/a.rs")), (1, 2));
}
