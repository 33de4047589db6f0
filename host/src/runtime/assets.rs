//! `assets`: the files that belong to a call, read in pieces.
//!
//! A file lies on disk, never in memory as a whole. What a product names by URL is fetched by the
//! host (`fetch`), from public addresses only, checked for its size, and then read like a file given
//! with the call. A plugin sees no path, and reaches nothing that the caller did not name.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::stoflow::marketplace::assets;
use super::fetch::shown;
use super::state::CallState;

pub(super) use assets::Fault;

/// The largest file: marketplaces take pictures up to 20 MB.
pub const ASSET_BYTES_MAX: u64 = 32 << 20;

/// One piece.
const READ_BYTES_MAX: u32 = 256 << 10;

/// By how many first bytes a content is recognised.
const HEAD_BYTES: usize = 8 << 10;

/// The files given with a call, by the name that a product uses behind `asset:`.
#[derive(Debug, Clone, Default)]
pub struct Assets(HashMap<String, Arc<Asset>>);

impl Assets {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files: what a product uses behind `asset:`, what each is called, and its content.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str, &File)> {
        let files = self.0.iter();
        files.map(|(key, asset)| (key.as_str(), asset.name.as_str(), &*asset.file))
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Adds a file. It may be unlinked already: it is read through this handle.
    pub fn add(&mut self, name: String, file: File) -> std::io::Result<()> {
        let asset = Asset::new(&name, file)?;
        self.0.insert(name, Arc::new(asset));
        Ok(())
    }

    /// Adds a file that a product uses by another name than its own.
    pub fn add_as(&mut self, key: String, name: &str, file: File) -> std::io::Result<()> {
        let asset = Asset::new(name, file)?;
        self.0.insert(key, Arc::new(asset));
        Ok(())
    }
}

/// One file.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Asset {
    name: String,
    media_type: &'static str,
    size: u64,
    file: Arc<File>,
    /// How far the plugin has read.
    position: u64,
}

impl Asset {
    /// Of a file that is whole. Where it lay is nobody's business but the caller's: the name is the
    /// last part of the path.
    pub(super) fn new(path: &str, file: File) -> std::io::Result<Self> {
        let size = file.metadata()?.len();
        let mut head = vec![0; HEAD_BYTES];
        let read = file.read_at(&mut head, 0)?;
        head.truncate(read);
        let media_type =
            infer::get(&head).map_or("application/octet-stream", |kind| kind.mime_type());
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            media_type,
            size,
            file: Arc::new(file),
            position: 0,
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn content_type(&self) -> &str {
        self.media_type
    }

    /// The same file from its beginning.
    pub(super) fn opened(&self) -> Self {
        Self {
            name: self.name.clone(),
            file: Arc::clone(&self.file),
            position: 0,
            ..*self
        }
    }
}

impl assets::Host for CallState {
    async fn open(
        &mut self,
        source: String,
    ) -> Result<std::result::Result<Resource<Asset>, Fault>> {
        let opened = match source.strip_prefix("asset:") {
            Some(name) => match self.assets.0.get(name) {
                Some(asset) => Ok(asset.opened()),
                None => Err(Fault::Missing),
            },
            None => self.fetch(&source).await,
        };
        Ok(match opened {
            Ok(asset) => Ok(self.table.push(asset)?),
            Err(fault) => Err(fault),
        })
    }
}

impl CallState {
    /// Why something is not fetched stands in the call's own log, which is bounded.
    async fn fetch(&mut self, source: &str) -> std::result::Result<Asset, Fault> {
        let transport = &self.doors.transport;
        let opened = self.fetched.open(transport, &self.http, source).await;
        opened.map_err(|not_fetched| {
            let (shown, why) = (shown(source), not_fetched.why);
            self.log
                .say(&format!("{shown} is not fetched for the plugin: {why}"));
            not_fetched.fault
        })
    }
}

impl assets::HostAsset for CallState {
    async fn media_type(&mut self, asset: Resource<Asset>) -> Result<String> {
        Ok(self.table.get(&asset)?.media_type.to_owned())
    }

    async fn name(&mut self, asset: Resource<Asset>) -> Result<String> {
        Ok(self.table.get(&asset)?.name.clone())
    }

    async fn size(&mut self, asset: Resource<Asset>) -> Result<u64> {
        Ok(self.table.get(&asset)?.size)
    }

    async fn read(
        &mut self,
        asset: Resource<Asset>,
        max: u32,
    ) -> Result<std::result::Result<Vec<u8>, Fault>> {
        let (file, position) = {
            let asset = self.table.get(&asset)?;
            (Arc::clone(&asset.file), asset.position)
        };
        let max = max.clamp(1, READ_BYTES_MAX) as usize;
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; max];
            let read = file.read_at(&mut bytes, position)?;
            bytes.truncate(read);
            std::io::Result::Ok(bytes)
        });
        match read.await {
            Ok(Ok(bytes)) => {
                self.table.get_mut(&asset)?.position += bytes.len() as u64;
                Ok(Ok(bytes))
            }
            _ => Ok(Err(Fault::Unavailable)),
        }
    }

    async fn drop(&mut self, asset: Resource<Asset>) -> Result<()> {
        self.table.delete(asset)?;
        Ok(())
    }
}
