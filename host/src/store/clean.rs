//! The mark of a clean close: the number of the last commit, sealed. It is there from a close to the
//! next commit, so that a start knows how far it must come, and that what was there then is on disk:
//! a command that only reads syncs nothing.

use std::path::Path;

use super::findings::Findings;
use super::keyring::Keyring;
use super::{StoreError, directory, files};

const ASSOCIATED: &[u8] = b"clean close";

/// Leaves the mark.
pub(super) fn write(dir: &Path, keys: &Keyring, last: u64) -> Result<(), StoreError> {
    let path = dir.join(files::CLEAN);
    let mut mark = keys.current().to_be_bytes().to_vec();
    mark.extend(keys.seal(ASSOCIATED, &last.to_be_bytes())?);
    directory::replace(&path, &mark).map_err(StoreError::io(&path))
}

/// The number that the mark holds; `None` without one. A mark that does not open is as none, and
/// is said.
pub(super) fn read(
    dir: &Path,
    keys: &Keyring,
    findings: &mut Findings,
) -> Result<Option<u64>, StoreError> {
    let path = dir.join(files::CLEAN);
    let mark = match std::fs::read(&path) {
        Ok(mark) => mark,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(&path)(error)),
    };
    let number = mark.split_first_chunk::<4>().and_then(|(id, sealed)| {
        let text = keys.open_sealed(u32::from_be_bytes(*id), ASSOCIATED, sealed)?;
        Some(u64::from_be_bytes(text.as_slice().try_into().ok()?))
    });
    if number.is_none() {
        findings.damage(format!("{} is damaged and was not used", path.display()));
    }
    Ok(number)
}

/// Whether there is a mark. Whatever it holds, who left it had put the directories on disk before.
pub(super) fn is_there(dir: &Path) -> bool {
    dir.join(files::CLEAN).exists()
}

/// Removes the mark: from here on the store may be ahead of it.
pub(super) fn remove(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(files::CLEAN);
    match std::fs::remove_file(&path) {
        Ok(()) => directory::sync(dir).map_err(StoreError::io(dir)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io(&path)(error)),
    }
}
