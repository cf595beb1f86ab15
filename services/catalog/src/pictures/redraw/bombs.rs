//! Small files that would unfold to much, and how much memory is taken for them.

use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::RgbaImage;

use super::tests::{code, file, halves};
use super::*;

/// What the memory of all pictures at once is counted in.
const MIB: u64 = 1 << 20;
/// How much may be drawn at once, in MiB.
const MEMORY: u64 = crate::pictures::MEMORY as u64;

/// So many zeros, packed.
fn zeros(mebibytes: usize) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..mebibytes {
        packed.write_all(&[0; 1 << 20]).unwrap();
    }
    packed.finish().unwrap()
}

/// A PNG of ten by ten pixels with this chunk before its pixels.
fn png_with(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let plain = file(halves(10, 10), ImageFormat::Png);
    let end_of_head = 8 + 12 + 13;
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let chunk = [&length[..], kind, data, &crc.sum().to_be_bytes()].concat();
    [&plain[..end_of_head], &chunk, &plain[end_of_head..]].concat()
}

/// Three files that unfold to 256 MiB each: a profile and two kinds of texts.
fn bombs() -> [Vec<u8>; 3] {
    let packed = zeros(256);
    assert!(packed.len() < 2 << 20);
    [
        png_with(b"iCCP", &[b"profile\0\0", &packed[..]].concat()),
        png_with(b"zTXt", &[b"Comment\0\0", &packed[..]].concat()),
        png_with(b"iTXt", &[b"Comment\0\x01\0\0\0", &packed[..]].concat()),
    ]
}

/// A GIF of ten by ten pixels with a frame of many more.
fn gif_with_a_large_frame() -> Vec<u8> {
    let mut bytes = file(halves(4000, 500), ImageFormat::Gif);
    bytes[6..10].copy_from_slice(&[10, 0, 10, 0]);
    bytes
}

/// A WebP in which this chunk says it is larger than the file.
fn webp_with(kind: &[u8; 4]) -> Vec<u8> {
    let simple = file(halves(10, 10), ImageFormat::WebP);
    // Its profile or its EXIF are said to be there, and ten by ten pixels.
    let flags = if kind == b"ICCP" { 0x20 } else { 0x08 };
    let extended = [&b"VP8X\x0a\0\0\0"[..], &[flags, 0, 0, 0, 9, 0, 0, 9, 0, 0]].concat();
    let lie = [&kind[..], &0xFFFF_FFF0_u32.to_le_bytes()].concat();
    let mut bytes = [&simple[..12], &extended, &simple[12..], &lie].concat();
    let size = u32::try_from(bytes.len() - 8).unwrap().to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    bytes
}

#[test]
fn what_unpacks_to_more_than_is_kept_is_left_out_before_it_is_unpacked() {
    let small = {
        let mut profile = vec![0; 3_000];
        profile[16..20].copy_from_slice(b"RGB ");
        let mut packed = ZlibEncoder::new(b"profile\0\0".to_vec(), Compression::fast());
        packed.write_all(&profile).unwrap();
        png_with(b"iCCP", &packed.finish().unwrap())
    };
    let kept = chunks::bounded(&small, ImageFormat::Png).unwrap();
    assert_eq!(kept, small, "a profile of the usual size stays");
    let drawn = redraw(&small, Head::read(&small).unwrap()).unwrap();
    assert!(drawn.bytes.windows(11).any(|it| it == b"ICC_PROFILE"));

    let plain = file(halves(10, 10), ImageFormat::Png);
    let large = [b"profile\0\0", &zeros(1)[..]].concat();
    let texts = [&b"Comment\0hello"[..]; 2];
    for (kind, data) in [(b"iCCP", &large[..]), (b"tEXt", texts[0]), (b"acTL", texts[1])] {
        let bytes = png_with(kind, data);
        assert_eq!(chunks::bounded(&bytes, ImageFormat::Png).unwrap(), plain);
        redraw(&bytes, Head::read(&bytes).unwrap()).unwrap();
    }
}

#[test]
fn a_part_larger_than_its_file_and_a_frame_larger_than_its_picture_are_refused() {
    for kind in [b"ICCP", b"EXIF"] {
        assert_eq!(code(&webp_with(kind)), "picture_broken");
    }
    assert_eq!(code(&gif_with_a_large_frame()[..]), "picture_broken");
}

#[test]
fn no_picture_needs_more_memory_than_there_is() {
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];
    for (width, height) in [(8_000, 5_000), (5_000, 8_000), (4_000, 8_000), (6_324, 6_324)] {
        for format in formats {
            let decoded = u64::from(width) * u64::from(height) * 4;
            let head = Head { format, width, height, decoded, file: 10 * MIB };
            assert!(head.memory() <= MEMORY * MIB, "{head:?}: {}", head.memory() / MIB);
        }
    }
    let camera = (ImageFormat::Jpeg, 4_000, 3_000);
    let (format, width, height) = camera;
    let head = Head { format, width, height, decoded: 36_000_000, file: 5 * MIB };
    assert!(head.memory() * 2 <= MEMORY * MIB, "two of a camera's: {}", head.memory() / MIB);
}

/// The file to draw, for a process that does only that.
const FILES: &str = "CATALOG_TEST_PICTURES";

/// KiB of a line of this process's status.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Draws files at once, each on a thread of its own, in a process of their own; returns how many
/// bytes of memory that took at its height.
fn drawn_apart(test: &str, files: &[Vec<u8>]) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    for (at, bytes) in files.iter().enumerate() {
        std::fs::write(directory.path().join(at.to_string()), bytes).unwrap();
    }
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &test, "--nocapture"]).env(FILES, directory.path());
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let peak =
        said.lines().find_map(|it| it.split_once("peak=")).unwrap_or_else(|| panic!("{said}"));
    peak.1.trim().parse::<u64>().unwrap() * 1024
}

/// In the process that draws: does so. Whether it is that.
fn draws() -> bool {
    let Some(directory) = std::env::var_os(FILES) else { return false };
    let files = std::fs::read_dir(directory).unwrap();
    let files: Vec<Vec<u8>> = files.map(|it| std::fs::read(it.unwrap().path()).unwrap()).collect();
    let before = status("VmRSS");
    std::thread::scope(|scope| {
        for bytes in &files {
            scope.spawn(|| redraw(bytes, Head::read(bytes).unwrap()).unwrap());
        }
    });
    println!("peak={}", status("VmHWM").saturating_sub(before));
    true
}

#[cfg(target_os = "linux")]
#[test]
fn three_bombs_at_once_take_little_memory() {
    if draws() {
        return;
    }
    let taken = drawn_apart("three_bombs_at_once_take_little_memory", &bombs());
    assert!(taken < 32 * MIB, "{} MiB", taken / MIB);
}

#[cfg(target_os = "linux")]
#[test]
fn drawing_takes_no_more_memory_than_it_is_counted_for() {
    if draws() {
        return;
    }
    let noise = RgbaImage::from_fn(3_000, 4_000, |x, y| {
        let it = x.wrapping_mul(7_919) ^ y.wrapping_mul(104_729);
        image::Rgba([it as u8, (it >> 3) as u8, (x / 16) as u8, 128 | (it >> 5) as u8])
    });
    let image = DynamicImage::ImageRgba8(noise);
    for (format, image) in [
        (ImageFormat::Png, image.clone()),
        (ImageFormat::Png, DynamicImage::ImageRgba16(image.to_rgba16())),
        (ImageFormat::Jpeg, DynamicImage::ImageRgb8(image.to_rgb8())),
        (ImageFormat::WebP, image.clone()),
    ] {
        let bytes = file(image, format);
        let counted = Head::read(&bytes).unwrap().memory();
        let taken = drawn_apart("drawing_takes_no_more_memory_than_it_is_counted_for", &[bytes]);
        assert!(taken <= counted, "{format:?}: {} of {} MiB", taken / MIB, counted / MIB);
        assert!(taken * 5 >= counted, "{format:?}: {} of {} MiB", taken / MIB, counted / MIB);
    }
}
