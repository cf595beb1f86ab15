//! What a picture's file is made of, looked at before a decoder takes memory for it: parts that
//! unpack to more than the file is large, or that say they are larger than the file.

use std::borrow::Cow;

use chassis::problem::Result;
use image::ImageFormat;

use crate::problems;

/// Bytes of a colour profile, packed or not; larger ones are left out.
pub(super) const MAX_PROFILE: usize = 64 << 10;
/// What a PNG begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The chunks of a PNG that say what its pixels look like. Texts and further frames do not.
const NEEDED: [&[u8; 4]; 10] =
    [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf"];

/// The file with nothing in it that a decoder would unpack without a limit.
pub(super) fn bounded(bytes: &[u8], format: ImageFormat) -> Result<Cow<'_, [u8]>> {
    match format {
        ImageFormat::Png => Ok(png(bytes)),
        ImageFormat::WebP if !is_whole_webp(bytes) => Err(problems::picture_broken()),
        _ => Ok(bytes.into()),
    }
}

/// A PNG without what is packed beside its pixels.
fn png(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut at = PNG.len();
    let (mut kept, mut whole) = (bytes[..at].to_vec(), true);
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        // What is not there to its end is left for the decoder to miss.
        let Some(chunk) = bytes.get(at..at + 12 + length) else { break };
        let (kind, data) = (&chunk[4..8], &chunk[8..8 + length]);
        if NEEDED.iter().any(|it| *it == kind) || kind == b"iCCP" && is_small(data) {
            kept.extend_from_slice(chunk)
        } else {
            whole = false
        }
        at += chunk.len();
    }
    if whole && at == bytes.len() { bytes.into() } else { kept.into() }
}

/// Whether a profile, packed after its name, unpacks to what is kept of one.
fn is_small(data: &[u8]) -> bool {
    let name = data.iter().position(|it| *it == 0);
    // A byte more says how it is packed.
    let Some(packed) = name.and_then(|it| data.get(it + 2..)) else { return false };
    packed.len() <= MAX_PROFILE && fdeflate::decompress_to_vec_bounded(packed, MAX_PROFILE).is_ok()
}

/// Whether every chunk of a WebP, also within its first frame, is there to its end.
fn is_whole_webp(bytes: &[u8]) -> bool {
    let mut at = 12;
    let mut frame = None;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some(data) = bytes.get(at + 8..at + 8 + length) else { return false };
        if &head[..4] == b"ANMF" && frame.is_none() {
            frame = Some(data);
        }
        at += 8 + length + length % 2;
    }
    // Its chunks come after 16 bytes that say where it is drawn.
    let mut rest = frame.and_then(|it| it.get(16..)).unwrap_or_default();
    while let Some(head) = rest.get(..8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some(after) = rest.get(8 + length..) else { return false };
        rest = after.get(length % 2..).unwrap_or_default();
    }
    true
}
