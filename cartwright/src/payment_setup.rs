//! `cartwright payments check`

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use chassis::clock::Clock;
use payments::setup::{self, Finding, NewSecret, SetupOptions, Verdict};

use crate::cli::{self, PaymentsAction};
use crate::config::Config;
use crate::private;

pub(crate) async fn run(args: &cli::Payments) -> Result<ExitCode> {
    let PaymentsAction::Check(check) = &args.action;
    let config = Config::load(&args.shared, None)?;
    let options = SetupOptions { url: check.url.clone(), register: check.register_webhooks };
    let payments = config.payments.clone().resolved(config.shop.environment);
    let findings =
        setup::check_setup(&payments, &config.shop.currency, Clock::System, &options).await?;
    for finding in &findings {
        println!("{finding}");
        if let Some(secret) = &finding.secret {
            println!("{:<8} {}", "", hand_over(secret, &config.server.data_dir)?);
        }
    }
    Ok(conclude(&findings))
}

fn conclude(findings: &[Finding]) -> ExitCode {
    let has = |verdict| findings.iter().any(|it| it.verdict == verdict);
    if has(Verdict::Wrong) {
        println!("Customers cannot pay until what is wrong is corrected.");
        return ExitCode::FAILURE;
    }
    if has(Verdict::Missing) {
        println!("Customers can pay; see to what is missing before the shop goes live.");
    } else {
        println!("Customers can pay.");
    }
    ExitCode::SUCCESS
}

/// Says where the secret is. It is shown on a terminal only: anything else may be a log.
fn hand_over(new: &NewSecret, directory: &Path) -> Result<String> {
    let NewSecret { setting, secret, .. } = new;
    if std::io::stdout().is_terminal() {
        return Ok(format!("{setting}: {} (shown only once)", secret.as_str()));
    }
    let file = write(new, directory).with_context(|| {
        format!("cannot write the new secret to {}; the provider shows it", directory.display())
    })?;
    let file = file.display();
    Ok(format!(
        "its signing secret is in {file}: set {setting}_file to that, or copy it and delete it"
    ))
}

/// Puts the secret into a file of its own that only this user can read.
fn write(new: &NewSecret, directory: &Path) -> std::io::Result<PathBuf> {
    private::create_directory(directory)?;
    let path = directory.join(&new.name);
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(&path)?;
    writeln!(file, "{}", new.secret.as_str())?;
    file.sync_all()?;
    Ok(path)
}
