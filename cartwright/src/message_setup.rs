//! `cartwright messages check`

use std::process::ExitCode;

use anyhow::Result;
use chassis::clock::Clock;
use chassis::setup::{Finding, Verdict};
use notifications::setup::{self, SetupOptions};

use crate::cli::{self, MessagesAction};
use crate::config::Config;

pub(crate) async fn run(args: &cli::Messages) -> Result<ExitCode> {
    let MessagesAction::Check(check) = &args.action;
    let config = Config::load(&args.shared, None)?;
    let options = SetupOptions { send_to: check.send_to.clone() };
    let shop = config.shop.profile();
    let findings = setup::check_setup(&config.notifications, &shop, Clock::System, &options).await;
    let findings = findings.map_err(anyhow::Error::from_boxed)?;
    for finding in &findings {
        println!("{finding}");
    }
    Ok(conclude(&findings))
}

fn conclude(findings: &[Finding]) -> ExitCode {
    let has = |verdict| findings.iter().any(|it| it.verdict == verdict);
    if has(Verdict::Wrong) {
        println!("Messages do not reach customers until what is wrong is corrected.");
        return ExitCode::FAILURE;
    }
    if has(Verdict::Missing) {
        println!("Messages go out; see to what is missing before the shop goes live.");
    } else {
        println!("Messages go out.");
    }
    ExitCode::SUCCESS
}
