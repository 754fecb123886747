//! From bytes to text, by byte order mark or declared encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::ExportError;

/// How far into the document the XML declaration is looked for, in bytes.
const DECLARATION_BYTES_MAX: usize = 200;

/// The document as text, without a byte order mark. `content_charset` is what the sender's
/// `Content-Type` says; a byte order mark wins over it, and it wins over the declaration (RFC 7303).
pub fn decode<'a>(
    bytes: &'a [u8],
    content_charset: Option<&str>,
) -> Result<Cow<'a, str>, ExportError> {
    let (encoding, bom_bytes) = match Encoding::for_bom(bytes) {
        Some(found) => found,
        None => (named_encoding(bytes, content_charset)?, 0),
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[bom_bytes..])
        .ok_or_else(|| ExportError::Encoding(encoding.name().to_owned()))
}

fn named_encoding(
    bytes: &[u8],
    content_charset: Option<&str>,
) -> Result<&'static Encoding, ExportError> {
    match bytes {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let declared = declared_encoding(bytes);
    let Some(label) = content_charset.or(declared.as_deref()) else {
        return Ok(UTF_8);
    };
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| ExportError::Encoding(label.to_owned()))?;
    // A declaration that could be read byte by byte is not in UTF-16, whatever it says.
    let is_utf_16 = encoding == UTF_16LE || encoding == UTF_16BE;
    Ok(if is_utf_16 { UTF_8 } else { encoding })
}

fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let head = String::from_utf8_lossy(head);
    let declaration = head
        .trim_start()
        .strip_prefix("<?xml")?
        .split("?>")
        .next()?;
    let value = declaration.split("encoding").nth(1)?.trim_start();
    let value = value.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::decode;

    const TEXT: &str = "<?xml version=\"1.0\" encoding=\"windows-1250\"?><a>Žižka</a>";

    #[test]
    fn declared_encodings_and_byte_order_marks_are_honoured() {
        let (windows, _, _) = encoding_rs::WINDOWS_1250.encode(TEXT);
        assert_eq!(decode(&windows, None).expect("windows-1250"), TEXT);
        let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            decode(&utf16, None).expect("UTF-16 by its first bytes"),
            TEXT
        );
        let mut marked = vec![0xff, 0xfe];
        marked.extend(&utf16);
        assert_eq!(decode(&marked, None).expect("UTF-16 by its mark"), TEXT);
        let utf8 = format!("\u{feff}{TEXT}");
        assert_eq!(
            decode(utf8.as_bytes(), None).expect("UTF-8 by its mark"),
            TEXT
        );
    }

    #[test]
    fn text_that_is_not_in_its_encoding_is_refused() {
        assert!(decode(b"<a>\xff</a>", None).is_err());
        assert!(decode(b"<?xml encoding='nonsense'?><a/>", None).is_err());
    }
}
