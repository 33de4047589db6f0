//! The one thread that writes. It takes what is waiting, writes it to the log as one frame, syncs,
//! applies it to sled in one transaction, and answers. So a group costs one sync, and no two
//! writers can interleave.
//!
//! After an error of the log or of sled nothing more is acknowledged: what a failed sync was to
//! write may be gone from memory, and a second sync would claim that it is there.

mod rotation;

pub(super) use rotation::{Sealed, Step};

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::census::Census;
use super::check::{self, Check};
use super::checkpoint::{self, Checkpoint};
use super::commit::{COMMIT_BYTES_MAX, Commit};
use super::cut::cut;
use super::engine::Entry;
use super::frame::{self, Place};
use super::log::{Log, Logged};
use super::{Export, Shared, StoreError, clean, files};

/// The log is cut at this size, or at that of the last checkpoint if it is larger: so writing a
/// checkpoint costs no more than writing the log did. Two such files are read at every start, in a
/// few milliseconds.
const LOG_BYTES_MAX: u64 = 2 << 20;
/// How much may go into one frame: a frame is sealed, and written, as a whole.
const GROUP_BYTES_MAX: usize = COMMIT_BYTES_MAX;
/// After a quiet time so long, sled is told to write out what it has, so that it and the log make
/// good for each other.
const QUIET: Duration = Duration::from_millis(50);

/// How who waits is answered.
pub(super) type Reply<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;
/// How a waiting writer is answered.
pub(super) type Answer = Reply<()>;

/// What the thread is told.
pub(super) enum Message {
    Commit(Commit, Answer),
    /// Take a step of a rotation of the master key.
    Rotate(Step, Reply<Sealed>),
    /// Look at everything.
    Check(Reply<Check>),
    /// Give out a checkpoint of all there is.
    Export(Reply<Export>),
    /// Put sled on disk, leave the mark of a clean close, end.
    Close(Answer),
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    log: Log,
    state: State,
    /// Whether sled holds what it has not written out.
    unflushed: bool,
    /// During a rotation of the master key: records that are still under an older data key.
    to_seal: Vec<Place>,
}

/// What the thread knows of the store from one group to the next.
pub(super) struct State {
    /// The number of the last commit.
    pub(super) last: u64,
    /// All records as the last commit left them.
    pub(super) census: Census,
    /// The last checkpoint.
    pub(super) checkpoint: Checkpoint,
    /// Whether the mark of the last clean close still holds: nothing was committed since.
    pub(super) marked: bool,
}

/// What commits that are not applied yet do to a record: its generation and its further pieces, or
/// nothing where it is deleted.
type Pending = HashMap<Place, Option<(u64, u16)>>;

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, log: Log, state: State) -> Self {
        Self {
            unflushed: !state.marked,
            shared,
            log,
            state,
            to_seal: Vec::new(),
        }
    }

    /// Works until it is told to close, or nobody can tell it anything more.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.next(messages) {
                Some(message) => message,
                None => return self.close(Box::new(|_| ())),
            };
            let (group, other) = gather(message, messages);
            self.commit(group);
            match other {
                None | Some(Message::Commit(..)) => {}
                Some(Message::Rotate(step, reply)) => reply(self.rotate(&step)),
                Some(Message::Check(reply)) => reply(self.check()),
                Some(Message::Export(reply)) => reply(self.export()),
                Some(Message::Close(answer)) => return self.close(answer),
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
            let number = self.state.last + logged.len() as u64 + 1;
            match self.prepare(commit, number, &mut pending) {
                Ok(commit) => {
                    logged.push(commit);
                    answers.push(answer);
                }
                Err(error) => {
                    // sled writes while it reads, too. A group without this commit, but with those
                    // behind it, would be out of turn.
                    if matches!(error, StoreError::Failed(_) | StoreError::Io { .. }) {
                        self.fail(&error);
                    }
                    answer(Err(error));
                }
            }
        }
        let usable = self.shared.usable();
        let written = usable.and_then(|()| self.write(&logged));
        for answer in answers {
            answer(written.clone());
        }
        if written.is_ok() {
            self.cut_if_due();
        }
    }

    /// Cuts a log that has grown large.
    fn cut_if_due(&mut self) {
        if self.log.bytes() > LOG_BYTES_MAX.max(self.state.checkpoint.bytes) {
            // The commits are answered and durable; only what comes after is refused.
            let cut = self.cut(&[]);
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
                let keys = self.shared.keys();
                let (sealed, count) = frame::seal(&keys, &change.place, number, text)?;
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
        match self.write_through(logged, last.number) {
            Ok(census) => {
                self.state.last = last.number;
                self.state.census = census;
                self.unflushed = true;
                Ok(())
            }
            Err(error) => {
                self.fail(&error);
                Err(StoreError::Failed(error.to_string()))
            }
        }
    }

    /// The census that the commits leave.
    fn write_through(&mut self, logged: &[Logged], last: u64) -> Result<Census, StoreError> {
        let mut census = self.state.census.clone();
        let before = |place: &Place| self.shared.engine(|engine| engine.generation(place));
        census.follow(logged, before)?;
        self.unmark()?;
        let keys = self.shared.keys();
        self.log.append(&keys, logged)?;
        self.shared.change(|engine| {
            let entries = logged.iter().flat_map(|commit| &commit.entries);
            engine.apply(&keys, last, &census, entries)
        })?;
        Ok(census)
    }

    /// Takes the mark away before the log goes ahead of it: one that stayed would name an older
    /// commit as the last.
    fn unmark(&mut self) -> Result<(), StoreError> {
        if self.state.marked {
            clean::remove(&self.shared.dir)?;
            self.state.marked = false;
        }
        Ok(())
    }

    /// Writes a checkpoint and begins a new log behind it. Files that are flawed are not kept.
    fn cut(&mut self, flawed: &[&'static str]) -> Result<(), StoreError> {
        let (log, checkpoint) = self.shared.engine(|engine| {
            let state = (self.state.last, &self.state.census);
            cut(
                &self.shared.dir,
                &self.shared.keys(),
                Some(engine),
                state,
                flawed,
            )
        })?;
        self.log = log;
        self.state.checkpoint = checkpoint;
        Ok(())
    }

    fn check(&self) -> Result<Check, StoreError> {
        let (last, census) = (self.state.last, &self.state.census);
        let (dir, keys) = (&self.shared.dir, self.shared.keys());
        self.shared
            .engine(|engine| check::check(dir, &keys, engine, last, census))
    }

    /// A checkpoint of the last commit: the one that is there, if it is one and still whole.
    fn export(&mut self) -> Result<Export, StoreError> {
        self.shared.usable()?;
        let path = self.shared.dir.join(files::CHECKPOINT.now);
        let is_whole = || {
            let bytes = std::fs::read(&path).ok()?;
            checkpoint::read(&path, &bytes, &self.shared.keys(), |_| Ok(())).ok()
        };
        let flawed = match is_whole() {
            Some(_) => None,
            None => Some(files::CHECKPOINT.now),
        };
        if flawed.is_some() || self.state.checkpoint.number != self.state.last {
            let cut = self.cut(flawed.as_slice());
            cut.inspect_err(|error| self.fail(error))?;
        }
        Ok(Export {
            file: File::open(&path).map_err(StoreError::io(&path))?,
            bytes: self.state.checkpoint.bytes,
            last_commit: self.state.last,
        })
    }

    fn close(self, answer: Answer) {
        let closed = self.shared.usable().and_then(|()| {
            if self.state.marked {
                return Ok(());
            }
            self.shared.engine(|engine| engine.sync())?;
            clean::write(&self.shared.dir, &self.shared.keys(), self.state.last)
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

/// The commits that are waiting, within what one frame may hold, up to a message that is none.
fn gather(
    first: Message,
    messages: &Receiver<Message>,
) -> (Vec<(Commit, Answer)>, Option<Message>) {
    let (mut group, mut bytes) = (Vec::new(), 0);
    let mut message = first;
    loop {
        match message {
            Message::Commit(commit, answer) => {
                bytes += commit.bytes();
                group.push((commit, answer));
            }
            other => return (group, Some(other)),
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
mod tests;
