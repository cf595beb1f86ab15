//! `cartwright user`, and the first administrator.

use std::fs::File;
use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::problem::Problem;

use crate::cli::{User, UserAction};
use crate::config::Config;
use crate::shop::Stores;

pub(crate) async fn run(args: &User) -> Result<()> {
    let UserAction::Create { role, email, password, name, username, shared } = &args.action;
    let config = Config::load(shared, None)?;
    let stores = Stores::open(&config, &["identity"]).await?;
    let password = match password {
        Some(password) => password.clone(),
        None => read_password()?,
    };
    let name = name.clone().unwrap_or_else(|| email.split('@').next().unwrap_or("").to_owned());
    let account = identity::admin::NewAccount {
        email: email.clone(),
        password: password.into(),
        name,
        username: username.clone(),
        roles: vec![role.clone()],
    };
    let created =
        identity::admin::create_user(stores.get("identity")?, Clock::System, account).await;
    let created = created
        .map_err(|problem| anyhow::anyhow!("cannot create {email}: {}", readable(&problem)))?;
    println!("Created {role} {} ({})", created.email, created.id);
    Ok(())
}

/// File for a random password if there is no terminal; in the data directory.
const PASSWORD_FILE: &str = "admin-password";

/// Creates the administrator where there is none: with the e-mail and password of the settings,
/// else, in a shop that was just filled with demo products, with a random password. It is shown
/// once on a terminal; a log is no place for it, so it is put into a file where there is none.
pub(crate) async fn first_admin(
    config: &Config,
    identity: &Db,
    clock: Clock,
    demo: bool,
) -> Result<()> {
    let admin = &config.admin;
    if admin.email.is_empty() && !demo {
        return Ok(());
    }
    let email = if admin.email.is_empty() { "admin@example.com" } else { &admin.email };
    let wrong = |problem: Problem| anyhow::anyhow!("admin: {}", readable(&problem));
    if identity::admin::has_admin(identity).await.map_err(wrong)? {
        return Ok(());
    }
    let file = config.server.data_dir.join(PASSWORD_FILE);
    let is_given = !admin.password.is_empty();
    let is_shown = !is_given && std::io::stdout().is_terminal();
    let password = match (is_given, is_shown) {
        (true, _) => admin.password.to_string(),
        (_, true) => identity::admin::random_password(),
        _ => kept_password(&file).with_context(|| format!("cannot write {}", file.display()))?,
    };
    let created = identity::admin::ensure_admin(identity, clock, email, &password).await;
    if !created.map_err(wrong)? {
        return Ok(());
    }
    if is_given {
        tracing::info!("created the administrator {email} with the password from the settings");
    } else if is_shown {
        println!("Administrator: {email}, password {password} (shown only once)");
    } else {
        let file = file.display();
        tracing::warn!(
            "created the administrator {email}; the password is in {file}, readable only by the \
             user of this process: log in, change it, and delete the file"
        );
    }
    Ok(())
}

/// The password in the file, or a new one that is put there. It is in the file before the account
/// is made: a process that dies between both goes on with it when it is started again.
fn kept_password(file: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Ok(password) if !password.trim().is_empty() => return Ok(password.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let password = identity::admin::random_password();
    let mut kept =
        File::options().create(true).write(true).truncate(true).mode(0o600).open(file)?;
    writeln!(kept, "{password}")?;
    kept.sync_all()?;
    Ok(password)
}

fn read_password() -> Result<String> {
    eprint!("Password: ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("a password is required: use --password, CARTWRIGHT_USER_PASSWORD or standard input");
    }
    Ok(password)
}

fn readable(problem: &Problem) -> String {
    let fields = problem.errors.iter().map(|it| format!("{}: {}", it.field, it.detail));
    let fields: Vec<String> = fields.collect();
    if fields.is_empty() { problem.detail.to_string() } else { fields.join("; ") }
}
