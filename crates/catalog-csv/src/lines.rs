//! A file as lines, by the line ends it has: LF, CR LF, or the CR of old Macs.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use crate::encoding::Decoded;

/// The longest line, in bytes.
pub(crate) const MAX_LINE: usize = 1 << 20;
/// The most that is read once more of a file, in bytes.
pub(crate) const MAX_AGAIN: usize = 32 * MAX_LINE;
/// What separates fields, the usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(crate) struct Lines<R> {
    input: BufReader<Decoded<R>>,
    /// What separates the fields of a line.
    pub separator: u8,
    /// The last byte of a line.
    end: u8,
    /// Lines of a broken record, to be read once more.
    again: VecDeque<Line>,
    /// What may still be read once more, in bytes.
    pub left: usize,
    line: u64,
    pub bytes: u64,
}

pub(crate) struct Line {
    pub number: u64,
    pub bytes: Vec<u8>,
    pub too_long: bool,
}

impl<R: Read> Lines<R> {
    /// Tells from the first line what ends lines and what separates fields.
    pub(crate) fn new(input: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1 << 16, Decoded::new(input)?);
        let bytes = if input.get_ref().is_utf16() { 2 } else { 0 };
        let head = input.fill_buf()?;
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let blank = |it: &u8| !b"\r\n".contains(it);
        let first = &head[head.iter().position(blank).unwrap_or(head.len())..];
        let end = unquoted(first).find(|(_, it)| b"\r\n".contains(it));
        let is_cr = end.is_some_and(|(at, it)| it == b'\r' && first.get(at + 1) != Some(&b'\n'));
        let first = &first[..end.map_or(first.len(), |(at, _)| at)];
        let said = said(first);
        let separator = said.unwrap_or_else(|| guessed(first));
        let end = if is_cr { b'\r' } else { b'\n' };
        let (again, left) = (VecDeque::new(), MAX_AGAIN);
        let mut lines = Self { input, separator, end, again, left, line: 0, bytes };
        while said.is_some() {
            // The line that says so is none of the header; blank ones may be before it.
            let line = lines.next()?;
            if line.is_none_or(|it| !it.bytes.trim_ascii().is_empty()) {
                break;
            }
        }
        Ok(lines)
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MAX_LINE as u64).read_until(self.end, &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.bytes += self.size(&bytes);
        let too_long = read == MAX_LINE && bytes.last() != Some(&self.end);
        if too_long {
            bytes.truncate(4096);
            self.skip_line()?;
        }
        if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number: self.line, bytes, too_long }))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|&it| it == self.end);
            let used = end.map_or(buffer.len(), |at| at + 1);
            let passed = buffer[..used].to_vec();
            self.bytes += self.size(&passed);
            self.input.consume(used);
            if end.is_some() || used == 0 {
                return Ok(());
            }
        }
    }

    /// How many bytes of the file a text was.
    fn size(&self, text: &[u8]) -> u64 {
        if self.input.get_ref().is_utf16() {
            2 * String::from_utf8_lossy(text).encode_utf16().count() as u64
        } else {
            text.len() as u64
        }
    }

    pub(crate) fn again(&mut self, lines: Vec<Line>) {
        let bytes = lines.iter().map(|it| it.bytes.len()).sum();
        let Some(left) = self.left.checked_sub(bytes) else {
            self.left = 0;
            return;
        };
        self.left = left;
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }
}

/// The bytes of a text that are not within quotes, and where they are.
fn unquoted(text: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let mut quoted = false;
    text.iter().copied().enumerate().filter(move |(_, it)| {
        quoted ^= *it == b'"';
        !quoted
    })
}

/// Excel's `sep=;`, alone in the first line.
fn said(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (word, rest) = line.split_at_checked(4)?;
    let (&separator, rest) = rest.split_first()?;
    let known = SEPARATORS.contains(&separator) && word.eq_ignore_ascii_case(b"sep=");
    // Saved once more, the line has a separator per column.
    let alone = rest.iter().all(|it| *it == separator || b"\" \r".contains(it));
    (known && alone).then_some(separator)
}

/// The one of which a header has most.
fn guessed(line: &[u8]) -> u8 {
    let count = |separator: &u8| unquoted(line).filter(|(_, it)| it == separator).count();
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> (u8, Vec<(u64, String)>) {
        let mut lines = Lines::new(input).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, String::from_utf8(line.bytes).unwrap()));
        }
        assert_eq!(lines.bytes, input.len() as u64);
        (lines.separator, all)
    }

    #[test]
    fn lines_end_as_the_first_one_does() {
        let all = |texts: &[&str]| -> Vec<(u64, String)> {
            (1..).zip(texts.iter().map(|&it| it.to_owned())).collect()
        };
        assert_eq!(lines(b"a,b\rc\r\"d\ne\"").1, all(&["a,b\r", "c\r", "\"d\ne\""]));
        assert_eq!(lines(b"a,b\r\nc\rd\n").1, all(&["a,b\r\n", "c\rd\n"]));
        assert_eq!(lines(b"\"a\rb\"\nc\n").1, all(&["\"a\rb\"\n", "c\n"]));
        assert_eq!(lines(b"a\r").1, all(&["a\r"]));
    }

    #[test]
    fn the_separator_is_what_the_first_line_says_or_uses_most() {
        for (input, separator, first) in [
            ("a,b;c,d\n", b',', (1, "a,b;c,d\n")),
            ("a;b;c\n", b';', (1, "a;b;c\n")),
            ("a\tb\n", b'\t', (1, "a\tb\n")),
            ("\"a;b\";\"c,d,e\"\n", b';', (1, "\"a;b\";\"c,d,e\"\n")),
            ("a\n", b',', (1, "a\n")),
            ("sep=;\r\na,b\r\n", b';', (2, "a,b\r\n")),
            ("\"sep=\t\"\na,b\n", b'\t', (2, "a,b\n")),
            ("SEP=,,,\na;b\n", b',', (2, "a;b\n")),
            ("\n\nsep=;\na\n", b';', (4, "a\n")),
            ("sep=x\n", b',', (1, "sep=x\n")),
            ("sep=,a\n", b',', (1, "sep=,a\n")),
        ] {
            let (found, all) = lines(input.as_bytes());
            assert_eq!(
                (found, all[if first.0 == 1 { 0 } else { all.len() - 1 }].clone()),
                (separator, (first.0, first.1.to_owned())),
                "{input:?}"
            );
        }
    }
}
