//! Only the shop's own user may read its files: the databases contain the token signing keys.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;

use crate::config::Config;

/// What others than the owner may do.
const OTHERS: u32 = 0o077;

/// From here on only this user can read what the process creates: files 0600, directories 0700.
pub fn by_default() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Makes a directory, where it is missing, that its owner alone can look into.
pub(crate) fn create_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Where others can read what the shop keeps, a line each with what to do. The modes are left as
/// they are: what else is in a directory, and who was meant to read it, the shop does not know.
pub(crate) fn exposed(config: &Config) -> Vec<String> {
    let directories = [&config.server.data_dir, &config.gateway.tls.acme.cache];
    let counted = directories.into_iter().map(|it| (it.display(), open_to_others(it)));
    let open = counted.filter(|(_, open)| *open > 0);
    open.map(|(directory, open)| {
        format!(
            "other users of this machine can read or change {open} files and directories in \
             {directory}, which contains the shop's keys; run: chmod -R go= {directory}"
        )
    })
    .collect()
}

/// How many files and directories others may read or change, the directory itself included. What
/// is not there or cannot be looked at is not counted.
fn open_to_others(path: &Path) -> usize {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if metadata.is_symlink() {
        return 0;
    }
    let inside = if metadata.is_dir() {
        std::fs::read_dir(path).into_iter().flatten().flatten()
    } else {
        return usize::from(metadata.permissions().mode() & OTHERS != 0);
    };
    let inside: usize = inside.map(|it| open_to_others(&it.path())).sum();
    inside + usize::from(metadata.permissions().mode() & OTHERS != 0)
}
