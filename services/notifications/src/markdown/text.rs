//! Writing a document as plain text, in lines of 76 characters.

use super::{Align, Block, Document, Inline, Table};

/// Longer lines are wrapped between words. URLs are one word.
const WIDTH: usize = 76;
/// What stands between the columns of a table.
const GAP: &str = "  ";

/// The document as plain text.
pub(crate) fn text(document: &Document) -> String {
    blocks(&document.0, WIDTH).join("\n")
}

/// The lines of blocks, with an empty one between two blocks.
fn blocks(blocks: &[Block], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(one(block, width));
    }
    lines
}

fn one(block: &Block, width: usize) -> Vec<String> {
    match block {
        Block::Heading(_, content) | Block::Paragraph(content) => wrapped(&plain(content), width),
        Block::Quote(content) => {
            let lines = blocks(content, width.saturating_sub(2));
            lines.iter().map(|it| format!("> {it}").trim_end().to_owned()).collect()
        }
        Block::List(first, items) => list(*first, items, width),
        Block::Table(it) => table(it),
        Block::Rule => vec!["---".to_owned()],
    }
}

fn list(first: Option<u64>, items: &[Vec<Block>], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, item) in (0..).zip(items) {
        let mark = match first {
            Some(first) => format!("{}. ", first.saturating_add(at)),
            None => "- ".to_owned(),
        };
        let indent = " ".repeat(mark.len());
        for (at, line) in blocks(item, width.saturating_sub(mark.len())).iter().enumerate() {
            let lead = if at == 0 { &mark } else { &indent };
            lines.push(format!("{lead}{line}").trim_end().to_owned());
        }
    }
    lines
}

/// Rows as lines, their columns one below the other unless that gets too wide.
fn table(table: &Table) -> Vec<String> {
    let head = Some(&table.head).filter(|it| !it.is_empty());
    let rows: Vec<Vec<String>> = head
        .into_iter()
        .chain(&table.rows)
        .map(|row| row.iter().map(|it| plain(it).replace('\n', " ")).collect())
        .collect();
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|it| it.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    let line = |row: &Vec<String>| {
        if total > WIDTH {
            let cells: Vec<&str> =
                row.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
            return cells.join(GAP);
        }
        let cells = row.iter().zip(&table.columns).zip(&widths);
        let cells = cells.map(|((cell, align), width)| padded(cell, *align, *width));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn padded(cell: &str, align: Align, width: usize) -> String {
    match align {
        Align::Left => format!("{cell:<width$}"),
        Align::Center => format!("{cell:^width$}"),
        Align::Right => format!("{cell:>width$}"),
    }
}

/// Text without marks. A link shows where it leads; lines end where they have to.
fn plain(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(it) => text.push_str(it),
            Inline::Strong(content) | Inline::Emphasis(content) => text.push_str(&plain(content)),
            Inline::Break => text.push('\n'),
            Inline::Link(url, label) => {
                let label = plain(label);
                let shown = url.strip_prefix("mailto:").unwrap_or(url);
                if label.is_empty() || label == shown || label == *url {
                    text.push_str(shown);
                } else {
                    text.push_str(&format!("{label}: {shown}"));
                }
            }
        }
    }
    text
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        let mut length = 0;
        for word in line.split(' ').filter(|it| !it.is_empty()) {
            let word_length = word.chars().count();
            if length > 0 && length + 1 + word_length > width {
                lines.push(std::mem::take(&mut current));
                length = 0;
            }
            if length > 0 {
                current.push(' ');
                length += 1;
            }
            current.push_str(word);
            length += word_length;
        }
        lines.push(current);
    }
    lines
}
