//! What a property of Etsy's can be: which values it has, and in which scales. A number without its
//! scale is another size, so one that is open is asked for and never guessed.

use super::axis::same_name;
use super::text::decode;
use crate::id::Id;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{Attribute, AttributeValue};

/// Values that a message names; a person looks the rest up (`taxonomy.properties`).
const VALUES_SHOWN: usize = 12;

/// What a property can be: its values and scales, as far as they were looked up.
pub(super) struct Options<'a> {
    is_known: bool,
    values: Vec<Object<'a>>,
    scales: Vec<(Id, String)>,
}

impl<'a> Options<'a> {
    pub(super) fn read(entry: Option<&Object<'a>>) -> Self {
        let scales = entry.map(|entry| entry.objects("scales"));
        let scale = |scale: &Object<'_>| {
            let name = scale.words("display_name").unwrap_or_default();
            Some((Id::parse(&scale.text("scale_id")?)?, name))
        };
        Self {
            is_known: entry.is_some(),
            values: entry
                .map(|entry| entry.objects("possible_values"))
                .unwrap_or_default(),
            scales: scales
                .unwrap_or_default()
                .iter()
                .filter_map(scale)
                .collect(),
        }
    }

    /// The scale that the values name, by id or name. Etsy takes one for all of them.
    pub(super) fn wanted_scale(&self, attribute: &Attribute) -> Result<Option<Id>, String> {
        let mut wanted: Option<Id> = None;
        for text in attribute
            .values
            .iter()
            .filter_map(|value| value.scale.as_deref())
        {
            let named = self.scales.iter().find(|(_, name)| same_name(name, text));
            let id = Id::parse(text).or_else(|| named.map(|(id, _)| id.clone()));
            let is_one = |id: &Id| {
                self.scales.is_empty() || self.scales.iter().any(|(known, _)| known == id)
            };
            let Some(id) = id.filter(is_one) else {
                return Err(format!(
                    "{:?} has no scale {text:?} on Etsy; it has {}",
                    attribute.name,
                    self.scale_names()
                ));
            };
            if wanted.as_ref().is_some_and(|wanted| *wanted != id) {
                return Err(format!(
                    "the values of {:?} are in several scales, and Etsy takes one",
                    attribute.name
                ));
            }
            wanted = Some(id);
        }
        Ok(wanted)
    }

    /// Id and scale of a value; `None` for free text, which has neither.
    pub(super) fn value(
        &self,
        value: &AttributeValue,
        wanted: Option<&Id>,
        name: &str,
    ) -> Result<Option<(Id, Option<Id>)>, String> {
        let id_of = |object: &Object<'_>, name: &str| Id::parse(&object.text(name)?);
        if let Some(id) = value.id.as_deref().and_then(Id::parse) {
            let known = self
                .values
                .iter()
                .find(|known| id_of(known, "value_id").as_ref() == Some(&id));
            return Ok(Some((id, known.and_then(|known| id_of(known, "scale_id")))));
        }
        if self.values.is_empty() && self.is_known {
            return Ok(None);
        }
        let mut found: Vec<(Id, Option<Id>)> = Vec::new();
        for known in &self.values {
            let scale = id_of(known, "scale_id");
            let is_meant = known
                .text("name")
                .is_some_and(|name| same_name(&decode(&name), &value.text));
            if is_meant
                && (wanted.is_none() || scale.as_ref() == wanted)
                && let Some(id) = id_of(known, "value_id")
            {
                found.push((id, scale));
            }
        }
        match found.as_slice() {
            [] => Err(format!(
                "Etsy does not know {:?} as a value of {name:?}; {}",
                value.text,
                self.value_names(wanted)
            )),
            [(_, first), others @ ..] if others.iter().any(|(_, scale)| scale != first) => {
                Err(format!(
                    "{:?} is a value of {name:?} in several scales: say which of {}",
                    value.text,
                    self.scale_names()
                ))
            }
            [found, ..] => Ok(Some(found.clone())),
        }
    }

    /// The scale that Etsy is told.
    pub(super) fn scale(
        &self,
        wanted: Option<Id>,
        of_values: Vec<Id>,
        name: &str,
    ) -> Result<Option<Id>, String> {
        if wanted.is_some() {
            return Ok(wanted);
        }
        if let Some(first) = of_values.first() {
            return if of_values.iter().all(|scale| scale == first) {
                Ok(Some(first.clone()))
            } else {
                Err(format!(
                    "the values of {name:?} are in several scales, and Etsy takes one"
                ))
            };
        }
        match self.scales.as_slice() {
            [(only, _)] if self.values.is_empty() => Ok(Some(only.clone())),
            [_, ..] if self.values.is_empty() => Err(format!(
                "{name:?} is measured: say in which of {}",
                self.scale_names()
            )),
            _ => Ok(None),
        }
    }

    fn scale_names(&self) -> String {
        let names = self
            .scales
            .iter()
            .map(|(id, name)| format!("{id} ({name})"));
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// The first values that there are, for a message.
    fn value_names(&self, wanted: Option<&Id>) -> String {
        let of_scale = self.values.iter().filter(|known| {
            wanted.is_none_or(|wanted| known.text("scale_id").as_deref() == Some(wanted.as_str()))
        });
        let names: Vec<String> = of_scale.filter_map(|known| known.words("name")).collect();
        match names.get(..VALUES_SHOWN) {
            Some(first) => format!("there are {} and others", first.join(", ")),
            None if names.is_empty() => "there are none".to_owned(),
            None => format!("there are {}", names.join(", ")),
        }
    }
}
