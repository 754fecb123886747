//! From XML text to the flat sections under its root.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

use super::{
    ExportError,
    well_formed::{self, Breach},
};

const ROOT: &str = "Canoe123Data";
/// An export is four levels deep; the rest is room for fields that nobody reads.
const DEPTH_MAX: usize = 16;

/// One direct child of the root: its fields, and sections nested in it. Borrows from the text, since
/// an export has a hundred thousand fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Section<'a> {
    /// Local name.
    pub name: &'a str,
    /// Where it starts, in bytes of the text.
    pub offset: usize,
    fields: Vec<Field<'a>>,
    /// Such as the `Categories` of a class.
    pub nested: Vec<Section<'a>>,
}

/// An element with text in a section.
#[derive(Debug, Clone)]
struct Field<'a> {
    name: &'a str,
    /// Where it starts, in bytes of the text.
    offset: usize,
    text: Cow<'a, str>,
}

impl<'a> Section<'a> {
    /// A field that is longer than `chars_max` characters, by its name.
    pub fn field_over(&self, chars_max: usize) -> Option<&'a str> {
        let is_over = |field: &&Field<'_>| {
            field.text.len() > chars_max && field.text.chars().count() > chars_max
        };
        self.fields.iter().find(is_over).map(|field| field.name)
    }

    /// Where a field starts, in bytes of the text; the section itself where there is none.
    pub fn offset_of(&self, field: &str) -> usize {
        let found = self.fields.iter().find(|known| known.name == field);
        found.map_or(self.offset, |field| field.offset)
    }

    /// A field's text without surrounding blanks; `None` when absent or empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.raw(field)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// A field's text with its blanks, which tell the place in `Gates`.
    pub fn raw(&self, field: &str) -> Option<&str> {
        let found = self.fields.iter().find(|known| known.name == field);
        found.map(|field| field.text.as_ref())
    }
}

/// Reads every section in document order into `visit`.
pub(super) fn read<'a>(
    text: &'a str,
    visit: &mut dyn FnMut(Section<'a>),
) -> Result<(), ExportError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut walker = Walker {
        text,
        reader,
        at: 0,
        declared: 0,
    };
    let root = walker.root()?;
    while !root.empty
        && let Some(start) = walker.child()?
    {
        let section = walker.section(start, 2)?;
        visit(section);
    }
    walker.end_of_document()?;
    well_formed::document(text)
}

struct Walker<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the event read last starts, in bytes.
    at: usize,
    /// Namespaces declared so far.
    declared: usize,
}

/// An element's start, with whether it is empty (`<Status />`).
#[derive(Clone, Copy)]
struct Start<'a> {
    name: &'a str,
    empty: bool,
}

impl<'a> Walker<'a> {
    fn next(&mut self) -> Result<Event<'a>, ExportError> {
        self.at = position(self.reader.buffer_position());
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.malformed("DTDs are refused")),
            Ok(Event::Eof) => Err(self.malformed("the document ends too early: is it truncated?")),
            Ok(Event::PI(instruction)) => {
                self.kept(well_formed::instruction(&instruction))?;
                Ok(Event::PI(instruction))
            }
            Ok(event) => Ok(event),
            Err(error) => {
                self.at = position(self.reader.error_position());
                Err(self.malformed(error))
            }
        }
    }

    fn malformed(&self, reason: impl std::fmt::Display) -> ExportError {
        let (line, column) = line_and_column(self.text, self.at);
        ExportError::Malformed {
            line,
            column,
            reason: reason.to_string(),
        }
    }

    /// The element that was read last.
    fn start(&mut self, element: &BytesStart<'_>, empty: bool) -> Result<Start<'a>, ExportError> {
        let checked = well_formed::element(element, &mut self.declared);
        self.kept(checked)?;
        let start = self.at + "<".len();
        let name = self
            .text
            .get(start..start + element.name().as_ref().len())
            .ok_or_else(|| self.malformed("a name that is cut inside a character"))?;
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        Ok(Start { name: local, empty })
    }

    /// Tells a breach of a rule with its place.
    fn kept<T>(&self, checked: Result<T, Breach>) -> Result<T, ExportError> {
        checked.map_err(|breach| self.malformed(breach))
    }

    fn root(&mut self) -> Result<Start<'a>, ExportError> {
        loop {
            let start = match self.next()? {
                Event::Start(element) => self.start(&element, false)?,
                Event::Empty(element) => self.start(&element, true)?,
                Event::Text(text) if is_blank(&text) => continue,
                Event::Decl(declaration) => {
                    self.kept(well_formed::declaration(&declaration))?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) => continue,
                _ => return Err(self.malformed("text before the root element")),
            };
            if start.name != ROOT {
                let reason = format!("the root element is {}, not {ROOT}", start.name);
                return Err(self.malformed(reason));
            }
            return Ok(start);
        }
    }

    /// The next child element of the element that is open, `None` at its end.
    fn child(&mut self) -> Result<Option<Start<'a>>, ExportError> {
        loop {
            match self.next()? {
                Event::Start(element) => return self.start(&element, false).map(Some),
                Event::Empty(element) => return self.start(&element, true).map(Some),
                Event::End(_) => return Ok(None),
                Event::GeneralRef(reference) => drop(self.character(&reference)?),
                Event::Decl(_) => return Err(self.malformed("a second XML declaration")),
                _ => {}
            }
        }
    }

    fn section(&mut self, start: Start<'a>, depth: usize) -> Result<Section<'a>, ExportError> {
        if depth > DEPTH_MAX {
            return Err(self.malformed(format!("more than {DEPTH_MAX} elements deep")));
        }
        let mut section = Section {
            name: start.name,
            offset: self.at,
            ..Section::default()
        };
        if start.empty {
            return Ok(section);
        }
        while let Some(field) = self.child()? {
            self.field(&mut section, field, depth + 1)?;
        }
        Ok(section)
    }

    /// Reads an element that is a field, or a section of its own when it has elements inside.
    fn field(
        &mut self,
        section: &mut Section<'a>,
        field: Start<'a>,
        depth: usize,
    ) -> Result<(), ExportError> {
        if field.empty {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(self.malformed(format!("more than {DEPTH_MAX} elements deep")));
        }
        let offset = self.at;
        let mut text = Cow::Borrowed("");
        let mut nested: Option<Section<'a>> = None;
        loop {
            let inner = match self.next()? {
                Event::Text(part) => {
                    text += part.into_inner();
                    continue;
                }
                Event::CData(part) => {
                    text += part.into_inner();
                    continue;
                }
                Event::GeneralRef(reference) => {
                    text.to_mut().push(self.character(&reference)?);
                    continue;
                }
                Event::Start(element) => self.start(&element, false)?,
                Event::Empty(element) => self.start(&element, true)?,
                Event::End(_) => break,
                _ => continue,
            };
            let nested = nested.get_or_insert_with(|| Section {
                name: field.name,
                offset,
                ..Section::default()
            });
            self.field(nested, inner, depth + 1)?;
        }
        match nested {
            Some(nested) => section.nested.push(nested),
            None => section.fields.push(Field {
                name: field.name,
                offset,
                text,
            }),
        }
        Ok(())
    }

    fn character(&self, reference: &BytesRef<'_>) -> Result<char, ExportError> {
        self.kept(well_formed::character(reference))
    }

    fn end_of_document(&mut self) -> Result<(), ExportError> {
        loop {
            self.at = position(self.reader.buffer_position());
            match self.reader.read_event() {
                Ok(Event::Eof) => return Ok(()),
                Ok(Event::Comment(_)) => {}
                Ok(Event::PI(instruction)) => self.kept(well_formed::instruction(&instruction))?,
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(_) => return Err(self.malformed("something follows the root element")),
                Err(error) => return Err(self.malformed(error)),
            }
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Both counted from 1; the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[line_start..].chars().count() + 1)
}
