//! Files that are kept in two editions: the next one is written whole beside them and then takes its
//! place, in steps each of which leaves what a start can go on with.

use std::io::ErrorKind;
use std::path::Path;

use super::files::Edition;
use super::{StoreError, directory, files};

impl Edition {
    /// Puts the next edition, which is on disk, in the place of the current one, and that in the
    /// place of the one before. Those that are flawed are not kept.
    pub(super) fn shift(self, dir: &Path, flawed: &[&'static str]) -> Result<(), StoreError> {
        for name in [self.before, self.now] {
            if flawed.contains(&name) {
                remove(&dir.join(name))?;
            }
        }
        let (now, before, next) = (
            dir.join(self.now),
            dir.join(self.before),
            dir.join(self.next),
        );
        match std::fs::rename(&now, &before) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io(&now)(error));
            }
            _ => {}
        }
        std::fs::rename(&next, &now).map_err(StoreError::io(&next))
    }

    /// Finishes, or forgets, a shift that was interrupted. The next edition was whole before the
    /// current one went.
    pub(super) fn finish(self, dir: &Path) -> Result<(), StoreError> {
        let (now, next) = (dir.join(self.now), dir.join(self.next));
        if !next.exists() {
            return Ok(());
        }
        if now.exists() {
            remove(&next)?;
        } else {
            std::fs::rename(&next, &now).map_err(StoreError::io(&next))?;
        }
        directory::sync(dir).map_err(StoreError::io(dir))
    }
}

/// Finishes what was interrupted at both.
pub(super) fn finish(dir: &Path) -> Result<(), StoreError> {
    files::CHECKPOINT.finish(dir)?;
    files::LOG.finish(dir)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io(path)(error)),
        _ => Ok(()),
    }
}
