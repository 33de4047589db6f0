//! A request's body on its way in: a client that is too slow is given up, and the request gets its place
//! among those that are worked on when the last byte is here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::admission::Admission;
use super::patience::Patience;

/// A body.
pub(super) struct Upload {
    body: Body,
    patience: Patience,
    admission: Arc<Admission>,
    end: End,
}

/// What there is to do when the last byte is here.
enum End {
    /// It is not.
    NotYet,
    /// The place is waited for, with the last piece in hand.
    Admitting(
        Pin<Box<dyn Future<Output = bool> + Send>>,
        Option<Frame<Bytes>>,
    ),
    /// All is done.
    Reached,
}

impl Upload {
    /// `body_time` is the longest for which nothing may come.
    pub(super) fn new(body: Body, admission: Arc<Admission>, body_time: Duration) -> Self {
        Self {
            body,
            patience: Patience::new(body_time),
            admission,
            end: End::NotYet,
        }
    }

    fn admit_with(&mut self, last: Option<Frame<Bytes>>) {
        let admitted = Box::pin(Arc::clone(&self.admission).admit());
        self.end = End::Admitting(admitted, last);
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, axum::Error>>>;

fn failed(why: &'static str) -> Polled {
    Poll::Ready(Some(Err(axum::Error::new(why))))
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let this = &mut *self;
        loop {
            match &mut this.end {
                End::Reached => return Poll::Ready(None),
                End::Admitting(admitted, last) => {
                    let is_admitted = ready!(admitted.as_mut().poll(context));
                    let last = last.take();
                    this.end = End::Reached;
                    match (is_admitted, last) {
                        (false, _) => return failed("too many requests are worked on"),
                        (true, Some(last)) => return Poll::Ready(Some(Ok(last))),
                        (true, None) => {}
                    }
                }
                End::NotYet => match Pin::new(&mut this.body).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => {
                        this.patience.moved(frame.data_ref().map_or(0, Bytes::len));
                        if !http_body::Body::is_end_stream(&this.body) {
                            return Poll::Ready(Some(Ok(frame)));
                        }
                        this.admit_with(Some(frame));
                    }
                    Poll::Ready(None) => this.admit_with(None),
                    Poll::Ready(Some(Err(error))) => {
                        this.end = End::Reached;
                        return Poll::Ready(Some(Err(error)));
                    }
                    Poll::Pending => {
                        ready!(this.patience.poll_end(context));
                        this.admission.was_slow();
                        this.end = End::Reached;
                        return failed("it did not come in time");
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Reached)
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::NotYet => http_body::Body::size_hint(&self.body),
            _ => SizeHint::default(),
        }
    }
}
