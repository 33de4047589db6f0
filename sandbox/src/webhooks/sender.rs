//! The task that sends webhooks, one after the other, while replies leave without it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;

use super::{Next, Outgoing};
use crate::server::Server;

/// How long a listener may take to answer. Real time, whatever the sandbox's clock says.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Sends what is due, for as long as the sandbox runs.
pub(crate) async fn run(server: Arc<Server>) {
    // Fails only if a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .timeout(ANSWER_WAIT)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "webhooks cannot be sent");
            return;
        }
    };
    loop {
        match next(&server) {
            Next::Send(outgoing) => {
                let outcome = send(&client, &outgoing).await;
                tracing::info!(id = outgoing.id, url = outgoing.url, ?outcome, "webhook");
                let mut core = server.core();
                let now_ms = core.clock.now_ms();
                core.webhooks.settle(&outgoing.id, outcome, now_ms);
            }
            Next::Wait(ms) => {
                let wait = Duration::from_millis(ms.unsigned_abs());
                tokio::select! {
                    () = server.bell.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
            Next::Nothing => server.bell.notified().await,
        }
    }
}

fn next(server: &Server) -> Next {
    let core = server.quiet_core();
    core.webhooks.next(core.clock.now_ms())
}

/// One attempt: the status of the answer, or why there is none.
async fn send(client: &reqwest::Client, outgoing: &Outgoing) -> Result<u16, String> {
    let request = client
        .post(&outgoing.url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &outgoing.id)
        .header("webhook-timestamp", outgoing.timestamp)
        .header("webhook-signature", &outgoing.signature)
        .body(outgoing.body.clone());
    match request.send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("there was no answer in time".to_owned()),
        Err(error) if error.is_connect() => Err("nobody listens there".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
