//! What a shop keeps is its own user's alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use chassis::testing::eventually;
use rustix::fs::Mode;
use serde_json::json;

use crate::client::Http;
use crate::program::{Program, free_address};
use crate::shop::{ADMIN, sqlite};

/// Every file and directory in this one, itself included, with its mode.
fn modes(path: &Path) -> Vec<(PathBuf, u32)> {
    let metadata = fs::symlink_metadata(path).expect("a file");
    let mut found = vec![(path.to_owned(), metadata.permissions().mode() & 0o777)];
    if metadata.is_dir() {
        for inside in fs::read_dir(path).expect("a directory") {
            found.extend(modes(&inside.expect("a file").path()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_a_shop_is_its_users_alone() {
    // A system that would let everybody do everything.
    rustix::process::umask(Mode::empty());
    let mut place = sqlite();
    place.config.admin.password.clear();
    let beside = tempfile::tempdir().expect("a directory");
    let data = beside.path().join("data");
    place.config.server.data_dir.clone_from(&data);
    let csv = beside.path().join("lamp.csv");
    fs::write(&csv, "Handle,Title,Variant SKU,Variant Price\nlamp,Lamp,LAMP-1,19.99\n").unwrap();
    let address = free_address();
    let mut command = place.command(&["serve", "--listen", &address.to_string()]);
    command.env("CARTWRIGHT__LOG__DIRECTORY", data.join("logs"));
    let stderr = fs::File::create(beside.path().join("stderr")).expect("a file");
    let mut child = command.stdout(Stdio::null()).stderr(stderr).spawn().expect("the program");
    let http = Http::new(address);
    let ready = async || http.get("//ready").attempt().await.is_ok_and(|it| it.status == 200);
    eventually("the shop is ready", ready).await;
    let imported = place.says(&["import", "products", &csv.display().to_string()]);
    assert!(imported.contains("1 created"), "{imported}");
    let password = fs::read_to_string(data.join("admin-password")).expect("the password");
    let login = json!({ "email": ADMIN.0, "password": password.trim_end() });
    let tokens = http.post("/auth/login", login).await.expect(200);
    let admin = http.bearer(tokens["access_token"].as_str().expect("a token"));
    let media = admin.call("POST", "/media").header("content-type", "image/png").raw(PICTURE);
    media.await.expect(201);
    let found = modes(&data);
    let stopped = std::process::Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.expect("kill").success() && child.wait().expect("the end").success());
    for found in [found, modes(&data)] {
        let names: Vec<_> = found.iter().map(|(path, _)| path.display().to_string()).collect();
        for expected in ["identity.db", "identity.db-wal", "search/", "logs/", "serve.lock"] {
            let there = names.iter().any(|it| it.contains(expected));
            assert!(there || expected.ends_with("-wal"), "{expected}: {names:#?}");
        }
        for (path, mode) in found {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{} has {mode:04o}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_others_can_read_are_said_at_start() {
    // Only what is made open is open.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let place = sqlite();
    let data = &place.config.server.data_dir;
    for (mode, said) in [(0o755, true), (0o750, true), (0o700, false)] {
        fs::create_dir_all(data).expect("a directory");
        fs::set_permissions(data, fs::Permissions::from_mode(mode)).expect("a mode");
        let mut program = Program::start(&place, &[], free_address());
        program.ready().await;
        let warning = format!("run: chmod -R go= {}", data.display());
        assert_eq!(program.said().contains(&warning), said, "{mode:04o}: {}", program.said());
        assert_eq!(place.says(&["check"]).contains(&warning), said, "{mode:04o}");
        program.stop().await;
        fs::remove_dir_all(data).expect("removed");
    }
}

/// A picture of one pixel.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53,
    0xde, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x60, 0x60, 0x00,
    0x00, 0x00, 0x04, 0x00, 0x01, 0xf6, 0x17, 0x38, 0x55, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];
