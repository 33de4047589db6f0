//! Takes pushes: the body says what to make of it, and the answer says what arrived.

use stoflow_plugin_sdk::plugin::{self, Description, Setting};
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::webhooks::{
    AccountRef, Notice, Outcome, PollNotice, Request, Response, Verification,
};
use stoflow_plugin_sdk::{Plugin, Webhooks, context, export};

struct Pushed;

impl Plugin for Pushed {
    fn describe() -> Description {
        Description {
            settings: vec![Setting {
                name: "verified-by".into(),
                summary: "Who checks".into(),
                default: None,
                per_account: false,
            }],
            ..plugin::describe("pushed", "Pushed", "0.1.0")
        }
    }
}

impl Webhooks for Pushed {
    fn verified_by() -> Verification {
        match context::setting("verified-by").as_deref() {
            Some("plugin") => Verification::Plugin,
            _ => Verification::StandardWebhooks,
        }
    }

    fn receive(request: Request) -> Result<Outcome, Error> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let (status, notices) = match body.as_str() {
            "fail" => return Err(Error::Unavailable("a secret of the plugin's".into())),
            "panic" => panic!("a bug of the plugin"),
            "refuse" => (422, vec![poll()]),
            "odd" => (99, Vec::new()),
            "all" => {
                let gone = AccountRef::Id("1".into());
                let erased = Notice::Erase(vec!["buyer-1".into(), "buyer-2".into()]);
                (200, vec![poll(), Notice::Revoked(gone), erased])
            }
            _ => (202, Vec::new()),
        };
        let id = request
            .headers
            .iter()
            .find(|(name, _)| name == "webhook-id")
            .map_or("", |(_, id)| id.as_str());
        let seen = format!("{} {} {id} {body}", request.method, request.url);
        Ok(Outcome {
            notices,
            response: Response {
                status,
                content_type: if body == "odd type" {
                    "\n"
                } else {
                    "text/plain"
                }
                .into(),
                body: seen.into_bytes(),
            },
        })
    }
}

fn poll() -> Notice {
    Notice::Poll(PollNotice {
        account: AccountRef::ShopId("7".into()),
        job: "orders".into(),
    })
}

export!(Pushed: Webhooks);
