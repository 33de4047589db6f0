//! `stoflow key`: a key's text is alone on stdout and nowhere afterwards.

use serde_json::Value;

use super::Terminal;

#[test]
fn a_key_is_made_listed_shown_and_revoked() {
    let terminal = Terminal::new();
    let create = [
        "key",
        "create",
        "--user",
        "u1",
        "--scope",
        "listings:write,orders:read",
        "--name",
        "shop window",
        "--expires",
        "90d",
    ];
    let (code, out, told) = terminal.run(&create);
    assert_eq!(code, 0, "{told}");
    let secret = out.trim_end();
    assert!(secret.starts_with("sk_") && secret.len() == 72 && !secret.contains('\n'));
    assert!(
        told.contains("for u1, until ") && told.contains("shown only now"),
        "{told}"
    );
    assert!(!told.contains(secret));

    let (_, listed, _) = terminal.run(&["key", "list"]);
    for words in [
        "u1",
        "shop window",
        "listings:write orders:read",
        "never",
        "active until",
    ] {
        assert!(listed.contains(words), "{words:?} is not in {listed}");
    }
    let (_, json, _) = terminal.run(&["key", "list", "--user", "u1", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let id = json[0]["id"].as_str().unwrap();
    assert!(told.contains(id) && listed.contains(id));
    let (_, shown, _) = terminal.run(&["key", "show", id]);
    assert!(shown.contains("the usual number of requests"), "{shown}");

    let (_, revoked, _) = terminal.run(&["key", "revoke", id]);
    assert!(revoked.contains("opens nothing any more"), "{revoked}");
    let (_, listed, _) = terminal.run(&["key", "list"]);
    assert!(listed.contains("revoked since"), "{listed}");
    for text in [listed, shown, revoked] {
        assert!(!text.contains(&secret[20..]));
    }
    let (_, none, _) = terminal.run(&["key", "list", "--user", "u2"]);
    assert!(none.contains("stoflow key create"), "{none}");
}

#[test]
fn a_key_for_operators_is_said_to_be_one() {
    let terminal = Terminal::new();
    let (_, out, told) = terminal.run(&[
        "key", "create", "--admin", "--rate", "100", "--burst", "200", "--json",
    ]);
    let made: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{told}"));
    assert_eq!(made["rate"]["per_second"], 100);
    assert!(made["secret"].as_str().unwrap().starts_with("sk_"));
    let (_, listed, _) = terminal.run(&["key", "list"]);
    assert!(
        listed.contains("operators") && listed.contains("everything"),
        "{listed}"
    );
}

#[test]
fn what_is_no_key_says_what_is_wrong() {
    let terminal = Terminal::new();
    terminal.fails(&["key", "create"], 2, &["--user", "--admin"]);
    terminal.fails(&["key", "create", "--user", "u1"], 2, &["--scope"]);
    terminal.fails(
        &["key", "create", "--admin", "--scope", "orders:read"],
        2,
        &["cannot be used with"],
    );
    terminal.fails(
        &["key", "create", "--user", "u1", "--scope", "order:read"],
        3,
        &["/scopes/0", "did you mean orders?"],
    );
    terminal.fails(
        &[
            "key",
            "create",
            "--user",
            "u1",
            "--scope",
            "orders:read",
            "--expires",
            "soon",
        ],
        3,
        &["/expires", "90d"],
    );
    terminal.fails(
        &["key", "show", "key_aaaaaaaaaaaaaaaa"],
        5,
        &["there is no key", "stoflow key list"],
    );
    terminal.fails(&["key", "revoke", "x"], 5, &["no key's id"]);
    let (_, help, _) = terminal.run(&["key", "create", "--help"]);
    for (noun, opens) in stoflow_host::api::NOUNS {
        assert!(
            help.contains(noun) && help.contains(opens),
            "{noun}: {help}"
        );
    }
}
