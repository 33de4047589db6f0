//! The one thread that writes. It takes what is waiting, writes it to the log as one frame, syncs,
//! applies it to sled in one transaction, and answers. So a group costs one sync, and no two
//! writers can interleave.
//!
//! After an error of the log or of sled nothing more is acknowledged: what a failed sync was to
//! write may be gone from memory, and a second sync would claim that it is there.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::commit::{COMMIT_BYTES_MAX, Commit};
use super::engine::Entry;
use super::frame::{self, Place};
use super::log::{Log, Logged};
use super::{Shared, StoreError, clean};

/// The log is cut at this size, and no sooner, so that sled may lose that much of its end and more.
/// Two such files are read at every start, in a few milliseconds.
const LOG_BYTES_MAX: u64 = 2 << 20;
/// How much may go into one frame: a frame is sealed, and written, as a whole.
const GROUP_BYTES_MAX: usize = COMMIT_BYTES_MAX;
/// After a quiet time so long, sled is told to write out what it has, so that it and the log make
/// good for each other.
const QUIET: Duration = Duration::from_millis(50);

/// How a waiting writer is answered.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What the thread is told.
pub(super) enum Message {
    Commit(Commit, Answer),
    /// Checkpoint, leave the mark of a clean close, end.
    Close(Answer),
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    log: Log,
    /// The number of the last commit.
    last: u64,
    /// Whether the mark of the last clean close still holds: nothing was committed since.
    marked: bool,
    /// Whether sled holds what it has not written out.
    unflushed: bool,
}

/// What commits that are not applied yet do to a record: its generation and its further pieces, or
/// nothing where it is deleted.
type Pending = HashMap<Place, Option<(u64, u16)>>;

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, log: Log, last: u64, marked: bool) -> Self {
        Self {
            shared,
            log,
            last,
            marked,
            unflushed: !marked,
        }
    }

    /// Works until it is told to close, or nobody can tell it anything more.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.next(messages) {
                Some(message) => message,
                None => return self.close(Box::new(|_| ())),
            };
            let (group, close) = gather(message, messages);
            self.commit(group);
            if let Some(answer) = close {
                return self.close(answer);
            }
        }
    }

    fn next(&mut self, messages: &Receiver<Message>) -> Option<Message> {
        if self.unflushed {
            match messages.recv_timeout(QUIET) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.flush(),
            }
        }
        messages.recv().ok()
    }

    fn flush(&mut self) {
        self.unflushed = false;
        if self.shared.failed.get().is_none()
            && let Err(error) = self.shared.engine(|engine| engine.flush())
        {
            self.fail(&error);
        }
    }

    /// Commits a group. Those that conflict are answered so; the others are written together.
    fn commit(&mut self, group: Vec<(Commit, Answer)>) {
        let mut answers = Vec::new();
        let mut logged = Vec::new();
        let mut pending = Pending::new();
        for (commit, answer) in group {
            let number = self.last + logged.len() as u64 + 1;
            match self.prepare(commit, number, &mut pending) {
                Ok(commit) => {
                    logged.push(commit);
                    answers.push(answer);
                }
                Err(error) => answer(Err(error)),
            }
        }
        let written = self.write(&logged);
        for answer in answers {
            answer(written.clone());
        }
        if written.is_ok() && self.log.bytes() > LOG_BYTES_MAX {
            // The commits are answered and durable; only what comes after is refused.
            let cut = self.checkpoint();
            let cut = cut.and_then(|()| self.log.cut(&self.shared.keys, self.last));
            cut.unwrap_or_else(|error| self.fail(&error));
        }
    }

    /// Checks what the commit expects and seals what it writes.
    fn prepare(
        &self,
        commit: Commit,
        number: u64,
        pending: &mut Pending,
    ) -> Result<Logged, StoreError> {
        self.shared.usable()?;
        let commit = commit.checked()?;
        for expected in &commit.expectations {
            let found = self.state(&expected.place, pending)?;
            if found.map(|(generation, _)| generation) != expected.generation {
                return Err(StoreError::Conflict {
                    kind: expected.kind,
                    key: expected.key.clone(),
                });
            }
        }
        let mut entries = Vec::new();
        let mut states = Vec::new();
        for change in &commit.changes {
            let mut pieces = 0;
            let mut after = None;
            if let Some(text) = &change.text {
                let (sealed, count) = frame::seal(&self.shared.keys, &change.place, number, text)?;
                entries.extend(sealed);
                pieces = count;
                after = Some((number, count));
            } else {
                entries.push(Entry::remove(change.place.bytes().to_vec()));
            }
            // A later change of one record within one commit holds, pieces and all.
            let own = states
                .iter()
                .rev()
                .find(|(place, _)| *place == change.place);
            let before = match own {
                Some((_, state)) => *state,
                None => self.state(&change.place, pending)?,
            };
            let stale = before.map_or(0, |(_, count): (u64, u16)| count);
            entries.extend((pieces..stale).map(|n| Entry::remove(change.place.piece(n))));
            states.push((change.place.clone(), after));
        }
        pending.extend(states);
        Ok(Logged { number, entries })
    }

    /// The generation and the further pieces of a record as the next commit finds it.
    fn state(&self, place: &Place, pending: &Pending) -> Result<Option<(u64, u16)>, StoreError> {
        if let Some(state) = pending.get(place) {
            return Ok(*state);
        }
        let header = self.shared.engine(|engine| engine.header(place))?;
        Ok(header.map(|header| (header.generation, header.pieces)))
    }

    /// The log, its sync — from here on the commits are kept — and sled.
    fn write(&mut self, logged: &[Logged]) -> Result<(), StoreError> {
        let Some(last) = logged.last() else {
            return Ok(());
        };
        let written = self.unmark().and_then(|()| {
            self.log.append(&self.shared.keys, logged)?;
            self.shared.change(|engine| {
                let entries = logged.iter().flat_map(|commit| &commit.entries);
                engine.apply(&self.shared.keys, last.number, entries)
            })
        });
        match written {
            Ok(()) => {
                self.last = last.number;
                self.unflushed = true;
                Ok(())
            }
            Err(error) => {
                self.fail(&error);
                Err(StoreError::Failed(error.to_string()))
            }
        }
    }

    /// Takes the mark away before the log goes ahead of it: one that stayed would name an older
    /// commit as the last.
    fn unmark(&mut self) -> Result<(), StoreError> {
        if self.marked {
            clean::remove(&self.shared.dir)?;
            self.marked = false;
        }
        Ok(())
    }

    /// Puts sled on disk: the log may be cut behind it.
    fn checkpoint(&self) -> Result<(), StoreError> {
        self.shared.engine(|engine| engine.sync())
    }

    fn close(self, answer: Answer) {
        let closed = self.shared.usable().and_then(|()| {
            if self.marked {
                return Ok(());
            }
            self.checkpoint()?;
            clean::write(&self.shared.dir, &self.shared.keys, self.last)
        });
        // sled is closed before the lock is given back, and nobody reads on.
        self.shared.close();
        drop(self.log);
        drop(self.shared);
        answer(closed);
    }

    fn fail(&self, error: &StoreError) {
        if self.shared.failed.set(error.to_string()).is_ok() {
            tracing::error!(%error, "the store has failed and takes nothing more");
        }
    }
}

/// What is waiting, up to a message to close and within what one frame may hold.
fn gather(first: Message, messages: &Receiver<Message>) -> (Vec<(Commit, Answer)>, Option<Answer>) {
    let (mut group, mut bytes) = (Vec::new(), 0);
    let mut message = first;
    loop {
        match message {
            Message::Close(answer) => return (group, Some(answer)),
            Message::Commit(commit, answer) => {
                bytes += commit.bytes();
                group.push((commit, answer));
            }
        }
        if bytes >= GROUP_BYTES_MAX {
            return (group, None);
        }
        message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return (group, None),
        };
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::store::{Key, MasterKey, Record, Store, open};

    #[derive(Serialize, Deserialize)]
    struct Note(String);

    impl Record for Note {
        const KIND: &'static str = "note";
    }

    fn commit(committer: &mut Committer, names: &[&str]) -> Vec<Result<(), StoreError>> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let group = names.iter().map(|name| {
            let sender = sender.clone();
            let commit = Commit::new().put(&Key::of([name]), &Note((*name).to_owned()));
            let answer: Answer = Box::new(move |done| sender.send(done).unwrap());
            (commit, answer)
        });
        committer.commit(group.collect());
        drop(sender);
        receiver.iter().collect()
    }

    #[test]
    fn after_a_disk_error_nothing_is_acknowledged_and_a_new_start_has_what_was() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::random();
        let opened = open::open(dir.path(), &master, Duration::ZERO).unwrap();
        let mut committer = opened.committer;
        let done = commit(&mut committer, &["1", "2"]);
        assert!(done.len() == 2 && done.iter().all(Result::is_ok));
        committer.log.break_disk();
        for _ in 0..2 {
            let done = commit(&mut committer, &["3", "4"]);
            assert_eq!(done.len(), 2);
            assert!(
                done.iter()
                    .all(|done| matches!(done, Err(StoreError::Failed(_))))
            );
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        committer.close(Box::new(move |done| sender.send(done).unwrap()));
        assert!(matches!(receiver.recv(), Ok(Err(StoreError::Failed(_)))));
        drop(opened.shared);
        let store = Store::open(dir.path(), &master).unwrap();
        let notes: Vec<(Key, Note)> = store.scan(&Key::root()).unwrap();
        let names: Vec<&str> = notes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(names, ["1", "2"]);
    }
}
