//! Disks that lose power and disks that fail, for processes that tests start: two libraries of
//! `shim/`, loaded before the system's own.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

use crate::seed::Dice;

/// A folder whose writers see a disk of their own.
pub struct Disk {
    folder: TempDir,
    /// `names` and `inodes` are kept from the start: a power cut may come.
    loses_power: bool,
}

/// A failure to come.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// Which write or sync of the process fails, counted from 1.
    pub nth: u64,
    /// 5 is EIO, 28 ENOSPC.
    pub error: u32,
    /// All later ones fail too.
    pub lasts: bool,
    /// The first one writes half instead.
    pub short: bool,
}

impl Disk {
    /// A disk that only ever fails.
    pub fn new() -> Self {
        let disk = Self {
            folder: tempfile::tempdir().unwrap(),
            loses_power: false,
        };
        fs::create_dir(disk.live()).unwrap();
        disk
    }

    /// A disk that also loses power.
    pub fn that_loses_power() -> Self {
        let mut disk = Self::new();
        disk.loses_power = true;
        disk.sync_all();
        disk
    }

    /// What is on it.
    pub fn live(&self) -> PathBuf {
        self.folder.path().join("live")
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    fn told(&self) -> PathBuf {
        self.folder.path().join("told")
    }

    /// Lets a process see this disk.
    pub fn under(&self, command: &mut Command, failure: Option<Failure>) {
        let mut shims = Vec::new();
        command.env("STOFLOW_SHIM_ROOT", self.live());
        if let Some(failure) = failure {
            // First, so that a sync that failed is none.
            shims.push(shim("errors"));
            command
                .env("STOFLOW_SHIM_TOLD", self.told())
                .env("STOFLOW_SHIM_NTH", failure.nth.to_string())
                .env("STOFLOW_SHIM_ERROR", failure.error.to_string());
            for (name, is_set) in [("LASTS", failure.lasts), ("SHORT", failure.short)] {
                let value = if is_set { "1" } else { "0" };
                command.env(format!("STOFLOW_SHIM_{name}"), value);
            }
        }
        if self.loses_power {
            shims.push(shim("power"));
            command.env("STOFLOW_SHIM_DISK", self.kept());
        }
        let shims: Vec<_> = shims.iter().map(|path| path.to_str().unwrap()).collect();
        command.env("LD_PRELOAD", shims.join(" "));
    }

    /// What has failed since this was asked before: the call, how, and the path.
    pub fn failed(&self) -> Option<String> {
        let told = fs::read_to_string(self.told()).ok()?;
        fs::remove_file(self.told()).unwrap();
        Some(told.trim().to_owned())
    }

    /// From here on everything that is on it counts as synced.
    pub fn sync_all(&self) {
        let kept = self.kept();
        let _ = fs::remove_dir_all(&kept);
        for folder in ["names", "inodes"] {
            fs::create_dir_all(kept.join(folder)).unwrap();
        }
        let mut folders = vec![self.live()];
        while let Some(folder) = folders.pop() {
            let mut names = String::new();
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let key = key(&path);
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    names.push_str(&format!("d {key} {name}\n"));
                    folders.push(path);
                } else {
                    names.push_str(&format!("f {key} {name}\n"));
                    fs::copy(&path, kept.join("inodes").join(key)).unwrap();
                }
            }
            let kept = kept.join("names").join(key(&folder));
            fs::write(&kept, names).unwrap();
            fs::set_permissions(kept, fs::metadata(&folder).unwrap().permissions()).unwrap();
        }
    }

    /// The power fails: of what was not synced nothing is left, or, where `torn` is given, of some
    /// files a part of what was appended.
    pub fn cut(&self, torn: Option<&mut Dice>) {
        assert!(self.loses_power);
        let (live, before) = (self.live(), self.folder.path().join("before"));
        let root = key(&live);
        let reached = torn.map_or_else(HashMap::new, |dice| self.reached(dice));
        fs::rename(&live, &before).unwrap();
        self.restore(&root, &live, &reached);
        fs::remove_dir_all(before).unwrap();
        self.sync_all();
    }

    fn restore(&self, key: &str, to: &Path, reached: &HashMap<String, Vec<u8>>) {
        fs::create_dir(to).unwrap();
        let names = self.kept().join("names").join(key);
        if !names.exists() {
            // A folder that was never synced is empty.
            return restrict(to, 0o700);
        }
        for line in fs::read_to_string(&names).unwrap().lines() {
            let mut fields = line.splitn(3, ' ');
            let mut field = || fields.next().unwrap();
            let (kind, key, name) = (field(), field(), field());
            let path = to.join(name);
            let inode = self.kept().join("inodes").join(key);
            if kind == "d" {
                self.restore(key, &path, reached);
            } else if inode.exists() {
                fs::copy(inode, &path).unwrap();
            } else {
                // A file that was never synced has a name and no content.
                fs::write(&path, "").unwrap();
                restrict(&path, 0o600);
            }
            if let Some(content) = reached.get(key) {
                fs::write(path, content).unwrap();
            }
        }
        fs::set_permissions(to, fs::metadata(&names).unwrap().permissions()).unwrap();
    }

    fn synced(&self, key: &str) -> Vec<u8> {
        fs::read(self.kept().join("inodes").join(key)).unwrap_or_default()
    }

    /// Files of which a part of what was appended has reached the disk, with what is there then.
    fn reached(&self, dice: &mut Dice) -> HashMap<String, Vec<u8>> {
        let mut reached = HashMap::new();
        for path in files(&self.live()) {
            let (key, now) = (key(&path), fs::read(&path).unwrap());
            let synced = self.synced(&key).len();
            if synced < now.len() && now.starts_with(&self.synced(&key)) && dice.one_in(2) {
                let length = dice.within(synced as u64..now.len() as u64 + 1);
                reached.insert(key, now[..length as usize].to_vec());
            }
        }
        reached
    }
}

fn restrict(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

/// An inode as `shim/power.c` names it.
fn key(path: &Path) -> String {
    let metadata = fs::symlink_metadata(path).unwrap();
    let born = metadata.created().unwrap();
    let born = born.duration_since(UNIX_EPOCH).unwrap();
    format!(
        "{}-{}.{:09}",
        metadata.ino(),
        born.as_secs(),
        born.subsec_nanos()
    )
}

/// A library of `shim/`, built once.
fn shim(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        if cfg!(not(target_os = "linux")) {
            panic!("power cuts and disk errors are played by libraries for Linux: run this there");
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim");
        fs::create_dir_all(&folder).unwrap();
        for name in ["power", "errors"] {
            build(name, &folder);
        }
        folder
    });
    folder.join(format!("{name}.so"))
}

fn build(name: &str, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/shim/{name}.c"));
    // Another test binary may be loading the one that is there.
    let beside = folder.join(format!("{name}.{}.so", std::process::id()));
    let built = Command::new("cc")
        .args(["-O1", "-Wall", "-shared", "-fPIC", "-o"])
        .args([&beside, &source])
        .args(["-ldl", "-lpthread"])
        .output();
    let built = built.unwrap_or_else(|error| {
        panic!("cc, which builds tests/shim/{name}.c: {error}. Install a C compiler")
    });
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "tests/shim/{name}.c: {errors}");
    fs::rename(beside, folder.join(format!("{name}.so"))).unwrap();
}

mod bites {
    //! Each shim does what the tests rely on.

    use std::fs::File;
    use std::io::Write as _;

    use super::*;
    use crate::child;

    const FOLDER: &str = "STOFLOW_CHILD_FOLDER";

    /// What is synced, what is not, and what is synced without its name, or its name without it.
    #[test]
    #[ignore = "run by the tests of this module as a process of its own"]
    fn writer() {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            return;
        };
        let write = |name: &str, content: &str| {
            let mut file = File::create(folder.join(name)).unwrap();
            let written = file.write_all(content.as_bytes());
            (file, written)
        };
        let sync = |folder: &Path| File::open(folder).unwrap().sync_all();
        let (kept, done) = write("kept", "synced");
        let done = done.and_then(|()| kept.sync_all()).is_ok();
        let (_file, _) = write("empty", "never synced");
        let (renamed, _) = write("renamed.new", "new");
        let _ = renamed.sync_all();
        let _ = fs::create_dir(folder.join("folder"));
        let named = sync(&folder).is_ok();
        fs::rename(folder.join("renamed.new"), folder.join("renamed")).unwrap();
        let (nameless, _) = write("nameless", "synced");
        let _ = nameless.sync_data();
        let mut kept = File::options()
            .append(true)
            .open(folder.join("kept"))
            .unwrap();
        let _ = kept.write_all(b" and not");
        let _ = write("folder/inside", "lost");
        child::say(if done && named { "done" } else { "failed" });
    }

    fn run(disk: &Disk, failure: Option<Failure>) -> Vec<String> {
        let mut command = child::command("disk::bites::writer");
        command.env(FOLDER, disk.live());
        disk.under(&mut command, failure);
        let mut child = command.spawn().unwrap();
        let told = child::Told::of(&mut child).rest();
        child::kill(&mut child);
        told
    }

    fn contents(disk: &Disk) -> Vec<(String, String)> {
        let mut found: Vec<_> = files(&disk.live())
            .iter()
            .map(|path| {
                let name = path.strip_prefix(disk.live()).unwrap();
                let content = fs::read_to_string(path).unwrap();
                (name.to_str().unwrap().to_owned(), content)
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn a_power_cut_leaves_what_was_synced_under_the_names_that_were() {
        let disk = Disk::that_loses_power();
        assert_eq!(run(&disk, None), ["done"]);
        assert_eq!(contents(&disk).len(), 5, "{:?}", contents(&disk));
        disk.cut(None);
        let names = [("empty", ""), ("kept", "synced"), ("renamed.new", "new")];
        let expected = names.map(|(name, content)| (name.to_owned(), content.to_owned()));
        assert_eq!(contents(&disk), expected);
        assert!(disk.live().join("folder").is_dir());
        // What has been on the disk since before is not lost by the next cut.
        disk.cut(None);
        assert_eq!(contents(&disk), expected);
    }

    #[test]
    fn a_torn_write_leaves_a_part_of_what_was_appended() {
        let mut dice = Dice::of(1, 1);
        let mut lengths = Vec::new();
        for _ in 0..20 {
            let disk = Disk::that_loses_power();
            run(&disk, None);
            disk.cut(Some(&mut dice));
            let kept = fs::read_to_string(disk.live().join("kept")).unwrap();
            assert!(
                "synced and not".starts_with(&kept) && kept.len() >= 6,
                "{kept}"
            );
            lengths.push(kept.len());
        }
        assert!(lengths.iter().any(|&length| length > 6), "{lengths:?}");
    }

    #[test]
    fn the_call_that_is_named_fails_and_says_so() {
        // The first file's write and its sync, then the sync of the folder.
        let cases = [(1, "write"), (2, "fsync"), (6, "fsync")];
        for (nth, call) in cases {
            let disk = Disk::new();
            let failure = Failure {
                nth,
                error: 28,
                lasts: false,
                short: false,
            };
            assert_eq!(run(&disk, Some(failure)), ["failed"], "{nth}");
            let told = disk.failed().unwrap();
            assert!(
                told.starts_with(&format!("{call} failed ")),
                "{nth}: {told}"
            );
        }
        let disk = Disk::new();
        let failure = Failure {
            nth: 1,
            error: 28,
            lasts: true,
            short: true,
        };
        assert_eq!(run(&disk, Some(failure)), ["failed"]);
        assert!(disk.failed().unwrap().starts_with("write short "));
        let kept = fs::read_to_string(disk.live().join("kept")).unwrap();
        assert_eq!(kept, "syn");
        assert_eq!(run(&Disk::new(), None), ["done"]);
    }
}
