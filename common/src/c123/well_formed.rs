//! What XML 1.0 and its namespaces demand beyond what the streaming reader checks. The timing
//! software rewrites its file while it is read, so a broken one must never pass for an export.

use quick_xml::events::{BytesDecl, BytesPI, BytesRef, BytesStart};

use super::ExportError;

/// An export has two at most; the bound keeps the cost of one element small.
const ATTRIBUTES_MAX: usize = 64;

/// An export has one or two. What they cost grows faster than their number.
const DECLARED_PREFIXES_MAX: usize = 256;

/// A rule of XML that is broken, as text for the operator.
pub(super) type Breach = String;

/// Checks a whole document: characters, names, prefixes, attributes, comments, references. The
/// reader must have gone through it before, since it bounds depth and attributes.
pub(super) fn document(text: &str) -> Result<(), ExportError> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: false,
        ..roxmltree::ParsingOptions::default()
    };
    match roxmltree::Document::parse_with_options(text, options) {
        Ok(_) => Ok(()),
        Err(error) => {
            let position = error.pos();
            let reason = error.to_string().replace(&format!(" at {position}"), "");
            let place = |number| usize::try_from(number).unwrap_or(usize::MAX);
            Err(ExportError::Malformed {
                line: place(position.row),
                column: place(position.col),
                reason,
            })
        }
    }
}

/// Checks the `<?xml …?>` at the top (XML 1.0, 2.8).
pub(super) fn declaration(declaration: &BytesDecl<'_>) -> Result<(), Breach> {
    let version = declaration.version().map_err(|error| error.to_string())?;
    let minor = version.strip_prefix("1.");
    if !minor.is_some_and(|minor| !minor.is_empty() && is_digits(minor)) {
        return Err(format!("the XML version '{version}' is not 1.0"));
    }
    if let Some(encoding) = declaration.encoding() {
        let encoding = encoding.map_err(|error| error.to_string())?;
        let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let starts_well = encoding.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts_well || !encoding.chars().all(in_name) {
            return Err(format!("'{encoding}' is not the name of an encoding"));
        }
    }
    match declaration.standalone().transpose() {
        Err(error) => Err(error.to_string()),
        Ok(Some(word)) if word != "yes" && word != "no" => {
            Err(format!("standalone is '{word}', not 'yes' or 'no'"))
        }
        Ok(_) => Ok(()),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks a processing instruction's target (XML 1.0, 2.6; Namespaces, 7).
pub(super) fn instruction(instruction: &BytesPI<'_>) -> Result<(), Breach> {
    let target = instruction.target();
    if target.eq_ignore_ascii_case("xml") {
        return Err("an XML declaration that is not at the very beginning".to_owned());
    }
    if target.contains(':') {
        return Err(format!("the target '{target}' has a colon"));
    }
    Ok(())
}

/// Checks an element's name and attributes. `declared` counts the namespaces that the document declares.
pub(super) fn element(element: &BytesStart<'_>, declared: &mut usize) -> Result<(), Breach> {
    check_name(element.name().as_ref())?;
    let mut attributes = element.attributes();
    // Names that stand twice are found by the check of the whole document.
    for (count, attribute) in attributes.with_checks(false).enumerate() {
        if count == ATTRIBUTES_MAX {
            return Err(format!("more than {ATTRIBUTES_MAX} attributes"));
        }
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.as_ref();
        check_name(name)?;
        let value = quick_xml::escape::unescape(&attribute.value);
        let value = value.map_err(|error| error.to_string())?;
        if let Some(character) = value.chars().find(|c| !is_character(*c)) {
            return Err(format!("the character {}", character.escape_unicode()));
        }
        if name == "xmlns" || name.starts_with("xmlns:") {
            *declared += 1;
            if *declared > DECLARED_PREFIXES_MAX {
                return Err(format!(
                    "more than {DECLARED_PREFIXES_MAX} namespaces declared"
                ));
            }
        }
        match name.strip_prefix("xmlns:") {
            Some("xmlns") => return Err("the prefix xmlns can't be declared".to_owned()),
            Some(prefix) if value.is_empty() => {
                return Err(format!("the prefix {prefix} is declared as nothing"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Breach> {
    if name.starts_with(':') || name.ends_with(':') {
        return Err(format!("the name '{name}' begins or ends with a colon"));
    }
    Ok(())
}

/// The five entities that XML defines and character references; a document can't define more.
pub(super) fn character(reference: &BytesRef<'_>) -> Result<char, Breach> {
    let resolved = reference.resolve_char_ref().map_err(|e| e.to_string())?;
    match resolved {
        Some(character) if is_character(character) => Ok(character),
        Some(character) => Err(format!(
            "a reference to {}, which is no character of XML",
            character.escape_unicode()
        )),
        None => named(reference),
    }
}

fn named(reference: &BytesRef<'_>) -> Result<char, Breach> {
    let name = reference.xml10_content();
    let resolved = quick_xml::escape::resolve_predefined_entity(&name);
    let character = resolved.and_then(|text| text.chars().next());
    character.ok_or_else(|| format!("the entity &{name}; is not defined"))
}

/// `Char` of XML 1.0, 2.2.
fn is_character(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use crate::c123::{ExportError, parse};

    fn refused(document: &str) -> bool {
        matches!(parse(document), Err(ExportError::Malformed { .. }))
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_place() {
        let inside = [
            "<a>\u{0}</a>",
            "<a>\u{b}</a>",
            "<a>\u{fffe}</a>",
            "<a>\u{ffff}</a>",
            "<!-- \u{1} -->",
            "<a><![CDATA[\u{1}]]></a>",
            "<?p \u{1}?>",
            "<a b='\u{1}'/>",
            "<a>&#1;</a>",
            "<a>&#0;</a>",
            "<a>&#xFFFE;</a>",
            "<a>&#xD800;</a>",
            "<a>&#x110000;</a>",
            "<a>&#;</a>",
            "<a>&#xg;</a>",
            "<a b='&#1;'/>",
            "<a b='&#xD800;'/>",
            "<a b='<'/>",
            "<a b='&nope;'/>",
            "<a b='&'/>",
            "<a b='&lt'/>",
            "<a>&nope;</a>",
            "<a>& b</a>",
            "<a>&lt</a>",
            "<q:a/>",
            "<a q:b='1'/>",
            "<b xmlns:p='u'/><p:c/>",
            "<a xmlns:p=''/>",
            "<a xmlns:xmlns='u'/>",
            "<a xmlns:xml='u'/>",
            "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
            "<!-- a -- b -->",
            "<!-- a --->",
            "<a>]]></a>",
            "<1/>",
            "<-a/>",
            "<\u{b7}/>",
            "<a \u{b7}b='1'/>",
            "<:a/>",
            "<a:/>",
            "<a:b:c xmlns:a='u'/>",
            "< a/>",
            "<a></ a>",
            "<a/ >",
            "<a b=1/>",
            "<a b/>",
            "<a b='1'c='2'/>",
            "<a b='1' b='2'/>",
            "<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>",
            "<a></b>",
            "<?XML a?>",
            "<?xml version='1.0'?>",
            "<?1p a?>",
            "<?p:q a?>",
            "<!DOCTYPE a>",
            "<![cdata[a]]>",
            "<!-a-->",
        ];
        for part in inside {
            assert!(
                refused(&format!("<Canoe123Data>\n{part}</Canoe123Data>")),
                "{part}"
            );
        }
        let outside = [
            " <?xml version='1.0'?><Canoe123Data/>",
            "\n<?xml version='1.0'?><Canoe123Data/>",
            "<?xml?><Canoe123Data></Canoe123Data>",
            "<?xml version='2.0'?><Canoe123Data></Canoe123Data>",
            "<?xml version='1.0' standalone='maybe'?><Canoe123Data></Canoe123Data>",
            "<?xml version='1.0' encoding=''?><Canoe123Data></Canoe123Data>",
            "<?xml version='1.0' standalone='yes' encoding='utf-8'?><Canoe123Data></Canoe123Data>",
            "<Canoe123Data></Canoe123Data><a/>",
            "<Canoe123Data></Canoe123Data>a",
            "<Canoe123Data></Canoe123Data>\u{0}",
            "<Canoe123Data></Canoe123Data><![CDATA[]]>",
            "a<Canoe123Data></Canoe123Data>",
            "<Canoe123Data>",
            "",
        ];
        for document in outside {
            assert!(refused(document), "{document}");
        }
    }

    #[test]
    fn what_is_well_formed_passes() {
        let inside = [
            "<a b='>' c=']]>'>&#x10FFFF;&#9;&quot;\u{85}\u{fffd}</a>",
            "<p:a xmlns:p='u' p:b='1' b='1'/>",
            "<é xml:lang='cs'/>",
            "<a></a \n>",
            "<!-- a - b --><?p?><?p a?>",
            "<a><![CDATA[<&]]></a>]]&gt;",
        ];
        for part in inside {
            let document = format!("<?xml version='1.0'?><Canoe123Data>{part}</Canoe123Data>");
            assert_eq!(
                parse(&document).err(),
                Some(ExportError::Missing("Events section")),
                "{part}"
            );
        }
    }

    #[test]
    fn attributes_are_bounded() {
        let attributes: Vec<String> = (0..160_000).map(|i| format!(" a{i}=''")).collect();
        let attributes = attributes.concat();
        let document = format!("<Canoe123Data><a{attributes}/></Canoe123Data>");
        assert!(refused(&document));
        let declared = "<a xmlns:b='u'/>".repeat(100_000);
        assert!(refused(&format!("<Canoe123Data>{declared}</Canoe123Data>")));
    }
}
