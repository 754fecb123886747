//! The page's files as they go over the wire, compressed once.

use std::{collections::BTreeMap, io::Write};

use bytes::Bytes;
use common::hex::hex;
use flate2::{Compression, write::GzEncoder};
use http::HeaderMap;
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use super::modules::join;
use crate::routes::accepts;

/// Hexadecimal digits of a version.
const VERSION_CHARS: usize = 16;
/// Best ratio that takes milliseconds rather than a tenth of a second.
const BROTLI_QUALITY: u32 = 9;
const BROTLI_WINDOW: u32 = 22;

#[derive(Embed)]
#[folder = "web/"]
struct Files;

fn text(path: &str) -> Option<String> {
    let file = Files::get(path)?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// One file in every coding that browsers ask for.
pub struct Asset {
    /// Its media type.
    pub kind: &'static str,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

impl Asset {
    /// A file that is not compressed ahead.
    pub fn plain(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            kind,
            plain: bytes.into(),
            gzip: None,
            brotli: None,
        }
    }

    fn compressed(kind: &'static str, bytes: Vec<u8>) -> Self {
        let mut brotli = Vec::new();
        let mut encoder = brotli::CompressorWriter::new(
            &mut brotli,
            bytes.len().max(1),
            BROTLI_QUALITY,
            BROTLI_WINDOW,
        );
        let written = encoder.write_all(&bytes);
        drop(encoder);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let gzipped = gzip.write_all(&bytes).and_then(|()| gzip.finish());
        Self {
            gzip: gzipped.ok().map(Bytes::from),
            brotli: written.ok().map(|()| brotli.into()),
            ..Self::plain(kind, bytes)
        }
    }

    /// The smallest body that the asker understands, with its content coding.
    pub fn body(&self, asked: &HeaderMap) -> (Option<&'static str>, Bytes) {
        let codings = [("br", &self.brotli), ("gzip", &self.gzip)];
        for (coding, body) in codings {
            if let Some(body) = body
                && accepts(asked, coding)
            {
                return (Some(coding), body.clone());
            }
        }
        (None, self.plain.clone())
    }
}

/// All files, with their addresses written into each other.
pub struct Assets {
    /// Digest of all of them, which is in their addresses.
    pub version: String,
    /// The document, in which `{preload}` is still to be replaced.
    pub document: String,
    /// What makes the page installable.
    pub manifest: Asset,
    /// What makes it readable offline.
    pub service_worker: Asset,
    /// The others by name.
    pub named: BTreeMap<&'static str, Asset>,
}

impl Assets {
    /// Puts them together.
    ///
    /// # Panics
    ///
    /// When the page is broken: a module that can't be joined, a file that is missing.
    pub fn build() -> Self {
        let file = |path: &str| text(path).expect("a text file of the page");
        let script = join("app.js", text).expect("modules that can be joined");
        let (style, icon) = (file("style.css"), file("icon.svg"));
        let mut digest = Sha256::new();
        let templates = ["index.html", "manifest.webmanifest", "service-worker.js"].map(file);
        for text in templates.iter().chain([&script, &style, &icon]) {
            digest.update(text);
        }
        let mut version = hex(&digest.finalize());
        version.truncate(VERSION_CHARS);
        let folder = format!("/assets/{version}");
        let [document, manifest, worker] = templates.map(|text| text.replace("{assets}", &folder));
        Self {
            version,
            document,
            manifest: Asset::compressed("application/manifest+json", manifest.into_bytes()),
            service_worker: Asset::compressed(
                "text/javascript; charset=utf-8",
                worker.into_bytes(),
            ),
            named: [
                ("app.js", "text/javascript; charset=utf-8", script),
                ("style.css", "text/css; charset=utf-8", style),
                ("icon.svg", "image/svg+xml", icon),
            ]
            .map(|(name, kind, text)| (name, Asset::compressed(kind, text.into_bytes())))
            .into(),
        }
    }
}
