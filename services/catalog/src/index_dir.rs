//! Which directory this process keeps its search index in.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use chassis::service::BoxError;

/// Processes of one shop that may keep a search index in one data directory: the one that serves
/// and those that take over from it.
const MAX: usize = 8;

/// The first of `search`, `search-2`, … that no other process uses, so that a process which takes
/// over finds an index that is nearly complete. It is this process's until the file is closed.
pub(crate) fn claim(data_dir: &Path) -> Result<(PathBuf, File), BoxError> {
    let names =
        std::iter::once("search".to_owned()).chain((2..=MAX).map(|n| format!("search-{n}")));
    for name in names {
        let lock = open(&data_dir.join(format!("{name}.lock")))
            .map_err(|error| format!("cannot write to {}: {error}", data_dir.display()))?;
        match lock.try_lock() {
            Ok(()) => return Ok((data_dir.join(name), lock)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {name}.lock: {error}").into());
            }
        }
    }
    Err(format!("{MAX} processes have a search index in {} already", data_dir.display()).into())
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}
