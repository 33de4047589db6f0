//! The Unix socket in the data directory: by it the command line finds the daemon that has the data
//! directory, and whoever can open it is an operator, because the files' permissions say so.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Its name in the data directory.
const NAME: &str = "stoflow.sock";

/// Under which it is made, until it is closed to others.
const BESIDE: &str = "stoflow.sock.new";

/// What an address of a socket has room for, without its last NUL; macOS' 104 is the least.
#[cfg(not(target_os = "linux"))]
const PATH_BYTES_MAX: usize = 103;
/// As unix(7) has it.
#[cfg(target_os = "linux")]
const PATH_BYTES_MAX: usize = 107;

/// Where it is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// Connects to the daemon.
///
/// # Errors
/// The system's: there is no socket, or nobody listens at one that a killed daemon has left.
pub async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let place = Place::of(data_dir, NAME)?;
    UnixStream::connect(&place.path).await
}

/// Listens. Whoever calls it has the data directory's lock, so a socket that is there is one that a
/// killed daemon left, and is replaced. It has its own place only once it is closed to others.
pub(super) fn listen(data_dir: &Path) -> io::Result<UnixListener> {
    let beside = data_dir.join(BESIDE);
    gone(fs::remove_file(&beside))?;
    let place = Place::of(data_dir, BESIDE)?;
    let listener = UnixListener::bind(&place.path)?;
    fs::set_permissions(&beside, Permissions::from_mode(0o600))?;
    fs::rename(&beside, path(data_dir))?;
    Ok(listener)
}

/// Takes it away: nobody listens any more.
pub(super) fn remove(data_dir: &Path) {
    if let Err(error) = gone(fs::remove_file(path(data_dir))) {
        tracing::warn!(%error, "the socket stays in the data directory; the next daemon replaces it");
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A path that an address has room for.
struct Place {
    path: PathBuf,
    /// Behind a path by a number, as long as it is used.
    #[cfg(target_os = "linux")]
    _folder: Option<std::os::fd::OwnedFd>,
}

impl Place {
    #[cfg(target_os = "linux")]
    fn of(data_dir: &Path, name: &str) -> io::Result<Self> {
        use std::os::fd::AsRawFd as _;

        use rustix::fs::{Mode, OFlags};

        let path = data_dir.join(name);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self {
                path,
                _folder: None,
            });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(data_dir, flags, Mode::empty())?;
        Ok(Self {
            path: PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd())),
            _folder: Some(folder),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn of(data_dir: &Path, name: &str) -> io::Result<Self> {
        let path = data_dir.join(name);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path });
        }
        let message = format!(
            "{} has more than the {PATH_BYTES_MAX} bytes that a socket's path may have; choose a shorter data directory",
            path.display()
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_this_users_alone_and_replaces_one_that_was_left() {
        let folder = tempfile::tempdir().unwrap();
        drop(listen(folder.path()).unwrap());
        let left = connect(folder.path()).await.unwrap_err();
        assert_eq!(left.kind(), io::ErrorKind::ConnectionRefused);
        let _listener = listen(folder.path()).unwrap();
        connect(folder.path()).await.unwrap();
        let mode = fs::metadata(path(folder.path())).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        remove(folder.path());
        let gone = connect(folder.path()).await.unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_path_of_any_length_does() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d".repeat(120));
        fs::create_dir(&deep).unwrap();
        let _listener = listen(&deep).unwrap();
        connect(&deep).await.unwrap();
    }
}
