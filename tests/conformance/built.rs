//! Which operations the plugin can build, read from its source: a function that somebody adds is in
//! the list without anybody's doing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stoflow_sandbox::table::Table;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Where the plugin's requests are built: `api.rs`, and files below `api/` if there are any.
fn is_api(path: &Path) -> bool {
    let name = |path: &Path| path.file_name().is_some_and(|name| name == "api");
    path.ends_with("src/api.rs") || path.parent().is_some_and(name)
}

/// Every function that builds a request, by its file's name and its own, and its operation.
pub(super) fn built() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        if is_api(&path) {
            let file = path.file_stem().unwrap().to_string_lossy();
            let of_file = operations(code).into_iter();
            all.extend(of_file.map(|(name, operation)| (format!("{file}::{name}"), operation)));
        } else {
            assert!(
                METHODS.iter().all(|method| !code.contains(&start(method))),
                "{} builds a request of its own",
                path.display()
            );
        }
    }
    all
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-etsy/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

fn start(method: &str) -> String {
    format!("Request::{method}(")
}

/// The functions of a source that answer with a request, and the operations that those are.
fn operations(code: &str) -> BTreeMap<String, String> {
    let functions: BTreeMap<&str, &str> = code
        .split("\nfn ")
        .flat_map(|part| part.split("\npub fn "))
        .filter(|part| signature(part).ends_with("-> Request"))
        .map(|part| (part.split(['(', '<']).next().unwrap(), part))
        .collect();
    let public = |name: &str| {
        let text = format!("\npub fn {name}");
        code.contains(&format!("{text}(")) || code.contains(&format!("{text}<"))
    };
    let public = functions.keys().filter(|name| public(name));
    public
        .map(|name| {
            let (method, path) = address(name, &functions)
                .unwrap_or_else(|| panic!("it is not seen which request {name} builds"));
            (name.to_string(), operation(&method, &path))
        })
        .collect()
}

/// From a function's name to its body.
fn signature(function: &str) -> &str {
    function.split(" {\n").next().unwrap().trim_end()
}

/// The method and path of what a function builds, itself or by calling another.
fn address(name: &str, functions: &BTreeMap<&str, &str>) -> Option<(String, String)> {
    let function = functions[name];
    let body = &function[signature(function).len()..];
    let mut texts = body.split('"').skip(1).step_by(2);
    for method in METHODS {
        if body.contains(&start(method)) {
            let path = texts.find(|text| text.starts_with('/'))?;
            return Some((method.to_uppercase(), path.to_owned()));
        }
    }
    let is_called = |other: &str| {
        let other_called = format!("{other}(");
        let mut calls = body.match_indices(&other_called).map(|(at, _)| at);
        let inside = |at: usize| body[..at].ends_with(|c: char| c == '_' || c.is_alphanumeric());
        other != name && calls.any(|at| !inside(at))
    };
    let called = functions.keys().find(|other| is_called(other))?;
    address(called, functions)
}

/// The operation of a method and a path with names in braces.
fn operation(method: &str, path: &str) -> String {
    let is_name = |segment: &str| segment.starts_with('{');
    let same = |documented: &str| {
        let documented = documented.strip_prefix("/v3/application").unwrap();
        let pairs = documented.split('/').zip(path.split('/'));
        documented.split('/').count() == path.split('/').count()
            && pairs
                .into_iter()
                .all(|(one, other)| one == other || (is_name(one) && is_name(other)))
    };
    let operations = Table::get().operations.values();
    let mut found = operations.filter(|it| it.method == method && same(&it.path));
    match (found.next(), found.next()) {
        (Some(only), None) => only.id.clone(),
        _ => panic!("{method} {path} is not one operation of Etsy's"),
    }
}

#[test]
fn functions_of_a_source_are_found_with_their_operations() {
    let code = r#"
pub fn me() -> Request {
    Request::get(url("/users/me"))
}
pub fn assign(shop: &impl Segment, image: &Id) -> Request {
    image_request(shop, Multipart::new())
}
fn image_request(
    shop: &impl Segment,
) -> Request {
    Request::post(url(&format!(
        "/shops/{shop}/listings/{listing}/images"
    )))
}
fn url(path: &str) -> String {
    path.into()
}
"#;
    let found: Vec<_> = operations(code).into_iter().collect();
    let expected = [("assign", "uploadListingImage"), ("me", "getMe")];
    let expected = expected.map(|(name, id)| (name.to_owned(), id.to_owned()));
    assert_eq!(found, expected);
}
