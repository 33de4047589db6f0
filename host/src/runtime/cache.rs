//! Compiled code, kept between runs of the program, so that a plugin is compiled once.
//!
//! Loading compiled code means running it, so nothing is loaded that anybody else could have
//! written: the directory and each entry belong to this user and are writable for nobody else, no
//! link is followed, and the bytes are read into memory, checked against their digest, and those
//! very bytes are loaded. On any doubt the component is compiled again.
//!
//! Where the master key lies outside the data directory, the digest is made with a key derived from
//! it: then who can write here, as a restored backup or another program of this user can, still
//! cannot make code that is loaded.

use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::{Zeroize as _, Zeroizing};

use super::linked::Digest;
use crate::directory;

/// Begins every entry; another layout has another one.
const MAGIC: &[u8; 16] = b"stoflow-code-v2\n";

const SHA256_BYTES: usize = 32;

/// Code of the largest plugin, several times over.
pub(super) const ENTRY_BYTES_MAX: u64 = 512 << 20;

/// Why there can be no cache here.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}; remove it, or set its owner and mode right")]
pub struct CacheError {
    path: PathBuf,
    why: String,
}

/// What compiled code is authenticated with. Without one, a digest only tells damage.
pub type CodeKey = Zeroizing<[u8; 32]>;

/// The directory of compiled code, for one engine.
pub(super) struct Cache {
    directory: PathBuf,
    key: Option<CodeKey>,
    /// Of the engine's settings, wasmtime's version and this machine's processor.
    engine: String,
}

impl Cache {
    pub(super) fn open(
        directory: &Path,
        key: Option<CodeKey>,
        engine: &Engine,
    ) -> Result<Self, CacheError> {
        let error = |why: String| CacheError {
            path: directory.to_owned(),
            why,
        };
        if !directory.exists() {
            directory::make(directory).map_err(|why| error(why.to_string()))?;
        }
        let cache = Self {
            directory: directory.to_owned(),
            key,
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
    pub(super) fn put(&self, digest: Digest, code: &[u8]) {
        let path = self.path(digest);
        if let Err(error) = self.write(&path, digest, code) {
            tracing::warn!(path = %path.display(), %error, "compiled code is not kept");
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
        check_owner(&metadata, user())
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
        check_owner(&metadata, user())?;
        if !metadata.is_file() || metadata.nlink() != 1 {
            return Err("is no file of its own".into());
        }
        if metadata.len() > ENTRY_BYTES_MAX {
            return Err("is too large".into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
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
        if magic != MAGIC || !self.holds(sum, digest, code) {
            return Err("does not have the content that was written".into());
        }
        // In place: a copy would be as large again.
        bytes.drain(..header);
        Ok(Some(bytes))
    }

    fn write(&self, path: &Path, digest: Digest, code: &[u8]) -> io::Result<()> {
        self.check_directory().map_err(io::Error::other)?;
        let sum = self.sum(digest, code).finalize().into_bytes();
        let entry = [MAGIC.as_slice(), &sum, code].concat();
        directory::replace(path, &entry)
    }

    /// Whether `sum` is what was written with this code.
    fn holds(&self, sum: &[u8], digest: Digest, code: &[u8]) -> bool {
        // Compared in constant time: how much of a guess is right shows nowhere.
        self.sum(digest, code).verify_slice(sum).is_ok()
    }

    /// Binds the code to the component and to the engine that it was compiled for. Without a key of
    /// the operator's this is a digest under one that everybody knows.
    fn sum(&self, digest: Digest, code: &[u8]) -> Hmac<Sha256> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        if let Some(key) = &self.key {
            for (byte, of_key) in block.iter_mut().zip(key.iter()) {
                *byte = *of_key;
            }
        }
        let mut sum = Hmac::<Sha256>::new(&block);
        block.as_mut_slice().zeroize();
        sum.update(MAGIC);
        sum.update(digest.to_string().as_bytes());
        sum.update(self.engine.as_bytes());
        sum.update(code);
        sum
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("directory", &self.directory)
            .field("authenticated", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

/// Who runs this process.
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn check_owner(metadata: &fs::Metadata, user: u32) -> Result<(), String> {
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
    reason = "deserialize trusts its bytes; these are a compiler's, or were checked against their digest"
)]
pub(super) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` is what `Engine::precompile_component` of an engine with the same settings made.
    // Either it came just now: from this process, or from one that this process started of its own
    // program (who opens a host with another one trusts that as this) by a pipe that nobody else
    // has. Or `Cache::put` has written what came so: its digest says so, and no other user can write
    // where it was read from.
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

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::Runtime;
    use super::*;

    /// A cache with the code of one component in it.
    struct Kept {
        folder: tempfile::TempDir,
        runtime: Runtime,
        component: Vec<u8>,
        digest: Digest,
    }

    impl Kept {
        fn new() -> Self {
            Self::under(None)
        }

        fn under(key: Option<CodeKey>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let runtime =
                Runtime::new(Some((&folder.path().join("a/b/compiled"), key)), None).unwrap();
            let text = "(component (core module (func (export \"f\") (result i32) i32.const 7)))";
            let component = wat::parse_str(text).unwrap();
            let digest = Digest::of(&component);
            let kept = Self {
                folder,
                runtime,
                component,
                digest,
            };
            kept.load();
            assert!(kept.is_used(), "what was compiled is not kept");
            kept
        }

        fn cache(&self) -> &Cache {
            self.runtime.cache.as_ref().unwrap()
        }

        fn entry(&self) -> PathBuf {
            self.cache().path(self.digest)
        }

        /// From the cache, or compiled anew and kept.
        fn load(&self) {
            let loaded = self.runtime.component(&self.component, self.digest);
            loaded.unwrap();
        }

        fn code(&self) -> Vec<u8> {
            let engine = &self.runtime.engine;
            engine.precompile_component(&self.component).unwrap()
        }

        fn is_used(&self) -> bool {
            let cache = self.cache();
            cache.get(&self.runtime.engine, self.digest).is_some()
        }

        /// Damages the entry: it is not loaded, and made again.
        fn is_doubted(&self, what: &str, damage: impl FnOnce(&Path)) {
            damage(&self.entry());
            assert!(!self.is_used(), "{what}: loaded");
            self.load();
            assert!(self.is_used(), "{what}: not made again");
        }
    }

    #[test]
    fn the_directory_is_made_with_its_parents_and_for_this_user_alone() {
        let kept = Kept::new();
        let metadata = fs::metadata(&kept.cache().directory).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(kept.entry()).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_changed_byte_anywhere_is_doubted() {
        let kept = Kept::new();
        let length = fs::read(kept.entry()).unwrap().len();
        let header = MAGIC.len() + SHA256_BYTES;
        let spread = (0..100).map(|part| header + part * (length - header) / 100);
        for at in (0..header).chain(spread).chain([length - 1]) {
            kept.is_doubted(&format!("byte {at}"), |entry| {
                let mut bytes = fs::read(entry).unwrap();
                bytes[at] ^= 1;
                fs::write(entry, bytes).unwrap();
            });
        }
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_doubted() {
        let kept = Kept::new();
        let whole = fs::read(kept.entry()).unwrap();
        for length in [
            0,
            1,
            MAGIC.len(),
            MAGIC.len() + SHA256_BYTES,
            whole.len() - 1,
        ] {
            kept.is_doubted(&format!("{length} bytes"), |entry| {
                fs::write(entry, &whole[..length]).unwrap();
            });
        }
        kept.is_doubted("one byte more", |entry| {
            fs::write(entry, [whole.as_slice(), &[0]].concat()).unwrap();
        });
    }

    #[test]
    fn a_link_is_doubted_wherever_it_leads() {
        let kept = Kept::new();
        let elsewhere = kept.folder.path().join("elsewhere");
        kept.is_doubted("a symbolic link", |entry| {
            fs::rename(entry, &elsewhere).unwrap();
            symlink(&elsewhere, entry).unwrap();
        });
        kept.is_doubted("a hard link", |entry| {
            fs::remove_file(&elsewhere).unwrap();
            fs::hard_link(entry, &elsewhere).unwrap();
        });
        kept.is_doubted("a directory", |entry| {
            fs::remove_file(entry).unwrap();
            fs::create_dir(entry).unwrap();
            // What stands in the way is moved, so that the code can be kept again.
            let cache = kept.cache();
            assert!(cache.get(&kept.runtime.engine, kept.digest).is_none());
            fs::remove_dir(entry).unwrap();
        });
    }

    #[test]
    fn what_others_can_write_is_doubted() {
        let kept = Kept::new();
        for mode in [0o620, 0o602, 0o666] {
            kept.is_doubted(&format!("mode {mode:o}"), |entry| {
                fs::set_permissions(entry, Permissions::from_mode(mode)).unwrap();
            });
        }
        let directory = &kept.cache().directory;
        for mode in [0o720, 0o702] {
            fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
            assert!(!kept.is_used(), "a directory of mode {mode:o}");
            assert!(Cache::open(directory, None, &kept.runtime.engine).is_err());
        }
        let metadata = fs::metadata(kept.entry()).unwrap();
        assert!(check_owner(&metadata, user()).is_ok());
        assert!(check_owner(&metadata, user() + 1).is_err());
    }

    #[test]
    fn code_of_another_component_or_engine_is_doubted() {
        let kept = Kept::new();
        let other = Digest::of(b"another component");
        kept.is_doubted("another component's entry", |entry| {
            let code = kept.code();
            kept.cache().put(other, &code);
            fs::rename(kept.cache().path(other), entry).unwrap();
        });
        kept.is_doubted("another engine's entry", |entry| {
            let engine = Cache {
                directory: kept.cache().directory.clone(),
                key: None,
                engine: "other".into(),
            };
            let code = kept.code();
            engine.put(kept.digest, &code);
            fs::rename(engine.path(kept.digest), entry).unwrap();
        });
    }

    #[test]
    fn code_that_was_kept_under_another_key_or_none_is_doubted() {
        let key = |byte| Some(Zeroizing::new([byte; 32]));
        let kept = Kept::under(key(7));
        for other in [None, key(8)] {
            kept.is_doubted("another key's entry", |entry| {
                let forger = Cache {
                    directory: kept.cache().directory.clone(),
                    key: other,
                    engine: kept.cache().engine.clone(),
                };
                forger.put(kept.digest, &kept.code());
                assert_eq!(forger.path(kept.digest), entry);
            });
        }
        let shown = format!("{:?}", kept.cache());
        assert!(
            shown.contains("authenticated: true") && !shown.contains("7, 7"),
            "{shown}"
        );
    }
}
