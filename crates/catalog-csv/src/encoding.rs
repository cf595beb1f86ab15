//! A file as UTF-8, whatever a spreadsheet saved it as.
//!
//! UTF-16 says so by its first two bytes. Everything else passes through as it is: whether it is
//! UTF-8 shows field by field, so that one broken row costs one product.

use std::io::{self, Chain, Cursor, Read};

/// Bytes looked at before anything is read, to tell what the file is.
const HEAD: u64 = 1 << 16;

/// Reads a file, and makes UTF-8 of UTF-16.
pub(crate) struct Decoded<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    /// How two bytes make a unit; none where the file is not UTF-16.
    unit: Option<fn([u8; 2]) -> u16>,
    /// What was read and not yet decoded: half a unit, or half a pair.
    rest: Vec<u8>,
    /// What was decoded, and how much of it was taken.
    text: Cursor<Vec<u8>>,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        (&mut input).take(HEAD).read_to_end(&mut head)?;
        let unit: Option<fn([u8; 2]) -> u16> = match head.as_slice() {
            [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
            [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
            _ => None,
        };
        if unit.is_some() {
            head.drain(..2);
        }
        let (rest, text) = (Vec::new(), Cursor::default());
        Ok(Self { input: Cursor::new(head).chain(input), unit, rest, text })
    }

    pub(crate) fn is_utf16(&self) -> bool {
        self.unit.is_some()
    }

    /// Decodes some more; false at the end.
    fn decode(&mut self, unit: fn([u8; 2]) -> u16) -> io::Result<bool> {
        let before = self.rest.len();
        (&mut self.input).take(HEAD).read_to_end(&mut self.rest)?;
        let at_end = self.rest.len() == before;
        let mut units: Vec<u16> =
            self.rest.chunks_exact(2).map(|it| unit([it[0], it[1]])).collect();
        // The second half of a pair may be still to come.
        if !at_end && units.last().is_some_and(|it| (0xd800..0xdc00).contains(it)) {
            units.pop();
        }
        self.rest.drain(..2 * units.len());
        let letters = char::decode_utf16(units);
        let mut text: String =
            letters.map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if at_end && !std::mem::take(&mut self.rest).is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        let more = !text.is_empty();
        self.text = Cursor::new(text.into_bytes());
        Ok(more || !at_end)
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(unit) = self.unit else { return self.input.read(buffer) };
        loop {
            let taken = self.text.read(buffer)?;
            if taken > 0 || buffer.is_empty() || !self.decode(unit)? {
                return Ok(taken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn decoded(bytes: &[u8]) -> String {
        let mut text = String::new();
        Decoded::new(Slow(bytes)).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn utf16_of_either_order_is_decoded_and_all_else_is_left() {
        let text = "Handle,Títle 🦀\n".repeat(10_000);
        for (mark, bytes) in [
            ([0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            ([0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert!(decoded(&[&mark[..], &bytes].concat()) == text);
        }
        assert_eq!(decoded("a🦀".as_bytes()), "a🦀");
        assert_eq!(decoded(b""), "");
        // Cut off within a unit, and within a pair.
        assert_eq!(decoded(b"\xff\xfea\0b"), "a\u{fffd}");
        assert_eq!(decoded(b"\xff\xfea\0\x3e\xd8"), "a\u{fffd}");
    }
}
