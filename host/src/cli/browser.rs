//! The browser's part of consent, as far as a terminal has one: opening it, and hearing where it
//! ended.

use std::io::{self, BufRead, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::{Host, Url};

use super::Failure;
use crate::api::Page;
use crate::secret::Secret;

/// How long a person has: consent's state dies after ten minutes.
const CONSENT_TIME: Duration = Duration::from_secs(10 * 60);

/// A browser's request line and headers.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// How long one connection may take to say what it wants.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Opens the address in the person's browser, where there is one. The address is printed anyway.
pub(super) fn open(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let started = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        tracing::debug!(%error, program, "no browser was opened");
    }
}

/// Asks the person for the address that the browser ended at.
pub(super) fn paste() -> Result<String, Failure> {
    print!("Paste the address that the browser ended at: ");
    let flushed = io::stdout().flush();
    let mut address = String::new();
    let read = flushed.and_then(|()| io::stdin().lock().read_line(&mut address));
    read.map_err(|error| Failure::io("the address cannot be read", &error))?;
    Ok(address.trim().to_owned())
}

/// Listens where the marketplace sends the browser.
#[derive(Debug)]
pub(super) struct Callback {
    listener: TcpListener,
    redirect: Url,
}

impl Callback {
    /// `None` for an address that is not this machine's: then the person has to paste.
    pub(super) async fn listen(redirect: &Url) -> Result<Option<Self>, Failure> {
        let loopback = match redirect.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if redirect.scheme() != "http" || !loopback {
            return Ok(None);
        }
        let port = redirect.port_or_known_default().unwrap_or(80);
        let address = match redirect.host() {
            Some(Host::Ipv6(address)) => (address.to_string(), port),
            Some(Host::Ipv4(address)) => (address.to_string(), port),
            _ => ("127.0.0.1".to_owned(), port),
        };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::io(
                format_args!("port {port} of the redirect URI cannot be listened on; try --paste"),
                &error,
            )
        })?;
        Ok(Some(Self {
            listener,
            redirect: redirect.clone(),
        }))
    }

    /// Waits until the browser comes back with this consent's state, and keeps it waiting for its
    /// page. Any page of the web can send a browser here: what belongs to no consent, or to another
    /// one, ends nothing.
    pub(super) async fn wait(self, state: &Secret) -> Result<(String, Browser), Failure> {
        tokio::time::timeout(CONSENT_TIME, self.accept(state))
            .await
            .map_err(|_| Failure::usage("nobody consented within ten minutes; begin again"))?
    }

    async fn accept(self, state: &Secret) -> Result<(String, Browser), Failure> {
        loop {
            let (mut stream, _) = self
                .listener
                .accept()
                .await
                .map_err(|error| Failure::io("the callback", &error))?;
            let target = match tokio::time::timeout(HEAD_TIME, request_target(&mut stream)).await {
                Ok(Ok(Some(target))) => target,
                _ => continue,
            };
            let browser = Browser { stream };
            match self.redirect.join(&target) {
                Ok(address) if address.path() != self.redirect.path() => {
                    // A browser asks for an icon too.
                    browser.show(&Page::new("There is nothing here")).await;
                }
                Ok(address) if has_state(&address, state) => {
                    return Ok((address.to_string(), browser));
                }
                _ => browser.show(&stray()).await,
            }
        }
    }
}

/// The browser that waits for its page.
#[derive(Debug)]
pub(super) struct Browser {
    stream: TcpStream,
}

impl Browser {
    pub(super) async fn show(mut self, page: &Page) {
        let html = page.html();
        let mut reply = "HTTP/1.1 200 OK\r\nconnection: close\r\n".to_owned();
        for (name, value) in Page::headers() {
            reply.push_str(&format!("{name}: {value}\r\n"));
        }
        reply.push_str(&format!("content-length: {}\r\n\r\n{html}", html.len()));
        // A browser that has gone does not need its page.
        let _ = self.stream.write_all(reply.as_bytes()).await;
        let _ = self.stream.shutdown().await;
    }
}

/// Whether an address brings this state, once.
fn has_state(address: &Url, state: &Secret) -> bool {
    let mut states = address.query_pairs().filter(|(name, _)| name == "state");
    let first = states.next();
    let is_this = |value: String| Secret::new(value).digest() == state.digest();
    first.is_some_and(|(_, value)| is_this(value.into_owned())) && states.next().is_none()
}

fn stray() -> Page {
    Page::new("Nobody here waits for this answer")
        .says("It belongs to no connection that was begun at this terminal, or to an earlier one.")
        .says("Open the address that the terminal shows now. If somebody sent you a link to get here, close this page.")
}

/// The path and query of a GET; `None` for anything else.
async fn request_target(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut chunk = [0; 1024];
        let read = stream.read(&mut chunk).await?;
        if read == 0 || head.len() + read > HEAD_BYTES_MAX {
            return Ok(None);
        }
        head.extend(chunk.iter().take(read));
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_ascii_whitespace();
    let target = (words.next() == Some("GET"))
        .then(|| words.next())
        .flatten();
    Ok(target
        .filter(|target| target.starts_with('/'))
        .map(ToOwned::to_owned))
}
