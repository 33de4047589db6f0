//! `stoflow account` at a terminal.

use serde_json::Value;
use stoflow_sandbox::{Fault, FaultKind};

use super::Terminal;
use crate::market::Market;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_set_refreshed_and_disconnected() {
    let mut market = Market::new().await;
    market.stage.host.close().unwrap();
    let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
    let terminal = Terminal {
        data: data.path().to_owned(),
        folder: tempfile::tempdir().unwrap(),
    };
    let id = market.account.as_str();
    tokio::task::block_in_place(|| {
        let ok = |arguments: &[&str]| {
            let (code, text, errors) = terminal.run(arguments);
            assert_eq!(code, 0, "{arguments:?}: {errors}");
            text
        };
        let list = ok(&["account", "list"]);
        assert!(
            list.contains("SINCE") && list.contains("connected"),
            "{list}"
        );
        for command in ["status", "show"] {
            let page = ok(&["account", command, id]);
            for word in ["connected since", "scopes", "ends in", "if unused", id] {
                assert!(page.contains(word), "{word:?} is not in\n{page}");
            }
        }
        let json: Value = serde_json::from_str(&ok(&["account", "status", id, "--json"])).unwrap();
        assert_eq!(json["token"]["generation"], 1);

        let set = ok(&["account", "set", id, "who-made=i_did", "section=Mugs"]);
        assert!(set.contains("who_made = i_did") && set.contains("section = Mugs"));
        let set = ok(&["account", "set", id, "--unset", "section"]);
        assert!(!set.contains("section"), "{set}");
        assert!(ok(&["account", "status", id]).contains("who_made = i_did"));
        terminal.fails(
            &["account", "set", id, "who_mad=i_did"],
            3,
            &["did you mean who_made?", "nothing was set"],
        );
        terminal.fails(&["account", "set", id], 2, &["NAME=VALUE"]);
        terminal.fails(&["account", "set", id, "who_made"], 2, &["no ="]);
        let twice = ["account", "set", id, "section=x", "--unset", "section"];
        terminal.fails(&twice, 2, &["named twice"]);

        let page = ok(&["account", "refresh", id]);
        assert!(
            page.contains("number 2") && page.contains("refreshed"),
            "{page}"
        );
        assert!(ok(&["account", "refresh", "--idle"]).contains("No account"));
        terminal.fails(&["account", "refresh"], 2, &["ACCOUNT"]);
        let fault = Fault::new(FaultKind::ErrorBefore).on("token").times(2);
        market.sandbox.inject(fault).unwrap();
        let refresh = ["account", "refresh", id];
        terminal.fails(&refresh, 7, &["answers 500", "stays connected"]);

        let done = ok(&["account", "disconnect", id]);
        assert!(done.contains("forgotten"), "{done}");
        let page = ok(&["account", "status", id]);
        assert!(page.contains("disconnected since"), "{page}");
        terminal.fails(&refresh, 5, &["is disconnected since"]);
    });
}
