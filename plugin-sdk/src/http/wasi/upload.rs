//! A body on its way out, in pieces as large as the host takes them.

use crate::assets::{self, Asset, Fault};
use crate::http::encode::pairs;
use crate::http::failure::FailureKind;
use crate::http::multipart::{Multipart, Part, head};
use crate::http::request::Body;
use std::collections::VecDeque;
use wasip2::http::types::OutgoingBody;
use wasip2::io::poll::Pollable;
use wasip2::io::streams::OutputStream;

/// How much of a file is in the plugin's memory at once.
const CHUNK: u32 = 64 * 1024;

/// What a body is made of, files not yet read.
pub(super) struct Content {
    pub(super) content_type: String,
    pieces: VecDeque<Piece>,
}

enum Piece {
    Bytes(Vec<u8>),
    File { source: String, asset: Asset },
}

impl Content {
    /// Opens the files of a body.
    pub(super) fn open(body: Body) -> Result<Self, (FailureKind, String)> {
        let (content_type, bytes) = match body {
            Body::Empty => (String::new(), Vec::new()),
            Body::Json(text) => ("application/json".to_owned(), text.into_bytes()),
            Body::Form(fields) => {
                let form = "application/x-www-form-urlencoded;charset=utf-8".to_owned();
                (form, pairs(&fields).into_bytes())
            }
            Body::Bytes(content_type, bytes) => (content_type, bytes),
            Body::Multipart(multipart) => return Self::multipart(multipart),
        };
        Ok(Self {
            content_type,
            pieces: VecDeque::from([Piece::Bytes(bytes)]),
        })
    }

    fn multipart(multipart: Multipart) -> Result<Self, (FailureKind, String)> {
        let boundary = boundary();
        let mut pieces = VecDeque::new();
        for part in multipart.parts {
            match part {
                Part::Text { name, value } => {
                    let text = format!("{}{value}\r\n", head(&boundary, &name, None));
                    pieces.push_back(Piece::Bytes(text.into_bytes()));
                }
                Part::File {
                    name,
                    source,
                    file_name,
                } => {
                    let asset =
                        assets::open(&source).map_err(|fault| unreadable(&source, fault))?;
                    let file_name = file_name.unwrap_or_else(|| asset.name());
                    let media_type = asset.media_type();
                    let head = head(&boundary, &name, Some((&file_name, &media_type)));
                    pieces.push_back(Piece::Bytes(head.into_bytes()));
                    pieces.push_back(Piece::File { source, asset });
                    pieces.push_back(Piece::Bytes(b"\r\n".to_vec()));
                }
            }
        }
        pieces.push_back(Piece::Bytes(format!("--{boundary}--\r\n").into_bytes()));
        Ok(Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            pieces,
        })
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces
            .iter()
            .all(|piece| matches!(piece, Piece::Bytes(bytes) if bytes.is_empty()))
    }

    /// How many bytes it has, which the host goes on and tells the marketplace.
    pub(super) fn length(&self) -> u64 {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File { asset, .. } => asset.size(),
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// The next bytes; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, (FailureKind, String)> {
        loop {
            match self.pieces.front_mut() {
                None => return Ok(None),
                Some(Piece::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.pieces.pop_front();
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Piece::File { source, asset }) => match asset.read(CHUNK) {
                    Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                    Ok(_) => {
                        self.pieces.pop_front();
                    }
                    Err(fault) => return Err(unreadable(source, fault)),
                },
            }
        }
    }
}

/// The body's stream, and what is still to be written to it.
pub(super) struct Upload {
    stream: OutputStream,
    body: OutgoingBody,
    content: Content,
    chunk: Vec<u8>,
    written: usize,
}

/// Where an upload stands after it went as far as it could.
pub(super) enum Progress {
    /// The host takes no more for now.
    Waiting(Upload),
    /// Everything is written, or the other side wants no more.
    Over,
    /// It cannot be finished.
    Failed(FailureKind, String),
}

impl Upload {
    pub(super) fn start(body: OutgoingBody, content: Content) -> Result<Self, String> {
        let stream = body
            .write()
            .map_err(|()| "the host takes no body".to_owned())?;
        Ok(Self {
            stream,
            body,
            content,
            chunk: Vec::new(),
            written: 0,
        })
    }

    /// Ready when the host takes more.
    pub(super) fn wait(&self) -> Pollable {
        self.stream.subscribe()
    }

    /// Writes as much as the host takes.
    pub(super) fn advance(mut self) -> Progress {
        loop {
            if self.written == self.chunk.len() {
                match self.content.next() {
                    Ok(Some(chunk)) => (self.chunk, self.written) = (chunk, 0),
                    Ok(None) => return self.end(),
                    Err((kind, message)) => return Progress::Failed(kind, message),
                }
            }
            // A closed stream means that the other side has read enough: its reply says why.
            let Ok(permitted) = self.stream.check_write() else {
                return Progress::Over;
            };
            let permitted = usize::try_from(permitted).unwrap_or(usize::MAX);
            if permitted == 0 {
                return Progress::Waiting(self);
            }
            let rest = self.chunk.get(self.written..).unwrap_or_default();
            let now = rest.get(..permitted).unwrap_or(rest);
            if self.stream.write(now).is_err() {
                return Progress::Over;
            }
            self.written += now.len();
        }
    }

    fn end(self) -> Progress {
        let Self { stream, body, .. } = self;
        drop(stream);
        match OutgoingBody::finish(body, None) {
            Ok(()) => Progress::Over,
            Err(code) => {
                Progress::Failed(FailureKind::Broken, format!("its body broke off: {code:?}"))
            }
        }
    }
}

fn unreadable(source: &str, fault: Fault) -> (FailureKind, String) {
    let why = match fault {
        Fault::Missing => "there is no such file",
        Fault::Refused => "the host may not fetch it, or it is too large or not what it says it is",
        Fault::Unavailable => "it cannot be read now; trying again later may work",
    };
    (
        FailureKind::Source(fault),
        format!("the file {source:?}: {why}"),
    )
}

/// A line that no file contains, for all that anyone can arrange.
fn boundary() -> String {
    use wasip2::random::random::get_random_u64;
    format!("stoflow-{:016x}{:016x}", get_random_u64(), get_random_u64())
}
