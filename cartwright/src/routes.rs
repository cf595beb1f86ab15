//! `cartwright routes`

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Routes, RoutesAction};
use crate::registry::RATE_LIMITS;
use crate::shop;

/// Exits with 1 where a file is not well-formed.
pub(crate) fn run(args: &Routes) -> Result<ExitCode> {
    match &args.action {
        RoutesAction::Print => print!("{}", gateway::BUILTIN_ROUTES),
        RoutesAction::Check { file } => {
            let front = gateway::Dist::embedded()?;
            match gateway::check_routes(file, &shop::descriptions(), &RATE_LIMITS, &front) {
                Ok(routes) => println!("OK: {routes} routes"),
                Err(error) => {
                    println!("{error}");
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
