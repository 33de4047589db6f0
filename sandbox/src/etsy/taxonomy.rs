//! The seller taxonomy, as a tree, and what each node's listings can state.

use serde_json::{Value, json};

use super::{Call, render};
use crate::core::Core;
use crate::market::taxonomy::{Node, Property, PropertyValue, Taxonomy};
use crate::reply::{Refusal, Reply};

pub(super) fn nodes(_: &mut Core, _: &Call<'_>) -> Result<Reply, Refusal> {
    let taxonomy = Taxonomy::get();
    let roots: Vec<Value> = taxonomy
        .children(None)
        .map(|root| tree(taxonomy, root))
        .collect();
    Ok(Reply::ok(&render::all(roots)))
}

fn tree(taxonomy: &Taxonomy, node: &Node) -> Value {
    let children = taxonomy
        .children(Some(node.id))
        .map(|child| tree(taxonomy, child));
    json!({
        "id": node.id,
        "level": node.level,
        "name": node.name,
        "parent_id": node.parent,
        "children": children.collect::<Vec<_>>(),
        "full_path_taxonomy_ids": node.path,
    })
}

pub(super) fn properties(_: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("taxonomy_id");
    let node = Taxonomy::get()
        .node(id)
        .ok_or_else(|| Refusal::missing("taxonomy node", id))?;
    let query = &call.input.query;
    let wanted = |property: &Property| {
        query
            .flag("supports_variations")
            .is_none_or(|wanted| wanted == property.variations)
            && query
                .flag("supports_attributes")
                .is_none_or(|wanted| wanted == property.attributes)
    };
    let properties = node.properties();
    let shown = properties
        .iter()
        .filter(|property| wanted(property))
        .map(property);
    Ok(Reply::ok(&render::all(shown.collect())))
}

fn property(property: &Property) -> Value {
    let scale = |(id, name): &(i64, &str)| json!({ "scale_id": id, "display_name": name, "description": name });
    let value = |value: &PropertyValue| {
        json!({
            "value_id": value.id,
            "name": value.name,
            "scale_id": value.scale,
            "equal_to": [],
        })
    };
    json!({
        "property_id": property.id,
        "name": property.name,
        "display_name": property.name,
        "scales": property.scales.iter().map(scale).collect::<Vec<_>>(),
        "is_required": false,
        "supports_attributes": property.attributes,
        "supports_variations": property.variations,
        "is_multivalued": property.multivalued,
        "max_values_allowed": property.max_values,
        "possible_values": property.values.iter().map(value).collect::<Vec<_>>(),
        "selected_values": [],
    })
}
