//! One process has the store at a time. The lock is ours and is taken before sled is opened, so
//! that the one who waits learns which process has it, and nothing of sled's is touched meanwhile.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::{StoreError, directory};

/// How often a waiting process asks again: short against a person's patience, long for a computer.
const AGAIN: Duration = Duration::from_millis(20);

/// Held until it is dropped, or the process ends however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock file `path` of the store `dir`, waiting at most so long for who has it.
    pub(super) fn take(path: &Path, dir: &Path, wait: Duration) -> Result<Self, StoreError> {
        let mut file = directory::open_file(path).map_err(StoreError::not_writable(path))?;
        let until = Instant::now() + wait;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                    std::thread::sleep(AGAIN);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(StoreError::Locked {
                        path: dir.to_owned(),
                        holder: holder(&mut file),
                    });
                }
                Err(error) => return Err(StoreError::io(path)(error.into())),
            }
        }
        write_holder(&mut file).map_err(StoreError::not_writable(path))?;
        Ok(Self { _file: file })
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    match read.ok().and_then(|_| text.trim().parse::<u32>().ok()) {
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    }
}
