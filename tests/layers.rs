//! The map of ARCHITECTURE.md, held: which module may use which, and which module alone names which
//! library.

use std::fs;
use std::path::{Path, PathBuf};

/// From the top; each may use those below it only.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["api"],
    &["host"],
    &["consent", "webhooks"],
    &["operations", "idempotency"],
    &["plugins"],
    &["runtime"],
    &["contract"],
    &["gateway"],
    &["accounts", "keys"],
    &["files", "events"],
    &["store"],
    &["transport"],
    &["config", "telemetry", "locks"],
    &["secret", "directory", "clock"],
    &["model"],
];

/// Each library, and the modules that may name it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("wasmtime", &["runtime", "contract"]),
    ("wasmtime_wasi", &["runtime"]),
    ("wasmtime_wasi_http", &["runtime"]),
    ("wit_parser", &["contract"]),
    ("wit_component", &["contract"]),
    ("wasmparser", &["contract"]),
    ("sled", &["store"]),
    ("chacha20poly1305", &["store"]),
    ("reqwest", &["transport"]),
    ("rustls", &["transport"]),
    // The client streams a call's files into a request of the router.
    ("axum", &["api", "cli"]),
    // And speaks to the daemon's socket.
    ("hyper", &["api", "cli"]),
    ("hyper_util", &["api", "cli"]),
    ("tower", &["api", "cli"]),
    ("tower_http", &["api"]),
    ("clap", &["cli"]),
    ("oauth2", &["accounts", "consent"]),
    ("governor", &["keys"]),
    ("subtle", &["keys"]),
    ("toml_edit", &["config"]),
    ("zeroizing_alloc", &["main"]),
    ("libc", &["main"]),
    ("tracing_subscriber", &["telemetry"]),
    ("metrics", &["telemetry"]),
    ("metrics_exporter_prometheus", &["telemetry"]),
];

struct Source {
    module: String,
    path: PathBuf,
    code: String,
}

/// Every file of `host/src` by its top module, without comments and tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(&root).unwrap();
            let first = relative
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source {
                module,
                code: code(&text),
                path,
            });
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = before_tests
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules that a text names as `crate::module`.
fn named(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with('$') && !code[..*at].ends_with("stoflow_host_"))
        .map(|(at, name)| {
            let rest = &code[at + name.len()..];
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn every_module_has_its_layer() {
    for source in sources() {
        let known = source.module == "lib" || layer(&source.module).is_some();
        assert!(known, "{} is in no layer", source.path.display());
    }
}

#[test]
fn a_module_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module != "lib") {
        let own = layer(&source.module).unwrap();
        for name in named(&source.code) {
            let Some(other) = layer(&name) else { continue };
            if other < own || (other == own && name != source.module) {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_library_is_named_by_its_own_module_alone() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (library, modules) in LIBRARIES {
            let named = source
                .code
                .match_indices(&format!("{library}::"))
                .any(|(at, _)| {
                    !source.code[..at]
                        .ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
            if named && !modules.contains(&source.module.as_str()) {
                wrong.push(format!("{} names {library}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_test_bites() {
    assert_eq!(
        named("use crate::store::Store;\ncrate::model::ids"),
        ["store", "model"]
    );
    assert!(layer("api") < layer("store"));
    assert_eq!(
        code("a\n// crate::api\nb\n#[cfg(test)]\nmod tests { crate::cli }"),
        "a\nb"
    );
}
