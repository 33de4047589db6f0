//! Compiled code, kept between runs of the program, so that a plugin is compiled once.
//!
//! Loading compiled code means running it, so nothing is loaded that anybody else could have
//! written: the directory and each entry belong to this user and are writable for nobody else, no
//! link is followed, and the bytes are read into memory, checked against their digest, and those
//! very bytes are loaded. On any doubt the component is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::linked::Digest;

/// Begins every entry; another layout has another one.
const MAGIC: &[u8; 16] = b"stoflow-code-v1\n";

const SHA256_BYTES: usize = 32;

/// Code of the largest plugin, several times over.
const ENTRY_BYTES_MAX: u64 = 512 << 20;

/// Why there can be no cache here.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}; remove it, or set its owner and mode right")]
pub struct CacheError {
    path: PathBuf,
    why: String,
}

/// The directory of compiled code, for one engine.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    /// Of the engine's settings, wasmtime's version and this machine's processor.
    engine: String,
}

impl Cache {
    pub(super) fn open(directory: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let error = |why: String| CacheError {
            path: directory.to_owned(),
            why,
        };
        match DirBuilder::new().mode(0o700).create(directory) {
            Ok(()) => {}
            Err(exists) if exists.kind() == io::ErrorKind::AlreadyExists => {}
            Err(other) => return Err(error(other.to_string())),
        }
        let cache = Self {
            directory: directory.to_owned(),
            engine: settings(engine),
        };
        cache.check_directory().map_err(error)?;
        Ok(cache)
    }

    /// The compiled code of a component, where it is there and beyond doubt.
    pub(super) fn get(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let path = self.path(digest);
        let bytes = match self
            .check_directory()
            .and_then(|()| self.read(&path, digest))
        {
            Ok(bytes) => bytes?,
            Err(doubt) => {
                tracing::warn!(path = %path.display(), doubt, "compiled code is not used; compiling again");
                return None;
            }
        };
        match load(engine, &bytes) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code is not used; compiling again");
                None
            }
        }
    }

    /// Keeps compiled code. Without it the next start compiles again, so a failure is only logged.
    pub(super) fn put(&self, digest: Digest, component: &Component) {
        let path = self.path(digest);
        let written = component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| {
                self.write(&path, digest, &code)
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), error, "compiled code is not kept");
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.directory
            .join(format!("{digest}-{}.code", self.engine))
    }

    fn check_directory(&self) -> Result<(), String> {
        let metadata = fs::symlink_metadata(&self.directory).map_err(|error| error.to_string())?;
        if !metadata.is_dir() {
            return Err("is no directory".into());
        }
        check_owner(&metadata)
    }

    /// The code of an entry, checked; `None` where there is no entry.
    fn read(&self, path: &Path, digest: Digest) -> Result<Option<Vec<u8>>, String> {
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        check_owner(&metadata)?;
        if !metadata.is_file() || metadata.nlink() != 1 {
            return Err("is no file of its own".into());
        }
        if metadata.len() > ENTRY_BYTES_MAX {
            return Err("is too large".into());
        }
        let mut bytes = Vec::new();
        file.take(ENTRY_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        let header = MAGIC.len() + SHA256_BYTES;
        let (Some((magic, rest)), true) =
            (bytes.split_at_checked(MAGIC.len()), bytes.len() >= header)
        else {
            return Err("is cut short".into());
        };
        let (sum, code) = rest.split_at(SHA256_BYTES);
        if magic != MAGIC || sum != self.sum(digest, code).as_slice() {
            return Err("does not have the content that was written".into());
        }
        let code = code.to_vec();
        Ok(Some(code))
    }

    /// Puts an entry in place as a whole.
    fn write(&self, path: &Path, digest: Digest, code: &[u8]) -> io::Result<()> {
        self.check_directory().map_err(io::Error::other)?;
        let next = path.with_extension(format!("{}.next", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(MAGIC)?;
        file.write_all(&self.sum(digest, code))?;
        file.write_all(code)?;
        file.sync_all()?;
        fs::rename(&next, path)?;
        File::open(&self.directory)?.sync_all()
    }

    /// Binds the code to the component and to the engine that it was compiled for.
    fn sum(&self, digest: Digest, code: &[u8]) -> [u8; SHA256_BYTES] {
        let mut sum = Sha256::new();
        sum.update(MAGIC);
        sum.update(digest.to_string());
        sum.update(&self.engine);
        sum.update(code);
        sum.finalize().into()
    }
}

fn check_owner(metadata: &fs::Metadata) -> Result<(), String> {
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(format!("belongs to user {}, not to {user}", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "can be written by others (mode {:o})",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}

#[expect(
    unsafe_code,
    reason = "deserialize trusts its bytes; these were checked against their digest"
)]
fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` was written by `Cache::put` from `Component::serialize` of an engine with the
    // same settings: its digest says so, and no other user can write where it was read from.
    unsafe { Component::deserialize(engine, code) }
}

/// The engine's settings as a short text for a file name.
fn settings(engine: &Engine) -> String {
    let mut hasher = Sha256Hasher(Sha256::new());
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let sum = hasher.0.finalize();
    hex::encode(sum.get(..8).unwrap_or_default())
}

/// Feeds what is hashed to SHA-256: the standard hashers promise nothing between versions.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
