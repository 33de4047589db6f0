//! A client that sends what it likes, byte by byte, as no library would.

use std::io;
use std::time::{Duration, Instant};

use stoflow_host::api::socket;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::served::Served;

/// Whatever is waited for comes within this, or the test fails.
const WAIT: Duration = Duration::from_secs(30);

/// Either side of a connection.
trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

pub struct Raw {
    stream: Box<dyn Both>,
    pub begun: Instant,
}

impl Raw {
    /// Over TCP.
    pub async fn new(served: &Served) -> Self {
        let address = served.url.trim_start_matches("http://");
        Self::of(TcpStream::connect(address).await.unwrap())
    }

    /// Over the socket.
    pub async fn socket(served: &Served) -> Self {
        Self::of(socket::connect(served.data.path()).await.unwrap())
    }

    fn of(stream: impl Both + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            begun: Instant::now(),
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.try_send(text).await.unwrap();
    }

    pub async fn try_send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await
    }

    /// All that comes until the other side closes, and after how long it has.
    pub async fn until_closed(&mut self) -> (String, Duration) {
        let mut bytes = Vec::new();
        let read = self.stream.read_to_end(&mut bytes);
        // One that is cut with bytes unread ends in an error, which is an end too.
        let _ = tokio::time::timeout(WAIT, read)
            .await
            .expect("it is not closed");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (text, self.begun.elapsed())
    }

    /// The same while it sends this, again and again.
    pub async fn until_closed_sending(
        self,
        text: &'static str,
        every: Duration,
    ) -> (String, Duration) {
        let begun = self.begun;
        let (mut reader, mut writer) = tokio::io::split(self.stream);
        let sending = async {
            while writer.write_all(text.as_bytes()).await.is_ok() {
                tokio::time::sleep(every).await;
            }
            std::future::pending::<()>().await;
        };
        let mut bytes = Vec::new();
        let reading = async {
            let _ = reader.read_to_end(&mut bytes).await;
        };
        let ended = async {
            tokio::select! { () = sending => {}, () = reading => {} }
        };
        tokio::time::timeout(WAIT, ended)
            .await
            .expect("it is not closed");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (text, begun.elapsed())
    }

    /// A reply whose body has a length.
    pub async fn reply(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = async {
            loop {
                bytes.push(self.stream.read_u8().await.expect("it is closed"));
                let text = String::from_utf8_lossy(&bytes);
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return text.into_owned();
                }
            }
        };
        tokio::time::timeout(WAIT, read).await.expect("no reply")
    }
}
