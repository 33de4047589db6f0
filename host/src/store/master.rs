//! The master key: under it the store's data key is wrapped, so that changing it re-seals one
//! small file and not every record.
//!
//! It comes from outside the data directory where the operator gives one. Otherwise it is made
//! beside the store, which keeps a copied disk image no secret from its owner, and is said aloud.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{StoreError, directory, files, keyring};

const BYTES: usize = 32;
/// Holds the key as base 64.
const VARIABLE: &str = "STOFLOW_MASTER_KEY";
/// Names the file that holds it.
const FILE_VARIABLE: &str = "STOFLOW_MASTER_KEY_FILE";
/// Where systemd puts `LoadCredential=stoflow-master-key:…`.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "stoflow-master-key";
const BESIDE: &str = "master.key";
/// The key that a rotation goes over to, until it takes the place of the one before.
const BESIDE_NEXT: &str = "master.key.next";

/// 256 bits that open the store.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; BYTES]);

/// Where a master key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// The environment variable `STOFLOW_MASTER_KEY`.
    Variable,
    /// A file that the operator named, or systemd's credential.
    File(PathBuf),
    /// The file that the host made beside the store at an earlier start.
    Beside(PathBuf),
    /// The same, made just now: to be announced, and to be kept apart from backups of the store.
    Made(PathBuf),
}

impl std::fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable => write!(f, "in the environment variable {VARIABLE}"),
            Self::File(path) => write!(f, "in the file {}", path.display()),
            Self::Beside(path) | Self::Made(path) => {
                write!(f, "beside the store, in {}", path.display())
            }
        }
    }
}

impl MasterKeySource {
    /// Whether the key lies elsewhere than what it opens, so that who can write the data directory
    /// need not know it.
    pub fn is_outside(&self, data_dir: &Path) -> bool {
        match self {
            Self::Variable => true,
            Self::File(path) => {
                let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
                !real(path).starts_with(real(data_dir))
            }
            Self::Beside(_) | Self::Made(_) => false,
        }
    }
}

impl MasterKey {
    /// A new key from the operating system's generator.
    pub fn random() -> Self {
        let mut bytes = [0; BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The key that a text of base 64 holds; space around it is ignored.
    ///
    /// # Errors
    /// Says what is wrong with the text, without the text.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| "is not base 64".to_owned())?,
        );
        let key = <[u8; BYTES]>::try_from(bytes.as_slice())
            .map_err(|_| format!("has {} bytes, a master key has {BYTES}", bytes.len()))?;
        Ok(Self(key))
    }

    /// The key as base 64, as the file and the variable hold it.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }

    pub(super) fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// A key for another purpose, from which nobody learns this one: HMAC-SHA-256 of the purpose.
    pub fn derived(&self, purpose: &str) -> Zeroizing<[u8; BYTES]> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (byte, of_key) in block.iter_mut().zip(self.0) {
            *byte = of_key;
        }
        let mut derived = Hmac::<Sha256>::new(&block);
        block.as_mut_slice().zeroize();
        derived.update(format!("stoflow {purpose}").as_bytes());
        Zeroizing::new(derived.finalize().into_bytes().into())
    }

    /// Finds the master key of a data directory: the variable, else the named file, else systemd's
    /// credential, else `master.key` in the directory, which is made where there is no store yet.
    ///
    /// # Errors
    /// A key that cannot be read or is none, and no key at all for a store that has one.
    pub fn find(
        data_dir: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<(Self, MasterKeySource), StoreError> {
        match Self::given(&variable)? {
            Some(given) => Ok(given),
            None => Self::beside(data_dir),
        }
    }

    /// As [`MasterKey::find`], but makes none: for what was sealed elsewhere.
    ///
    /// # Errors
    /// A key that cannot be read or is none, and no key at all.
    pub fn find_existing(
        data_dir: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, StoreError> {
        if let Some((key, _)) = Self::given(&variable)? {
            return Ok(key);
        }
        let path = data_dir.join(BESIDE);
        if !path.exists() {
            return Err(StoreError::MasterKey(format!(
                "the master key is neither in {VARIABLE}, nor in a file named by {FILE_VARIABLE}, nor in {}",
                path.display()
            )));
        }
        refuse_if_others_can_read(&path)?;
        Self::read(&path)
    }

    /// The key that the operator gives from outside the data directory.
    fn given(
        variable: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<(Self, MasterKeySource)>, StoreError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(text) = set(VARIABLE) {
            let text = Zeroizing::new(text.into_string().unwrap_or_default());
            let key = Self::from_base64(&text)
                .map_err(|why| StoreError::MasterKey(format!("{VARIABLE} {why}")))?;
            return Ok(Some((key, MasterKeySource::Variable)));
        }
        if let Some(path) = set(FILE_VARIABLE).map(PathBuf::from) {
            return Ok(Some((Self::read(&path)?, MasterKeySource::File(path))));
        }
        let credential = set(CREDENTIALS_VARIABLE).map(|dir| Path::new(&dir).join(CREDENTIAL));
        if let Some(path) = credential.filter(|path| path.exists()) {
            return Ok(Some((Self::read(&path)?, MasterKeySource::File(path))));
        }
        Ok(None)
    }

    fn beside(data_dir: &Path) -> Result<(Self, MasterKeySource), StoreError> {
        let path = data_dir.join(BESIDE);
        if !path.exists() {
            if let Some(sealed) = files::sealed(data_dir) {
                return Err(StoreError::MasterKey(format!(
                    "{} is sealed, and its master key is neither in {VARIABLE}, nor in a file named by {FILE_VARIABLE}, nor in {}",
                    sealed.display(),
                    path.display()
                )));
            }
            directory::make(data_dir).map_err(StoreError::not_writable(data_dir))?;
            let key = Self::random();
            let made = directory::create(&path, key.to_base64().as_bytes())
                .map_err(StoreError::not_writable(&path))?;
            if made {
                tracing::warn!(
                    path = %path.display(),
                    "made a master key beside the store; whoever has both can read the sellers' tokens"
                );
                return Ok((key, MasterKeySource::Made(path)));
            }
        }
        refuse_if_others_can_read(&path)?;
        let key = Self::read(&path)?;
        // A rotation was interrupted: the key file says how far it had come.
        let next = Self::read(&data_dir.join(BESIDE_NEXT)).ok();
        let next =
            next.filter(|next| keyring::is_under(&files::folder(data_dir).join(files::KEY), next));
        Ok((next.unwrap_or(key), MasterKeySource::Beside(path)))
    }

    /// Where the key lies that is made beside the store.
    pub(super) fn path_beside(data_dir: &Path) -> PathBuf {
        data_dir.join(BESIDE)
    }

    /// Puts the key beside the store that a rotation will go over to. It counts as soon as the
    /// store's keys are wrapped under it.
    pub(super) fn write_next(&self, data_dir: &Path) -> Result<(), StoreError> {
        let path = data_dir.join(BESIDE_NEXT);
        directory::replace(&path, self.to_base64().as_bytes())
            .map_err(StoreError::not_writable(&path))
    }

    /// What a rotation has left beside the store is made whole: a key that the store is under
    /// takes its place, one that it is not under goes. Behind the store's lock only.
    pub(super) fn settle(data_dir: &Path) -> Result<(), StoreError> {
        let (path, next) = (Self::path_beside(data_dir), data_dir.join(BESIDE_NEXT));
        let done = match Self::read(&next) {
            Ok(key) if keyring::is_under(&files::folder(data_dir).join(files::KEY), &key) => {
                std::fs::rename(&next, &path)
            }
            _ => match std::fs::remove_file(&next) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                removed => removed,
            },
        };
        done.and_then(|()| directory::sync(data_dir))
            .map_err(StoreError::io(&next))
    }

    /// Removes the key beside the store, once the store is under another one that lies elsewhere.
    pub(super) fn remove_beside(data_dir: &Path) -> Result<(), StoreError> {
        let path = data_dir.join(BESIDE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::io(&path)(error)),
            Ok(()) => directory::sync(data_dir).map_err(StoreError::io(data_dir)),
        }
    }

    /// The key in a file that the operator names; made there, for this user alone, if there is no
    /// such file.
    ///
    /// # Errors
    /// It cannot be made, or holds no master key.
    pub fn in_file(path: &Path) -> Result<Self, StoreError> {
        let key = Self::random();
        let made = directory::create(path, key.to_base64().as_bytes())
            .map_err(StoreError::not_writable(path))?;
        if made { Ok(key) } else { Self::read(path) }
    }

    fn read(path: &Path) -> Result<Self, StoreError> {
        let named = |why: &dyn std::fmt::Display| {
            StoreError::MasterKey(format!("the master key file {}: {why}", path.display()))
        };
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| named(&error))?);
        Self::from_base64(&text).map_err(|why| named(&format!("it {why}")))
    }
}

/// A file that the operator names may be shared with a group as its platform does it; the one that
/// the host made may not.
fn refuse_if_others_can_read(path: &Path) -> Result<(), StoreError> {
    let mode = std::fs::metadata(path)
        .map_err(StoreError::io(path))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(StoreError::MasterKey(format!(
        "others can read the master key {0} (mode {1:o}): chmod 600 {0}",
        path.display(),
        mode & 0o777
    )))
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn a_key_is_made_once_with_mode_0600_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (made, source) = MasterKey::find(&data, none).unwrap();
        let path = data.join("master.key");
        assert_eq!(source, MasterKeySource::Made(path.clone()));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (found, source) = MasterKey::find(&data, none).unwrap();
        assert_eq!(source, MasterKeySource::Beside(path));
        assert_eq!(found.bytes(), made.bytes());
        assert_eq!(format!("{found:?}"), "***");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
    }

    #[test]
    fn the_variable_comes_before_the_file_and_that_before_the_credential() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b, c) = (
            MasterKey::random(),
            MasterKey::random(),
            MasterKey::random(),
        );
        let file = dir.path().join("a file");
        std::fs::write(&file, format!("{}\n", b.to_base64().as_str())).unwrap();
        std::fs::write(dir.path().join(CREDENTIAL), c.to_base64().as_str()).unwrap();
        let all = [
            (VARIABLE, OsString::from(a.to_base64().as_str())),
            (FILE_VARIABLE, file.clone().into_os_string()),
            (CREDENTIALS_VARIABLE, dir.path().as_os_str().to_owned()),
        ];
        let find = |from: usize| {
            let variables = all.get(from..).unwrap_or_default();
            MasterKey::find(dir.path(), |name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| value.clone())
            })
            .unwrap()
        };
        assert_eq!(find(0).0.bytes(), a.bytes());
        assert_eq!(find(1).0.bytes(), b.bytes());
        assert_eq!(find(1).1, MasterKeySource::File(file));
        assert_eq!(find(2).0.bytes(), c.bytes());
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        for (text, says) in [
            ("not base 64!", "is not base 64"),
            ("c2hvcnQ=", "has 5 bytes"),
        ] {
            let error = MasterKey::find(dir.path(), |name| {
                (name == VARIABLE).then(|| OsString::from(text))
            })
            .unwrap_err()
            .to_string();
            assert!(error.contains(says) && !error.contains(text), "{error}");
        }
        let error = MasterKey::find(dir.path(), |name| {
            (name == FILE_VARIABLE).then(|| OsString::from("/nowhere/key"))
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("/nowhere/key"), "{error}");
    }

    #[test]
    fn a_master_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        MasterKey::find(dir.path(), none).unwrap();
        let path = dir.path().join(BESIDE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = MasterKey::find(dir.path(), none).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn no_second_key_is_made_for_a_store_that_is_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = files::folder(dir.path()).join(files::KEY);
        std::fs::create_dir_all(sealed.parent().unwrap()).unwrap();
        std::fs::write(&sealed, "").unwrap();
        let error = MasterKey::find(dir.path(), none).unwrap_err().to_string();
        assert!(error.contains("STOFLOW_MASTER_KEY"), "{error}");
        assert!(!dir.path().join(BESIDE).exists());
    }
}
