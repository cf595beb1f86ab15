use image::{GrayImage, Rgb, RgbImage, Rgba};

use super::*;

/// A picture whose left half is red and whose right half is blue.
pub(super) fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }
    })
}

pub(super) fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG that says how a camera was held.
fn taken_with(orientation: u8, image: RgbImage) -> Vec<u8> {
    let plain = file(image, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xFF, 0xE1], &length[..], &exif, &plain[2..]].concat()
}

fn redrawn(bytes: &[u8]) -> NewPicture {
    redraw(bytes, Head::read(bytes).unwrap()).unwrap()
}

pub(super) fn code(bytes: &[u8]) -> String {
    let drawn = Head::read(bytes).and_then(|head| redraw(bytes, head));
    drawn.unwrap_err().code.into_owned()
}

fn size(picture: &NewPicture) -> (i64, i64) {
    (picture.kept.width.unwrap(), picture.kept.height.unwrap())
}

#[test]
fn every_format_is_drawn_anew() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let drawn = redrawn(&file(halves(100, 50), format));
        assert_eq!((drawn.kept.content_type.as_str(), size(&drawn)), ("image/jpeg", (100, 50)));
        assert!(drawn.smaller.is_empty());
        let pixels = image::load_from_memory(&drawn.bytes).unwrap().into_rgb8();
        let [red, _, blue] = pixels.get_pixel(10, 25).0;
        assert!(red > 230 && blue < 25, "{format:?}");
    }
    let grey = redrawn(&file(GrayImage::new(7, 5), ImageFormat::Png));
    assert_eq!(size(&grey), (7, 5));
    let deep = DynamicImage::ImageRgb8(halves(10, 10)).into_rgb16();
    assert_eq!(size(&redrawn(&file(deep, ImageFormat::Png))), (10, 10));
}

#[test]
fn a_large_picture_is_kept_in_several_widths() {
    let drawn = redrawn(&file(halves(2600, 1300), ImageFormat::Jpeg));
    assert_eq!(size(&drawn), (2000, 1000));
    let sizes = drawn.smaller.iter().map(|(width, bytes)| {
        let read = image::load_from_memory(bytes).unwrap();
        assert_eq!(i64::from(read.width()), *width);
        (read.width(), read.height())
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [(1280, 640), (640, 320), (320, 160)]);
    // What is high and narrow is bounded as well, and nothing is made larger.
    assert_eq!(size(&redrawn(&file(halves(1500, 6000), ImageFormat::Jpeg))), (1000, 4000));
    assert_eq!(size(&redrawn(&file(halves(1, 8000), ImageFormat::Png))), (1, 4000));
}

#[test]
fn a_picture_is_turned_upright_and_tells_nothing_of_where_it_was_taken() {
    let sent = taken_with(6, halves(400, 200));
    let drawn = redrawn(&sent);
    assert_eq!(size(&drawn), (200, 400));
    let pixels = image::load_from_memory(&drawn.bytes).unwrap().into_rgb8();
    assert!(pixels.get_pixel(100, 50).0[0] > 230, "what was left is on top");
    assert!(pixels.get_pixel(100, 350).0[2] > 230);
    assert!(sent.windows(4).any(|it| it == b"Exif"));
    assert!(!drawn.bytes.windows(4).any(|it| it == b"Exif"));
    let large = redrawn(&taken_with(8, halves(4000, 1000)));
    assert_eq!(size(&large), (1000, 4000));
}

#[test]
fn transparency_stays_where_there_is_some() {
    // Green that cannot be seen, around red.
    let image = image::RgbaImage::from_fn(1400, 1400, |x, y| {
        if (350..1050).contains(&x) && (350..1050).contains(&y) {
            Rgba([255, 0, 0, 255])
        } else {
            Rgba([0, 255, 0, 0])
        }
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let drawn = redrawn(&file(image.clone(), format));
        assert_eq!((drawn.kept.content_type.as_str(), size(&drawn)), ("image/png", (1400, 1400)));
        let small = image::load_from_memory(&drawn.smaller[2].1).unwrap().into_rgba8();
        assert_eq!(small.get_pixel(160, 160).0, [255, 0, 0, 255]);
        assert_eq!(small.get_pixel(5, 5).0[3], 0);
        let green = small.pixels().filter(|it| it.0[3] > 8 && it.0[1] > 40);
        assert_eq!(green.count(), 0, "nothing shines through at the edges");
    }
    let opaque = DynamicImage::ImageRgb8(halves(10, 10)).into_rgba8();
    assert_eq!(redrawn(&file(opaque, ImageFormat::Png)).kept.content_type, "image/jpeg");
}

#[test]
fn what_is_no_picture_is_refused() {
    for (bytes, expected) in [
        (&b""[..], "picture_type_unsupported"),
        (b"hello", "picture_type_unsupported"),
        (b"<!doctype html><script>alert(1)</script>", "picture_type_unsupported"),
        (b"BM some other kind of picture", "picture_type_unsupported"),
        (b"\xff\xd8\xff", "picture_broken"),
        (b"GIF89a", "picture_broken"),
        (b"\x89PNG\r\n\x1a\n", "picture_broken"),
        (b"RIFF\x04\0\0\0WEBP", "picture_broken"),
    ] {
        assert_eq!(code(bytes), expected, "{}", bytes.escape_ascii());
    }
    let svg = "\u{feff}<?xml version=\"1.0\"?>\n<SVG xmlns=\"http://www.w3.org/2000/svg\"/>";
    let refused = Head::read(svg.as_bytes()).unwrap_err();
    assert_eq!(refused.status, 415);
    assert!(refused.detail.contains("SVG"), "{refused}");
}

#[test]
fn half_a_picture_is_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let noise = |x: u32, y: u32| (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)) as u8;
        let image =
            RgbImage::from_fn(64, 64, |x, y| Rgb([noise(x, y), noise(y, x), noise(x + 9, y)]));
        let bytes = file(image, format);
        for part in [bytes.len() / 2, bytes.len() * 9 / 10] {
            assert_eq!(code(&bytes[..part]), "picture_broken", "{format:?} cut at {part}");
        }
        redrawn(&bytes);
    }
}

#[test]
fn a_small_file_does_not_unfold_into_a_huge_picture() {
    let mut bomb = file(halves(10, 10), ImageFormat::Gif);
    bomb[6..10].copy_from_slice(&[0xFF; 4]);
    assert_eq!(code(&bomb), "picture_too_large");
    let many = file(GrayImage::new(7000, 6000), ImageFormat::Png);
    assert!(many.len() < 2_000_000);
    assert_eq!(code(&many), "picture_too_large");
    let wide = file(GrayImage::new(8001, 10), ImageFormat::Png);
    let refused = Head::read(&wide).unwrap_err();
    assert!(refused.detail.contains("8001 x 10"), "{refused}");
}
