//! A file that comes in piece by piece: on disk, unlinked, and never in memory as a whole.
//!
//! What comes in from outside has no size that can be believed: it is counted as it comes, and is
//! gone with its handle, whatever ends the call.

use std::fs::File;
use std::io;

use tokio::io::AsyncWriteExt;

/// A file that is being written.
#[derive(Debug)]
pub struct Spool {
    file: tokio::fs::File,
    bytes: u64,
    bytes_max: u64,
}

/// Why a piece was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// It is larger than it may be.
    #[error("it has more than {} MiB", .bytes_max >> 20)]
    TooLarge {
        /// What it may have.
        bytes_max: u64,
    },
    /// It cannot be kept.
    #[error("it cannot be kept on disk: {0}")]
    Io(#[from] io::Error),
}

impl Spool {
    /// An empty file that may grow to so many bytes.
    ///
    /// # Errors
    /// The system has no place for it.
    pub async fn new(bytes_max: u64) -> io::Result<Self> {
        let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
        let file = file.map_err(io::Error::other)??;
        Ok(Self {
            file: tokio::fs::File::from_std(file),
            bytes: 0,
            bytes_max,
        })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// It would be too large with it, or the disk does not take it.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), SpoolError> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.bytes_max {
            let bytes_max = self.bytes_max;
            return Err(SpoolError::TooLarge { bytes_max });
        }
        Ok(self.file.write_all(piece).await?)
    }

    /// The file with everything in it.
    ///
    /// # Errors
    /// What was taken last does not fit the disk.
    pub async fn finish(mut self) -> io::Result<File> {
        self.file.flush().await?;
        Ok(self.file.into_std().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[tokio::test]
    async fn what_is_too_large_is_noticed_as_it_comes() {
        let mut spool = Spool::new(5).await.unwrap();
        spool.push(b"abc").await.unwrap();
        spool.push(b"de").await.unwrap();
        assert!(matches!(
            spool.push(b"f").await,
            Err(SpoolError::TooLarge { bytes_max: 5 })
        ));
    }

    #[tokio::test]
    async fn the_file_holds_all_pieces_in_their_order() {
        let mut spool = Spool::new(1 << 20).await.unwrap();
        for piece in [b"abc".as_slice(), b"", b"de"] {
            spool.push(piece).await.unwrap();
        }
        let file = spool.finish().await.unwrap();
        let mut read = [0; 5];
        file.read_exact_at(&mut read, 0).unwrap();
        assert_eq!(&read, b"abcde");
        assert_eq!(file.metadata().unwrap().len(), 5);
    }
}
