//! `cartwright user`, and the first administrator.

use std::io::BufRead;

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
        password,
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

/// Creates the administrator where there is none: with the e-mail and password of the settings,
/// else, in a shop that was just filled with demo products, with a password shown once.
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
    let password = (!admin.password.is_empty()).then(|| admin.password.clone());
    let given = password.is_some();
    let created = identity::admin::ensure_admin(identity, clock, email, password).await;
    let created = created.map_err(|problem| anyhow::anyhow!("admin: {}", readable(&problem)))?;
    match created {
        Some(password) if !given => {
            eprintln!("Administrator: {email}, password {password} (shown only this once)");
        }
        Some(_) => eprintln!("Administrator: {email}, with the password from the settings"),
        None => {}
    }
    Ok(())
}

fn read_password() -> Result<String> {
    eprint!("Password: ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("a password is needed: --password, CARTWRIGHT_USER_PASSWORD or a line of input");
    }
    Ok(password)
}

fn readable(problem: &Problem) -> String {
    let fields = problem.errors.iter().map(|it| format!("{}: {}", it.field, it.detail));
    let fields: Vec<String> = fields.collect();
    match fields.is_empty() {
        true => problem.detail.to_string(),
        false => fields.join("; "),
    }
}
