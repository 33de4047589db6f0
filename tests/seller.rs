//! What tests of accounts and consent stand on: a store, and a marketplace over real HTTP — the
//! sandbox, or a token endpoint that answers exactly what a test tells it to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stoflow_host::accounts::{Accounts, Bearer, Connected};
use stoflow_host::clock::Clock;
use stoflow_host::config::PluginConfig;
use stoflow_host::consent::{Begun, Consent, ConsentError, Offered, Party, Returned, Wish};
use stoflow_host::events::Events;
use stoflow_host::model::{
    AccountId, ClientAuthentication, Grant, Identity, OAuth2Provider, PluginId, Redirect, Scope,
    UserId,
};
use stoflow_host::secret::Secret;
use stoflow_host::store::{Commit, Key, MasterKey, Record, Store};
use stoflow_host::transport::{Outbound, Target, Transport};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options, Sandbox};
use tempfile::TempDir;
use url::Url;

pub(crate) const API: &str = "https://api.etsy.com";
const OPERATOR: &str = "operator";
const PAGES: &str = "https://www.etsy.com";

pub(crate) fn etsy() -> PluginId {
    "etsy".parse().unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// Etsy's provider as a grant holds it, both origins led to `stand_in`.
pub(crate) fn config(stand_in: &str) -> PluginConfig {
    let scope = |name: &str| Scope {
        name: name.to_owned(),
        summary: String::new(),
        optional: false,
    };
    let provider = OAuth2Provider {
        authorize_url: format!("{PAGES}/oauth/connect"),
        token_url: format!("{API}/v3/public/oauth/token"),
        revoke_url: None,
        redirect: Redirect::Url,
        pkce: true,
        client_authentication: ClientAuthentication::None,
        scopes: ["listings_r", "listings_w", "shops_r"].map(scope).into(),
        access_token_seconds: 3600,
        refresh_token_seconds: 90 * 86_400,
        refresh_token_rotates: true,
        token_limits: Vec::new(),
    };
    let origins = [API, PAGES].map(|origin| (origin.to_owned(), stand_in.to_owned()));
    PluginConfig {
        client_id: Some(CLIENT_ID.to_owned()),
        client_secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
        origins: origins.into(),
        grant: Some(Grant {
            provider: Some(provider),
            ..Grant::nothing()
        }),
        ..PluginConfig::default()
    }
}

pub(crate) fn provider(config: &mut PluginConfig) -> &mut OAuth2Provider {
    config.grant.as_mut().unwrap().provider.as_mut().unwrap()
}

/// The parts under test over one data directory.
pub(crate) struct Host {
    pub(crate) dir: Arc<TempDir>,
    master: MasterKey,
    pub(crate) store: Store,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    pub(crate) accounts: Accounts,
    pub(crate) consent: Consent,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::in_dir(
            Arc::new(tempfile::tempdir().unwrap()),
            MasterKey::random(),
            Clock::default(),
        )
    }

    fn in_dir(dir: Arc<TempDir>, master: MasterKey, clock: Clock) -> Self {
        let store = Store::open(dir.path(), &master).unwrap();
        let transport = Transport::new();
        let events = Events::open(store.clone(), clock.clone()).unwrap();
        let accounts = Accounts::new(events, transport.clone(), clock.clone());
        Self {
            consent: Consent::new(store.clone(), accounts.clone()),
            dir,
            master,
            store,
            transport,
            clock,
            accounts,
        }
    }

    /// Stopped and started again.
    pub(crate) fn restarted(self) -> Self {
        self.store.close().unwrap();
        Self::in_dir(
            Arc::clone(&self.dir),
            self.master.clone(),
            self.clock.clone(),
        )
    }

    /// Started on what a killed process would have left at this moment.
    pub(crate) fn after_a_kill(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(self.dir.path(), dir.path());
        Self::in_dir(Arc::new(dir), self.master.clone(), self.clock.clone())
    }

    /// What the browser brings back when the seller says `decision` on the marketplace's page.
    pub(crate) async fn visit(&self, begun: &Begun, decision: &str) -> String {
        let url = Url::parse(&format!("{}&{decision}", begun.url)).unwrap();
        let origin = url.origin().ascii_serialization().parse().unwrap();
        let target = Target {
            url,
            allowed: stoflow_host::transport::Allowed::Named(origin),
        };
        let reply = self
            .transport
            .send_small(Outbound::new(Method::GET, target))
            .await
            .unwrap();
        assert!(
            reply.status.is_redirection(),
            "{}: {:?}",
            reply.status,
            reply.body
        );
        reply.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Asks the sandbox who a token speaks for, as a plugin would.
    pub(crate) async fn identify(
        &self,
        config: &PluginConfig,
        bearer: Bearer,
    ) -> Result<Identity, String> {
        let url = Url::parse(&format!("{API}/v3/application/users/me")).unwrap();
        let mut outbound = Outbound::new(Method::GET, Target::of(&url, config));
        let bearer = format!("Bearer {}", bearer.token.expose());
        outbound
            .headers
            .insert(header::AUTHORIZATION, bearer.parse().unwrap());
        let key = format!("{CLIENT_ID}:{CLIENT_SECRET}");
        outbound.headers.insert("x-api-key", key.parse().unwrap());
        let reply = self
            .transport
            .send_small(outbound)
            .await
            .map_err(|error| error.to_string())?;
        let me: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
        let shop = me["shop_id"]
            .as_i64()
            .ok_or_else(|| format!("{}: {me}", reply.status))?;
        Ok(Identity {
            id: me["user_id"].to_string(),
            name: format!("Shop {shop}"),
            shop_id: Some(shop.to_string()),
            site: None,
            extension: None,
        })
    }

    /// The whole consent of a user with the sandbox's seller whom `seller` names (`user=…`).
    pub(crate) async fn connect(
        &self,
        config: &PluginConfig,
        name: &str,
        seller: &str,
    ) -> Result<Connected, ConsentError> {
        let begun = self.begin(config, name).await;
        let address = self.visit(&begun, &format!("auto=1&{seller}")).await;
        self.complete(config, name, &address).await
    }

    /// A consent that the operator begins for a user, as the command line does.
    pub(crate) async fn begin(&self, config: &PluginConfig, name: &str) -> Begun {
        let (user, plugin) = (user(name), etsy());
        let wish = wish(&user, &plugin);
        self.consent.begin(wish, config).await.unwrap()
    }

    /// What the operator is offered who brings the answer.
    pub(crate) async fn answer(
        &self,
        config: &PluginConfig,
        name: &str,
        address: &str,
    ) -> Result<Offered, ConsentError> {
        let identify = |bearer| self.identify(config, bearer);
        self.answer_of(config, name, address, identify).await
    }

    pub(crate) async fn answer_of<F, I, E>(
        &self,
        config: &PluginConfig,
        name: &str,
        address: &str,
        identify: F,
    ) -> Result<Offered, ConsentError>
    where
        F: FnOnce(Bearer) -> I,
        I: Future<Output = Result<Identity, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let user = user(name);
        let returned = Returned {
            plugin: &etsy(),
            address,
            party: operator(&user),
        };
        self.consent.answer(returned, config, identify).await
    }

    pub(crate) async fn confirm(
        &self,
        config: &PluginConfig,
        name: &str,
        id: &Secret,
    ) -> Result<Connected, ConsentError> {
        let user = user(name);
        let party = operator(&user);
        self.consent.confirm(&etsy(), id, party, config).await
    }

    pub(crate) async fn complete(
        &self,
        config: &PluginConfig,
        name: &str,
        address: &str,
    ) -> Result<Connected, ConsentError> {
        let offered = self.answer(config, name, address).await?;
        self.confirm(config, name, &offered.id).await
    }

    /// Lets an account's access token expire, by the host's book.
    pub(crate) fn expire(&self, account: &AccountId) {
        self.change_token(account, |token| {
            token["issued_at"] = json!("2020-01-01T00:00:00Z");
            token["expires_at"] = json!("2020-01-01T01:00:00Z");
        });
    }

    pub(crate) fn change_token(&self, account: &AccountId, change: impl FnOnce(&mut Value)) {
        let key = Key::of([account.as_str()]);
        let mut token: StoredToken = self.store.get(&key).unwrap().unwrap();
        change(&mut token.0);
        let commit = Commit::new().put(&key, &token);
        self.store.commit_blocking(commit).unwrap();
    }
}

/// What the operator begins without anything special.
pub(crate) fn wish<'a>(user: &'a UserId, plugin: &'a PluginId) -> Wish<'a> {
    Wish {
        user,
        plugin,
        began_by: OPERATOR,
        in_browser: false,
        account: None,
        return_to: None,
    }
}

/// The operator, acting for a user.
pub(crate) fn operator(user: &UserId) -> Party<'_> {
    Party::Caller {
        name: OPERATOR,
        user,
    }
}

/// The state of a consent that was begun, as it stands in its address.
pub(crate) fn state_of(begun: &Begun) -> String {
    let mut pairs = begun.url.query_pairs();
    let state = pairs.find(|(name, _)| name == "state").unwrap();
    state.1.into_owned()
}

/// The records of accounts as they lie in the store: what a crash leaves is written by hand.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredToken(pub(crate) Value);
impl Record for StoredToken {
    const KIND: &'static str = "token";
}
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredReply(pub(crate) Value);
impl Record for StoredReply {
    const KIND: &'static str = "token_reply";
}
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredRefreshing(pub(crate) Value);
impl Record for StoredRefreshing {
    const KIND: &'static str = "refreshing";
}
pub(crate) async fn sandbox(options: Options) -> (Sandbox, PluginConfig) {
    let options = Options {
        per_second: 0,
        ..options
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let config = config(sandbox.url());
    (sandbox, config)
}

/// How many requests for tokens the sandbox has had.
pub(crate) fn token_requests(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests
        .iter()
        .filter(|request| request.operation.as_deref() == Some("token"))
        .count()
}

pub(crate) fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// An endpoint that gives the answers of a script, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<(u16, &'static str, String)>,
    asked: Vec<(HeaderMap, String)>,
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scripted = Self {
            script: Arc::default(),
            address: listener.local_addr().unwrap(),
        };
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(scripted.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        scripted
    }

    pub(crate) fn config(&self) -> PluginConfig {
        config(&format!("http://{}", self.address))
    }

    pub(crate) fn then(&self, status: u16, kind: &'static str, body: impl ToString) -> &Self {
        let answer = (status, kind, body.to_string());
        self.script.lock().unwrap().answers.push_back(answer);
        self
    }

    pub(crate) fn then_json(&self, status: u16, body: Value) -> &Self {
        self.then(status, "application/json", body)
    }

    /// The headers and bodies of the requests so far.
    pub(crate) fn asked(&self) -> Vec<(HeaderMap, String)> {
        self.script.lock().unwrap().asked.clone()
    }

    /// An account whose tokens came from this endpoint: access token `first-access-token`, refresh
    /// token `first-refresh-token`.
    pub(crate) async fn connected(&self, host: &Host, config: &PluginConfig) -> Connected {
        self.then_json(
            200,
            json!({
                "access_token": "first-access-token", "token_type": "Bearer",
                "expires_in": 3600, "refresh_token": "first-refresh-token",
            }),
        );
        let begun = host.begin(config, "u1").await;
        let address = format!("code=the-code&state={}", state_of(&begun));
        let identify = async |_| Ok::<_, String>(identity("1", "Vieux Paris"));
        let offered = host.answer_of(config, "u1", &address, identify).await;
        let id = offered.unwrap().id;
        host.confirm(config, "u1", &id).await.unwrap()
    }
}

async fn answer(State(scripted): State<Scripted>, headers: HeaderMap, body: String) -> Response {
    let mut script = scripted.script.lock().unwrap();
    script.asked.push((headers, body));
    match script.answers.pop_front() {
        Some((status, kind, body)) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::CONTENT_TYPE, kind)], body).into_response()
        }
        None => (StatusCode::NOT_IMPLEMENTED, "the script has ended").into_response(),
    }
}

pub(crate) fn identity(id: &str, name: &str) -> Identity {
    Identity {
        id: id.to_owned(),
        name: name.to_owned(),
        shop_id: None,
        site: None,
        extension: None,
    }
}
