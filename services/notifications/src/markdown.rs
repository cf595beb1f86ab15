//! Markdown as messages use it: headings, paragraphs, emphasis, lists, quotes, tables, rules and
//! links. It is read once, into a [`Document`], and written as HTML and as plain text.
//!
//! Whatever else Markdown has is shown as text: HTML, code, and links to anything but web pages and
//! e-mail addresses. Pictures are left out.

mod html;
mod text;

use std::iter::Peekable;

use pulldown_cmark::{Alignment, Event, LinkType, Options, Parser, Tag, TagEnd};

pub(crate) use html::{Style, escaped, html};
pub(crate) use text::text;

/// How deep quotes, lists and emphasis nest; deeper ones are taken as if they were not there. Both
/// writers call themselves, so this also bounds their stack.
const MAX_DEPTH: usize = 12;

/// A message as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document(pub(crate) Vec<Block>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// The level, 1 to 6.
    Heading(u8, Vec<Inline>),
    Paragraph(Vec<Inline>),
    /// The number of the first item, where items are numbered.
    List(Option<u64>, Vec<Vec<Block>>),
    Quote(Vec<Block>),
    Table(Table),
    Rule,
}

/// A table. Rows have as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Align>,
    /// Empty where all of its cells are.
    pub(crate) head: Vec<Vec<Inline>>,
    pub(crate) rows: Vec<Vec<Vec<Inline>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inline {
    Text(String),
    Strong(Vec<Inline>),
    Emphasis(Vec<Inline>),
    /// To a web page or an e-mail address.
    Link(String, Vec<Inline>),
    /// The end of a line that has to stay one.
    Break,
}

/// Reads Markdown. There is no text that is not Markdown.
pub(crate) fn parse(markdown: &str) -> Document {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES);
    let mut depth = 0_usize;
    let shallow = events.filter(move |event| match event {
        Event::Start(tag) if nests(&tag.to_end()) => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Event::End(tag) if nests(tag) => {
            depth -= 1;
            depth < MAX_DEPTH
        }
        _ => true,
    });
    let mut reader = Reader { events: shallow.peekable() };
    Document(reader.blocks())
}

/// Whether a tag may be in another one of its kind.
fn nests(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::BlockQuote(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Image
    )
}

struct Reader<'a, E: Iterator<Item = Event<'a>>> {
    events: Peekable<E>,
}

impl<'a, E: Iterator<Item = Event<'a>>> Reader<'a, E> {
    /// Blocks up to the end of what they are in, which is taken too.
    fn blocks(&mut self) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some(event) = self.events.peek() {
            match event {
                Event::End(_) => {
                    self.events.next();
                    break;
                }
                Event::Start(tag) if is_block(tag) => {
                    let Some(Event::Start(tag)) = self.events.next() else { break };
                    blocks.extend(self.block(tag));
                }
                Event::Rule => {
                    self.events.next();
                    blocks.push(Block::Rule);
                }
                // A line of a list without empty lines between its items.
                _ => blocks.push(Block::Paragraph(self.loose_inlines())),
            }
        }
        blocks.retain(|it| !matches!(it, Block::Paragraph(inlines) if inlines.is_empty()));
        blocks
    }

    fn block(&mut self, tag: Tag<'a>) -> Vec<Block> {
        match tag {
            Tag::Heading { level, .. } => vec![Block::Heading(level as u8, self.inlines())],
            Tag::BlockQuote(_) => vec![Block::Quote(self.blocks())],
            Tag::List(first) => vec![Block::List(first, self.items())],
            Tag::Table(columns) => vec![Block::Table(self.table(&columns))],
            Tag::CodeBlock(_) => vec![Block::Paragraph(self.code())],
            // Not in a list any more because that was too deep.
            Tag::Item => self.blocks(),
            _ => vec![Block::Paragraph(self.inlines())],
        }
    }

    fn code(&mut self) -> Vec<Inline> {
        let mut code = String::new();
        while let Some(Event::Text(it)) = self.events.next() {
            code.push_str(&it);
        }
        let mut inlines = Vec::new();
        push_text(&mut inlines, &unescaped(&code));
        trim_end(&mut inlines);
        inlines
    }

    fn items(&mut self) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        loop {
            match self.events.peek() {
                Some(Event::Start(Tag::Item)) => {
                    self.events.next();
                    items.push(self.blocks());
                }
                None | Some(Event::End(_)) => {
                    self.events.next();
                    return items;
                }
                // What was in an item that was too deep.
                Some(Event::Start(tag)) if is_block(tag) => {
                    let Some(Event::Start(tag)) = self.events.next() else { return items };
                    items.push(self.block(tag));
                }
                Some(Event::Rule) => drop(self.events.next()),
                Some(_) => items.push(vec![Block::Paragraph(self.loose_inlines())]),
            }
        }
    }

    fn table(&mut self, columns: &[Alignment]) -> Table {
        let align = |it: &Alignment| match it {
            Alignment::None | Alignment::Left => Align::Left,
            Alignment::Center => Align::Center,
            Alignment::Right => Align::Right,
        };
        let mut table = Table { columns: columns.iter().map(align).collect(), ..Table::default() };
        loop {
            match self.events.next() {
                Some(Event::Start(Tag::TableHead)) => table.head = self.cells(),
                Some(Event::Start(Tag::TableRow)) => {
                    let row = self.cells();
                    table.rows.push(row);
                }
                Some(Event::End(TagEnd::Table)) | None => break,
                Some(_) => {}
            }
        }
        if table.head.iter().all(Vec::is_empty) {
            table.head.clear();
        }
        table
    }

    fn cells(&mut self) -> Vec<Vec<Inline>> {
        let mut cells = Vec::new();
        while let Some(Event::Start(Tag::TableCell)) = self.events.next() {
            cells.push(self.inlines());
        }
        cells
    }

    /// Text up to the end of what it is in, which is taken too.
    fn inlines(&mut self) -> Vec<Inline> {
        let inlines = self.loose_inlines();
        self.events.next();
        inlines
    }

    /// Text up to the end of what it is in or the next block.
    fn loose_inlines(&mut self) -> Vec<Inline> {
        let mut inlines = Vec::new();
        loop {
            match self.events.peek() {
                None | Some(Event::End(_) | Event::Rule) => break,
                Some(Event::Start(tag)) if is_block(tag) => break,
                Some(_) => {}
            }
            match self.events.next() {
                Some(Event::Start(Tag::Strong)) => inlines.push(Inline::Strong(self.inlines())),
                Some(Event::Start(Tag::Emphasis)) => {
                    inlines.push(Inline::Emphasis(self.inlines()));
                }
                Some(Event::Start(Tag::Link { link_type, dest_url, .. })) => {
                    let content = self.inlines();
                    match address(link_type, &dest_url) {
                        Some(url) => inlines.push(Inline::Link(url, content)),
                        None => inlines.extend(content),
                    }
                }
                // A picture's description is not part of the text.
                Some(Event::Start(Tag::Image { .. })) => drop(self.inlines()),
                Some(Event::Start(_)) => inlines.extend(self.inlines()),
                Some(Event::Text(it)) => push_text(&mut inlines, &it),
                Some(Event::Code(it) | Event::Html(it) | Event::InlineHtml(it)) => {
                    push_text(&mut inlines, &unescaped(&it));
                }
                Some(Event::SoftBreak) => push_text(&mut inlines, " "),
                Some(Event::HardBreak) => inlines.push(Inline::Break),
                _ => {}
            }
        }
        trim_end(&mut inlines);
        inlines
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(
        tag,
        Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
    )
}

/// The address of a link, if it is one that messages have.
fn address(kind: LinkType, url: &str) -> Option<String> {
    if kind == LinkType::Email {
        return Some(format!("mailto:{url}"));
    }
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    let known = matches!(scheme.as_str(), "http" | "https" | "mailto");
    let visible = !url.contains(|it: char| it.is_control() || it.is_whitespace());
    (known && visible).then(|| url.to_owned())
}

/// Lines of it that end inside stay lines.
fn push_text(inlines: &mut Vec<Inline>, text: &str) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            inlines.push(Inline::Break);
        }
        match inlines.last_mut() {
            _ if line.is_empty() => {}
            Some(Inline::Text(before)) => before.push_str(line),
            _ => inlines.push(Inline::Text(line.to_owned())),
        }
    }
}

fn trim_end(inlines: &mut Vec<Inline>) {
    while let Some(last) = inlines.last_mut() {
        match last {
            Inline::Break => drop(inlines.pop()),
            Inline::Text(text) => {
                text.truncate(text.trim_end().len());
                if !text.is_empty() {
                    return;
                }
                inlines.pop();
            }
            _ => return,
        }
    }
}

/// Code and HTML, in which Markdown leaves the backslashes of escaped values.
fn unescaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(it) = characters.next() {
        let next = characters.next_if(|next| it == '\\' && next.is_ascii_punctuation());
        result.push(next.unwrap_or(it));
    }
    result
}

/// A plain text: an empty line ends a paragraph, and URLs are links.
pub(crate) fn of_plain(text: &str) -> Document {
    let mut paragraphs = vec![Vec::new()];
    for line in text.lines() {
        let paragraph = match paragraphs.last_mut() {
            Some(last) if !line.trim().is_empty() => last,
            _ => {
                paragraphs.push(Vec::new());
                continue;
            }
        };
        if !paragraph.is_empty() {
            paragraph.push(Inline::Break);
        }
        paragraph.extend(with_links(line.trim_end()));
    }
    paragraphs.retain(|it| !it.is_empty());
    Document(paragraphs.into_iter().map(Block::Paragraph).collect())
}

fn with_links(line: &str) -> Vec<Inline> {
    let mut inlines = Vec::new();
    let mut rest = line;
    while let Some(start) = ["http://", "https://"].iter().filter_map(|it| rest.find(it)).min() {
        let url = &rest[start..];
        let no_url = |it: char| it.is_whitespace() || matches!(it, '<' | '>' | '"');
        let url = &url[..url.find(no_url).unwrap_or(url.len())];
        // What ends a sentence or a bracket is not part of it.
        let url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
        push_text(&mut inlines, &rest[..start]);
        if url.ends_with("//") {
            push_text(&mut inlines, url);
            rest = &rest[start + url.len()..];
            continue;
        }
        inlines.push(Inline::Link(url.to_owned(), vec![Inline::Text(url.to_owned())]));
        rest = &rest[start + url.len()..];
    }
    push_text(&mut inlines, rest);
    inlines
}

/// A value as Markdown that says just that: no part of it is markup, and it is all in one line.
pub(crate) fn literal(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for word in value.split(|it: char| it.is_whitespace() || it.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        for it in word.chars() {
            if it.is_ascii_punctuation() {
                text.push('\\');
            }
            text.push(it);
        }
    }
    text
}

#[cfg(test)]
mod tests;
