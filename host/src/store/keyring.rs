//! The data keys that seal every record and every commit: XChaCha20-Poly1305, each key with an id
//! that stands beside what it sealed, wrapped by the master key in one small file.
//!
//! A 192-bit nonce may be random: two are never the same. What a text is sealed *for* (its kind,
//! its key, its generation) is associated data, so a sealed text moved elsewhere does not open.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, AeadInPlace as _, KeyInit as _, Payload};
use chacha20poly1305::{Key as CipherKey, Tag, XChaCha20Poly1305, XNonce};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{MasterKey, StoreError, directory};

const NONCE: usize = 24;
const TAG: usize = 16;
/// How many bytes longer a sealed text is than the text.
pub(super) const SEALED_EXTRA: usize = NONCE + TAG;
const FILE_VERSION: u32 = 1;

/// The data keys, ready to use. There is one, but for the time of a rotation, when what the one
/// before has sealed is sealed again.
pub(super) struct Keyring {
    current: u32,
    keys: Vec<DataKey>,
    /// What the file holds: the same keys, wrapped.
    file: Vec<u8>,
}

#[derive(Clone)]
struct DataKey {
    id: u32,
    bytes: Zeroizing<[u8; 32]>,
    cipher: XChaCha20Poly1305,
}

impl DataKey {
    fn new(id: u32, bytes: Zeroizing<[u8; 32]>) -> Self {
        let cipher = cipher(&bytes);
        Self { id, bytes, cipher }
    }

    fn random(id: u32) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(bytes.as_mut());
        Self::new(id, bytes)
    }

    fn wrapped(&self, master: &MasterKey) -> Result<WrappedKey, StoreError> {
        let text = self.bytes.as_ref();
        let sealed = seal(&cipher(master.bytes()), &wrap_for(self.id), text)?;
        Ok(WrappedKey {
            id: self.id,
            master: fingerprint(master),
            sealed: STANDARD.encode(sealed),
        })
    }
}

/// The file: JSON, so that a key more is an entry more.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    version: u32,
    keys: Vec<WrappedKey>,
}

#[derive(Serialize, Deserialize)]
struct WrappedKey {
    id: u32,
    /// Tells a wrong master key from a damaged file.
    master: String,
    /// Base 64 of nonce, ciphertext, tag.
    sealed: String,
}

impl Keyring {
    /// Makes the first data key and the file that holds it.
    #[cfg(test)]
    pub(super) fn create(path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let keys = Self::make(path, master)?;
        keys.write(path)?;
        Ok(keys)
    }

    /// Makes the first data key; the file `path` that is to hold it is not written yet.
    pub(super) fn make(path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        Self::of(vec![DataKey::random(1)], path, master)
    }

    /// These keys and a new one, which seals from now on, under a master key. The file `path` is
    /// not written yet.
    pub(super) fn with_another(&self, path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let mut keys = self.keys.clone();
        keys.push(DataKey::random(self.current + 1));
        Self::of(keys, path, master)
    }

    /// The key that seals now, without those before it: what they sealed opens no more. The file
    /// `path` is not written yet.
    pub(super) fn current_alone(
        &self,
        path: &Path,
        master: &MasterKey,
    ) -> Result<Self, StoreError> {
        let mut keys = self.keys.clone();
        keys.retain(|key| key.id == self.current);
        Self::of(keys, path, master)
    }

    /// Whether a rotation was begun and not finished.
    pub(super) fn is_rotating(&self) -> bool {
        self.keys.len() > 1
    }

    fn of(keys: Vec<DataKey>, path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let damaged = |what: String| StoreError::damaged(path.display().to_string(), what);
        let wrapped = keys.iter().map(|key| key.wrapped(master));
        let file = KeyFile {
            version: FILE_VERSION,
            keys: wrapped.collect::<Result<_, _>>()?,
        };
        let current = keys.iter().map(|key| key.id).max();
        Ok(Self {
            current: current.ok_or_else(|| damaged("no key is in it".to_owned()))?,
            keys,
            file: serde_json::to_vec_pretty(&file).map_err(|error| damaged(error.to_string()))?,
        })
    }

    /// Opens the file that is there.
    pub(super) fn open(path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let text = std::fs::read(path).map_err(StoreError::io(path))?;
        Self::unwrap(&text, path, master)
    }

    /// Writes the file, or over it.
    pub(super) fn write(&self, path: &Path) -> Result<(), StoreError> {
        directory::replace(path, &self.file).map_err(StoreError::not_writable(path))
    }

    /// What the file holds. It is no secret: the keys in it are wrapped.
    pub(super) fn file(&self) -> &[u8] {
        &self.file
    }

    /// Unwraps the keys of such a file's text, which was read from `path`.
    pub(super) fn unwrap(text: &[u8], path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let damaged = |what: &str| {
            let what = format!("{what}. Put it back from a copy of the store");
            StoreError::damaged(path.display().to_string(), what)
        };
        let file: KeyFile =
            serde_json::from_slice(text).map_err(|_| damaged("it is no list of keys"))?;
        if file.version != FILE_VERSION {
            return Err(damaged("its version is unknown to this program"));
        }
        let mut keys = Vec::new();
        for wrapped in &file.keys {
            let sealed = STANDARD
                .decode(&wrapped.sealed)
                .map_err(|_| damaged("a key in it is not base 64"))?;
            let opened = open(&cipher(master.bytes()), &wrap_for(wrapped.id), &sealed);
            let bytes = opened
                .as_ref()
                .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
            match bytes {
                Some(bytes) => keys.push(DataKey::new(wrapped.id, Zeroizing::new(bytes))),
                None if wrapped.master == fingerprint(master) => {
                    return Err(damaged("a key in it does not open"));
                }
                None => {
                    return Err(StoreError::WrongMasterKey {
                        path: path.to_owned(),
                    });
                }
            }
        }
        let current = keys.iter().map(|key| key.id).max();
        let current = current.ok_or_else(|| damaged("no key is in it"))?;
        Ok(Self {
            current,
            keys,
            file: text.to_vec(),
        })
    }

    /// The id of the key that seals now.
    pub(super) fn current(&self) -> u32 {
        self.current
    }

    /// Seals a text for what `aad` names: nonce, ciphertext, tag.
    pub(super) fn seal(&self, aad: &[u8], text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let cipher = self.cipher(self.current);
        let cipher = cipher.ok_or_else(|| StoreError::Failed("no data key".to_owned()))?;
        seal(cipher, aad, text)
    }

    /// The text, if this key sealed exactly it for exactly that.
    pub(super) fn open_sealed(
        &self,
        key_id: u32,
        aad: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        open(self.cipher(key_id)?, aad, sealed)
    }

    fn cipher(&self, id: u32) -> Option<&XChaCha20Poly1305> {
        let found = self.keys.iter().find(|key| key.id == id);
        found.map(|key| &key.cipher)
    }
}

/// Whether this master key is the one that a file's keys are wrapped under, by what the file says.
pub(super) fn is_under(path: &Path, master: &MasterKey) -> bool {
    let file = std::fs::read(path).ok();
    let file = file.and_then(|text| serde_json::from_slice::<KeyFile>(&text).ok());
    let mark = fingerprint(master);
    file.is_some_and(|file| file.keys.iter().all(|key| key.master == mark))
}

fn cipher(bytes: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(CipherKey::from_slice(bytes))
}

fn wrap_for(id: u32) -> Vec<u8> {
    format!("stoflow data key {FILE_VERSION} {id}").into_bytes()
}

/// Eight bytes that say which master key it is, and nothing of what it is.
fn fingerprint(master: &MasterKey) -> String {
    let mut hash = Sha256::new_with_prefix(b"stoflow master key fingerprint");
    hash.update(master.bytes());
    let hash = hash.finalize();
    hex::encode(hash.get(..8).unwrap_or_default())
}

fn seal(cipher: &XChaCha20Poly1305, aad: &[u8], text: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    let payload = Payload { msg: text, aad };
    let sealed = cipher
        .encrypt(XNonce::from_slice(&nonce), payload)
        .map_err(|_| StoreError::Failed("the cipher refuses a text of this length".to_owned()))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE)?;
    let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    let mut text = Zeroizing::new(text.to_vec());
    cipher
        .decrypt_in_place_detached(
            XNonce::from_slice(nonce),
            aad,
            &mut text,
            Tag::from_slice(tag),
        )
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> (tempfile::TempDir, MasterKey, Keyring) {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::random();
        let keys = Keyring::create(&dir.path().join("key"), &master).unwrap();
        (dir, master, keys)
    }

    #[test]
    fn what_one_master_key_wrapped_opens_again_and_no_other_opens_it() {
        let (dir, master, keys) = keyring();
        let path = dir.path().join("key");
        let sealed = keys.seal(b"here", b"text").unwrap();
        let again = Keyring::open(&path, &master).unwrap();
        assert_eq!(
            again.open_sealed(1, b"here", &sealed).unwrap().as_slice(),
            b"text"
        );
        let before = std::fs::read(&path).unwrap();
        let wrong = Keyring::open(&path, &MasterKey::random());
        assert!(matches!(wrong, Err(StoreError::WrongMasterKey { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_sealed_text_opens_only_where_it_was_sealed_for_and_unchanged() {
        let (_dir, _, keys) = keyring();
        let sealed = keys.seal(b"here", b"text").unwrap();
        assert!(keys.open_sealed(1, b"there", &sealed).is_none());
        assert!(keys.open_sealed(2, b"here", &sealed).is_none());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(keys.open_sealed(1, b"here", &changed).is_none(), "{index}");
            assert!(keys.open_sealed(1, b"here", &sealed[..index]).is_none());
        }
    }

    #[test]
    fn a_damaged_key_file_is_told_from_a_wrong_master_key() {
        let (dir, master, _) = keyring();
        let path = dir.path().join("key");
        let text = std::fs::read_to_string(&path).unwrap();
        let file: KeyFile = serde_json::from_str(&text).unwrap();
        let mut other = STANDARD.decode(&file.keys[0].sealed).unwrap();
        other[30] ^= 4;
        let changed = text.replace(&file.keys[0].sealed, &STANDARD.encode(other));
        for damage in [changed.as_str(), "", "{}", r#"{"version":1,"keys":[]}"#] {
            std::fs::write(&path, damage).unwrap();
            let error = Keyring::open(&path, &master).err();
            assert!(
                matches!(error, Some(StoreError::Damaged { .. })),
                "{damage}: {error:?}"
            );
        }
    }

    #[test]
    fn a_rotation_opens_what_both_keys_sealed_and_afterwards_the_new_one_alone() {
        let (dir, old, keys) = keyring();
        let path = dir.path().join("key");
        let before = keys.seal(b"here", b"before").unwrap();
        let new = MasterKey::random();
        keys.with_another(&path, &new)
            .unwrap()
            .write(&path)
            .unwrap();
        assert!(is_under(&path, &new) && !is_under(&path, &old));
        let rotating = Keyring::open(&path, &new).unwrap();
        assert!(rotating.is_rotating() && rotating.current() == 2);
        let after = rotating.seal(b"here", b"after").unwrap();
        assert!(rotating.open_sealed(1, b"here", &before).is_some());
        let rotated = rotating.current_alone(&path, &new).unwrap();
        rotated.write(&path).unwrap();
        let rotated = Keyring::open(&path, &new).unwrap();
        assert!(!rotated.is_rotating());
        assert!(rotated.open_sealed(2, b"here", &after).is_some());
        assert!(rotated.open_sealed(1, b"here", &before).is_none());
        let wrong = Keyring::open(&path, &old);
        assert!(matches!(wrong, Err(StoreError::WrongMasterKey { .. })));
    }
}
