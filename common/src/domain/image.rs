//! Which images an event may carry, told by their content.

/// A picture format that every browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageType {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// Scalable Vector Graphics.
    Svg,
}

impl ImageType {
    /// Tells the format by its first bytes; the name or type that a sender claims proves nothing.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            return Some(Self::Gif);
        }
        is_svg(bytes).then_some(Self::Svg)
    }

    /// The media type to serve it with.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
        }
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let markup =
        text.starts_with("<?xml") || text.starts_with("<!--") || text.starts_with("<!DOCTYPE svg");
    text.starts_with("<svg") || (markup && text.contains("<svg"))
}

#[cfg(test)]
mod tests {
    use super::ImageType;

    #[test]
    fn content_tells_the_format() {
        let cases: [(&[u8], Option<ImageType>); 8] = [
            (b"\x89PNG\r\n\x1a\n....", Some(ImageType::Png)),
            (b"\xff\xd8\xff\xe0", Some(ImageType::Jpeg)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(ImageType::Webp)),
            (b"GIF89a", Some(ImageType::Gif)),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                Some(ImageType::Svg),
            ),
            (b"<?xml version='1.0'?>\n<svg/>", Some(ImageType::Svg)),
            (b"<html><svg/></html>", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(ImageType::sniff(bytes), expected, "{bytes:?}");
        }
    }
}
