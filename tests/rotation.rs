//! The master key is replaced while everything is in use: nobody who reads or writes notices, the
//! old key opens nothing afterwards, and a rotation that was killed is finished at the next start.

#![cfg(test)]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stoflow_host::model::AccountId;
use stoflow_host::store::{
    Commit, Key, MasterKey, MasterKeySource, Record, Store, StoreError, rotate_master_key,
};
use tempfile::TempDir;

use crate::seed::{Dice, seed};
use crate::seller::{self, Host, StoredToken};
use crate::stage::{Stage, rounds};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredAccount(Value);

impl Record for StoredAccount {
    const KIND: &'static str = "account";
}

/// Accounts as consents leave them, many at a time.
fn accounts(store: &Store, count: usize) -> Vec<AccountId> {
    let ids: Vec<AccountId> = (0..count).map(|_| AccountId::random()).collect();
    for (number, ids) in ids.chunks(500).enumerate() {
        let mut commit = Commit::new();
        for (index, id) in ids.iter().enumerate() {
            let key = Key::of([id.as_str()]);
            let seller = (number * 500 + index).to_string();
            let account = json!({
                "id": id, "user": "u1", "plugin": "etsy",
                "identity": { "id": seller, "name": format!("Shop {seller}") },
                "state": { "state": "connected" }, "since": "2026-01-01T00:00:00Z",
                "scopes": ["listings_r"], "connected_at": "2026-01-01T00:00:00Z",
            });
            let token = json!({
                "access_token": format!("{seller}.access-token-of-it"),
                "refresh_token": format!("{seller}.refresh-token-of-it"),
                "generation": 1, "issued_at": "2099-01-01T00:00:00Z",
                "expires_at": "2100-01-01T00:00:00Z",
            });
            commit = commit
                .put(&key, &StoredAccount(account))
                .put(&key, &StoredToken(token));
        }
        store.commit_blocking(commit).unwrap();
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_64_callers_fails_no_read() {
    let count = rounds("ROTATION_ACCOUNTS", 1_000) as usize;
    let host = Host::new();
    let config = Arc::new(seller::config("http://127.0.0.1:9"));
    let ids = Arc::new(accounts(&host.store, count));
    let (stop, reads) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let callers: Vec<_> = (0..64_usize)
        .map(|caller| {
            let (accounts, store) = (host.accounts.clone(), host.store.clone());
            let (config, ids) = (Arc::clone(&config), Arc::clone(&ids));
            let (stop, reads) = (Arc::clone(&stop), Arc::clone(&reads));
            tokio::spawn(async move {
                let mut at = caller * 7919;
                while !stop.load(Ordering::Relaxed) {
                    let seller = at % ids.len();
                    let bearer = accounts.bearer(&ids[seller], &config).await.unwrap();
                    assert!(bearer.token.expose().starts_with(&format!("{seller}.")));
                    if at % 50 == 0 {
                        let key = Key::of([ids[seller].as_str()]);
                        let (token, written) = store
                            .get_with_generation::<StoredToken>(&key)
                            .unwrap()
                            .unwrap();
                        let commit = Commit::new()
                            .expect_generation::<StoredToken>(&key, written)
                            .put(&key, &token);
                        match store.commit(commit).await {
                            Ok(()) | Err(StoreError::Conflict { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                    reads.fetch_add(1, Ordering::Relaxed);
                    at += 1;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let next = host.dir.path().join("the-next.key");
    let source = MasterKeySource::Variable;
    let began = reads.load(Ordering::Relaxed);
    let rotated = rotate_master_key(&host.store, host.dir.path(), &source, Some(next.clone()))
        .await
        .unwrap();
    let during = reads.load(Ordering::Relaxed) - began;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    // What a caller writes meanwhile is under the new key already.
    assert!(rotated.records > count as u64, "{rotated:?}");
    println!(
        "{count} accounts, {} records sealed again, {during} reads meanwhile",
        rotated.records
    );
    assert!(during > 0);
    host.store.close().unwrap();
    let store = Store::open(host.dir.path(), &MasterKey::in_file(&next).unwrap()).unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(
        store.scan::<StoredToken>(&Key::root()).unwrap().len(),
        count
    );
}

/// A store with some records, under a key that lies beside it.
struct Bed {
    dir: TempDir,
}

impl Bed {
    fn new() -> Self {
        let bed = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let store = bed.open().unwrap();
        accounts(&store, 300);
        store.close().unwrap();
        bed
    }

    fn find(&self) -> (MasterKey, MasterKeySource) {
        MasterKey::find(self.dir.path(), |_| None).unwrap()
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(self.dir.path(), &self.find().0)
    }

    async fn rotate(&self, to: Option<&str>) {
        let source = self.find().1;
        let store = self.open().unwrap();
        let to = to.map(|name| self.dir.path().join(name));
        rotate_master_key(&store, self.dir.path(), &source, to)
            .await
            .unwrap();
        store.close().unwrap();
    }
}

fn is_whole(store: &Store) {
    assert_eq!(store.scan::<StoredToken>(&Key::root()).unwrap().len(), 300);
    assert_eq!(
        store.scan::<StoredAccount>(&Key::root()).unwrap().len(),
        300
    );
}

#[tokio::test]
async fn the_key_beside_the_store_is_replaced_and_the_old_one_opens_nothing() {
    let bed = Bed::new();
    let old = bed.find().0;
    bed.rotate(None).await;
    assert!(matches!(
        Store::open(bed.dir.path(), &old),
        Err(StoreError::WrongMasterKey { .. })
    ));
    let store = bed.open().unwrap();
    is_whole(&store);
    assert_eq!(store.findings(), [""; 0]);
    assert!(!bed.dir.path().join("master.key.next").exists());
}

#[tokio::test]
async fn what_was_put_aside_under_the_old_key_goes_with_it_and_is_named() {
    let bed = Bed::new();
    let aside = [
        "store.damaged-1/key",
        "store/sled.damaged-1/db",
        "store/sled/damaged.snap.1",
    ];
    let aside = aside.map(|name| bed.dir.path().join(name));
    for path in &aside {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "sealed").unwrap();
    }
    let source = bed.find().1;
    let store = bed.open().unwrap();
    let rotated = rotate_master_key(&store, bed.dir.path(), &source, None);
    let told = rotated.await.unwrap().told().join("\n");
    for path in &aside {
        assert!(!path.exists(), "{}", path.display());
    }
    for name in ["store.damaged-1", "sled.damaged-1", "damaged.snap.1"] {
        assert!(told.contains(name), "{told}");
    }
    is_whole(&store);
}

#[tokio::test]
async fn a_key_can_move_out_of_the_data_directory() {
    let bed = Bed::new();
    bed.rotate(Some("elsewhere.key")).await;
    assert!(!bed.dir.path().join("master.key").exists());
    let key = MasterKey::in_file(&bed.dir.path().join("elsewhere.key")).unwrap();
    is_whole(&Store::open(bed.dir.path(), &key).unwrap());
}

#[tokio::test]
async fn a_key_that_lies_elsewhere_is_replaced_by_one_in_a_named_file_only() {
    let bed = Bed::new();
    let store = bed.open().unwrap();
    for source in [
        MasterKeySource::Variable,
        MasterKeySource::File("/run/credentials/key".into()),
    ] {
        let refused = rotate_master_key(&store, bed.dir.path(), &source, None).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("--to"), "{error}");
    }
    let same = bed.dir.path().join("master.key");
    let refused = rotate_master_key(
        &store,
        bed.dir.path(),
        &MasterKeySource::Variable,
        Some(same),
    );
    let error = refused.await.unwrap_err().to_string();
    assert!(error.contains("the one that is in use"), "{error}");
    is_whole(&store);
    store.close().unwrap();
    is_whole(&bed.open().unwrap());
}

#[test]
fn a_rotation_that_is_killed_is_finished_at_the_next_start() {
    let rounds = rounds("ROTATION_KILLS", 10);
    let seed = seed("kills of a rotation", rounds);
    let bed = Bed::new();
    let (mut killed, mut interrupted) = (0, 0);
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let mut child = Command::new(env!("CARGO_BIN_EXE_stoflow"))
            .args(["store", "rotate-key"])
            .env("STOFLOW_DATA_DIR", bed.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(dice.within(0..150)));
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let store = bed.open().unwrap();
        let findings = store.findings();
        interrupted += u32::from(findings.iter().any(|finding| finding.contains("rotation")));
        is_whole(&store);
        store.close().unwrap();
        assert!(!bed.dir.path().join("master.key.next").exists());
        // Nothing is left to be finished.
        let store = bed.open().unwrap();
        assert_eq!(store.findings(), [""; 0], "round {round} of seed {seed}");
        store.close().unwrap();
    }
    println!("{killed} kills, {interrupted} of them in the middle of a rotation");
}

#[tokio::test]
async fn the_operator_is_told_what_a_rotation_did() {
    let stage = Stage::new();
    let told = stage
        .post("/api/store/master-key", json!({ "to": null }))
        .await
        .unwrap();
    let lines = told["done"].to_string();
    assert!(lines.contains("The old one opens nothing"), "{lines}");
    let stage = stage.reopen();
    stage.get("/api/accounts").await.unwrap();
}
