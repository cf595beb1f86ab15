//! A file to import, which is read more than once: where SKUs change hands, what comes further down
//! matters.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::DeflateDecoder;

/// A file of products.
#[derive(Clone, Debug)]
pub struct Source {
    content: Content,
    /// The table of products, where the file is an archive.
    table: Option<Arc<Part>>,
}

#[derive(Clone, Debug)]
enum Content {
    Memory(Bytes),
    Disk(Arc<PathBuf>),
}

/// A file within an archive.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) start: u64,
    /// Bytes as they are packed.
    pub(super) packed: u64,
    pub(super) is_deflated: bool,
    /// Bytes it may unpack to.
    pub(super) most: u64,
}

/// What can be read from any place.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl Source {
    /// A file on disk, which stays as it is meanwhile.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { content: Content::Disk(Arc::new(path.into())), table: None }
    }

    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.content, Content::Memory(_))
    }

    /// The same with its products in this part of it.
    pub(super) fn with_table(self, table: Part) -> Self {
        Self { table: Some(Arc::new(table)), ..self }
    }

    /// The rows of its products, from the first.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.table {
            Some(part) => self.part(part),
            None => Ok(Box::new(self.whole()?)),
        }
    }

    /// A part of an archive, unpacked.
    pub(super) fn part(&self, part: &Part) -> io::Result<Box<dyn Read + Send>> {
        let mut whole = self.whole()?;
        whole.seek(SeekFrom::Start(part.start))?;
        let packed = whole.take(part.packed);
        let unpacked: Box<dyn Read + Send> = match part.is_deflated {
            true => Box::new(DeflateDecoder::new(packed)),
            false => Box::new(packed),
        };
        Ok(Box::new(Bounded { unpacked, left: part.most }))
    }

    /// All its bytes.
    pub(super) fn whole(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(match &self.content {
            Content::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
            Content::Disk(path) => Box::new(BufReader::new(File::open(path.as_path())?)),
        })
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self { content: Content::Memory(bytes), table: None }
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

/// Gives up where more comes than may be.
struct Bounded<R> {
    unpacked: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.unpacked.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(io::Error::other("a part of the archive is larger than it may be"));
        };
        self.left = left;
        Ok(read)
    }
}
