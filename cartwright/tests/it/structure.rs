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
    assert_eq!(names(&crates.join("engines/Cargo.toml")), BTreeSet::from(["chassis".to_owned()]));
    assert!(names(&crates.join("catalog-csv/Cargo.toml")).is_empty());
    for part in ["reshape", "storefront", "catalog-search"] {
        let names = names(&crates.join(part).join("Cargo.toml"));
        assert_eq!(names, BTreeSet::from(["chassis".to_owned()]), "{part}");
    }
    let gateway = names(&root().join("services/gateway/Cargo.toml"));
    assert_eq!(
        gateway,
        BTreeSet::from(["chassis", "reshape", "storefront"].map(str::to_owned)),
        "the gateway knows paths, not types"
    );
}

/// Every source file under a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|it| it.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
        .collect()
}

/// What is under all services lists none of them: a new one changes nothing there.
#[test]
fn the_chassis_knows_no_service() {
    for room in ["crates/chassis/src", "crates/macros/src", "crates/engines/src"] {
        for path in sources(&root().join(room)) {
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

#[test]
fn every_service_has_a_port_and_a_database_of_its_own() {
    let ports: BTreeSet<_> = SERVICES.iter().map(|it| it.port).collect();
    assert_eq!(ports.len(), SERVICES.len());
    for service in SERVICES {
        assert_eq!(service.databases[0].service, service.name);
    }
    assert_eq!(DATABASES.iter().collect::<BTreeSet<_>>().len(), DATABASES.len());
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

/// Who documents what a body may have (`x-body-limit`) enforces it, and the gateway lets it through.
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

#[test]
fn the_web_fronts_client_is_made_of_what_the_program_describes() {
    let described = serde_json::to_string_pretty(&gateway::openapi(&parts())).expect("JSON");
    let committed = fs::read_to_string(root().join("web/openapi.json")).expect("a description");
    assert!(
        committed.trim_end() == described,
        "web/openapi.json is not what the program describes; write it anew:\n\
         cargo run --bin cartwright -- openapi > web/openapi.json"
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
