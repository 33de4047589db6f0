//! A component, decoded, compiled and linked: what every call of a version shares.

use std::collections::HashMap;
use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::Runtime;
use super::cache;
use super::compile;
use super::compiler::CompilerError;
use super::limits::COMPONENT_BYTES_MAX;
use super::state::CallState;
use crate::contract::{Schema, SchemaError};

/// SHA-256 of a component file: two files with the same one are the same version.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a file is no plugin that can run here.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Too large to be looked at.
    #[error(
        "the file has {bytes} bytes; a plugin has at most {}",
        COMPONENT_BYTES_MAX
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is no component of the world, or asks for what is not given.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// It uses a feature of WebAssembly that is off here, or is malformed.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// It would take more to compile than it may.
    #[error("compiling the component takes more {what} than {most}; make it smaller")]
    TooCostly {
        /// Of what.
        what: &'static str,
        /// How much there is, with its unit.
        most: String,
    },
    /// It could not be compiled, for which it cannot be blamed.
    #[error(transparent)]
    Compiler(#[from] CompilerError),
    /// Its imports do not fit what the host has.
    #[error("the component does not fit this host: {0:#}")]
    Link(wasmtime::Error),
}

/// A component ready to be called.
pub struct LinkedPlugin {
    pub(super) pre: InstancePre<CallState>,
    pub(super) exports: HashMap<(String, String), ComponentExportIndex>,
    schema: Schema,
    digest: Digest,
}

impl fmt::Debug for LinkedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedPlugin")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl LinkedPlugin {
    /// What it exports.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Of its file.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Runtime {
    /// Decodes, compiles (or takes from the cache) and links a component. Blocks: the first time
    /// of a component takes as long as compiling does.
    pub fn load(&self, bytes: &[u8]) -> Result<LinkedPlugin, LoadError> {
        if bytes.len() > COMPONENT_BYTES_MAX {
            return Err(LoadError::TooLarge { bytes: bytes.len() });
        }
        let schema = Schema::decode(bytes)?;
        let digest = Digest::of(bytes);
        let component = self.component(bytes, digest)?;
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(LoadError::Link)?;
        let exports = exports(&component, &schema);
        Ok(LinkedPlugin {
            pre,
            exports,
            schema,
            digest,
        })
    }

    /// From the cache, or compiled anew and kept there.
    pub(super) fn component(&self, bytes: &[u8], digest: Digest) -> Result<Component, LoadError> {
        let kept = || self.cache.as_ref()?.get(&self.engine, digest);
        if let Some(component) = kept() {
            return Ok(component);
        }
        let alone = self.compiling.lock();
        let _alone = alone.unwrap_or_else(PoisonError::into_inner);
        // Who waited may have waited for this one.
        if let Some(component) = kept() {
            return Ok(component);
        }
        let code = match &self.compiler {
            Some(compiler) => compiler.compile(bytes, &self.stop_compiling)?,
            None => self.compile_here(bytes)?,
        };
        let component = cache::load(&self.engine, &code).map_err(CompilerError::Code)?;
        if let Some(cache) = &self.cache {
            cache.put(digest, &code);
        }
        Ok(component)
    }

    /// From here on nobody waits for a component's code: a process that compiles is ended.
    pub fn stop_compiling(&self) {
        self.stop_compiling.store(true, Ordering::Release);
    }

    fn compile_here(&self, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        let code = self.engine.precompile_component(bytes);
        code.map_err(|error| LoadError::Compile(compile::reason(&error)))
    }
}

/// Where each function is, looked up once.
fn exports(
    component: &Component,
    schema: &Schema,
) -> HashMap<(String, String), ComponentExportIndex> {
    let mut exports = HashMap::new();
    for interface in schema.interfaces() {
        for function in interface.functions() {
            let Some(instance) = component.get_export_index(None, function.export()) else {
                continue;
            };
            if let Some(index) = component.get_export_index(Some(&instance), function.name()) {
                let names = (function.interface().to_owned(), function.name().to_owned());
                exports.insert(names, index);
            }
        }
    }
    exports
}
