//! Bytes to records: RFC 4180, with a limit, and a way on after a broken record.
//!
//! A quote that is never closed must neither swallow the rest of the file nor fill the memory.
//! So a record has a greatest size, and where one turns out to be broken, reading goes on with
//! the line after the one it began on. What is read once more for that is bounded in all: from then
//! on a broken record is left out with all its lines. The crate `csv` forgives broken quotes, so it
//! cannot tell of them.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

/// The longest record, and the longest line, in bytes.
const MAX_RECORD: usize = 1 << 20;
/// The most lines of a record.
const MAX_LINES: usize = 10_000;
/// The most that is read once more of a file, in bytes.
const MAX_AGAIN: usize = 32 * MAX_RECORD;

/// One record of the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    /// The line it begins on; the first line of the file is 1.
    pub line: u64,
    /// What could be read of it.
    pub fields: Vec<String>,
    /// Why it cannot be used.
    pub broken: Option<String>,
}

/// Reads records one by one.
pub(crate) struct Records<R> {
    lines: Lines<R>,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(1 << 16, input);
        Self { lines: Lines { input, again: VecDeque::new(), left: MAX_AGAIN, line: 0, bytes: 0 } }
    }

    /// How many bytes of the file have been read.
    pub(crate) fn bytes(&self) -> u64 {
        self.lines.bytes
    }

    /// The next record that is not empty.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let Some(first) = self.lines.next()? else { return Ok(None) };
            let record = self.record(first)?;
            if record.broken.is_some() || record.fields.iter().any(|it| !it.trim().is_empty()) {
                return Ok(Some(record));
            }
        }
    }

    fn record(&mut self, first: Line) -> io::Result<Record> {
        let line = first.number;
        let mut parser = Parser::default();
        let mut further = Vec::new();
        let mut size = first.bytes.len();
        let mut state = if first.too_long {
            State::Broken("the line is longer than 1 MiB")
        } else {
            parser.feed(&first.bytes)
        };
        while state == State::Open {
            state = match self.lines.next()? {
                None => State::Broken("a quote is opened and never closed"),
                Some(next) => {
                    size += next.bytes.len();
                    let over = size > MAX_RECORD || further.len() >= MAX_LINES;
                    let state = if next.too_long || over {
                        State::Broken("a quote is opened and not closed for too long")
                    } else {
                        parser.feed(&next.bytes)
                    };
                    further.push(next);
                    state
                }
            };
        }
        let (fields, not_utf8) = parser.into_fields();
        let broken = match state {
            State::Broken(why) => {
                self.lines.again(further);
                Some(why.to_owned())
            }
            _ => not_utf8.map(|at| format!("field {} is not UTF-8", at + 1)),
        };
        Ok(Record { line, fields, broken })
    }
}

struct Lines<R> {
    input: BufReader<R>,
    /// Lines of a broken record, to be read once more.
    again: VecDeque<Line>,
    /// What may still be read once more, in bytes.
    left: usize,
    line: u64,
    bytes: u64,
}

struct Line {
    number: u64,
    bytes: Vec<u8>,
    too_long: bool,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MAX_RECORD as u64).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.bytes += read as u64;
        let too_long = read == MAX_RECORD && bytes.last() != Some(&b'\n');
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
            let end = buffer.iter().position(|&it| it == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.bytes += used as u64;
            self.input.consume(used);
            if end.is_some() || used == 0 {
                return Ok(());
            }
        }
    }

    fn again(&mut self, lines: Vec<Line>) {
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

/// Takes a record apart, line by line.
#[derive(Default)]
struct Parser {
    bytes: Vec<u8>,
    /// Where in `bytes` each field ends.
    ends: Vec<usize>,
    at: At,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum At {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quote within quotes: the end, or half of a doubled one.
    Quote,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Done,
    /// Within quotes: the record goes on.
    Open,
    Broken(&'static str),
}

impl Parser {
    fn feed(&mut self, line: &[u8]) -> State {
        let (text, end) = match line {
            [text @ .., b'\r', b'\n'] => (text, &line[line.len() - 2..]),
            [text @ .., b'\n'] => (text, &line[line.len() - 1..]),
            text => (text, &[][..]),
        };
        for &byte in text {
            self.at = match (self.at, byte) {
                (At::Start, b'"') => At::Quoted,
                (At::Start | At::Plain | At::Quote, b',') => {
                    self.ends.push(self.bytes.len());
                    At::Start
                }
                (At::Quoted, b'"') => At::Quote,
                (At::Quote, b'"') | (At::Quoted, _) => {
                    self.bytes.push(byte);
                    At::Quoted
                }
                (At::Quote, _) => {
                    return State::Broken("a quoted field goes on after its closing quote");
                }
                (At::Start | At::Plain, _) => {
                    self.bytes.push(byte);
                    At::Plain
                }
            };
        }
        if self.at == At::Quoted {
            self.bytes.extend_from_slice(end);
            return State::Open;
        }
        self.ends.push(self.bytes.len());
        State::Done
    }

    /// The fields, and the first that is not UTF-8.
    fn into_fields(self) -> (Vec<String>, Option<usize>) {
        let mut broken = None;
        let mut from = 0;
        let mut fields = Vec::with_capacity(self.ends.len());
        for (at, end) in self.ends.into_iter().enumerate() {
            let text = String::from_utf8_lossy(&self.bytes[from..end]);
            if broken.is_none() && std::str::from_utf8(&self.bytes[from..end]).is_err() {
                broken = Some(at);
            }
            fields.push(text.into_owned());
            from = end;
        }
        (fields, broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: impl AsRef<[u8]>) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(input.as_ref());
        let mut all = Vec::new();
        while let Some(Record { line, fields, broken }) = records.next().unwrap() {
            all.push((line, broken.map_or(Ok(fields), Err)));
        }
        assert_eq!(records.bytes(), input.as_ref().len() as u64);
        all
    }

    fn fields(texts: &[&str]) -> Result<Vec<String>, String> {
        Ok(texts.iter().map(|&it| it.to_owned()).collect())
    }

    #[test]
    fn quotes_commas_and_line_breaks_are_part_of_a_field() {
        let input = "\u{feff}a,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\r\n\r\n,\n19\" screen,z";
        assert_eq!(
            read(input),
            [
                (1, fields(&["a", "b"])),
                (2, fields(&["x, \"y\"", "1\r\n2"])),
                (6, fields(&["19\" screen", "z"])),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn what_was_written_is_read_again(
            texts in proptest::collection::vec(
                proptest::collection::vec("[a\"',\\s\r\n>é\u{1F980}]{0,6}", 1..4), 1..6)
        ) {
            let mut out = csv::Writer::from_writer(Vec::new());
            for record in &texts {
                // Shorter ones are filled up; an x keeps a record from being empty.
                let fields = (0..4).map(|at| record.get(at).map_or("x", String::as_str));
                out.write_record(fields).unwrap();
            }
            let read: Vec<_> =
                read(out.into_inner().unwrap()).into_iter().map(|(_, it)| it.unwrap()).collect();
            for (record, read) in texts.iter().zip(&read) {
                assert_eq!(&read[..record.len()], record.as_slice());
            }
            assert_eq!(texts.len(), read.len());
        }
    }

    #[test]
    fn a_broken_quote_costs_one_line() {
        let broken = |why: &str| Err(why.to_owned());
        let goes_on = "a quoted field goes on after its closing quote";
        assert_eq!(
            read("a,\"b\nc,d\ne,\"f\"\ng,h\n"),
            [
                (1, broken(goes_on)),
                (2, fields(&["c", "d"])),
                (3, fields(&["e", "f"])),
                (4, fields(&["g", "h"])),
            ]
        );
        assert_eq!(
            read("a,b\nc,\"d\ne,f\n"),
            [
                (1, fields(&["a", "b"])),
                (2, broken("a quote is opened and never closed")),
                (3, fields(&["e", "f"])),
            ]
        );
    }

    #[test]
    fn nothing_is_read_beyond_the_limit_of_a_record() {
        let long = format!("a,b\n{}\nc,d\n", "x".repeat(3 * MAX_RECORD));
        let why = "the line is longer than 1 MiB".to_owned();
        assert_eq!(read(long), [(1, fields(&["a", "b"])), (2, Err(why)), (3, fields(&["c", "d"]))]);
        let open = format!("\"{}", "y\n".repeat(MAX_RECORD));
        let all = read(open);
        assert_eq!(all[0].1, Err("a quote is opened and not closed for too long".to_owned()));
        assert_eq!(all[1], (2, fields(&["y"])));
        assert_eq!(all.len(), MAX_RECORD);
    }

    #[test]
    fn a_file_of_nothing_but_open_quotes_is_not_read_again_and_again() {
        // Each line opens a quote, and none closes what one before it has opened.
        let line = "a\"\"\",\"\n";
        let file = line.repeat(4 * MAX_RECORD / line.len());
        let mut records = Records::new(file.as_bytes());
        let mut found = 0;
        while let Some(record) = records.next().unwrap() {
            assert!(record.broken.is_some());
            found += 1;
        }
        assert_eq!(records.lines.left, 0);
        let most = MAX_AGAIN / (MAX_LINES * line.len()) + file.len() / (MAX_LINES * line.len()) + 2;
        assert!(found <= most, "{found} records");
    }

    #[test]
    fn what_is_not_utf8_is_named() {
        assert_eq!(read(b"a,caf\xe9\n"), [(1, Err("field 2 is not UTF-8".to_owned()))]);
    }
}
