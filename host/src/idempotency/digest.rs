//! The digest of a request: by it the same request is known again. A form that is sent again has another
//! boundary between its parts, which says nothing of what was asked for: it is left out.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use memchr::memmem::Finder;
use sha2::{Digest as _, Sha256};

/// How much is read at a time.
const PIECE: usize = 256 << 10;

/// The digest of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Of what stands in a request's head, and of its body, which is read from its beginning and left
    /// there; `boundary` is that of a form.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of(head: &[&str], body: &mut File, boundary: Option<&str>) -> io::Result<Self> {
        let mut digest = Sha256::new();
        for part in head {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        body.seek(SeekFrom::Start(0))?;
        match boundary.filter(|boundary| !boundary.is_empty()) {
            None => {
                io::copy(body, &mut digest)?;
            }
            Some(boundary) => update_without(&mut digest, body, boundary.as_bytes())?,
        }
        body.seek(SeekFrom::Start(0))?;
        Ok(Self(hex::encode(digest.finalize())))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Adds what is read, but for each place where the boundary stands, of which only that it is one.
fn update_without(digest: &mut Sha256, body: &mut File, boundary: &[u8]) -> io::Result<()> {
    let finder = Finder::new(boundary);
    let mut held: Vec<u8> = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = body.read(&mut piece)?;
        held.extend_from_slice(piece.get(..read).unwrap_or_default());
        let mut rest = held.as_slice();
        while let Some(at) = finder.find(rest) {
            let (before, behind) = rest.split_at(at);
            digest.update(before);
            digest.update(b"\0boundary\0");
            rest = behind.get(boundary.len()..).unwrap_or_default();
        }
        // The end may be the beginning of one.
        let open = match read {
            0 => 0,
            _ => rest.len().min(boundary.len() - 1),
        };
        let (done, open) = rest.split_at(rest.len() - open);
        digest.update(done);
        held = open.to_vec();
        if read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn digest(head: &[&str], body: &[u8], boundary: Option<&str>) -> Digest {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(body).unwrap();
        Digest::of(head, &mut file, boundary).unwrap()
    }

    #[test]
    fn another_boundary_is_the_same_request_and_another_byte_is_not() {
        let form = |boundary: &str, content: &[u8]| {
            let mut body = format!("--{boundary}\r\n\r\n").into_bytes();
            body.extend(content);
            body.extend(format!("\r\n--{boundary}--\r\n").bytes());
            digest(&["POST"], &body, Some(boundary))
        };
        // Such that a boundary lies across the end of a piece.
        for extra in 0..80 {
            let mut content = vec![b'x'; PIECE - 40 + extra];
            let first = form("abcdefghijklmnop", &content);
            assert_eq!(first, form("0123456789", &content), "{extra}");
            content[PIECE / 2] = b'y';
            assert_ne!(first, form("abcdefghijklmnop", &content), "{extra}");
        }
    }

    #[test]
    fn every_part_of_the_head_counts_and_where_it_ends() {
        let of = |head: &[&str]| digest(head, b"{}", None);
        assert_eq!(of(&["POST", "/a"]), of(&["POST", "/a"]));
        assert_ne!(of(&["POST", "/a"]), of(&["PUT", "/a"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a"]), digest(&["a"], b"{ }", None));
    }
}
