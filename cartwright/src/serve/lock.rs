//! Who may use a data directory. The kernel releases a lock when the process ends, however.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::private;

const FILE: &str = "serve.lock";

/// Marks the data directory as served. Files in it belong to one process; where the data is in
/// PostgreSQL, any number may share it.
pub(crate) fn data_directory(config: &Config) -> Result<File> {
    let directory = &config.server.data_dir;
    let shown = directory.display();
    private::create_directory(directory)
        .with_context(|| format!("cannot create the data directory {shown}"))?;
    let file = open(&directory.join(FILE)).with_context(|| {
        format!("cannot write to the data directory {shown}; choose another with --data-dir")
    })?;
    let locked = if config.is_embedded() { file.try_lock() } else { file.try_lock_shared() };
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another cartwright process uses the data directory {shown}; stop it or choose another \
             directory with --data-dir"
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock the data directory {shown}"))
        }
    }
}

/// Whether a shop serves the data directory at this moment.
pub fn is_running(config: &Config) -> bool {
    let path = config.server.data_dir.join(FILE);
    let Ok(file) = File::options().write(true).open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn open(path: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}
