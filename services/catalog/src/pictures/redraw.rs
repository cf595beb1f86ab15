//! A picture somebody sent, redrawn in the sizes it is shown in: nothing but its pixels and
//! what their colours mean is kept. Pure; it takes its time, so it is not for a thread that serves
//! requests.

use std::io::Cursor;

use chassis::problem::Result;
use chassis::telemetry::cause;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::FilterType as Smooth;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits,
    RgbaImage,
};

use super::chunks::{self, MAX_PROFILE};
use crate::problems;
use crate::store::pictures::{Kept, NewPicture};

/// The longest side of a picture that is taken, in pixels.
const MAX_SIDE: u32 = 8_000;
/// The most pixels of one.
pub(crate) const MAX_PIXELS: u64 = 40_000_000;
/// The most bytes of its decoded pixels: four for each, so half as many of 16 bits.
const MAX_DECODED: u64 = MAX_PIXELS * 4;
/// What a decoder may need beside them, whatever the picture.
const SPARE: u64 = 1 << 20;
/// Widths that are kept beside the largest.
const WIDTHS: [u32; 3] = [1_280, 640, 320];
/// The largest size that is kept; what is smaller stays as large as it is.
const LARGEST: (u32, u32) = (2_000, 4_000);
/// Of JPEG, out of 100.
const QUALITY: u8 = 82;

/// What the head of a file says about the picture in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    format: ImageFormat,
    width: u32,
    height: u32,
    /// Bytes of its pixels as the decoder gives them.
    decoded: u64,
    /// Bytes of the file.
    file: u64,
}

impl Head {
    /// Reads the head alone; refuses what is no picture, or too large a one.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let format = format(bytes)?;
        let bounded = chunks::bounded(bytes, format)?;
        let decoder = decoder(&bounded, format, bytes.len() as u64 + SPARE)?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        let (decoded, file) = (decoder.total_bytes(), bytes.len() as u64);
        let long = width > MAX_SIDE || height > MAX_SIDE;
        if long || pixels > MAX_PIXELS || decoded > MAX_DECODED {
            return Err(problems::picture_too_large(width, height));
        }
        if pixels == 0 || (format == ImageFormat::Jpeg && !is_whole(bytes)) {
            return Err(problems::picture_broken());
        }
        Ok(Self { format, width, height, decoded, file })
    }

    /// Bytes of memory that drawing it takes at its height.
    pub(crate) fn memory(self) -> u64 {
        let Self { format, width, height, decoded, file } = self;
        let pixels = u64::from(width) * u64::from(height);
        let decoding = decoded
            + match format {
                // Coefficients of a progressive one, of two bytes for each of four colours.
                ImageFormat::Jpeg => pixels * 8,
                // Pixels of four bytes, and what they are predicted from.
                ImageFormat::WebP => pixels * 6,
                // A frame of another size than the picture.
                ImageFormat::Gif => decoded * 2,
                _ => 0,
            };
        // In another form beside the one before.
        let converting = (decoded + pixels * 4).max(pixels * 8);
        let scaling = scaling(width, height).max(scaling(height, width));
        // Of the largest size that is kept: pixels, the same unweighted, and the file as it grows.
        let (widest, highest) = LARGEST;
        let encoding = pixels.min(u64::from(widest) * u64::from(highest)) * 20;
        let height = decoding.max(converting).max(scaling).max(encoding);
        // The file once more, without what is left out of it.
        file * 2 + height + 2 * SPARE
    }
}

/// Bytes that making a picture smaller takes: roughly smaller, and then in one direction with
/// sixteen bytes for each pixel.
fn scaling(width: u32, height: u32) -> u64 {
    let (fitted, height_of_fitted) = fit((width, height));
    let rough = u64::from(width.min(2 * fitted));
    rough * (u64::from(height.min(2 * height_of_fitted)) * 4 + u64::from(height_of_fitted) * 16)
}

/// Redraws a picture: upright, as JPEG where nothing of it is transparent, else as PNG.
pub(crate) fn redraw(bytes: &[u8], head: Head) -> Result<NewPicture> {
    let bounded = chunks::bounded(bytes, head.format)?;
    let mut decoder = decoder(&bounded, head.format, 2 * head.decoded + 2 * head.file + SPARE)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten().filter(|it| is_of_rgb(it));
    let image = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    let mut image = if image.has_alpha() {
        tidy(image.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    };
    let content_type = if image.has_alpha() { "image/png" } else { "image/jpeg" };

    // It is turned once it is small.
    let (width, height) = if is_turned(orientation) {
        swap(fit(swap((head.width, head.height))))
    } else {
        fit((head.width, head.height))
    };
    image = reduce(image, width, height);
    image.apply_orientation(orientation);
    let kept = Kept {
        content_type: content_type.to_owned(),
        width: Some(image.width().into()),
        height: Some(image.height().into()),
    };
    let bytes = encode(&image, profile.as_deref())?;
    let mut smaller = Vec::new();
    for width in WIDTHS {
        if width < image.width() {
            let height = scaled(image.height(), width, image.width());
            image = reduce(image, width, height);
            smaller.push((width.into(), encode(&image, profile.as_deref())?));
        }
    }
    Ok(NewPicture { kept, bytes, smaller })
}

/// Found from the bytes: names and headers say what they like.
fn format(bytes: &[u8]) -> Result<ImageFormat> {
    use ImageFormat::{Gif, Jpeg, Png, WebP};
    match image::guess_format(bytes) {
        Ok(format @ (Gif | Jpeg | Png | WebP)) => Ok(format),
        _ if is_svg(bytes) => Err(problems::picture_is_svg()),
        _ => Err(problems::picture_type_unsupported()),
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4_096)]).to_lowercase();
    start.trim_start_matches('\u{feff}').trim_start().starts_with('<') && start.contains("<svg")
}

/// A decoder that takes at most `memory` bytes beside the pixels it gives, as far as it counts.
fn decoder(bytes: &[u8], format: ImageFormat, memory: u64) -> Result<impl ImageDecoder> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| refused(&error))
}

fn refused(error: &ImageError) -> chassis::problem::Problem {
    tracing::debug!(error = cause(error), "cannot decode a picture");
    problems::picture_broken()
}

/// Whether a JPEG goes on to its end: the decoder would paint grey what is missing.
fn is_whole(bytes: &[u8]) -> bool {
    const SCAN: u8 = 0xDA;
    // Segments before the first scan may hold another picture, a small one, with an end of its own.
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            SCAN => return bytes[at..].windows(2).rev().any(|it| it == [0xFF, 0xD9]),
            0xFF => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

/// Whether a colour profile is about red, green and blue, as all that is kept is.
fn is_of_rgb(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE && profile.get(16..20) == Some(b"RGB ")
}

fn is_turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn swap((width, height): (u32, u32)) -> (u32, u32) {
    (height, width)
}

/// The largest size that is kept of a picture of this size.
fn fit((width, height): (u32, u32)) -> (u32, u32) {
    let (widest, highest) = LARGEST;
    if width <= widest && height <= highest {
        (width, height)
    } else if u64::from(width) * u64::from(highest) > u64::from(height) * u64::from(widest) {
        (widest, scaled(height, widest, width))
    } else {
        (scaled(width, highest, height), highest)
    }
}

/// A length in proportion, at least 1.
fn scaled(length: u32, to: u32, from: u32) -> u32 {
    let scaled = (u64::from(length) * u64::from(to) + u64::from(from) / 2) / u64::from(from);
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

/// Makes a picture smaller: quickly to twice the size, then well.
fn reduce(image: DynamicImage, width: u32, height: u32) -> DynamicImage {
    if (image.width(), image.height()) == (width, height) {
        return image;
    }
    let rough = if image.width() > 2 * width && image.height() > 2 * height {
        let rough = image.thumbnail_exact(2 * width, 2 * height);
        drop(image);
        rough
    } else {
        image
    };
    rough.resize_exact(width, height, Smooth::CatmullRom)
}

/// A picture without transparency where there is none in it. Else the colours of each pixel are
/// weighted by how much of it can be seen, so that what cannot be seen does not shine through
/// where pixels are mixed.
fn tidy(mut image: RgbaImage) -> DynamicImage {
    if image.pixels().all(|it| it.0[3] == u8::MAX) {
        return DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(image).into_rgb8());
    }
    for pixel in image.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let weighted = |it: u8| ((u16::from(it) * u16::from(alpha) + 127) / 255) as u8;
        pixel.0 = [weighted(red), weighted(green), weighted(blue), alpha];
    }
    DynamicImage::ImageRgba8(image)
}

/// The opposite of weighing.
fn unweighted(image: &RgbaImage) -> RgbaImage {
    let mut image = image.clone();
    for pixel in image.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0.map(u16::from);
        let plain = |it: u16| match alpha {
            0 => 0,
            alpha => ((it * 255 + alpha / 2) / alpha).min(255) as u8,
        };
        pixel.0 = [plain(red), plain(green), plain(blue), pixel.0[3]];
    }
    image
}

fn encode(image: &DynamicImage, profile: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let written = match image {
        DynamicImage::ImageRgba8(image) => {
            let encoder = PngEncoder::new_with_quality(
                &mut bytes,
                CompressionType::Default,
                FilterType::Adaptive,
            );
            write(encoder, &DynamicImage::ImageRgba8(unweighted(image)), profile)
        }
        image => write(JpegEncoder::new_with_quality(&mut bytes, QUALITY), image, profile),
    };
    written.map_err(chassis::problem::Problem::internal)?;
    Ok(bytes)
}

fn write(
    mut encoder: impl ImageEncoder,
    image: &DynamicImage,
    profile: Option<&[u8]>,
) -> Result<(), ImageError> {
    if let Some(profile) = profile {
        // Both formats can hold one.
        let _ = encoder.set_icc_profile(profile.to_vec());
    }
    let (width, height) = (image.width(), image.height());
    encoder.write_image(image.as_bytes(), width, height, image.color().into())
}

#[cfg(test)]
mod bombs;
#[cfg(test)]
mod tests;
