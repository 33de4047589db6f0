//! Images as bytes: what they really are, whatever their name says.
//!
//! Etsy takes jpg, gif, png, svg and heic. The type is read from the bytes, because a client that
//! sends an HTML error page as `photo.jpg` must be told here and not by its buyers.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::encoding;

/// A type that Etsy takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ImageType {
    Jpeg,
    Png,
    Gif,
    Svg,
    Heic,
}

/// What the bytes of an image say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sniffed {
    pub(crate) kind: ImageType,
    /// Width and height in pixels, where the format tells them at its beginning.
    pub(crate) size: Option<(u32, u32)>,
}

/// An uploaded image. It stays here after its listing let go of it, as at Etsy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredImage {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    #[serde(with = "encoding::base64")]
    pub(crate) bytes: Bytes,
    pub(crate) sniffed: Sniffed,
    pub(crate) created: i64,
}

impl ImageType {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
            Self::Heic => "image/heic",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Svg => "svg",
            Self::Heic => "heic",
        }
    }
}

/// What `bytes` are, or why Etsy would not take them.
pub(crate) fn sniff(bytes: &[u8]) -> Result<Sniffed, &'static str> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        if !contains(bytes, b"\xff\xd9") {
            return Err("the JPEG has no end: it was cut off");
        }
        return Ok(Sniffed {
            kind: ImageType::Jpeg,
            size: jpeg_size(bytes),
        });
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        if !contains(bytes, b"IEND") {
            return Err("the PNG has no end: it was cut off");
        }
        if contains(bytes, b"acTL") {
            return Err("the PNG is animated");
        }
        let size = Some((be32(bytes, 16), be32(bytes, 20)));
        return Ok(Sniffed {
            kind: ImageType::Png,
            size,
        });
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        if contains(bytes, b"NETSCAPE2.0") {
            return Err("the GIF is animated");
        }
        let size = Some((u32::from(le16(bytes, 6)), u32::from(le16(bytes, 8))));
        return Ok(Sniffed {
            kind: ImageType::Gif,
            size,
        });
    }
    if bytes.get(4..8) == Some(b"ftyp")
        && matches!(
            bytes.get(8..12),
            Some(b"heic" | b"heix" | b"mif1" | b"heim" | b"msf1")
        )
    {
        return Ok(Sniffed {
            kind: ImageType::Heic,
            size: None,
        });
    }
    let beginning = String::from_utf8_lossy(bytes.get(..1024).unwrap_or(bytes));
    let beginning = beginning.trim_start_matches('\u{feff}').trim_start();
    if beginning.starts_with("<svg")
        || (beginning.starts_with("<?xml") && beginning.contains("<svg"))
    {
        return Ok(Sniffed {
            kind: ImageType::Svg,
            size: None,
        });
    }
    Err("the bytes are none of jpg, gif, png, svg, heic")
}

/// Walks the segments of a JPEG to its frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        if marker == 0xff {
            at += 1;
            continue;
        }
        let length = usize::from(be16(bytes, at + 2));
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            return Some((
                u32::from(be16(bytes, at + 7)),
                u32::from(be16(bytes, at + 5)),
            ));
        }
        at += 2 + length.max(2);
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..at + 2)
        .and_then(|two| two.try_into().ok())
        .map_or(0, u16::from_be_bytes)
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..at + 2)
        .and_then(|two| two.try_into().ok())
        .map_or(0, u16::from_le_bytes)
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|four| four.try_into().ok())
        .map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's skeleton: start, application segment, frame header, end.
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\x00\xff\xd9";

    #[test]
    fn reads_type_and_size_from_the_bytes() {
        assert_eq!(
            sniff(JPEG),
            Ok(Sniffed {
                kind: ImageType::Jpeg,
                size: Some((64, 32))
            })
        );
        let png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x07\x00\x00\x00\x09....IEND";
        assert_eq!(
            sniff(png),
            Ok(Sniffed {
                kind: ImageType::Png,
                size: Some((7, 9))
            })
        );
        let gif = b"GIF89a\x05\x00\x06\x00";
        assert_eq!(
            sniff(gif),
            Ok(Sniffed {
                kind: ImageType::Gif,
                size: Some((5, 6))
            })
        );
        assert_eq!(
            sniff(b"\x00\x00\x00\x18ftypheic....").map(|it| it.kind),
            Ok(ImageType::Heic)
        );
        assert_eq!(
            sniff(b"<?xml version='1.0'?><svg/>").map(|it| it.kind),
            Ok(ImageType::Svg)
        );
    }

    #[test]
    fn refuses_what_only_pretends() {
        for bytes in [
            &b"<html>"[..],
            b"",
            b"RIFF....WEBP",
            b"BM....",
            JPEG.get(..12).unwrap(),
        ] {
            assert!(sniff(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(
            sniff(b"GIF89a\x05\x00\x06\x00...NETSCAPE2.0"),
            Err("the GIF is animated")
        );
    }
}
