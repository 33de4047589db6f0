//! What a plugin exports, as plain data: interfaces, functions, types, and their docs.
//!
//! This is what crosses from the host to a client (`GET /api/plugins/{id}/schema`), so that the command
//! line makes its help and flags without holding the component. It knows nothing of wasm.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{nearest, same_name};

/// All that a plugin can be called for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shape {
    /// In the order of the component.
    pub interfaces: Vec<InterfaceShape>,
    /// The records, variants, enums and flags, by the name that [`ValueShape::Named`] has.
    pub types: BTreeMap<String, TypeShape>,
}

/// One exported interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceShape {
    /// `listings`; where two packages export one of that name, `package:name/listings`.
    pub name: String,
    /// As the component exports it: `stoflow:marketplace/listings@0.1.0`.
    pub export: String,
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// In the order of the component.
    pub functions: Vec<FunctionShape>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionShape {
    /// `get-product`.
    pub name: String,
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Members of the object of arguments.
    #[serde(default)]
    pub params: Vec<FieldShape>,
    /// `None` where it returns nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ValueShape>,
}

/// A parameter, or a field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldShape {
    /// As WIT writes it: `created-at`. In JSON it is `created_at`.
    pub name: String,
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// What it holds.
    pub value: ValueShape,
}

/// A record, variant, enum or flags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypeShape {
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// What it is made of.
    #[serde(flatten)]
    pub kind: NamedShape,
}

/// What a named type is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NamedShape {
    /// An object.
    Record {
        /// In order.
        fields: Vec<FieldShape>,
    },
    /// `{"case": payload}`, or `"case"`.
    Variant {
        /// In order.
        cases: Vec<CaseShape>,
    },
    /// One of these names.
    Enum {
        /// In order.
        names: Vec<NameShape>,
    },
    /// A list of some of these names.
    Flags {
        /// In order.
        names: Vec<NameShape>,
    },
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseShape {
    /// `not-found`.
    pub name: String,
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueShape>,
}

/// A name of an enum or of flags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameShape {
    /// `sold-out`.
    pub name: String,
    /// Markdown, empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the WIT type of that name")]
pub enum ValueShape {
    Bool,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
    Char,
    String,
    /// `types.decimal`: `-?digits[.digits]` as text.
    Decimal,
    /// `types.timestamp`: RFC 3339 in JSON, milliseconds in the plugin.
    Timestamp,
    /// `types.json`: a document of any form.
    Json,
    /// `list<u8>`: base64.
    Bytes,
    List {
        items: Box<ValueShape>,
    },
    Tuple {
        items: Vec<ValueShape>,
    },
    Option {
        value: Box<ValueShape>,
    },
    Result {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ok: Option<Box<ValueShape>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Box<ValueShape>>,
    },
    /// A member of [`Shape::types`].
    Named {
        name: String,
    },
}

/// A name that the plugin does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No such interface.
    #[error("there is no interface `{given}`{}; there are: {}", meant(.near), .known.join(", "))]
    Interface {
        /// As it was asked for.
        given: String,
        /// What may have been meant.
        near: Option<String>,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No such function.
    #[error("`{interface}` has no function `{given}`{}; it has: {}", meant(.near), .known.join(", "))]
    Function {
        /// Where it was looked for.
        interface: String,
        /// As it was asked for.
        given: String,
        /// What may have been meant.
        near: Option<String>,
        /// Those that there are.
        known: Vec<String>,
    },
}

/// `, did you mean …?`, where something is near.
fn meant(near: &Option<String>) -> String {
    near.as_ref()
        .map(|near| format!(", did you mean `{near}`?"))
        .unwrap_or_default()
}

impl Shape {
    /// The interface of that name, in kebab or snake case.
    ///
    /// # Errors
    ///
    /// [`NameError::Interface`], which names those that there are.
    pub fn interface(&self, name: &str) -> Result<&InterfaceShape, NameError> {
        let found = self
            .interfaces
            .iter()
            .find(|interface| same_name(&interface.name, name));
        found.ok_or_else(|| NameError::Interface {
            given: name.to_owned(),
            near: nearest(name, self.interfaces.iter().map(|i| i.name.as_str())).map(str::to_owned),
            known: self.interfaces.iter().map(|i| i.name.clone()).collect(),
        })
    }

    /// The record, variant, enum or flags that a value names.
    pub fn named(&self, value: &ValueShape) -> Option<&TypeShape> {
        match value {
            ValueShape::Named { name } => self.types.get(name),
            _ => None,
        }
    }

    /// The docs and the fields of a record.
    pub fn fields(&self, value: &ValueShape) -> Option<(&str, &[FieldShape])> {
        match self.named(value).map(|named| (&named.docs, &named.kind)) {
            Some((docs, NamedShape::Record { fields })) => Some((docs, fields)),
            _ => None,
        }
    }

    /// Whether one word says such a value, without being JSON.
    pub fn is_word(&self, value: &ValueShape) -> bool {
        match value {
            ValueShape::Json
            | ValueShape::List { .. }
            | ValueShape::Tuple { .. }
            | ValueShape::Result { .. }
            | ValueShape::Option { .. } => false,
            ValueShape::Named { .. } => {
                let kind = self.named(value).map(|named| &named.kind);
                matches!(kind, Some(NamedShape::Enum { .. }))
            }
            _ => true,
        }
    }

    /// Whether a value may be left out where it is a field or a parameter: an `option`, a `list`, a
    /// `bool`, and a record of such fields.
    pub fn may_be_absent(&self, value: &ValueShape) -> bool {
        match value {
            ValueShape::Bool
            | ValueShape::Bytes
            | ValueShape::List { .. }
            | ValueShape::Option { .. } => true,
            ValueShape::Named { .. } => match self.named(value).map(|named| &named.kind) {
                Some(NamedShape::Record { fields }) => {
                    fields.iter().all(|field| self.may_be_absent(&field.value))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl ValueShape {
    /// The value under an `option`.
    pub fn inner(&self) -> &Self {
        match self {
            Self::Option { value } => value,
            value => value,
        }
    }
}

impl InterfaceShape {
    /// The function of that name, in kebab or snake case.
    ///
    /// # Errors
    ///
    /// [`NameError::Function`], which names those that there are.
    pub fn function(&self, name: &str) -> Result<&FunctionShape, NameError> {
        let found = self
            .functions
            .iter()
            .find(|function| same_name(&function.name, name));
        found.ok_or_else(|| NameError::Function {
            interface: self.name.clone(),
            given: name.to_owned(),
            near: nearest(name, self.functions.iter().map(|f| f.name.as_str())).map(str::to_owned),
            known: self.functions.iter().map(|f| f.name.clone()).collect(),
        })
    }
}
