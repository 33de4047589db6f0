//! Etsy's tree of categories. It comes in one reply of one or two megabytes, of which three members
//! of each node are read, in one pass and leniently: a node that is odd is left out, not the tree.

use super::text::decode;
use crate::id::Id;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use stoflow_plugin_sdk::taxonomy::Node;

/// More nodes than Etsy has by far: the rest of a reply that has more is not looked at.
const NODES: usize = 50_000;

/// All categories, parents before their children, in Etsy's order.
#[derive(Debug, Default)]
pub struct Categories {
    nodes: Vec<Category>,
}

/// One of them.
#[derive(Debug)]
pub struct Category {
    /// By which listings name it.
    pub id: Id,
    /// In English.
    pub name: String,
    /// The place of its parent, which is before its own.
    pub parent: Option<usize>,
    /// Whether it has no children.
    pub leaf: bool,
}

impl Categories {
    /// Those in Etsy's reply.
    ///
    /// # Errors
    ///
    /// Where the reply is no JSON object.
    pub fn read(reply: &[u8]) -> Result<Self, serde_json::Error> {
        let page: Page = match std::str::from_utf8(reply) {
            // Known to be text once, it need not be looked at again for each member.
            Ok(text) => serde_json::from_str(text)?,
            Err(_) => serde_json::from_slice(reply)?,
        };
        let mut categories = Self::default();
        categories.add(page.results, None);
        Ok(categories)
    }

    fn add(&mut self, branches: Branches<'_>, parent: Option<usize>) {
        for branch in branches.0 {
            if self.nodes.len() >= NODES {
                return;
            }
            // What has no id cannot be named, but what is below it can.
            let own = match branch
                .id
                .and_then(|id| Id::parse(id.get().trim_matches('"')))
            {
                Some(id) => {
                    self.nodes.push(Category {
                        name: branch.name().unwrap_or_else(|| id.to_string()),
                        id,
                        parent,
                        leaf: branch.children.0.is_empty(),
                    });
                    Some(self.nodes.len() - 1)
                }
                None => parent,
            };
            self.add(branch.children, own);
        }
    }

    /// All, parents before their children.
    #[must_use]
    pub fn all(&self) -> &[Category] {
        &self.nodes
    }

    /// The children of a category, or the roots; `None` where there is no such category.
    #[must_use]
    pub fn children(&self, parent: Option<&Id>) -> Option<Vec<Node>> {
        let parent = match parent {
            Some(id) => Some(self.nodes.iter().position(|node| node.id == *id)?),
            None => None,
        };
        let places = (0..).zip(&self.nodes);
        let children = places.filter(|(_, node)| node.parent == parent);
        Some(children.filter_map(|(place, _)| self.node(place)).collect())
    }

    /// A category as the contract has it.
    #[must_use]
    pub fn node(&self, place: usize) -> Option<Node> {
        let node = self.nodes.get(place)?;
        let parent = node.parent.and_then(|parent| self.nodes.get(parent));
        Some(Node {
            id: node.id.to_string(),
            parent: parent.map(|parent| parent.id.to_string()),
            name: node.name.clone(),
            path: self.path(place),
            leaf: node.leaf,
        })
    }

    /// The names from the root to a category.
    #[must_use]
    pub fn path(&self, place: usize) -> Vec<String> {
        let mut path = Vec::new();
        let mut next = self.nodes.get(place);
        // Parents are before their children, so this ends.
        while let Some(node) = next {
            path.push(node.name.clone());
            next = node.parent.and_then(|parent| self.nodes.get(parent));
        }
        path.reverse();
        path
    }
}

/// A reply that is an object.
struct Page<'a> {
    results: Branches<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Page<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reply)
    }
}

struct Reply;

impl<'de> Visitor<'de> for Reply {
    type Value = Page<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut results = Branches::default();
        while let Some(Name(name)) = map.next_key()? {
            if name == "results" {
                results = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Page { results })
    }
}

/// The elements of a list that are objects.
#[derive(Default)]
struct Branches<'a>(Vec<Branch<'a>>);

#[derive(Default)]
struct Branch<'a> {
    id: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    children: Branches<'a>,
}

impl Branch<'_> {
    fn name(&self) -> Option<String> {
        let name: String = serde_json::from_str(self.name?.get()).ok()?;
        Some(decode(name.trim())).filter(|name| !name.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Branches<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Lenient)? {
            Found::List(branches) => Ok(Self(branches)),
            Found::Object(_) | Found::Nothing => Ok(Self::default()),
        }
    }
}

/// What a value is, as far as it matters.
enum Found<'a> {
    List(Vec<Branch<'a>>),
    Object(Branch<'a>),
    Nothing,
}

impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient)
    }
}

/// Takes any value: a list of nodes, a node, or anything else for nothing.
struct Lenient;

impl<'de> Visitor<'de> for Lenient {
    type Value = Found<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut branches = Vec::new();
        while let Some(element) = list.next_element()? {
            if let Found::Object(branch) = element {
                branches.push(branch);
            }
        }
        Ok(Found::List(branches))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut branch = Branch::default();
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => branch.id = Some(map.next_value()?),
                "name" => branch.name = Some(map.next_value()?),
                "children" => branch.children = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Found::Object(branch))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Found::Nothing)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn names(nodes: Option<Vec<Node>>) -> Vec<String> {
        nodes
            .unwrap_or_default()
            .into_iter()
            .map(|node| node.path.join(" > "))
            .collect()
    }

    #[test]
    fn a_tree_is_flat_and_knows_its_paths() {
        let json = br#"{"count":1,"results":[{"id":1,"level":0,"name":"Home &amp; Living","parent_id":null,
            "children":[{"id":2,"name":"Mugs","children":[],"full_path_taxonomy_ids":[1,2]},
            {"children":[{"id":4,"name":"Flat","children":null}],"name":"Plates","id":3}]},
            {"id":5,"name":"Art"}]}"#;
        let tree = Categories::read(json).unwrap();
        assert_eq!(names(tree.children(None)), ["Home & Living", "Art"]);
        let home = Id::parse("1").unwrap();
        let children = tree.children(Some(&home)).unwrap();
        let leaves: Vec<bool> = children.iter().map(|node| node.leaf).collect();
        assert_eq!(leaves, [true, false]);
        assert_eq!(children[1].parent.as_deref(), Some("1"));
        let plates = Id::parse("3").unwrap();
        assert_eq!(
            names(tree.children(Some(&plates))),
            ["Home & Living > Plates > Flat"]
        );
        assert!(tree.children(Id::parse("9").as_ref()).is_none());
        let art = Id::parse("5").unwrap();
        assert_eq!(names(tree.children(Some(&art))), Vec::<String>::new());
    }

    #[test]
    fn an_odd_node_hides_no_other() {
        let json =
            br#"{"results":[null,7,"x",[1],{"id":"9007199254740993","name":12,"children":{"id":8}},
            {"id":0,"name":"Nameless","children":[{"id":6,"name":"Kept","children":"none"}]},
            {"id":7,"name":null,"children":[true,-1,1.5,{"id":10,"name":"Deep"}]}]}"#;
        let tree = Categories::read(json).unwrap();
        let expected = ["9007199254740993", "Kept", "7"];
        assert_eq!(names(tree.children(None)), expected);
        assert_eq!(tree.all().len(), 4);
    }

    #[test]
    fn what_is_no_tree_is_empty_or_an_error() {
        assert_eq!(Categories::read(b"{}").unwrap().all().len(), 0);
        assert_eq!(Categories::read(b"{\"results\":7}").unwrap().all().len(), 0);
        for json in [&b""[..], b"[]", b"<html>", b"{\"results\":[", b"\xff"] {
            assert!(Categories::read(json).is_err());
        }
        // Deeper than any reader follows: refused, not run out of stack.
        let deep = format!(
            "{{\"results\":{}{}}}",
            "[{\"children\":".repeat(100_000),
            "}]".repeat(100_000)
        );
        assert!(Categories::read(deep.as_bytes()).is_err());
    }
}
