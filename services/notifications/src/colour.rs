//! Colours of a message, and whether text on them can be read (WCAG 2.2, 1.4.3).

use std::fmt;

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

const BLACK: Colour = Colour(0, 0, 0);
const WHITE: Colour = Colour(255, 255, 255);
/// The least contrast between text and what is behind it.
const CONTRAST: f64 = 4.5;
/// In how many steps a colour becomes black or white.
const STEPS: u8 = 20;

impl Colour {
    /// Of `#rrggbb`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|it| it.len() == 6 && it.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    /// Between 0, which is black, and 1, which is white.
    fn luminance(self) -> f64 {
        let linear = |it: u8| {
            let it = f64::from(it) / 255.0;
            if it <= 0.04045 { it / 12.92 } else { ((it + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Between 1 and 21.
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// `step` of [`STEPS`] on the way to another one.
    fn towards(self, other: Self, step: u8) -> Self {
        let mix = |from: u8, to: u8| {
            let (from, to, step) = (u32::from(from), u32::from(to), u32::from(step));
            let steps = u32::from(STEPS);
            u8::try_from((from * (steps - step) + to * step) / steps).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

/// The colour of text on this one: black or white, whichever is read better.
pub(crate) fn on(colour: Colour) -> Colour {
    if colour.contrast(WHITE) >= colour.contrast(BLACK) { WHITE } else { BLACK }
}

/// The colour, as much darker or lighter as it needs to be read as text on a background.
pub(crate) fn readable(colour: Colour, background: Colour) -> Colour {
    let end = on(background);
    let steps = (0..=STEPS).map(|step| colour.towards(end, step));
    steps.into_iter().find(|it| it.contrast(background) >= CONTRAST).unwrap_or(end)
}

/// The accent colour of a shop that has set none.
impl Default for Colour {
    fn default() -> Self {
        Self(0x1f, 0x6f, 0xeb)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!(Colour::parse("#1f6FeB"), Some(Colour::default()));
        assert_eq!(Colour::default().to_string(), "#1f6feb");
        for bad in ["", "1f6feb", "#1f6fe", "#1f6febb", "#gggggg", "#é1234", "red"] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.01);
        assert!((Colour(0x77, 0x77, 0x77).contrast(WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn text_can_be_read_on_and_in_every_accent_colour() {
        for text in ["#000000", "#ffffff", "#ffd700", "#1f6feb", "#777777", "#ff0000", "#00ff88"] {
            let accent = Colour::parse(text).unwrap();
            assert!(on(accent).contrast(accent) >= CONTRAST, "{text}");
            for background in [WHITE, Colour(22, 27, 34)] {
                assert!(readable(accent, background).contrast(background) >= CONTRAST, "{text}");
            }
        }
        // One that can be read stays as it is.
        assert_eq!(readable(Colour::default(), WHITE), Colour::default());
        assert_eq!(on(Colour::parse("#ffd700").unwrap()), BLACK);
        assert_eq!(on(Colour::default()), WHITE);
    }
}
