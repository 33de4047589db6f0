//! The API attacked by its own description: schemathesis makes requests from `/openapi.json`, good ones
//! and bad ones, sends them to the running program, and holds what comes back against the document.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::every_function::cases::poster;
use crate::every_route::Scene;
use crate::market::{example, examples};
use crate::seed::seed;
use crate::served::Served;
use crate::stage::{rounds, target};

/// What every reply is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Operations that end what the others need; they are tried last.
const ENDING: &[&str] = &[
    // The shops are gone, and with them nearly everything that a call could answer.
    "delete_accounts_account",
    "post_plugin_oauth_disconnect",
    "delete_users_user",
    // So are the listings.
    "delete_etsy_products_delete",
    "post_etsy_call_publish_delete",
    // The plugin is gone, or asks somewhere else than the sandbox.
    "delete_plugins_plugin",
    "post_plugins_plugin_configuration",
    // The key that asks is gone.
    "delete_keys_key",
];

/// The one operation that is tried by nobody: it writes a file where the request says.
const NEVER: &str = "post_store_master_key";

/// A program of `tests/python/requirements.txt`.
fn python(program: &str) -> PathBuf {
    let path = target().join("python/bin").join(program);
    assert!(
        path.exists(),
        "{} is not there. Make it first: cargo xtask python",
        path.display()
    );
    path
}

/// Says what schemathesis cannot read in the document.
fn hooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/hooks.py")
}

/// What there is in the shop, as `tests/python/hooks.py` takes it.
async fn known(scene: &Scene, seed: u32) -> Value {
    let things = scene.things().await;
    let [account, _] = &scene.served.accounts;
    let picture = scene.user.request(Method::POST, "/api/files?name=mug.jpg");
    let picture = picture
        .header("content-type", "image/jpeg")
        .body(std::fs::read(examples().join("mug.jpg")).unwrap());
    let file = scene.user.send(picture).await.json();
    let operations = scene.user.get("/api/operations").await.json();
    let own_key = scene.user.get("/api/keys/self").await.json();
    let profile = scene.user.get("/api/etsy/shipping/profiles").await.json();
    let mut pictured = example("mug");
    pictured["images"] = json!([{ "source": format!("asset:{}", file["file"].as_str().unwrap()) }]);
    json!({
        "seed": seed,
        "products": [poster(), pictured, example("coat")],
        "component": target().join("guests/constant.wasm"),
        "parameters": {
            "user": ["u1"],
            "account": [account],
            "id": [things.mug, things.draft, things.order, profile[0]["id"]],
            "listing_id": [things.mug, things.draft],
            "ids": [[things.mug, things.draft]],
            "file": [file["file"]],
            "operation": [operations["items"][0]["id"]],
            "key": [own_key["id"]],
            "kind": ["shipping", "returns"],
            "node": ["944", "1"],
            "slug": ["not-found", "conflict"],
        },
    })
}

/// A run of schemathesis.
struct Attack<'a> {
    served: &'a Served,
    key: &'a str,
    seconds: u32,
    seed: u32,
    known: &'a Value,
    arguments: Vec<String>,
}

impl Attack<'_> {
    fn run(&self) {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(python("st"));
        command
            .current_dir(home.path())
            .env("SCHEMATHESIS_HOOKS", hooks())
            .env("STOFLOW_KNOWN", self.known.to_string())
            .args(["run", &format!("{}/openapi.json", self.served.url)])
            .args(["--header", &format!("Authorization: Bearer {}", self.key)])
            .args(["--checks", CHECKS, "--max-time", &self.seconds.to_string()])
            .args(["--seed", &self.seed.to_string(), "--request-timeout", "40"])
            .args([
                // More would be threads of one Python, whose 3.11 fails now and then where two read
                // source text at once ("AST constructor recursion depth mismatch").
                "--workers",
                "1",
                "--no-color",
                "--generation-database",
                "none",
            ])
            .args(["--suppress-health-check", "all", "--warnings", "off"])
            .args(&self.arguments);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).replace(self.key, "***");
        assert!(
            output.status.success(),
            "seed {}: {said}\n{}\nthe program's process: {}; it logged:\n{}",
            self.seed,
            String::from_utf8_lossy(&output.stderr),
            self.served.state(),
            last_lines(&self.served.log(), 40),
        );
        let summary = said.lines().rev().take(12).collect::<Vec<_>>();
        println!(
            "{}",
            summary.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn excluding(operations: &[&str]) -> Vec<String> {
    let arguments = operations.iter().chain([&NEVER]);
    arguments
        .flat_map(|id| ["--exclude-operation-id".to_owned(), (*id).to_owned()])
        .collect()
}

async fn key(served: &Served, mut wanted: Value) -> String {
    // What is tried is what is answered, not how many are.
    wanted["rate"] = json!({ "per_second": 1_000_000, "burst": 1_000_000 });
    let made = served.post(None, "/api/keys", &wanted).await.json();
    made["secret"].as_str().unwrap().to_owned()
}

/// Two thirds of the time as a user, whose calls reach a shop; the rest as an operator, who reaches what
/// belongs to nobody; last what ends the others.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_what_the_document_promises() {
    let seconds = rounds("SCHEMATHESIS_SECONDS", 20);
    // schemathesis takes seeds of half the length.
    let seed = u32::try_from(seed("described", seconds) & u64::from(u32::MAX)).unwrap();
    let scene = Scene::new().await;
    let (served, known) = (&scene.served, known(&scene, seed).await);
    let nouns = stoflow_host::api::NOUNS.iter();
    let scopes: Vec<String> = nouns.map(|(noun, _)| format!("{noun}:write")).collect();
    let user = key(served, json!({ "user": "u1", "scopes": scopes })).await;
    let operator = key(served, json!({ "admin": true })).await;
    let only = |ids: &[&str]| -> Vec<String> {
        let arguments = ids.iter();
        arguments
            .flat_map(|id| ["--include-operation-id".to_owned(), (*id).to_owned()])
            .collect()
    };
    let mut of_the_host = excluding(ENDING);
    of_the_host.extend(["--exclude-path-regex".to_owned(), "^/api/etsy/".to_owned()]);
    let attacks = [
        (&user, (seconds * 2 / 3).max(1), excluding(ENDING)),
        (&operator, (seconds / 4).max(1), of_the_host),
        (&operator, (seconds / 12).max(1), only(ENDING)),
    ];
    for (key, seconds, arguments) in attacks {
        let attack = Attack {
            served,
            key,
            seconds,
            seed,
            known: &known,
            arguments,
        };
        attack.run();
        tokio::time::timeout(Duration::from_secs(5), served.stranger().get("/healthz"))
            .await
            .unwrap()
            .json();
    }
}

/// A reader of OpenAPI that is not ours finds the document valid.
#[tokio::test]
async fn the_document_is_openapi() {
    let served = Served::start().await;
    let document = served.get(None, "/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openapi.json");
    std::fs::write(&path, &document.body).unwrap();
    let validator = python("python");
    let mut command = Command::new(validator);
    command.args(["-m", "openapi_spec_validator", "--schema", "3.1"]);
    let output = command.arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
