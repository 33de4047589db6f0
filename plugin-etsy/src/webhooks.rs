//! What Etsy pushes. That it is genuine the host has checked before.

use crate::Etsy;
use crate::convert::push::{Push, push};
use stoflow_plugin_sdk::Webhooks;
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::webhooks::{Outcome, Request, Response, Verification};

impl Webhooks for Etsy {
    fn verified_by() -> Verification {
        Verification::StandardWebhooks
    }

    fn subscribe(url: String) -> Result<(), Error> {
        Err(Error::Unsupported(format!(
            "Etsy has no request for this: a person adds the endpoint {url} with its events \
             (order.paid, order.shipped, order.delivered, order.canceled) in the webhook portal of the \
             app, at https://www.etsy.com/developers/your-apps"
        )))
    }

    fn receive(request: Request) -> Result<Outcome, Error> {
        if !request.method.eq_ignore_ascii_case("POST") {
            return Ok(answer(405, "Etsy pushes with POST"));
        }
        Ok(match push(&request.body) {
            Push::Poll(notice) => Outcome {
                notices: vec![notice],
                ..answer(200, "")
            },
            Push::Unknown => answer(200, ""),
            Push::Malformed(why) => answer(400, why),
        })
    }
}

fn answer(status: u16, body: &str) -> Outcome {
    Outcome {
        notices: Vec::new(),
        response: Response {
            status,
            content_type: "text/plain; charset=utf-8".to_owned(),
            body: body.as_bytes().to_vec(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(method: &str, body: &str) -> (u16, usize) {
        let outcome = Etsy::receive(Request {
            method: method.into(),
            url: "https://stoflow.example/webhooks/etsy".into(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        });
        let outcome = outcome.unwrap();
        (outcome.response.status, outcome.notices.len())
    }

    #[test]
    fn a_push_is_answered_by_what_could_be_made_of_it() {
        let paid = r#"{"event_type":"order.paid","shop_id":7}"#;
        assert_eq!(received("POST", paid), (200, 1));
        assert_eq!(received("post", paid), (200, 1));
        assert_eq!(received("GET", paid), (405, 0));
        assert_eq!(
            received("POST", r#"{"event_type":"listing.sold"}"#),
            (200, 0)
        );
        assert_eq!(received("POST", "{}"), (400, 0));
        assert_eq!(received("POST", ""), (400, 0));
    }

    #[test]
    fn subscribing_is_a_persons_errand_and_says_where() {
        let refused = Etsy::subscribe("https://stoflow.example/w".into());
        assert!(
            matches!(&refused, Err(Error::Unsupported(text)) if text.contains("stoflow.example/w") && text.contains("your-apps")),
            "{refused:?}"
        );
    }
}
