//! What is logged on a test's own thread, at the finest level.
//!
//! One subscriber for the whole binary: scoped ones come and go while other tests log for the first
//! time at some place, and that place may then stay silent.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::OnceLock;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;

type Text = Rc<RefCell<Vec<u8>>>;

thread_local! {
    static CAPTURED: RefCell<Option<Text>> = const { RefCell::new(None) };
}

/// The log of this thread from now on, until it is dropped.
pub struct Captured(Text);

/// Begins to keep what this thread logs.
pub fn capture() -> Captured {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(|| Writer)
            .with_filter(dynamic_filter_fn(|_, _| {
                CAPTURED.with_borrow(Option::is_some)
            }));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    let text = Text::default();
    CAPTURED.set(Some(Rc::clone(&text)));
    Captured(text)
}

impl Captured {
    /// What was logged so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow(|captured| {
            if let Some(text) = captured {
                text.borrow_mut().extend(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
