//! `assets`: the files that belong to a call, read in pieces.
//!
//! A file lies on disk, never in memory as a whole. What a product names by URL is fetched by the
//! host, from public addresses only, checked for its size, and then read like a file given with
//! the call. A plugin sees no path.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use futures_util::StreamExt;
use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::stoflow::marketplace::assets;
use super::state::CallState;
use crate::config::PluginConfig;
use crate::transport::{NotSent, Outbound, Target, Transport, TransportError};

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
    /// Adds a file. It may be unlinked already: it is read through this handle.
    pub fn add(&mut self, name: String, file: File) -> std::io::Result<()> {
        let asset = Asset::new(name.clone(), file)?;
        self.0.insert(name, Arc::new(asset));
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
    fn new(name: String, file: File) -> std::io::Result<Self> {
        let size = file.metadata()?.len();
        let mut head = vec![0; HEAD_BYTES];
        let read = file.read_at(&mut head, 0)?;
        head.truncate(read);
        let media_type =
            infer::get(&head).map_or("application/octet-stream", |kind| kind.mime_type());
        Ok(Self {
            name,
            media_type,
            size,
            file: Arc::new(file),
            position: 0,
        })
    }

    /// The same file from its beginning.
    fn opened(&self) -> Self {
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
    ) -> Result<std::result::Result<Resource<Asset>, assets::Fault>> {
        let opened = if let Some(name) = source.strip_prefix("asset:") {
            self.assets
                .0
                .get(name)
                .map(|asset| asset.opened())
                .ok_or(assets::Fault::Missing)
        } else {
            let fetched = fetch(&self.doors.transport, &self.http.config, &source).await;
            self.http.record.active();
            fetched
        };
        Ok(match opened {
            Ok(asset) => Ok(self.table.push(asset)?),
            Err(fault) => {
                tracing::warn!(?fault, source, "a file of the product cannot be opened");
                Err(fault)
            }
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
    ) -> Result<std::result::Result<Vec<u8>, assets::Fault>> {
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
            _ => Ok(Err(assets::Fault::Unavailable)),
        }
    }

    async fn drop(&mut self, asset: Resource<Asset>) -> Result<()> {
        self.table.delete(asset)?;
        Ok(())
    }
}

/// Fetches a picture into an unlinked file.
async fn fetch(
    transport: &Transport,
    config: &PluginConfig,
    source: &str,
) -> std::result::Result<Asset, assets::Fault> {
    let url = url::Url::parse(source).map_err(|_| assets::Fault::Missing)?;
    if url.scheme() != "https" {
        return Err(assets::Fault::Refused);
    }
    let name = url
        .path_segments()
        .and_then(|mut parts| parts.next_back())
        .unwrap_or_default()
        .to_owned();
    let request = Outbound::new(http::Method::GET, Target::of(&url, config));
    let reply = transport.send(request).await.map_err(|error| {
        tracing::warn!(%error, "a picture cannot be fetched");
        match error {
            TransportError::NotSent(
                NotSent::Address { .. }
                | NotSent::OwnAddress(_)
                | NotSent::Literal(_)
                | NotSent::NotAllowed(_),
            ) => assets::Fault::Refused,
            _ => assets::Fault::Unavailable,
        }
    })?;
    match reply.status.as_u16() {
        200 => {}
        404 | 410 => return Err(assets::Fault::Missing),
        _ => return Err(assets::Fault::Unavailable),
    }
    let unavailable = |_| assets::Fault::Unavailable;
    let mut file = tempfile::tempfile().map_err(unavailable)?;
    let (mut body, mut size) = (reply.body, 0_u64);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| assets::Fault::Unavailable)?;
        size += chunk.len() as u64;
        if size > ASSET_BYTES_MAX {
            return Err(assets::Fault::Refused);
        }
        file.write_all(&chunk).map_err(unavailable)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(unavailable)?;
    Asset::new(name, file).map_err(unavailable)
}
