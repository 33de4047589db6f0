//! The seller taxonomy: some hundred invented but plausible categories and what each can have.
//!
//! Nodes stand in `taxonomy.txt`. Properties are made here: colours with common value ids, sizes with
//! scales, materials, measures without values of their own, and the two custom ones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const SOURCE: &str = include_str!("taxonomy.txt");

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| Taxonomy::parse(SOURCE));

/// The property of a listing's main colour; its values read back with ids of the shop.
pub(crate) const PRIMARY_COLOR: i64 = 200;
const SECONDARY_COLOR: i64 = 201;
pub(crate) const SIZE: i64 = 100;
const MATERIAL: i64 = 507;
const OCCASION: i64 = 46;
const HEIGHT: i64 = 505;
const WIDTH: i64 = 506;

/// The whole taxonomy.
#[derive(Debug)]
pub(crate) struct Taxonomy {
    /// In the order of the file: parents before children.
    pub(crate) nodes: Vec<Node>,
    by_id: BTreeMap<i64, usize>,
}

/// One category.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) level: i64,
    pub(crate) parent: Option<i64>,
    /// From the root to this node.
    pub(crate) path: Vec<i64>,
    sizes: Option<Sizes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sizes {
    Clothing,
    Shoes,
    Rings,
}

/// Something that a listing of a category can state or vary by.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) scales: Vec<(i64, &'static str)>,
    pub(crate) attributes: bool,
    pub(crate) variations: bool,
    pub(crate) multivalued: bool,
    pub(crate) max_values: Option<i64>,
    pub(crate) values: Vec<PropertyValue>,
}

/// One of the values that a property offers.
#[derive(Debug, Clone)]
pub(crate) struct PropertyValue {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) scale: Option<i64>,
}

impl Taxonomy {
    pub(crate) fn get() -> &'static Self {
        &TAXONOMY
    }

    pub(crate) fn node(&self, id: i64) -> Option<&Node> {
        self.nodes.get(*self.by_id.get(&id)?)
    }

    pub(crate) fn children(&self, parent: Option<i64>) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.parent == parent)
    }

    fn parse(source: &str) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<Node> = Vec::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let written = line.trim_start();
            let level = line.len() - written.len();
            let Some((id, rest)) = written.split_once(' ') else {
                continue;
            };
            let Ok(id) = id.parse::<i64>() else { continue };
            let (name, sizes) = match rest.split_once(" [") {
                Some((name, sizes)) => (name, Sizes::named(sizes.trim_end_matches(']'))),
                None => (rest, None),
            };
            open.truncate(level);
            let parent = open.last();
            let mut path = parent.map(|parent| parent.path.clone()).unwrap_or_default();
            path.push(id);
            let node = Node {
                id,
                name: name.to_owned(),
                level: i64::try_from(level).unwrap_or_default(),
                parent: parent.map(|parent| parent.id),
                path,
                sizes: sizes.or_else(|| parent.and_then(|parent| parent.sizes)),
            };
            open.push(node.clone());
            nodes.push(node);
        }
        let by_id = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (node.id, index))
            .collect();
        Self { nodes, by_id }
    }
}

impl Node {
    /// What a listing of this category can state or vary by.
    pub(crate) fn properties(&self) -> Vec<Property> {
        let mut properties = vec![
            colors(PRIMARY_COLOR, "Primary color"),
            colors(SECONDARY_COLOR, "Secondary color"),
        ];
        properties.extend(self.sizes.map(Sizes::property));
        properties.push(materials());
        properties.push(occasions());
        properties.push(measure(HEIGHT, "Height"));
        properties.push(measure(WIDTH, "Width"));
        properties.extend(crate::facts::CUSTOM_PROPERTIES.map(custom));
        properties
    }

    pub(crate) fn property(&self, id: i64) -> Option<Property> {
        self.properties()
            .into_iter()
            .find(|property| property.id == id)
    }
}

impl Sizes {
    fn named(name: &str) -> Option<Self> {
        match name {
            "clothing" => Some(Self::Clothing),
            "shoes" => Some(Self::Shoes),
            "rings" => Some(Self::Rings),
            _ => None,
        }
    }

    /// Scales with their ids, names and the sizes in them.
    fn scales(self) -> &'static [(i64, &'static str, &'static [&'static str])] {
        match self {
            Self::Clothing => &[
                (
                    25,
                    "Alpha",
                    &[
                        "XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL", "One size",
                    ],
                ),
                (
                    26,
                    "EU",
                    &[
                        "32", "34", "36", "38", "40", "42", "44", "46", "48", "50", "52",
                    ],
                ),
                (
                    27,
                    "US numeric",
                    &["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"],
                ),
            ],
            Self::Shoes => &[
                (17, "UK", &["3", "4", "5", "6", "7", "8", "9", "10", "11"]),
                (
                    18,
                    "EU",
                    &[
                        "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45",
                    ],
                ),
                (
                    19,
                    "US/Canada",
                    &["5", "6", "7", "8", "9", "10", "11", "12", "13"],
                ),
            ],
            Self::Rings => &[(
                21,
                "US/Canada",
                &["4", "5", "6", "7", "8", "9", "10", "11", "12"],
            )],
        }
    }

    fn property(self) -> Property {
        let mut values = Vec::new();
        for (scale, _, names) in self.scales() {
            for (index, name) in (1..).zip(names.iter()) {
                let id = 2_000 + scale * 50 + index;
                values.push(PropertyValue {
                    id,
                    name: (*name).to_owned(),
                    scale: Some(*scale),
                });
            }
        }
        Property {
            scales: self
                .scales()
                .iter()
                .map(|(id, name, _)| (*id, *name))
                .collect(),
            variations: true,
            values,
            ..Property::new(SIZE, "Size")
        }
    }
}

impl Property {
    /// An attribute with one value.
    fn new(id: i64, name: &'static str) -> Self {
        Self {
            id,
            name,
            scales: Vec::new(),
            attributes: true,
            variations: false,
            multivalued: false,
            max_values: Some(1),
            values: Vec::new(),
        }
    }

    pub(crate) fn value(&self, id: i64) -> Option<&PropertyValue> {
        self.values.iter().find(|value| value.id == id)
    }

    pub(crate) fn scale_name(&self, id: i64) -> Option<&'static str> {
        self.scales
            .iter()
            .find(|(scale, _)| *scale == id)
            .map(|(_, name)| *name)
    }
}

fn numbered(values: &[(i64, &str)]) -> Vec<PropertyValue> {
    let value = |(id, name): &(i64, &str)| PropertyValue {
        id: *id,
        name: (*name).to_owned(),
        scale: None,
    };
    values.iter().map(value).collect()
}

fn colors(id: i64, name: &'static str) -> Property {
    const COLORS: [(i64, &str); 19] = [
        (1213, "Beige"),
        (1, "Black"),
        (2, "Blue"),
        (1216, "Bronze"),
        (3, "Brown"),
        (1219, "Clear"),
        (1218, "Copper"),
        (1214, "Gold"),
        (5, "Gray"),
        (4, "Green"),
        (6, "Orange"),
        (7, "Pink"),
        (8, "Purple"),
        (1220, "Rainbow"),
        (9, "Red"),
        (1217, "Rose gold"),
        (1215, "Silver"),
        (10, "White"),
        (11, "Yellow"),
    ];
    Property {
        variations: true,
        values: numbered(&COLORS),
        ..Property::new(id, name)
    }
}

fn materials() -> Property {
    const MATERIALS: [(i64, &str); 14] = [
        (301, "Brass"),
        (302, "Ceramic"),
        (303, "Cotton"),
        (304, "Glass"),
        (305, "Gold"),
        (306, "Leather"),
        (307, "Linen"),
        (308, "Paper"),
        (309, "Silk"),
        (310, "Silver"),
        (311, "Steel"),
        (312, "Stoneware"),
        (313, "Wood"),
        (314, "Wool"),
    ];
    Property {
        variations: true,
        multivalued: true,
        max_values: Some(5),
        values: numbered(&MATERIALS),
        ..Property::new(MATERIAL, "Material")
    }
}

fn occasions() -> Property {
    const OCCASIONS: [(i64, &str); 8] = [
        (19, "Anniversary"),
        (20, "Baby shower"),
        (22, "Birthday"),
        (26, "Engagement"),
        (29, "Graduation"),
        (32, "Housewarming"),
        (35, "Moving"),
        (37, "Wedding"),
    ];
    Property {
        values: numbered(&OCCASIONS),
        ..Property::new(OCCASION, "Occasion")
    }
}

/// A measure has scales and no values: each value is free text, a number.
fn measure(id: i64, name: &'static str) -> Property {
    Property {
        scales: vec![(5, "Inches"), (6, "Centimeters")],
        ..Property::new(id, name)
    }
}

fn custom(id: i64) -> Property {
    Property {
        attributes: false,
        variations: true,
        ..Property::new(id, "Custom Property")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_some_hundred_nodes_in_a_tree() {
        let taxonomy = Taxonomy::get();
        assert!(taxonomy.nodes.len() > 400, "{}", taxonomy.nodes.len());
        assert_eq!(
            taxonomy.by_id.len(),
            taxonomy.nodes.len(),
            "an id occurs twice"
        );
        let lines = SOURCE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lines, taxonomy.nodes.len(), "a line was not understood");
        for node in &taxonomy.nodes {
            assert_eq!(node.path.len(), usize::try_from(node.level).unwrap() + 1);
            assert_eq!(node.path.last(), Some(&node.id));
            assert!(
                node.parent
                    .is_none_or(|parent| taxonomy.node(parent).is_some())
            );
        }
    }

    #[test]
    fn sizes_are_inherited() {
        let boots = Taxonomy::get()
            .nodes
            .iter()
            .find(|node| node.name == "Boots")
            .unwrap();
        let size = boots.property(SIZE).unwrap();
        assert_eq!(size.scale_name(19), Some("US/Canada"));
        assert!(size.values.iter().all(|value| value.scale.is_some()));
        let mugs = Taxonomy::get()
            .nodes
            .iter()
            .find(|node| node.name == "Mugs")
            .unwrap();
        assert!(mugs.property(SIZE).is_none() && mugs.property(513).is_some());
    }
}
