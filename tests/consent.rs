//! Consent: from the marketplace's page to an account, once, for the one who began it, and for
//! nobody else.

#![cfg(test)]

use jiff::SignedDuration;
use serde_json::json;
use stoflow_host::accounts::Revocation;
use stoflow_host::config::PluginConfig;
use stoflow_host::consent::{BeginError, ConsentError, Party, Returned, Wish};
use stoflow_host::model::{AccountState, Grant, PluginId, Redirect};
use stoflow_host::secret::Secret;
use stoflow_sandbox::{Fault, FaultKind, Options};

use crate::seller::{
    Host, Scripted, etsy, identity, operator, provider, sandbox, state_of, token_requests, user,
    wish,
};

#[tokio::test]
async fn a_consent_makes_an_account_and_the_next_one_renews_it() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let first = host.connect(&config, "u1", "").await.unwrap();
    assert!(!first.renewed && first.warnings.is_empty());
    assert_eq!(first.account.state, AccountState::Connected);
    assert_eq!(
        first.account.scopes,
        ["listings_r", "listings_w", "shops_r"]
    );
    let id = &first.account.id;
    let made = ("who-made".to_owned(), Some("made-by-hand".to_owned()));
    host.accounts.set(id, &[made].into()).await.unwrap();
    let again = host.connect(&config, "u1", "").await.unwrap();
    assert!(again.renewed);
    assert_eq!(again.account.id, *id);
    assert_eq!(again.account.connected_at, first.account.connected_at);
    assert_eq!(again.account.settings["who-made"], "made-by-hand");
    let bearer = host.accounts.bearer(id, &config).await.unwrap();
    assert_eq!(bearer.generation, 2);
    host.identify(&config, bearer).await.unwrap();
    // Another user's account with the same seller is another one.
    let other = host.connect(&config, "u2", "").await.unwrap();
    assert!(!other.renewed && other.account.id != *id);
}

#[tokio::test]
async fn the_page_is_asked_for_with_pkce_a_state_of_256_bits_and_the_address_to_the_letter() {
    let (_sandbox, mut config) = sandbox(Options::default()).await;
    let host = Host::new();
    config.redirect_uri = Some("https://Stoflow.example/etsy/callback?x=1".into());
    let mut seen = Vec::new();
    for _ in 0..2 {
        let begun = host.begin(&config, "u1").await;
        let get = |name: &str| {
            let mut values = begun.url.query_pairs().filter(|(key, _)| key == name);
            let value = values.next().map(|(_, value)| value.into_owned());
            assert!(values.next().is_none(), "{name} twice");
            value.unwrap()
        };
        assert_eq!(
            get("redirect_uri"),
            "https://Stoflow.example/etsy/callback?x=1"
        );
        assert_eq!(
            (get("response_type"), get("code_challenge_method")),
            ("code".into(), "S256".into())
        );
        assert_eq!(get("scope"), "listings_r listings_w shops_r");
        // 32 bytes are 43 characters of unpadded base 64.
        assert_eq!((get("state").len(), get("code_challenge").len()), (43, 43));
        assert_eq!(
            begun.redirect_uri,
            "https://Stoflow.example/etsy/callback?x=1"
        );
        seen.extend([get("state"), get("code_challenge")]);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_consent_survives_a_restart_and_is_used_up_by_its_first_answer() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let host = host.restarted();
    let address = host.visit(&begun, "auto=1").await;
    let account = host
        .complete(&config, "u1", &address)
        .await
        .unwrap()
        .account;
    assert_eq!(account.user, user("u1"));
    let asked = token_requests(&sandbox);
    let host = host.restarted();
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(matches!(error, ConsentError::Replayed), "{error}");
    assert_eq!(token_requests(&sandbox), asked);
    // The account is untouched by it.
    host.accounts.bearer(&account.id, &config).await.unwrap();
}

#[tokio::test]
async fn of_two_answers_at_once_one_is_taken() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "auto=1").await;
    let (a, b) = tokio::join!(
        host.complete(&config, "u1", &address),
        host.complete(&config, "u1", &address)
    );
    assert_eq!(token_requests(&sandbox), 1);
    let refused = [a, b]
        .into_iter()
        .filter_map(Result::err)
        .collect::<Vec<_>>();
    assert!(
        matches!(refused[..], [ConsentError::Replayed]),
        "{refused:?}"
    );
}

#[tokio::test]
async fn two_first_consents_of_one_seller_at_once_make_one_account() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let connects = (0..8).map(|_| host.connect(&config, "u1", ""));
    let connected = futures_util::future::join_all(connects).await;
    let ids: std::collections::BTreeSet<_> = connected
        .into_iter()
        .map(|done| done.unwrap().account.id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(host.accounts.list(None).unwrap().len(), 1);
    let id = ids.first().unwrap();
    let bearer = host.accounts.refreshed(id, &config, 8).await.unwrap();
    host.identify(&config, bearer).await.unwrap();
}

#[tokio::test]
async fn a_state_that_nobody_began_or_that_is_too_old_is_refused() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let error = host
        .answer(&config, "u1", "code=c&state=forged")
        .await
        .unwrap_err();
    assert!(matches!(error, ConsentError::UnknownState), "{error}");
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "auto=1").await;
    host.clock.jump(SignedDuration::from_secs(601));
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(matches!(error, ConsentError::Expired), "{error}");
    assert_eq!(token_requests(&sandbox), 0);
    assert_eq!(host.accounts.list(None).unwrap(), []);
}

#[tokio::test]
async fn a_clock_that_was_put_back_makes_no_consent_live_longer() {
    let (sandbox, config) = sandbox(Options::default()).await;
    for (jump, taken) in [(-30, true), (-300, false), (-10 * 366 * 86_400, false)] {
        let host = Host::new();
        let begun = host.begin(&config, "u1").await;
        let address = host.visit(&begun, "auto=1").await;
        host.clock.jump(SignedDuration::from_secs(jump));
        let answered = host.answer(&config, "u1", &address).await;
        match answered {
            Ok(_) => assert!(taken, "{jump}"),
            Err(error) => assert!(!taken && matches!(error, ConsentError::Expired), "{error}"),
        }
    }
    assert_eq!(token_requests(&sandbox), 1);
}

#[tokio::test]
async fn an_answer_that_comes_elsewhere_than_it_was_begun_for_is_refused_and_uses_nothing_up() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "auto=1").await;
    let (u1, u2, etsy): (_, _, PluginId) = (user("u1"), user("u2"), etsy());
    let ebay: PluginId = "ebay".parse().unwrap();
    let elsewhere = address.replace("/etsy/", "/ebay/");
    let other_host = address.replace("localhost", "localhost.example");
    let other_port = address.replace(":3000", ":3001");
    let other_scheme = address.replace("http:", "https:");
    let longer = address.replace("/callback?", "/callback/?");
    let caller = |name, user| Party::Caller { name, user };
    for (plugin, address, party, what) in [
        (&ebay, &address, operator(&u1), "marketplace"),
        (&etsy, &address, caller("key 2", &u1), "key"),
        (&etsy, &address, operator(&u2), "user"),
        (&etsy, &elsewhere, operator(&u1), "redirect address"),
        (&etsy, &other_host, operator(&u1), "redirect address"),
        (&etsy, &other_port, operator(&u1), "redirect address"),
        (&etsy, &other_scheme, operator(&u1), "redirect address"),
        (&etsy, &longer, operator(&u1), "redirect address"),
    ] {
        let returned = Returned {
            plugin,
            address,
            party,
        };
        let identify = async |_| Ok::<_, String>(identity("1", "x"));
        let error = host.consent.answer(returned, &config, identify).await;
        let error = error.unwrap_err();
        assert!(matches!(&error, ConsentError::Mismatch(_)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    // To another user's caller it is as one that nobody began, wherever it comes.
    for plugin in [&ebay, &etsy] {
        let returned = Returned {
            plugin,
            address: &address,
            party: caller("key 2", &u2),
        };
        let identify = async |_| Ok::<_, String>(identity("1", "x"));
        let error = host.consent.answer(returned, &config, identify).await;
        assert!(matches!(error, Err(ConsentError::UnknownState)));
    }
    // A server answers it in a task of any thread.
    fn send<T: Send>(future: T) -> T {
        future
    }
    send(host.answer(&config, "u1", &address)).await.unwrap();
    // Nor is another's told that there was one.
    for (party, is_told) in [
        (caller("key 2", &u2), false),
        (operator(&u2), false),
        (operator(&u1), true),
    ] {
        let returned = Returned {
            plugin: &etsy,
            address: &address,
            party,
        };
        let identify = async |_| Ok::<_, String>(identity("1", "x"));
        let error = host.consent.answer(returned, &config, identify).await;
        assert_eq!(matches!(error, Err(ConsentError::Replayed)), is_told);
    }
}

#[tokio::test]
async fn a_consent_that_a_browser_began_is_answered_by_no_other_one() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let (u1, etsy) = (user("u1"), etsy());
    let wish = Wish {
        in_browser: true,
        ..wish(&u1, &etsy)
    };
    let begun = host.consent.begin(wish, &config).await.unwrap();
    let address = host.visit(&begun, "auto=1").await;
    let own = [Secret::random(), begun.cookie.unwrap()];
    for (party, taken) in [
        (Party::Browser(&[]), false),
        (Party::Browser(&own[..1]), false),
        (operator(&u1), false),
        (Party::Browser(&own), true),
    ] {
        let returned = Returned {
            plugin: &etsy,
            address: &address,
            party,
        };
        let identify = |bearer| host.identify(&config, bearer);
        match host.consent.answer(returned, &config, identify).await {
            Ok(_) => assert!(taken),
            Err(ConsentError::Mismatch("browser")) => assert!(!taken),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_seller_who_says_no_is_told_so_and_connects_nothing() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "decision=deny").await;
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(
        matches!(&error, ConsentError::Denied(why) if why.contains("denied")),
        "{error}"
    );
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(matches!(error, ConsentError::Replayed), "{error}");
    let begun = host.begin(&config, "u1").await;
    let state = state_of(&begun);
    let address = format!("error=server_error&error_description=a%0Ab&state={state}");
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(
        matches!(&error, ConsentError::Refused(why) if why == "server_error: a b"),
        "{error}"
    );
    assert_eq!(token_requests(&sandbox), 0);
}

#[tokio::test]
async fn a_code_that_the_marketplace_does_not_take_connects_nothing_and_is_shown_nowhere() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "auto=1").await;
    // The code lives for a minute.
    sandbox.advance(std::time::Duration::from_secs(120));
    let error = host.complete(&config, "u1", &address).await.unwrap_err();
    assert!(matches!(&error, ConsentError::CodeRefused(_)), "{error}");
    let code = address
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(!format!("{error} {error:?}").contains(code), "{error:?}");
    // A token endpoint in trouble is said to be that.
    sandbox
        .inject(Fault::new(FaultKind::Html).on("token"))
        .unwrap();
    let error = host.connect(&config, "u1", "").await.unwrap_err();
    assert!(matches!(&error, ConsentError::Unavailable(_)), "{error}");
    assert_eq!(host.accounts.list(None).unwrap(), []);
}

#[tokio::test]
async fn a_token_whose_seller_is_not_told_is_taken_back_and_kept_nowhere() {
    let endpoint = Scripted::start().await;
    let (host, mut config) = (Host::new(), endpoint.config());
    provider(&mut config).revoke_url = Some("https://api.etsy.com/revoke".into());
    endpoint.then_json(
        200,
        json!({"access_token": "an-access-token", "token_type": "Bearer",
        "refresh_token": "a-refresh-token"}),
    );
    endpoint.then(200, "text/plain", "");
    let begun = host.begin(&config, "u1").await;
    let state = state_of(&begun);
    let address = format!("code=c&state={state}");
    let identify = async |_| Err::<stoflow_host::model::Identity, _>("no shop");
    let error = host.answer_of(&config, "u1", &address, identify).await;
    let error = error.unwrap_err();
    let ConsentError::Identify(source) = &error else {
        panic!("{error}")
    };
    assert_eq!(source.to_string(), "no shop");
    assert!(endpoint.asked()[1].1.contains("token=a-refresh-token"));
    assert_eq!(host.accounts.list(None).unwrap(), []);
}

#[tokio::test]
async fn a_consent_that_is_narrower_than_asked_is_noticed() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    endpoint.then_json(
        200,
        json!({"access_token": "a", "token_type": "Bearer", "scope": "listings_r shops_r"}),
    );
    let begun = host.begin(&config, "u1").await;
    let state = state_of(&begun);
    let address = format!("code=c&state={state}");
    let identify = async |_| Ok::<_, String>(identity("1", "Vieux Paris"));
    let offered = host.answer_of(&config, "u1", &address, identify).await;
    let offered = offered.unwrap();
    let connected = host.confirm(&config, "u1", &offered.id).await.unwrap();
    assert_eq!(offered.warnings, connected.warnings);
    // It is seen in the account, too, as long as it is so.
    assert_eq!(connected.account.missing_scopes, ["listings_w"]);
    assert_eq!(connected.account.scopes, ["listings_r", "shops_r"]);
    assert!(
        connected.warnings[0].contains("Vieux Paris did not consent to listings_w"),
        "{:?}",
        connected.warnings
    );
}

#[tokio::test]
async fn what_the_operator_has_not_set_is_named_with_the_command_that_sets_it() {
    let (_sandbox, whole) = sandbox(Options::default()).await;
    let host = Host::new();
    let without_id = PluginConfig {
        client_id: None,
        ..whole.clone()
    };
    let without_grant = PluginConfig {
        grant: None,
        ..whole.clone()
    };
    let without_provider = PluginConfig {
        grant: Some(Grant::nothing()),
        ..whole.clone()
    };
    let bad_address = PluginConfig {
        redirect_uri: Some("etsy/callback".into()),
        ..whole.clone()
    };
    let mut without_name = whole.clone();
    provider(&mut without_name).redirect = Redirect::Name;
    for (config, says) in [
        (
            without_id,
            "client_id: set it with stoflow plugin configure etsy",
        ),
        (without_grant, "granted no provider"),
        (without_provider, "granted no provider"),
        (
            bad_address,
            "is no URL: set redirect_uri with stoflow plugin configure etsy",
        ),
        (without_name, "by a name: set redirect_uri"),
    ] {
        let error = host
            .consent
            .begin(wish(&user("u1"), &etsy()), &config)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, BeginError::Misconfigured(why) if why.contains(says)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_redirect_by_name_goes_out_and_comes_back_to_the_letter() {
    let endpoint = Scripted::start().await;
    let (host, mut config) = (Host::new(), endpoint.config());
    provider(&mut config).redirect = Redirect::Name;
    config.redirect_uri = Some("Stoflow-Stoflow-PRD-abc123".into());
    endpoint.connected(&host, &config).await;
    let (_, body) = endpoint.asked().remove(0);
    assert!(
        body.contains("redirect_uri=Stoflow-Stoflow-PRD-abc123"),
        "{body}"
    );
    assert!(body.contains("code_verifier="), "{body}");
}

#[tokio::test]
async fn nothing_of_a_consent_stands_in_clear_on_disk() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let begun = host.begin(&config, "u1").await;
    let state = state_of(&begun);
    endpoint.connected(&host, &config).await;
    let (_, body) = endpoint.asked().remove(0);
    let verifier = body
        .split("code_verifier=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    host.store.close().unwrap();
    let mut dirs = vec![host.dir.path().to_owned()];
    let mut bytes = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
    }
    assert!(
        bytes.windows(7).any(|window| window == b"consent"),
        "the search finds what is there"
    );
    for secret in [
        state.as_str(),
        &verifier,
        "first-access-token",
        "first-refresh-token",
    ] {
        let secret = secret.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test]
async fn disconnecting_takes_the_token_back_where_it_can_and_forgets_the_account_anyway() {
    for (revoke_url, answer, expected) in [
        (None, None, Revocation::NotOffered),
        (
            Some("https://api.etsy.com/revoke"),
            Some(200),
            Revocation::Done,
        ),
        (
            Some("https://api.etsy.com/revoke"),
            Some(503),
            Revocation::Failed("etsy answers 503 Service Unavailable".into()),
        ),
    ] {
        let endpoint = Scripted::start().await;
        let (host, mut config) = (Host::new(), endpoint.config());
        provider(&mut config).revoke_url = revoke_url.map(str::to_owned);
        let account = endpoint.connected(&host, &config).await.account;
        if let Some(status) = answer {
            endpoint.then(status, "text/plain", "");
        }
        let done = host
            .consent
            .disconnect(&account.id, &config)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((done.account, done.revocation), (account.clone(), expected));
        if answer.is_some() {
            let (_, body) = endpoint.asked().remove(1);
            assert!(body.contains("token=first-refresh-token"), "{body}");
        }
        assert_eq!(host.accounts.list(None).unwrap(), []);
        assert_eq!(host.accounts.list(Some(&user("u1"))).unwrap(), []);
        assert!(host.accounts.token_status(&account.id).unwrap().is_none());
        assert_eq!(
            host.consent.disconnect(&account.id, &config).await.unwrap(),
            None
        );
        // The seller may come back; the account is a new one.
        let again = endpoint.connected(&host, &config).await;
        assert!(!again.renewed && again.account.id != account.id);
    }
}
