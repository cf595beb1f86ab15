//! Writing a document as the HTML of an e-mail: all styles are inline, as many e-mail programs know
//! no others. The classes are for dark mode, which the layout adds.

use std::fmt::Write;

use super::{Align, Block, Document, Inline, Table};

/// The colours of links and buttons, as CSS has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style<'a> {
    pub(crate) button: &'a str,
    /// Of the text on a button.
    pub(crate) on_button: &'a str,
    pub(crate) link: &'a str,
}

const TEXT: &str = "margin:0 0 16px;font-size:16px;line-height:24px";
const CELL: &str = "padding:8px 0;font-size:16px;line-height:24px;border-bottom:1px solid #d8dee4;\
                    vertical-align:top";

/// The document as the content of an element.
pub(crate) fn html(document: &Document, style: Style<'_>) -> String {
    let mut writer = Writer { out: String::new(), style };
    writer.blocks(&document.0);
    writer.out
}

/// Text as HTML has it, also within the quotes of an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            it => out.push(it),
        }
    }
    out
}

struct Writer<'a> {
    out: String,
    style: Style<'a>,
}

impl Writer<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, content) => self.heading(*level, content),
            Block::Paragraph(content) => match content.as_slice() {
                [Inline::Link(url, label)] if !is_address(url, label) => self.button(url, label),
                _ => self.element("p", TEXT, content),
            },
            Block::List(first, items) => self.list(*first, items),
            Block::Quote(content) => {
                self.out.push_str(
                    "<blockquote class=\"line\" style=\"margin:0 0 16px;padding:0 0 0 16px;\
                     border-left:3px solid #d8dee4\">",
                );
                self.blocks(content);
                self.out.push_str("</blockquote>\n");
            }
            Block::Table(table) => self.table(table),
            Block::Rule => self.out.push_str(
                "<hr class=\"line\" style=\"margin:24px 0;border:0;border-top:1px solid #d8dee4\">\n",
            ),
        }
    }

    fn heading(&mut self, level: u8, content: &[Inline]) {
        let (size, line) = match level {
            1 => (24, 32),
            2 => (20, 28),
            _ => (16, 24),
        };
        let style = format!("margin:24px 0 12px;font-size:{size}px;line-height:{line}px");
        self.element(&format!("h{level}"), &style, content);
    }

    fn element(&mut self, name: &str, style: &str, content: &[Inline]) {
        write(&mut self.out, format_args!("<{name} style=\"{style}\">"));
        self.inlines(content);
        write(&mut self.out, format_args!("</{name}>\n"));
    }

    fn list(&mut self, first: Option<u64>, items: &[Vec<Block>]) {
        let name = if first.is_some() { "ol" } else { "ul" };
        let start = first.filter(|it| *it != 1).map(|it| format!(" start=\"{it}\""));
        let start = start.unwrap_or_default();
        let style = "margin:0 0 16px;padding:0 0 0 24px";
        write(&mut self.out, format_args!("<{name}{start} style=\"{style}\">\n"));
        for item in items {
            self.out.push_str("<li style=\"margin:0 0 4px;font-size:16px;line-height:24px\">");
            match item.as_slice() {
                [Block::Paragraph(content)] => self.inlines(content),
                [Block::Paragraph(content), rest @ ..] => {
                    self.inlines(content);
                    self.blocks(rest);
                }
                blocks => self.blocks(blocks),
            }
            self.out.push_str("</li>\n");
        }
        write(&mut self.out, format_args!("</{name}>\n"));
    }

    fn table(&mut self, table: &Table) {
        self.out.push_str(
            "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"width:100%;\
             margin:0 0 16px;border-collapse:collapse\">\n",
        );
        if !table.head.is_empty() {
            self.row("th", &table.columns, &table.head);
        }
        for row in &table.rows {
            self.row("td", &table.columns, row);
        }
        self.out.push_str("</table>\n");
    }

    fn row(&mut self, name: &str, columns: &[Align], cells: &[Vec<Inline>]) {
        self.out.push_str("<tr>");
        for (at, (align, cell)) in columns.iter().zip(cells).enumerate() {
            let (align, more) = match align {
                Align::Left => ("left", ""),
                Align::Center => ("center", ""),
                // Amounts of money stay in one line.
                Align::Right => ("right", ";white-space:nowrap"),
            };
            let gap = if at == 0 { "" } else { ";padding-left:16px" };
            let style = format!("{CELL};text-align:{align}{more}{gap}");
            let open = format_args!("<{name} class=\"line\" align=\"{align}\" style=\"{style}\">");
            write(&mut self.out, open);
            self.inlines(cell);
            write(&mut self.out, format_args!("</{name}>"));
        }
        self.out.push_str("</tr>\n");
    }

    fn button(&mut self, url: &str, label: &[Inline]) {
        let Style { button, on_button, .. } = self.style;
        // A cell with a colour of its own: Outlook knows no padding of links.
        write(
            &mut self.out,
            format_args!(
                "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin:8px 0 24px;\
                 border-collapse:separate\"><tr><td bgcolor=\"{button}\" style=\"background:{button};\
                 border-radius:6px\"><a href=\"{}\" style=\"display:inline-block;padding:12px 24px;\
                 font-size:16px;line-height:24px;font-weight:600;color:{on_button};\
                 text-decoration:none\">",
                escaped(url)
            ),
        );
        self.inlines(label);
        self.out.push_str("</a></td></tr></table>\n");
    }

    fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(text) => self.out.push_str(&escaped(text)),
                Inline::Strong(content) => self.wrapped("strong", content),
                Inline::Emphasis(content) => self.wrapped("em", content),
                Inline::Break => self.out.push_str("<br>\n"),
                Inline::Link(url, label) => {
                    let (url, colour) = (escaped(url), self.style.link);
                    let style = format!("color:{colour};overflow-wrap:anywhere");
                    let open = format_args!("<a class=\"link\" href=\"{url}\" style=\"{style}\">");
                    write(&mut self.out, open);
                    self.inlines(label);
                    self.out.push_str("</a>");
                }
            }
        }
    }

    fn wrapped(&mut self, name: &str, content: &[Inline]) {
        write(&mut self.out, format_args!("<{name}>"));
        self.inlines(content);
        write(&mut self.out, format_args!("</{name}>"));
    }
}

/// Whether a link shows its own address, which says nothing on a button.
fn is_address(url: &str, label: &[Inline]) -> bool {
    matches!(label, [Inline::Text(text)] if url == text || url.strip_prefix("mailto:") == Some(text))
}

/// Into a text, where writing cannot fail.
fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
