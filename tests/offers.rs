//! Offers: what came of a consent connects nothing until the right one says yes, once, in time; and
//! what nobody wants is given back.

#![cfg(test)]

use base64::Engine as _;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stoflow_host::accounts::Revocation;
use stoflow_host::config::PluginConfig;
use stoflow_host::consent::{BeginError, ConsentError, Offered, Party, Wish};
use stoflow_host::model::{AccountId, Identity, PluginId};
use stoflow_host::secret::Secret;
use stoflow_host::store::{Commit, Key, Record, Store};
use stoflow_sandbox::{Fault, FaultKind, NewSeller, Options};

use crate::seller::{
    Host, Scripted, etsy, identity, operator, provider, sandbox, state_of, token_requests, user,
    wish,
};

/// An offer as it lies in the store.
#[derive(Serialize, Deserialize)]
struct StoredOffer(Value);
impl Record for StoredOffer {
    const KIND: &'static str = "consent_offer";
}

/// How many offers a store holds, and of how many it is known whose they are.
pub(crate) fn counts(store: &Store) -> (usize, usize) {
    let offers = store.scan::<StoredOffer>(&Key::root()).unwrap();
    let known = offers
        .iter()
        .filter(|(_, offer)| !offer.0["identity"].is_null());
    (offers.len(), known.count())
}

fn offers(host: &Host) -> Vec<(Key, StoredOffer)> {
    host.store.scan(&Key::root()).unwrap()
}

/// An endpoint where tokens can be taken back, and its configuration.
async fn revoking() -> (Scripted, PluginConfig) {
    let endpoint = Scripted::start().await;
    let mut config = endpoint.config();
    provider(&mut config).revoke_url = Some("https://api.etsy.com/revoke".into());
    (endpoint, config)
}

/// What `u1` is offered of a seller, whose refresh token is `refresh-ID`.
async fn offered(
    endpoint: &Scripted,
    host: &Host,
    config: &PluginConfig,
    seller: Identity,
) -> Offered {
    tokens(endpoint, &seller.id);
    let begun = host.begin(config, "u1").await;
    let address = format!("code=c&state={}", state_of(&begun));
    let identify = async |_| Ok::<_, String>(seller);
    let offered = host.answer_of(config, "u1", &address, identify).await;
    offered.unwrap()
}

fn tokens(endpoint: &Scripted, seller: &str) {
    let refresh = format!("refresh-{seller}");
    endpoint.then_json(
        200,
        json!({"access_token": "access", "token_type": "Bearer", "refresh_token": refresh}),
    );
}

/// The refresh tokens that were taken back.
fn taken_back(endpoint: &Scripted) -> Vec<String> {
    let asked = endpoint.asked().into_iter();
    let tokens = asked.filter_map(|(_, body)| {
        let token = body.split("token=").nth(1)?.split('&').next()?.to_owned();
        (!body.contains("grant_type=")).then_some(token)
    });
    tokens.collect()
}

fn vieux_paris() -> Identity {
    identity("1", "Vieux Paris")
}

#[tokio::test]
async fn an_offer_connects_nothing_until_it_is_confirmed_and_then_once() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let begun = host.begin(&config, "u1").await;
    let address = host.visit(&begun, "auto=1").await;
    let offered = host.answer(&config, "u1", &address).await.unwrap();
    assert_eq!((&offered.user, &offered.renews), (&user("u1"), &None));
    assert!(offered.identity.name.starts_with("Shop "));
    assert_eq!(host.accounts.list(None).unwrap(), []);
    // Nor is it shown by accident.
    let shown = format!("{begun:?} {offered:?}");
    assert!(!shown.contains(offered.id.expose()) && !shown.contains(&state_of(&begun)));
    let host = host.restarted();
    let (a, b) = tokio::join!(
        host.confirm(&config, "u1", &offered.id),
        host.confirm(&config, "u1", &offered.id)
    );
    let (mut connected, mut refused) = (Vec::new(), Vec::new());
    for done in [a, b] {
        match done {
            Ok(done) => connected.push(done.account),
            Err(error) => refused.push(error),
        }
    }
    assert!(
        matches!(refused[..], [ConsentError::Replayed]),
        "{refused:?}"
    );
    assert_eq!(host.accounts.list(None).unwrap(), connected);
    let host = host.restarted();
    let error = host.confirm(&config, "u1", &offered.id).await.unwrap_err();
    assert!(matches!(error, ConsentError::Replayed), "{error}");
    let error = host.confirm(&config, "u1", &Secret::random()).await;
    assert!(matches!(error.unwrap_err(), ConsentError::UnknownState));
    let id = &connected[0].id;
    let bearer = host.accounts.bearer(id, &config).await.unwrap();
    host.identify(&config, bearer).await.unwrap();
    assert_eq!(token_requests(&sandbox), 1);
}

#[tokio::test]
async fn an_offer_is_decided_by_the_one_who_began_it_and_nobody_else() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    let offer = offered(&endpoint, &host, &config, vieux_paris()).await;
    let (u1, u2, ebay): (_, _, PluginId) = (user("u1"), user("u2"), "ebay".parse().unwrap());
    let other_key = Party::Caller {
        name: "key 2",
        user: &u1,
    };
    let cookies = [offer.id.clone()];
    for (plugin, party, what) in [
        (&ebay, operator(&u1), "marketplace"),
        (&etsy(), other_key, "key"),
        (&etsy(), Party::Browser(&cookies), "key"),
    ] {
        let error = host
            .consent
            .confirm(plugin, &offer.id, party, &config)
            .await;
        let error = error.unwrap_err();
        assert!(
            matches!(&error, ConsentError::Mismatch(of) if *of == what),
            "{error}"
        );
        let error = host
            .consent
            .decline(plugin, &offer.id, party, &config)
            .await;
        assert!(matches!(error.unwrap_err(), ConsentError::Mismatch(_)));
    }
    assert_eq!(offers(&host).len(), 1);
    // The seller was in the browser of another user: the one who sent the link gets nothing.
    endpoint.then(200, "text/plain", "");
    let confirmed = host
        .consent
        .confirm(&etsy(), &offer.id, operator(&u2), &config)
        .await;
    let error = confirmed.unwrap_err();
    assert!(matches!(error, ConsentError::Mismatch("user")), "{error}");
    assert_eq!(taken_back(&endpoint), ["refresh-1"]);
    assert!(offers(&host).is_empty());
    let error = host.confirm(&config, "u1", &offer.id).await.unwrap_err();
    assert!(matches!(error, ConsentError::Replayed), "{error}");
    assert_eq!(host.accounts.list(None).unwrap(), []);
}

#[tokio::test]
async fn a_declined_offer_is_given_back_and_forgotten_whatever_the_marketplace_says() {
    for (status, expected) in [
        (200, Revocation::Done),
        (
            503,
            Revocation::Failed("etsy answers 503 Service Unavailable".into()),
        ),
    ] {
        let (endpoint, config) = revoking().await;
        let host = Host::new();
        let offer = offered(&endpoint, &host, &config, vieux_paris()).await;
        endpoint.then(status, "text/plain", "");
        let (u1, etsy) = (user("u1"), etsy());
        let decline = || {
            host.consent
                .decline(&etsy, &offer.id, operator(&u1), &config)
        };
        let declined = decline().await.unwrap();
        assert_eq!(declined.revocation, Some(expected));
        assert_eq!(declined.identity, Some(vieux_paris()));
        assert_eq!(taken_back(&endpoint), ["refresh-1"]);
        let error = decline().await.unwrap_err();
        assert!(matches!(error, ConsentError::Replayed), "{error}");
        let error = host.confirm(&config, "u1", &offer.id).await.unwrap_err();
        assert!(matches!(error, ConsentError::Replayed), "{error}");
        assert!(offers(&host).is_empty());
        assert_eq!(host.accounts.list(None).unwrap(), []);
    }
}

#[tokio::test]
async fn declining_to_renew_leaves_the_connection_that_is_there_alone() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    let first = offered(&endpoint, &host, &config, vieux_paris()).await;
    let account = host
        .confirm(&config, "u1", &first.id)
        .await
        .unwrap()
        .account;
    let again = offered(&endpoint, &host, &config, vieux_paris()).await;
    assert_eq!(again.renews.as_ref(), Some(&account.id));
    let (u1, etsy) = (user("u1"), etsy());
    let declined = host
        .consent
        .decline(&etsy, &again.id, operator(&u1), &config)
        .await;
    assert_eq!(declined.unwrap().revocation, None);
    assert!(taken_back(&endpoint).is_empty() && offers(&host).is_empty());
    assert_eq!(host.accounts.get(&account.id).unwrap(), Some(account));
}

#[tokio::test]
async fn an_offer_lives_ten_minutes_and_is_then_given_back() {
    let (endpoint, config) = revoking().await;
    for seconds in [601, -61, 10 * 366 * 86_400] {
        let host = Host::new();
        let offer = offered(&endpoint, &host, &config, vieux_paris()).await;
        host.clock.jump(SignedDuration::from_secs(seconds));
        endpoint.then(200, "text/plain", "");
        let error = host.confirm(&config, "u1", &offer.id).await.unwrap_err();
        assert!(matches!(error, ConsentError::Expired), "{seconds}: {error}");
        assert!(offers(&host).is_empty());
        assert_eq!(host.accounts.list(None).unwrap(), []);
    }
    assert_eq!(taken_back(&endpoint), ["refresh-1"; 3]);
}

#[tokio::test]
async fn an_offer_that_nobody_decides_about_is_given_back_at_the_next_beginning() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    offered(&endpoint, &host, &config, vieux_paris()).await;
    host.begin(&config, "u2").await;
    assert_eq!(offers(&host).len(), 1, "it may still be decided about");
    host.clock.jump(SignedDuration::from_secs(601));
    endpoint.then(200, "text/plain", "");
    host.begin(&config, "u2").await;
    assert_eq!(taken_back(&endpoint), ["refresh-1"]);
    assert!(offers(&host).is_empty());
}

#[tokio::test]
async fn a_kill_leaves_no_half_account_and_no_token_that_is_not_given_back() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    tokens(&endpoint, "1");
    let begun = host.begin(&config, "u1").await;
    let address = format!("code=c&state={}", state_of(&begun));
    // Killed while the code is changed for tokens, while it is asked whose they are, and before
    // somebody decides.
    let mut killed = Vec::new();
    let identify = async |_| {
        killed.push(host.after_a_kill());
        Ok::<_, String>(vieux_paris())
    };
    let offer = host.answer_of(&config, "u1", &address, identify).await;
    let offer = offer.unwrap();
    killed.push(host.after_a_kill());
    for host in &killed {
        assert_eq!(host.accounts.list(None).unwrap(), []);
        let error = host.answer(&config, "u1", &address).await.unwrap_err();
        assert!(matches!(error, ConsentError::Replayed), "{error}");
    }
    // Only what is known whose it is can be confirmed; after that there is an account with tokens.
    let error = killed[0].confirm(&config, "u1", &offer.id).await;
    assert!(matches!(error.unwrap_err(), ConsentError::UnknownState));
    let account = killed[1].confirm(&config, "u1", &offer.id).await.unwrap();
    let connected = killed[1].after_a_kill();
    connected
        .accounts
        .bearer(&account.account.id, &config)
        .await
        .unwrap();
    // The other one is found at the next beginning, and so is one that was being given back.
    killed[0].clock.jump(SignedDuration::from_secs(601));
    endpoint.then(200, "text/plain", "");
    killed[0].begin(&config, "u1").await;
    assert_eq!(taken_back(&endpoint), ["refresh-1"]);
    let (key, mut stored) = offers(&host).remove(0);
    stored.0["declined"] = json!(true);
    let commit = Commit::new().put(&key, &stored);
    host.store.commit(commit).await.unwrap();
    host.clock.jump(SignedDuration::from_secs(-601));
    let error = host.confirm(&config, "u1", &offer.id).await.unwrap_err();
    assert!(matches!(error, ConsentError::UnknownState), "{error}");
    endpoint.then(200, "text/plain", "");
    host.begin(&config, "u1").await;
    assert_eq!(taken_back(&endpoint), ["refresh-1"; 2]);
    assert!(offers(&host).is_empty());
}

/// A token endpoint's reply, and the code that it answers, as they lie in the store.
#[derive(Serialize, Deserialize)]
struct StoredReply(Value);
impl Record for StoredReply {
    const KIND: &'static str = "token_reply";
}
#[derive(Serialize, Deserialize)]
struct StoredExchange(Value);
impl Record for StoredExchange {
    const KIND: &'static str = "consent_exchange";
}

#[tokio::test]
async fn a_reply_that_nobody_read_is_given_back() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    tokens(&endpoint, "1");
    let begun = host.begin(&config, "u1").await;
    let state = Secret::new(state_of(&begun));
    let address = format!("code=c&state={}", state.expose());
    let key = Key::of([state.digest()]);
    let replies = |host: &Host| host.store.get::<StoredReply>(&key).unwrap().is_some();
    let exchanges = |host: &Host| host.store.get::<StoredExchange>(&key).unwrap().is_some();
    let identify = async |_| Ok::<_, String>(vieux_paris());
    let offer = host.answer_of(&config, "u1", &address, identify).await;
    // With the offer, the reply is understood.
    assert!(!replies(&host) && !exchanges(&host));
    host.confirm(&config, "u1", &offer.unwrap().id)
        .await
        .unwrap();
    // Killed before that: the reply is there as it came, and the code is known to be under way.
    let body =
        json!({"access_token": "access", "token_type": "Bearer", "refresh_token": "refresh-9"});
    let body = base64::engine::general_purpose::STANDARD.encode(body.to_string());
    let exchange = json!({ "plugin": "etsy", "at": host.clock.now().to_string() });
    let commit = Commit::new()
        .put(&key, &StoredReply(json!({ "body": body })))
        .put(&key, &StoredExchange(exchange));
    host.store.commit(commit).await.unwrap();
    let host = host.restarted();
    host.begin(&config, "u1").await;
    assert!(replies(&host), "it may still be read");
    host.clock.jump(SignedDuration::from_secs(601));
    endpoint.then(200, "text/plain", "");
    host.begin(&config, "u1").await;
    assert_eq!(taken_back(&endpoint), ["refresh-9"]);
    assert!(!replies(&host) && !exchanges(&host));
}

#[tokio::test]
async fn the_reply_to_a_code_is_on_disk_before_it_is_read() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    endpoint.then_json(200, json!({ "access_token": "a", "token_type": "mac" }));
    let begun = host.begin(&config, "u1").await;
    let state = Secret::new(state_of(&begun));
    let address = format!("code=c&state={}", state.expose());
    host.answer(&config, "u1", &address).await.unwrap_err();
    let key = Key::of([state.digest()]);
    let kept = host.store.get::<StoredReply>(&key).unwrap();
    assert!(
        kept.is_some(),
        "what cannot be understood was kept before that was tried"
    );
    host.clock.jump(SignedDuration::from_secs(601));
    host.begin(&config, "u1").await;
    assert!(host.store.get::<StoredReply>(&key).unwrap().is_none());
}

/// Begins renewing an account; what `u1` is offered of the sandbox's seller.
async fn renew(
    host: &Host,
    config: &PluginConfig,
    account: &AccountId,
    seller: &str,
) -> Result<Offered, ConsentError> {
    let (u1, etsy) = (user("u1"), etsy());
    let wish = Wish {
        account: Some(account),
        ..wish(&u1, &etsy)
    };
    let begun = host.consent.begin(wish, config).await.unwrap();
    let address = host.visit(&begun, &format!("auto=1&{seller}")).await;
    host.answer(config, "u1", &address).await
}

#[tokio::test]
async fn an_account_is_renewed_by_its_own_seller_and_by_no_other_one() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let other = NewSeller {
        shop_name: "Another Shop".into(),
        ..NewSeller::default()
    };
    let other = sandbox.add_seller(&other).unwrap();
    let host = Host::new();
    let account = host.connect(&config, "u1", "").await.unwrap().account;
    let before = host.accounts.bearer(&account.id, &config).await.unwrap();
    let seller = format!("user={}", other.user_id);
    let error = renew(&host, &config, &account.id, &seller).await;
    let error = error.unwrap_err();
    let ConsentError::OtherSeller {
        expected,
        consented,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(*expected, account.identity.name);
    assert_eq!(*consented, format!("Shop {}", other.shop_id));
    let said = error.to_string();
    assert!(
        said.contains(expected) && said.contains(consented),
        "{said}"
    );
    // Nothing was changed.
    let accounts = host.accounts.list(None).unwrap();
    assert_eq!(accounts, std::slice::from_ref(&account));
    let after = host.accounts.bearer(&account.id, &config).await.unwrap();
    assert_eq!(before, after);
    assert!(offers(&host).is_empty());
    let offer = renew(&host, &config, &account.id, "").await.unwrap();
    assert_eq!(offer.renews.as_ref(), Some(&account.id));
    let renewed = host.confirm(&config, "u1", &offer.id).await.unwrap();
    assert!(renewed.renewed && renewed.account.id == account.id);
    // Without a name, the other shop is another account.
    let connected = host.connect(&config, "u1", &seller).await.unwrap();
    assert!(!connected.renewed);
    assert_eq!(host.accounts.list(None).unwrap().len(), 2);
}

#[tokio::test]
async fn an_account_that_was_disconnected_meanwhile_is_not_renewed() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let account = host.connect(&config, "u1", "").await.unwrap().account;
    let offer = renew(&host, &config, &account.id, "").await.unwrap();
    host.consent.disconnect(&account.id, &config).await.unwrap();
    // What was offered of it has gone with it.
    assert!(offers(&host).is_empty());
    let error = host.confirm(&config, "u1", &offer.id).await.unwrap_err();
    assert!(matches!(error, ConsentError::Replayed), "{error}");
    assert_eq!(host.accounts.list(None).unwrap(), []);
    let error = renew(&host, &config, &account.id, "").await.unwrap_err();
    assert!(matches!(error, ConsentError::AccountGone(_)), "{error}");
}

#[tokio::test]
async fn the_tokens_of_another_seller_are_taken_back() {
    let (endpoint, config) = revoking().await;
    let host = Host::new();
    let first = offered(&endpoint, &host, &config, vieux_paris()).await;
    let account = host
        .confirm(&config, "u1", &first.id)
        .await
        .unwrap()
        .account;
    tokens(&endpoint, "2");
    endpoint.then(200, "text/plain", "");
    let (u1, etsy) = (user("u1"), etsy());
    let wish = Wish {
        account: Some(&account.id),
        ..wish(&u1, &etsy)
    };
    let begun = host.consent.begin(wish, &config).await.unwrap();
    let address = format!("code=c&state={}", state_of(&begun));
    let identify = async |_| Ok::<_, String>(identity("2", "Another Shop"));
    let error = host.answer_of(&config, "u1", &address, identify).await;
    assert!(matches!(
        error.unwrap_err(),
        ConsentError::OtherSeller { .. }
    ));
    assert_eq!(taken_back(&endpoint), ["refresh-2"]);
}

#[tokio::test]
async fn a_scope_that_the_operator_leaves_out_is_not_asked_for() {
    let (_sandbox, mut config) = sandbox(Options::default()).await;
    let host = Host::new();
    config.scopes_left_out = ["listings_w".to_owned()].into();
    let begun = host.begin(&config, "u1").await;
    let scope = begun.url.query_pairs().find(|(name, _)| name == "scope");
    assert_eq!(scope.unwrap().1, "listings_r shops_r");
    let account = host.connect(&config, "u1", "").await.unwrap().account;
    assert_eq!(account.scopes, ["listings_r", "shops_r"]);
    assert!(account.missing_scopes.is_empty(), "nobody refused it");
    config.scopes_left_out = ["listing_w".to_owned()].into();
    let (u1, etsy) = (user("u1"), etsy());
    let error = host.consent.begin(wish(&u1, &etsy), &config).await;
    let error = error.unwrap_err();
    assert!(matches!(&error, BeginError::Misconfigured(_)), "{error}");
    let said = error.to_string();
    for word in [
        "\"listing_w\"",
        "listings_r, listings_w, shops_r",
        "stoflow.toml",
    ] {
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_offers_nothing_and_the_seller_begins_again() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    for kind in [
        FaultKind::ErrorBefore,
        FaultKind::ErrorAfter,
        FaultKind::Html,
        FaultKind::Cut,
        FaultKind::CutBefore,
        FaultKind::Empty,
        FaultKind::RateLimited,
    ] {
        sandbox.inject(Fault::new(kind).on("token")).unwrap();
        let error = host.connect(&config, "u1", "").await.unwrap_err();
        assert!(
            matches!(&error, ConsentError::Unavailable(_)),
            "{kind:?}: {error:?}"
        );
        assert!(offers(&host).is_empty());
    }
    sandbox.clear_faults();
    host.connect(&config, "u1", "").await.unwrap();
}
