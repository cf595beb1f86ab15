//! Texts with something to be seen in them. One of blanks, joiners, fillers and marks of direction
//! alone is nothing on a parcel or a page, however many characters it has.

/// For `#[garde(custom(..))]`: a text with something to be seen in it.
pub fn has_something(text: &str, (): &()) -> garde::Result {
    if is_visible(text) { Ok(()) } else { Err(garde::Error::new("must not be blank")) }
}

/// Whether there is anything to be seen in a text.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|it| !it.is_whitespace() && !it.is_control() && !is_ignorable(it))
}

/// What shows nothing by itself: `Default_Ignorable_Code_Point` of Unicode, and the empty pattern
/// of Braille.
pub fn is_ignorable(it: char) -> bool {
    matches!(it,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_be_seen_is_nothing() {
        for text in [
            "",
            " \t\n",
            "\u{200b}",
            "\u{a0}\u{3000}\u{2003}",
            "\u{200e}\u{202e}\u{2066}\u{feff}",
            "\u{ad}\u{34f}\u{180e}",
            // Fillers are letters to Unicode.
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{2800}\u{2800}",
            "\u{fe0f}\u{e0020}",
        ] {
            assert!(has_something(text, &()).is_err(), "{text:?}");
        }
        for text in ["Ada", "\u{200b}a", "م\u{200c}م", "王", "👩\u{200d}🚀", "-", "1"] {
            assert!(has_something(text, &()).is_ok(), "{text:?}");
        }
    }
}
