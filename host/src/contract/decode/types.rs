//! A component's types as shapes, each named one once.

use std::collections::{BTreeMap, HashMap};

use wit_parser::{Interface, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

use super::super::docs::Docs;
use super::super::imports::{InterfaceId, PACKAGE};
use super::super::shape::{CaseShape, FieldShape, NameShape, NamedShape, TypeShape, ValueShape};
use super::SchemaError;

/// Shapes that one component may take. The contract takes about 300; a few bytes of a component can
/// describe a type of a million parts.
const MAX_SHAPES: usize = 20_000;

/// How deep types may lie in each other. The contract's deepest is 9; JSON of this depth, with
/// documents of their own depth in it, stays below what common readers take.
const MAX_DEPTH: usize = 32;

/// Where a type stands, for errors.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub(super) interface: &'a str,
    pub(super) function: &'a str,
    /// `the parameter page`, `the field limit of page-request`.
    pub(super) place: String,
    pub(super) depth: usize,
}

impl Site<'_> {
    pub(super) fn unsupported(&self, what: &str) -> SchemaError {
        SchemaError::Unsupported {
            interface: self.interface.to_owned(),
            function: self.function.to_owned(),
            place: self.place.clone(),
            what: what.to_owned(),
        }
    }

    fn below(&self, place: Option<String>) -> Self {
        Self {
            place: place.unwrap_or_else(|| self.place.clone()),
            depth: self.depth + 1,
            ..*self
        }
    }
}

pub(super) struct Types<'a> {
    resolve: &'a Resolve,
    docs: &'a Docs,
    /// Names of the types that have a shape.
    names: HashMap<TypeId, String>,
    shapes: BTreeMap<String, TypeShape>,
    count: usize,
}

impl<'a> Types<'a> {
    pub(super) fn new(resolve: &'a Resolve, docs: &'a Docs) -> Self {
        Self {
            resolve,
            docs,
            names: HashMap::new(),
            shapes: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn finish(self) -> BTreeMap<String, TypeShape> {
        self.shapes
    }

    /// A resource is refused also where no function takes it: its methods are functions.
    pub(super) fn refuse_resources(
        &self,
        interface: &Interface,
        export: &str,
    ) -> Result<(), SchemaError> {
        for (name, id) in &interface.types {
            let kind = self
                .resolve
                .types
                .get(*id)
                .map(|definition| &definition.kind);
            if matches!(kind, Some(TypeDefKind::Resource)) {
                return Err(SchemaError::Unsupported {
                    interface: export.to_owned(),
                    function: name.clone(),
                    place: "it".to_owned(),
                    what: "a resource".to_owned(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn value(&mut self, ty: &Type, site: &Site<'_>) -> Result<ValueShape, SchemaError> {
        self.count += 1;
        if self.count > MAX_SHAPES || site.depth > MAX_DEPTH {
            return Err(SchemaError::TooLarge(site.interface.to_owned()));
        }
        Ok(match ty {
            Type::Bool => ValueShape::Bool,
            Type::U8 => ValueShape::U8,
            Type::U16 => ValueShape::U16,
            Type::U32 => ValueShape::U32,
            Type::U64 => ValueShape::U64,
            Type::S8 => ValueShape::S8,
            Type::S16 => ValueShape::S16,
            Type::S32 => ValueShape::S32,
            Type::S64 => ValueShape::S64,
            Type::F32 => ValueShape::F32,
            Type::F64 => ValueShape::F64,
            Type::Char => ValueShape::Char,
            Type::String => ValueShape::String,
            Type::ErrorContext => return Err(site.unsupported("an error context")),
            Type::Id(id) => return self.defined(*id, site),
        })
    }

    fn defined(&mut self, id: TypeId, site: &Site<'_>) -> Result<ValueShape, SchemaError> {
        let Some(definition) = self.resolve.types.get(id) else {
            return Err(site.unsupported("of an unknown type"));
        };
        let unsupported = |what| Err(site.unsupported(what));
        match &definition.kind {
            TypeDefKind::Type(aliased) => match self.alias(definition, aliased) {
                Some(shape) => Ok(shape),
                None => self.value(aliased, &site.below(None)),
            },
            TypeDefKind::List(item) => match item {
                Type::U8 => Ok(ValueShape::Bytes),
                item => Ok(ValueShape::List {
                    items: Box::new(self.value(item, &site.below(None))?),
                }),
            },
            TypeDefKind::Tuple(tuple) => {
                let site = site.below(None);
                let items = tuple.types.iter().map(|item| self.value(item, &site));
                Ok(ValueShape::Tuple {
                    items: items.collect::<Result<_, _>>()?,
                })
            }
            TypeDefKind::Option(value) => match self.value(value, &site.below(None))? {
                ValueShape::Option { .. } => unsupported("an option of an option"),
                value => Ok(ValueShape::Option {
                    value: Box::new(value),
                }),
            },
            TypeDefKind::Result(result) => Ok(ValueShape::Result {
                ok: self.side(result.ok.as_ref(), site)?,
                error: self.side(result.err.as_ref(), site)?,
            }),
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_) => self.named(id, definition, site),
            TypeDefKind::Resource | TypeDefKind::Handle(_) => unsupported("a resource"),
            TypeDefKind::Stream(_) => unsupported("a stream"),
            TypeDefKind::Future(_) => unsupported("a future"),
            TypeDefKind::Map(..) => unsupported("a map"),
            TypeDefKind::FixedLengthList(..) => unsupported("a list of fixed length"),
            TypeDefKind::Unknown => unsupported("of an unknown type"),
        }
    }

    /// The contract's own named texts and numbers, which have a form of their own in JSON.
    fn alias(&self, definition: &TypeDef, aliased: &Type) -> Option<ValueShape> {
        let (path, _) = self.owner(definition)?;
        let of_contract = path.starts_with(PACKAGE);
        match (definition.name.as_deref()?, aliased) {
            ("decimal", Type::String) if of_contract => Some(ValueShape::Decimal),
            ("json", Type::String) if of_contract => Some(ValueShape::Json),
            ("timestamp", Type::S64) if of_contract => Some(ValueShape::Timestamp),
            _ => None,
        }
    }

    fn side(
        &mut self,
        ty: Option<&Type>,
        site: &Site<'_>,
    ) -> Result<Option<Box<ValueShape>>, SchemaError> {
        ty.map(|ty| self.value(ty, &site.below(None)).map(Box::new))
            .transpose()
    }

    fn named(
        &mut self,
        id: TypeId,
        definition: &TypeDef,
        site: &Site<'_>,
    ) -> Result<ValueShape, SchemaError> {
        if let Some(name) = self.names.get(&id) {
            return Ok(ValueShape::Named { name: name.clone() });
        }
        let (Some(name), Some((path, scope))) =
            (definition.name.as_deref(), self.owner(definition))
        else {
            return Err(site.unsupported("of a type without a name"));
        };
        let kind = self.kind(definition, name, &path, site)?;
        let docs = self.docs.at(&path, &[name]);
        let name = self.free_name(format!("{scope}.{name}"));
        self.shapes.insert(name.clone(), TypeShape { docs, kind });
        self.names.insert(id, name.clone());
        Ok(ValueShape::Named { name })
    }

    /// Two versions of one package may each have a type of one name.
    fn free_name(&self, name: String) -> String {
        let mut free = name.clone();
        let mut count = 1;
        while self.shapes.contains_key(&free) {
            count += 1;
            free = format!("{name}-{count}");
        }
        free
    }

    fn kind(
        &mut self,
        definition: &TypeDef,
        name: &str,
        path: &str,
        site: &Site<'_>,
    ) -> Result<NamedShape, SchemaError> {
        let docs = self.docs;
        let docs = |member: &str| docs.at(path, &[name, member]);
        let place = |member: &str| site.below(Some(format!("`{member}` of {name}")));
        match &definition.kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| {
                    Ok(FieldShape {
                        name: field.name.clone(),
                        docs: docs(&field.name),
                        value: self.value(&field.ty, &place(&field.name))?,
                    })
                });
                let fields = fields.collect::<Result<_, _>>()?;
                Ok(NamedShape::Record { fields })
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| {
                    let ty = case.ty.as_ref();
                    let value = ty.map(|ty| self.value(ty, &place(&case.name)));
                    Ok(CaseShape {
                        name: case.name.clone(),
                        docs: docs(&case.name),
                        value: value.transpose()?,
                    })
                });
                let cases = cases.collect::<Result<_, _>>()?;
                Ok(NamedShape::Variant { cases })
            }
            TypeDefKind::Enum(names) => Ok(NamedShape::Enum {
                names: name_shapes(names.cases.iter().map(|case| &case.name), docs),
            }),
            TypeDefKind::Flags(names) => Ok(NamedShape::Flags {
                names: name_shapes(names.flags.iter().map(|flag| &flag.name), docs),
            }),
            _ => Err(site.unsupported("of an unknown type")),
        }
    }

    /// Whose a type is: `stoflow:marketplace/types`, and in short `types`.
    fn owner(&self, definition: &TypeDef) -> Option<(String, String)> {
        let id = match definition.owner {
            TypeOwner::Interface(id) => self.resolve.interfaces.get(id).and_then(|interface| {
                interface.name.as_ref()?;
                self.resolve.id_of(id)
            }),
            TypeOwner::World(_) | TypeOwner::None => None,
        }?;
        let id = InterfaceId::parse(&id)?;
        let path = format!("{}/{}", id.package, id.interface);
        let scope = if id.package == PACKAGE {
            id.interface.to_owned()
        } else {
            path.clone()
        };
        Some((path, scope))
    }
}

fn name_shapes<'n>(
    names: impl Iterator<Item = &'n String>,
    docs: impl Fn(&str) -> String,
) -> Vec<NameShape> {
    names
        .map(|name| NameShape {
            name: name.clone(),
            docs: docs(name),
        })
        .collect()
}
