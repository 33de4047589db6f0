//! A server on a thread of its own, so that its work is done beside the measured one's and not in its
//! place.

use std::thread;

use tokio::sync::oneshot;

/// Runs it for as long as the process lives; what it hands over once it is there.
pub async fn aside<T: Send + 'static, F: Future>(
    name: &str,
    serve: impl FnOnce(oneshot::Sender<T>) -> F + Send + 'static,
) -> T {
    let (sender, started) = oneshot::channel();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve(sender));
    };
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .unwrap();
    started.await.unwrap()
}
