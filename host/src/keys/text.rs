//! A key's text: `sk_`, 16 characters that name it, `_`, and 52 that prove it: 256 random bits. Both
//! parts are lower-case letters and the digits 2 to 7 (RFC 4648 base 32, unpadded), so that a scanner
//! of sources and logs finds one by `sk_[a-z2-7]{16}_[a-z2-7]{52}`, and a double click takes all of it.

use rand::RngCore;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::model::{KeyId, base32};
use crate::secret::Secret;

const PREFIX: &str = "sk_";
const ID_CHARS: usize = 16;
const PROOF_BYTES: usize = 32;
const PROOF_CHARS: usize = 52;

/// A key's text, taken apart.
pub(super) struct KeyText {
    /// Which key it says that it is.
    pub(super) id: KeyId,
    /// What proves it.
    proof: Secret,
}

impl KeyText {
    /// A new one, of the operating system's generator.
    pub(super) fn random() -> Self {
        let mut bytes = Zeroizing::new([0; PROOF_BYTES]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        Self {
            id: KeyId::random(),
            proof: Secret::new(base32(bytes.as_slice())),
        }
    }

    /// `None` for what has not the form of one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, proof) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let has_form = |part: &str, count: usize| {
            part.len() == count
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
        };
        if !has_form(id, ID_CHARS) || !has_form(proof, PROOF_CHARS) {
            return None;
        }
        Some(Self {
            id: format!("key_{id}").parse().ok()?,
            proof: Secret::new(proof.to_owned()),
        })
    }

    /// As its keeper sends it.
    pub(super) fn whole(&self) -> Secret {
        let (id, proof) = (self.id.characters(), self.proof.expose());
        Secret::new(format!("{PREFIX}{id}_{proof}"))
    }

    /// What is kept of it: SHA-256 of the proof. Nobody guesses 256 bits, so that it need not be slow.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.proof.expose().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_what_it_was_made_of() {
        let text = KeyText::random();
        let whole = text.whole();
        assert_eq!(whole.expose().len(), 72);
        let read = KeyText::parse(whole.expose()).unwrap();
        assert_eq!(
            (read.id.clone(), read.hash()),
            (text.id.clone(), text.hash())
        );
        assert_ne!(read.hash(), KeyText::random().hash());
    }

    #[test]
    fn what_has_not_the_form_is_no_text_of_a_key() {
        let whole = KeyText::random().whole();
        let whole = whole.expose();
        let (head, proof) = whole.rsplit_once('_').unwrap();
        for text in [
            String::new(),
            "sk_".to_owned(),
            head.to_owned(),
            proof.to_owned(),
            whole.to_uppercase(),
            format!("{whole}a"),
            format!(" {whole}"),
            format!("{head}_{}", &proof[1..]),
            format!("{head}_{}é", &proof[2..]),
            format!("{head}__{}", &proof[1..]),
            whole.replace("sk_", "pk_"),
            "a".repeat(1 << 20),
        ] {
            assert!(KeyText::parse(&text).is_none(), "{} bytes", text.len());
        }
    }
}
